"""``qgtune show``: one trial, with its whole config."""

import argparse
from typing import TYPE_CHECKING, Any

from qgtune.cli.command import Command, add_tuning_file, one_of
from qgtune.cli.printing import OK, say
from qgtune.cli.projects import prepare_file
from qgtune.core.errors import UsageError

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared
    from qgtune.core.trials import TrialRecord
    from qgtune.reports.results import Results


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    parser.add_argument("number", type=int, metavar="NUMBER", help="the trial's number")
    parser.add_argument(
        "--format", type=one_of("text", "json"), default="text", metavar="FORM", help="text or json"
    )


def _show(options: argparse.Namespace) -> int:
    prepared = prepare_file(options.tuning)
    from qgtune.outputs.report import config_reader
    from qgtune.outputs.study_results import CHANGED, has_changed, open_tuned_study, results_of
    from qgtune.outputs.study_views import trial_text
    from qgtune.study import trial_records

    study = open_tuned_study(prepared.tuning)
    results = results_of(prepared, trial_records(study))
    record = next((record for record in results.records if record.number == options.number), None)
    if record is None:
        has = f"its trials are 0 to {results.records[-1].number}" if results.records else "it has none yet"
        raise UsageError(f"study {results.study} has no trial {options.number}: {has}")
    changed = has_changed(study, prepared)
    if changed:
        say(f"note: {CHANGED}")
    config = config_reader(prepared.compilation)(record)
    if options.format == "json":
        print(trial_text(results, record, config, changed=changed), end="")
    else:
        _print_head(results, record)
        _print_config(prepared, record, config, changed=changed)
    return OK


def _print_head(results: "Results", record: "TrialRecord") -> None:
    from qgtune.document import comment_block
    from qgtune.reports.board import duration

    pairs = zip(results.metrics, record.values, strict=False)
    lines = [
        f"study {results.study}, trial {record.number}: {record.outcome}",
        ", ".join(f"{metric} {value!r}" for metric, value in pairs),
        _origin(record),
        "" if record.duration is None else duration(record.duration),
        "" if not record.worker else f"worker {record.worker}",
        record.failure,
    ]
    print(comment_block([line for line in lines if line]), end="")


def _print_config(
    prepared: "Prepared", record: "TrialRecord", config: dict[str, Any] | None, *, changed: bool
) -> None:
    from qgtune.compiler.emit import annotations
    from qgtune.document import comment_block, dump

    if config is None:
        print(comment_block([f"{_why_no_config(record, changed=changed)}; its parameters are"]), end="")
        print(dump(dict(record.params)), end="")
    else:
        print(dump(config, annotations(prepared.compilation, config)), end="")


def _why_no_config(record: "TrialRecord", *, changed: bool) -> str:
    if record.state == "running":
        return "not all of its config is sampled yet"
    if record.state == "complete" or changed:
        return "its parameters do not fit the search space as it is now"
    return "it ended before all of its config was sampled"


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
    "show TUNING.yaml NUMBER [--format text|json]",
    _add_arguments,
    _show,
)
