"""``qgtune status``: how far a study has come, by reading only."""

import argparse
import pathlib
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qgtune.cli.command import Command, add_tuning_file, one_of
from qgtune.cli.printing import OK
from qgtune.compiler.files import shown_path
from qgtune.core.wording import count

_MOST_REASONS = 3

if TYPE_CHECKING:
    from qgtune.core.trials import TrialRecord
    from qgtune.reports.results import Results


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    parser.add_argument(
        "--format", type=one_of("text", "json"), default="text", metavar="FORM", help="text or json"
    )


def _status(options: argparse.Namespace) -> int:
    from qgtune.cli.projects import naming_what_is_meant
    from qgtune.outputs.studies import tuning_of
    from qgtune.outputs.study_results import open_tuned_study, results_by_settings
    from qgtune.outputs.study_views import status_text
    from qgtune.study import aim_reached, intermediate_values

    with naming_what_is_meant(options.tuning):
        tuning = tuning_of(options.tuning)
    study = open_tuned_study(tuning)
    results = results_by_settings(tuning, study)
    running = {record.number for record in results.records if record.state == "running"}
    curves = intermediate_values(study, running)
    if options.format == "json":
        print(status_text(results, curves), end="")
        return OK
    _print_results(results)
    for record in results.records:
        if record.number in running:
            print(f"  {_running(record, curves.get(record.number, []))}")
    _print_ends(results, options.tuning)
    settings = tuning.settings
    reached = aim_reached(study, settings.target, settings.stop_after_trials_without_improvement)
    if reached:
        print(f"  no further trial is needed: {reached}")
    return OK


def _print_results(results: "Results") -> None:
    from qgtune.reports.results import best_words, outcome_words

    told = outcome_words(results.records)
    finished = f"{results.finished} of {results.total} trials finished"
    print(f"study {results.study}: {finished} ({told or 'no trial has begun'})")
    if results.best:
        print(best_words(results.metrics, results.best, is_single=results.is_single))


def _print_ends(results: "Results", tuning: pathlib.Path) -> None:
    from qgtune.reports.board import duration

    if results.reused:
        print(f"  {results.reused} of them took the values of an equal config")
    for state, reason, number in results.reasons[:_MOST_REASONS]:
        print(f"  {number} {state}: {reason}")
    if others := results.reasons[_MOST_REASONS:]:
        states = {state for state, _, _ in others}
        of_state = ["--state", *states] if len(states) == 1 else []
        command = shlex.join(["qgtune", "trials", shown_path(tuning), *of_state])
        print(f"  and {count(len(others), 'other reason')}; see {command}")
    if results.mean_duration is not None:
        print(f"  a trial takes {duration(results.mean_duration)} on average")


def _running(record: "TrialRecord", curve: Sequence[tuple[int, float]]) -> str:
    began = "" if record.started is None else f" since {record.started:%Y-%m-%d %H:%M:%S}"
    worker = f" in worker {record.worker}" if record.worker else ""
    reported = f"epoch {curve[-1][0]}  {curve[-1][1]:.6g}" if curve else "nothing reported yet"
    return f"trial {record.number} runs{worker}{began}  {reported}"


STATUS = Command(
    "status",
    "say how far a study has come, also while it runs",
    "status TUNING.yaml",
    "status TUNING.yaml [--format text|json]",
    _add_arguments,
    _status,
)
