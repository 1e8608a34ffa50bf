"""The table of all trials as CSV."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgtune.core.files import write_atomically
from qgtune.core.trials import TrialRecord

_AFTER_PARAMETERS = (
    "duration_seconds",
    "datetime_start",
    "datetime_complete",
    "worker",
    "peak_memory",
    "failure",
)


def write_trials_csv(records: Sequence[TrialRecord], path: Path) -> None:
    """Write a table with one row for each trial, whole or not at all.

    The columns: number, state, ``value`` (or ``values_0``, ``values_1``, ... where trials return
    several), then one for each parameter in the order in which the parameters first occur, then
    duration_seconds, datetime_start, datetime_complete, worker, peak_memory (bytes), failure. What a
    trial does not have is empty. A parameter named like another column is called ``params_<name>``.

    Args:
        records: the trials, in the order of the rows.
        path: the file; its folder must exist.

    Raises:
        OSError: if the file cannot be written.
    """
    n_values = max((len(record.values) for record in records), default=0)
    value_columns = ["value"] if n_values <= 1 else [f"values_{index}" for index in range(n_values)]
    names = list(dict.fromkeys(name for record in records for name in record.params))
    fixed = {"number", "state", *value_columns, *_AFTER_PARAMETERS}
    columns = [f"params_{name}" if name in fixed else name for name in names]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["number", "state", *value_columns, *columns, *_AFTER_PARAMETERS])
    for record in records:
        missing = len(value_columns) - len(record.values)
        writer.writerow(
            [
                record.number,
                record.state,
                *record.values,
                *[""] * missing,
                *[record.params.get(name, "") for name in names],
                *_after_parameters(record),
            ]
        )
    write_atomically(path, table.getvalue())


def _after_parameters(record: TrialRecord) -> list[Any]:
    return [
        "" if record.duration is None else f"{record.duration:.3f}",
        "" if record.started is None else record.started.isoformat(),
        "" if record.ended is None else record.ended.isoformat(),
        record.worker,
        "" if record.peak_memory is None else record.peak_memory,
        record.failure,
    ]
