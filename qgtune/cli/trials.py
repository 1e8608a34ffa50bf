"""``qgtune trials``: the table of a study's trials, sorted, on the screen."""

import argparse
import json
import pathlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qgtune.cli.command import Command, add_tuning_file, at_least_one, meant, one_of
from qgtune.cli.printing import OK
from qgtune.core.errors import UsageError
from qgtune.core.wording import number_as_json

if TYPE_CHECKING:
    from qgtune.study import Study

_FORMS = ("text", "csv", "json")
_NOT_SHOWN = ("datetime_start", "datetime_complete", "worker", "peak_memory")
"""Columns that a screen has no room for."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    column = (
        "the column to sort by, such as value (the best first), -duration_seconds or a parameter's name; "
    )
    parser.add_argument(
        "--sort", default="number", metavar="COLUMN", help=f"{column}a leading - turns it round"
    )
    parser.add_argument("--top", type=at_least_one, metavar="N", help="show the first N only")
    states = ("complete", "pruned", "failed", "lost", "running")
    parser.add_argument("--state", type=one_of(*states), metavar="STATE", help=", ".join(states))
    parser.add_argument(
        "--format", type=one_of(*_FORMS), default="text", metavar="FORM", help=", ".join(_FORMS)
    )


def _trials(options: argparse.Namespace) -> int:
    from qgtune.reports.trials_table import rows_csv, table_columns, trial_rows
    from qgtune.study import trial_records, value_names

    study = opened(options.tuning)
    records, values = trial_records(study), value_names(study)
    rows = trial_rows(records, values)
    if options.state:
        rows = [row for row in rows if row["state"] == options.state]
    shown = _sorted(rows, options.sort, study)[: options.top]
    if options.format == "json":
        found = [{name: _as_json(value) for name, value in row.items()} for row in shown]
        print(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
    elif options.format == "csv":
        print(rows_csv(shown, table_columns(records, values)), end="")
    else:
        print_table(shown)
    return OK


def opened(path: pathlib.Path) -> "Study":
    """Return the study of a tuning file, of which only the settings are read."""
    from qgtune.cli.projects import naming_what_is_meant
    from qgtune.outputs.studies import load_study, tuning_of
    from qgtune.outputs.study_results import open_tuned_study

    with naming_what_is_meant(path):
        tuning = tuning_of(path)
    return load_study(open_tuned_study(tuning))


def _sorted(rows: list[dict[str, Any]], column: str, study: "Study") -> list[dict[str, Any]]:
    """Return rows by a column; what lacks a value there comes last."""
    from qgtune.study import value_names

    name, turned = column.removeprefix("-"), column.startswith("-")
    known = dict.fromkeys(name for row in rows for name in row)
    if rows and name not in known:
        raise UsageError(f"there is no column {name!r} to sort by{meant(name, known)}")
    objectives = dict(zip(value_names(study), study.directions, strict=True))
    best_is_high = name in objectives and objectives[name].name == "MAXIMIZE"
    having = [row for row in rows if row[name] is not None]
    numbers = all(isinstance(row[name], int | float) for row in having)
    having.sort(key=lambda row: row[name] if numbers else str(row[name]), reverse=best_is_high != turned)
    return [*having, *(row for row in rows if row[name] is None)]


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as columns of text; those that are empty in all of them are left out."""
    names = [
        name
        for name in dict.fromkeys(name for row in rows for name in row)
        if name not in _NOT_SHOWN and any(row[name] not in (None, "") for row in rows)
    ]
    if not rows:
        print("no trials")
        return
    lines = [names, *([_shown(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    for line in lines:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _as_json(value: Any) -> Any:
    """Return a cell of the table as JSON has it, with the texts that the files of a run have."""
    if isinstance(value, datetime):
        return value.isoformat()
    return number_as_json(value) if isinstance(value, float) else value


TRIALS = Command(
    "trials",
    "list the trials of a study, also while it runs",
    "trials TUNING.yaml",
    "trials TUNING.yaml [--sort COLUMN] [--top N] [--state STATE] [--format text|csv|json]",
    _add_arguments,
    _trials,
)
