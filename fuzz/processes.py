"""Judging in processes of their own, where an input that hangs, or takes all memory, can be killed."""

import multiprocessing
import pathlib
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from fuzz.mutations import mutated_project
from fuzz.projects import Project
from fuzz.verdicts import MAX_SECONDS, Verdict, judge

ADDRESS_SPACE = 3 * 1024**3
"""Bytes that a process may ask for: a bound that keeps the machine, far above what an input may take."""

HANGING = 5 * MAX_SECONDS
"""Seconds of the processor after which the operating system ends a process."""

PATIENCE = 60 * MAX_SECONDS
"""Seconds of the clock after which a process that waits for something is killed; the machine may be busy."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a run: what they are made from, read once, so that a number stays the same input."""

    seeds: list[Project]
    seed: int
    judge: Callable[[Project, pathlib.Path], Verdict] = judge

    def make(self, number: int) -> Project:
        """Return the input of this number."""
        return mutated_project(self.seeds, self.seed, number)


def work(connection: Connection, inputs: Inputs) -> None:
    """Judge the inputs whose numbers come through the connection, until None comes."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    with tempfile.TemporaryDirectory(prefix="qgtune-fuzz-") as folder:
        while (number := connection.recv()) is not None:
            project = inputs.make(number)
            # Its signal ends the process wherever it is, also in a loop of C that Python cannot interrupt.
            signal.setitimer(signal.ITIMER_PROF, HANGING)
            verdict = inputs.judge(project, pathlib.Path(folder) / "project")
            signal.setitimer(signal.ITIMER_PROF, 0)
            connection.send((number, verdict))


@dataclass(slots=True)
class Worker:
    """A process that judges, the number that it is at, and since when."""

    process: BaseProcess
    connection: Connection
    number: int | None = None
    since: float = field(default_factory=time.monotonic)

    @classmethod
    def start(cls, inputs: Inputs) -> "Worker":
        """Return a new process that waits for numbers."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, inputs), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    def begin(self, number: int) -> None:
        """Give the process an input to judge."""
        self.number, self.since = number, time.monotonic()
        self.connection.send(number)

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.join()
        self.connection.close()

    def overdue(self) -> bool:
        """Tell whether the process should have answered long ago."""
        return time.monotonic() - self.since > PATIENCE


def judge_all(numbers: Iterator[int], inputs: Inputs, processes: int) -> Iterator[tuple[int, Verdict]]:
    """Yield the number and the verdict of each input as it is done, in ``processes`` processes."""
    workers: list[Worker] = []
    for _ in range(processes):
        _begin_next(workers, Worker.start(inputs), numbers)
    while workers:
        ready = wait([worker.connection for worker in workers], timeout=1)
        for worker in list(workers):
            verdict = _answer(worker) if worker.connection in ready else None
            if verdict is None and worker.connection not in ready and worker.overdue():
                verdict = Verdict("failure", "hangs", f"killed after {PATIENCE:.0f} s")
            if verdict is None:
                continue
            assert worker.number is not None  # noqa: S101 - it was at one
            yield worker.number, verdict
            workers.remove(worker)
            if verdict.what in {"hangs", "the process died", "takes too much memory"}:
                worker.kill()
                worker = Worker.start(inputs)  # noqa: PLW2901 - in the dead one's place
            _begin_next(workers, worker, numbers)


def _answer(worker: Worker) -> Verdict:
    try:
        _, verdict = worker.connection.recv()
    except EOFError:
        worker.process.join()
        if worker.process.exitcode == -signal.SIGPROF:
            return Verdict("failure", "hangs", f"ended after {HANGING:.0f} s of the processor")
        return Verdict("failure", "the process died", f"exit code {worker.process.exitcode}")
    found: Verdict = verdict
    return found


def _begin_next(workers: list[Worker], worker: Worker, numbers: Iterator[int]) -> None:
    number = next(numbers, None)
    if number is None:
        worker.connection.send(None)
        worker.process.join(timeout=10)
        worker.kill()
        return
    worker.begin(number)
    workers.append(worker)
