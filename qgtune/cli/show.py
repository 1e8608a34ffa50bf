"""``qgtune show``: one trial, with its whole config."""

import argparse
from typing import TYPE_CHECKING

from qgtune.cli.command import Command, add_tuning_file
from qgtune.cli.printing import OK, say
from qgtune.cli.projects import prepare_file
from qgtune.core.errors import UsageError

if TYPE_CHECKING:
    from qgtune.core.trials import TrialRecord


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    parser.add_argument("number", type=int, metavar="NUMBER", help="the trial's number")


def _show(options: argparse.Namespace) -> int:
    prepared = prepare_file(options.tuning)
    from qgtune.compiler.emit import annotations
    from qgtune.document import comment_block, dump
    from qgtune.outputs.report import config_reader
    from qgtune.outputs.study_results import CHANGED, has_changed, open_tuned_study, results_of
    from qgtune.reports.board import duration
    from qgtune.study import trial_records

    study = open_tuned_study(prepared.tuning)
    results = results_of(prepared, trial_records(study))
    record = next((record for record in results.records if record.number == options.number), None)
    if record is None:
        has = f"its trials are 0 to {results.records[-1].number}" if results.records else "it has none yet"
        raise UsageError(f"study {results.study} has no trial {options.number}: {has}")
    if has_changed(study, prepared):
        say(f"note: {CHANGED}")
    pairs = zip(results.metrics, record.values, strict=False)
    head = [
        f"study {results.study}, trial {record.number}: {record.outcome}",
        ", ".join(f"{metric} {value!r}" for metric, value in pairs),
        _origin(record),
        "" if record.duration is None else duration(record.duration),
        "" if not record.worker else f"worker {record.worker}",
        record.failure,
    ]
    print(comment_block([line for line in head if line]), end="")
    config = config_reader(prepared.compilation)(record)
    if config is None:
        print(comment_block(["it ended before all of its config was sampled; its parameters are"]), end="")
        print(dump(dict(record.params)), end="")
    else:
        print(dump(config, annotations(prepared.compilation, config)), end="")
    return OK


def _origin(record: "TrialRecord") -> str:
    """Say where the values of a trial come from, if not from one training of its own."""
    if record.reused_from is not None:
        return f"it has the config of trial {record.reused_from}, whose values it was given"
    if not record.repeats:
        return ""
    each = "; ".join(", ".join(map(repr, values)) for values in record.repeats)
    spread = ", ".join(f"{value:.6g}" for value in record.spread)
    return f"the mean of {len(record.repeats)} trainings: {each}; standard deviation {spread}"


SHOW = Command(
    "show",
    "print one trial: what became of it, and its config",
    "show TUNING.yaml NUMBER",
    "show TUNING.yaml NUMBER",
    _add_arguments,
    _show,
)
