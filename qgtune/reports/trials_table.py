"""The table of all trials: its columns, its rows, and its text as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from qgtune.core.trials import TrialRecord

_AFTER_PARAMETERS = (
    "duration_seconds",
    "datetime_start",
    "datetime_complete",
    "worker",
    "peak_memory",
    "failure",
    "reused_from",
    "spread",
)


def trials_csv(records: Sequence[TrialRecord], values: Sequence[str] = ("value",)) -> str:
    r"""Return a table with one row for each trial.

    The columns: number, state (complete, pruned, failed, lost or running), those of the values, then one for
    each parameter in the order in which the parameters first occur, then duration_seconds, datetime_start,
    datetime_complete, worker, peak_memory (bytes), failure, reused_from (the number of the trial whose values
    it was given), spread (the standard deviation of the values of its repeats; of several objectives one
    each, with spaces between them). What a trial does not have is empty. A parameter named like another
    column is called ``params_<name>``.

    Args:
        records: the trials, in the order of the rows.
        values: the columns of what a complete trial returned; see ``value_columns``.

    Example:
        >>> print(trials_csv([TrialRecord(0, "complete", (0.5,), {"lr": 0.1})]).splitlines()[1])
        0,complete,0.5,0.1,,,,,,,,
    """
    return rows_csv(trial_rows(records, values), table_columns(records, values))


def rows_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Return rows of the table as CSV, below its head.

    Args:
        rows: as ``trial_rows`` returns them.
        columns: as ``table_columns`` returns them.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(column, row[column]) for column in columns] for row in rows)
    return table.getvalue()


def value_columns(n_objectives: int) -> list[str]:
    """Return the columns of what trials returned: ``value``, or ``values_0``, ``values_1`` and so on."""
    return ["value"] if n_objectives <= 1 else [f"values_{index}" for index in range(n_objectives)]


def table_columns(records: Sequence[TrialRecord], values: Sequence[str] = ("value",)) -> list[str]:
    """Return the columns of the table, also of one without rows.

    Example:
        >>> table_columns([])[:4]
        ['number', 'state', 'value', 'duration_seconds']
    """
    return ["number", "state", *values, *_parameter_columns(records, values)[1], *_AFTER_PARAMETERS]


def trial_rows(records: Sequence[TrialRecord], values: Sequence[str] = ("value",)) -> list[dict[str, Any]]:
    """Return the rows of the table as values: numbers and times stay what they are, what lacks is None."""
    names, columns = _parameter_columns(records, values)
    return [
        {
            "number": record.number,
            "state": record.outcome,
            **dict.fromkeys(values),
            **dict(zip(values, record.values, strict=False)),
            **{column: record.params.get(name) for name, column in zip(names, columns, strict=True)},
            **_after_parameters(record),
        }
        for record in records
    ]


def _parameter_columns(records: Sequence[TrialRecord], values: Sequence[str]) -> tuple[list[str], list[str]]:
    names = list(dict.fromkeys(name for record in records for name in record.params))
    fixed = {"number", "state", *values, *_AFTER_PARAMETERS}
    return names, [f"params_{name}" if name in fixed else name for name in names]


def _after_parameters(record: TrialRecord) -> dict[str, Any]:
    spread = list(record.spread) if len(record.spread) > 1 else next(iter(record.spread), None)
    found = (
        record.duration,
        record.started,
        record.ended,
        record.worker,
        record.peak_memory,
        record.failure,
        record.reused_from,
        spread,
    )
    return dict(zip(_AFTER_PARAMETERS, found, strict=True))


def _cell(column: str, value: Any) -> Any:
    """Return a value as the table writes it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return " ".join(map(repr, value))
    return f"{value:.3f}" if column == "duration_seconds" else value
