"""How long a journal takes to open: Optuna's own reader against qgtune's, with the same result.

The journal has as many trials as the first argument says (10,000 by default), each with 20 parameters and
20 reported epochs.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from optuna.distributions import CategoricalDistribution, FloatDistribution, distribution_to_json
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend

from qgtune.study import open_storage

ROUNDS = 3
DOMAINS = [distribution_to_json(FloatDistribution(0.0, 1.0))] * 15 + [
    distribution_to_json(CategoricalDistribution(["gat", "gcn", "sage"]))
] * 5


def write_journal(file: TextIO, n_trials: int) -> None:
    """Write the records that Optuna would write, without the hour that it would take."""
    draw = random.Random(0)  # noqa: S311 - values, not secrets
    now = datetime.now(UTC).isoformat(timespec="microseconds")

    def write(op_code: int, **fields: object) -> None:
        record = {"op_code": op_code, "worker_id": "benchmark", **fields}
        file.write(json.dumps(record, separators=(",", ":")) + "\n")

    write(0, study_name="study", directions=[2])
    for trial in range(n_trials):
        write(4, study_id=0, datetime_start=now)
        for index, domain in enumerate(DOMAINS):
            value = draw.random() if index < 15 else draw.randrange(3)
            write(
                5,
                trial_id=trial,
                param_name=f"model.p{index}",
                param_value_internal=value,
                distribution=domain,
            )
        for step in range(20):
            write(7, trial_id=trial, step=step, intermediate_value=draw.random())
        write(6, trial_id=trial, state=1, values=[draw.random()], datetime_complete=now)


def seconds(opening: Callable[[], BaseStorage]) -> tuple[float, BaseStorage]:
    """Return the median time of opening a storage, and the storage."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        storage = opening()
        times.append(time.perf_counter() - began)
    return statistics.median(times), storage


def main(n_trials: int) -> None:
    """Print one line for each reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.log"
        with path.open("w") as file:
            write_journal(file, n_trials)
        size = path.stat().st_size / 1e6
        ours, storage = seconds(lambda: open_storage(path))
        theirs, plain = seconds(lambda: JournalStorage(JournalFileBackend(str(path))))
        equal = storage.get_all_trials(0, deepcopy=False) == plain.get_all_trials(0, deepcopy=False)
    print(f"a journal of {n_trials} trials, {size:.0f} MB, median of {ROUNDS}")
    print(f"  Optuna's reader   {theirs:6.2f} s")
    print(f"  qgtune's reader   {ours:6.2f} s   {theirs / ours:.1f} times as fast, the same trials: {equal}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
