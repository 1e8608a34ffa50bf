"""``qgtune status``: how far a study has come, by reading only."""

import argparse
from typing import TYPE_CHECKING

from qgtune.cli.command import Command, add_tuning_file
from qgtune.cli.printing import OK

if TYPE_CHECKING:
    from qgtune.core.trials import TrialRecord


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)


def _status(options: argparse.Namespace) -> int:
    from qgtune.cli.projects import naming_what_is_meant
    from qgtune.outputs.studies import tuning_of
    from qgtune.outputs.study_results import metric_names, open_tuned_study
    from qgtune.reports.board import duration
    from qgtune.reports.results import Results
    from qgtune.study import intermediate_values, trial_records

    with naming_what_is_meant(options.tuning):
        tuning = tuning_of(options.tuning)
    study = open_tuned_study(tuning)
    settings = tuning.settings
    directions = tuple(direction.name.lower() for direction in study.directions)
    records = tuple(trial_records(study))
    metrics = metric_names(settings)
    results = Results(study.study_name, metrics, directions, records, settings.total_trials)
    counts = results.counts
    finished = sum(counts[state] for state in ("complete", "pruned", "failed"))
    told = (
        ", ".join(f"{number} {state}" for state, number in counts.items() if number) or "no trial has begun"
    )
    print(f"study {results.study}: {finished} of {results.total} trials finished ({told or 'none begun'})")
    for record in results.best[:1]:
        values = ", ".join(f"{value:.6g}" for value in record.values)
        print(f"best {metrics[0]}: {values} in trial {record.number}")
    curves = intermediate_values(study)
    for record in records:
        if record.state == "running":
            print(f"  {_running(record, curves.get(record.number, []))}")
    if results.reused:
        print(f"  {results.reused} of them took the values of an equal config")
    for state, reason, number in results.reasons[:3]:
        print(f"  {number} {state}: {reason}")
    if durations := results.durations:
        print(f"  a trial takes {duration(sum(durations) / len(durations))} on average")
    return OK


def _running(record: "TrialRecord", curve: list[tuple[int, float]]) -> str:
    began = "" if record.started is None else f" since {record.started:%Y-%m-%d %H:%M:%S}"
    worker = f" in worker {record.worker}" if record.worker else ""
    reported = f"epoch {curve[-1][0]}  {curve[-1][1]:.6g}" if curve else "nothing reported yet"
    return f"trial {record.number} runs{worker}{began}  {reported}"


STATUS = Command(
    "status",
    "say how far a study has come, also while it runs",
    "status TUNING.yaml",
    "status TUNING.yaml",
    _add_arguments,
    _status,
)
