"""A worker as its supervisor sees it: a process, a pipe, and what it is doing."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from multiprocessing.process import BaseProcess

from qgtune.study.interrupts import interrupts_held_back
from qgtune.study.messages import RUN, STOP, Message
from qgtune.study.storage_address import StorageAddress
from qgtune.study.workers import worker_main

_SECONDS_TO_DIE = 5.0


def process_factory(preload: tuple[str, ...]) -> Callable[..., BaseProcess]:
    """Return what makes processes: forked from a clean server, or, where that cannot be, spawned.

    Never forked from the caller's process, whose threads (torch's, a notebook's) would not survive it.

    Args:
        preload: modules that the server loads once; it forks workers that have them already.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn").Process
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context.Process


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a process ended, in words that follow its name, and whether a signal ended it."""

    reason: str
    killed: bool


@dataclass(frozen=True, slots=True)
class WorkerStarter:
    """Starts the workers of one run; call it with a worker's index."""

    make_process: Callable[..., BaseProcess]
    payload: bytes
    """The pickled RunSpec."""
    storage: StorageAddress
    n_threads: int
    """Threads of computation for each trial."""

    def __call__(self, index: int) -> "WorkerProcess":
        """Return the worker, started."""
        ours, theirs = Pipe(duplex=True)
        process = self.make_process(
            target=worker_main,
            args=(theirs, self.payload, self.storage, index, self.n_threads),
            name=f"qgtune-worker-{index}",
        )
        with interrupts_held_back():
            process.start()
        theirs.close()
        return WorkerProcess(index, process, ours)


class WorkerProcess:
    """One worker process and the supervisor's end of its pipe."""

    def __init__(self, index: int, process: BaseProcess, connection: Connection) -> None:
        self.index = index
        self.ready = False
        self.asks = 0
        """Threads that wait for an answer."""
        self.permits = 0
        """Trials that it may run and has not told the end of."""
        self.running: set[int] = set()
        self.stopped = False
        """Whether it was told to stop, so that its end is no accident."""
        self.last_words = ""
        self.connection = connection
        self.hears = True
        self._process = process

    @property
    def sentinel(self) -> int:
        """A handle that becomes readable when the process has ended."""
        return self._process.sentinel

    def permit(self) -> None:
        """Answer one thread that waits: run a trial."""
        self.asks -= 1
        self.permits += 1
        self._answer(RUN)

    def stop(self) -> None:
        """Answer every thread that waits: there is no trial left for it."""
        for _ in range(self.asks):
            self._answer(STOP)
        if self.asks:
            self.stopped = True
        self.asks = 0

    def messages(self) -> Iterator[Message]:
        """Yield what the worker has said up to now."""
        try:
            while self.hears and self.connection.poll():
                yield self.connection.recv()
        except (EOFError, OSError):
            self.hears = False

    def terminate(self) -> None:
        """End the process now, and wait until it has ended."""
        self._process.terminate()
        self._process.join(_SECONDS_TO_DIE)
        if self._process.is_alive():
            self._process.kill()

    def close(self) -> ProcessEnd:
        """Wait for the end of the process, free what belongs to it, and return how it ended."""
        self._process.join()
        code = self._process.exitcode or 0
        self._process.close()
        self.connection.close()
        if self.last_words:
            return ProcessEnd(self.last_words, killed=code < 0)
        if code >= 0:
            return ProcessEnd(f"ended with exit code {code}", killed=False)
        name = signal.Signals(-code).name
        cause = " (often for want of memory)" if name == "SIGKILL" else ""
        return ProcessEnd(f"was killed by {name}{cause}", killed=True)

    def _answer(self, answer: str) -> None:
        try:
            self.connection.send(answer)
        except OSError:
            self.hears = False  # it has died; its sentinel says so next


def share_of_cores(n_processes: int, n_jobs: int) -> int:
    """Return the threads of computation of one trial: this process's cores, shared by all trials at once."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // (n_processes * n_jobs))
