"""A worker as its supervisor sees it: a process, a pipe, and what it is doing."""

import contextlib
import multiprocessing
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.process import BaseProcess

from qgtune.core.errors import ConfigValueError
from qgtune.core.fork_server import can_fork, interrupts_held_back
from qgtune.study.running.messages import STOP, Message
from qgtune.study.running.process_ends import SERVER_LOST, MemoryKills, ProcessEnd, end_of
from qgtune.study.running.workers import worker_main
from qgtune.study.storage.ownership import owner_of
from qgtune.study.storage.storage_address import StorageAddress

if sys.platform != "win32":
    import fcntl
    import termios

SECONDS_TO_DIE = 5.0
"""After so long a process that was asked to end is killed."""
_SECONDS_BETWEEN_LOOKS = 0.01
_ATTEMPTS_TO_START = 50
_SECONDS_BETWEEN_ATTEMPTS = 0.1


def process_factory(start_method: str, preload: tuple[str, ...]) -> Callable[..., BaseProcess]:
    """Return what makes processes: forked from a clean server, or spawned.

    Never forked from the caller's process, whose threads (torch's, a notebook's) would not survive it. The
    server has no threads and has never spoken to a GPU, so that forking is safe for CUDA as well.

    Args:
        start_method: ``fork``, ``spawn``, or ``auto``, which forks where the system can.
        preload: modules that the server loads once; it forks workers that have them already.

    Raises:
        ConfigValueError: at ``start_method``, if it is ``fork`` and the system cannot.
    """
    if start_method == "fork" and not can_fork():
        raise ConfigValueError(
            ("start_method",),
            "a process is forked only where the system can, and this one cannot",
            "write start_method: auto",
        )
    if start_method == "spawn" or not can_fork():
        return multiprocessing.get_context("spawn").Process
    context = multiprocessing.get_context("forkserver")
    # The worker's own module too, and Optuna with it: a worker then has nothing left to import.
    context.set_forkserver_preload([worker_main.__module__, *preload])
    return context.Process


@dataclass(frozen=True, slots=True)
class WorkerStarter:
    """Starts the workers of one run; call it with a worker's index and how many workers the run has."""

    make_process: Callable[..., BaseProcess]
    payload: bytes
    """The pickled RunSpec."""
    storage: StorageAddress
    n_jobs: int
    """Trials at a time in each worker."""
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    """That of the caller now. The server that workers are forked from has the one of when it was started."""

    def __call__(self, index: int, n_workers: int) -> "WorkerProcess":
        """Return the worker, started, with its share of the cores."""
        n_threads = share_of_cores(n_workers, self.n_jobs)
        ours, theirs = Pipe(duplex=True)
        arguments = (theirs, self.payload, self.storage, index, n_threads, self.environment)
        process = self._started(f"qgtune-worker-{index}", arguments)
        theirs.close()
        return WorkerProcess(index, process, ours)

    def _started(self, name: str, arguments: tuple[object, ...]) -> BaseProcess:
        for attempts_left in reversed(range(_ATTEMPTS_TO_START)):
            process = self.make_process(target=worker_main, args=arguments, name=name)
            try:
                with interrupts_held_back():
                    process.start()
            except (ConnectionError, FileNotFoundError, EOFError):
                # The server that forks workers was killed; a new one is started once its end is known.
                if not attempts_left:
                    raise
                time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
            else:
                return process
        raise AssertionError("the last attempt returns or raises")


class WorkerProcess:
    """One worker process and the supervisor's end of its pipe."""

    def __init__(self, index: int, process: BaseProcess, connection: Connection) -> None:
        self.index = index
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
        self._owner = owner_of(self.pid)
        self._lost_its_server: bool | None = None
        """Whether nobody can tell how the process ended; None before it has."""

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid or -1

    @property
    def sentinel(self) -> int:
        """A handle that becomes readable when the process has ended."""
        return self._process.sentinel

    def permit(self, limit: int) -> None:
        """Answer one thread that waits: run a trial, towards so many finished ones."""
        self.asks -= 1
        self.permits += 1
        self._answer(limit)

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
        """Ask the process to end now."""
        self._process.terminate()

    def kill_after(self, deadline: float) -> None:
        """Kill the process unless it ends before that moment of ``time.monotonic``."""
        if not wait([self.sentinel], max(0.0, deadline - time.monotonic())):
            self._process.kill()

    def end_for_certain(self) -> None:
        """Wait for the end of the process, and bring it about where its server was killed.

        Then nobody tells of its end: its sentinel is readable although it lives, and would go on with a
        trial that is taken for lost.
        """
        if self._lost_its_server is None:
            wait([self.sentinel])
            # Asked before the code is read; whoever starts a process reads those of all that have ended.
            silent = _is_forked(self._process) and not _says_something(self.sentinel)
            self._process.join()
            self._lost_its_server = silent and self._process.exitcode == SERVER_LOST
        if self._lost_its_server and self._owner.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._owner.pid, signal.SIGKILL)
            deadline = time.monotonic() + SECONDS_TO_DIE
            while self._owner.is_alive() and time.monotonic() < deadline:
                time.sleep(_SECONDS_BETWEEN_LOOKS)

    def close(self, memory: MemoryKills) -> ProcessEnd:
        """Wait for the end of the process, free what belongs to it, and return how it ended."""
        self.end_for_certain()
        code = self._process.exitcode or 0
        self._process.close()
        self.connection.close()
        if self.last_words:
            return ProcessEnd(self.last_words, killed=code < 0)
        return end_of(
            code, for_memory=code < 0 and memory.happened(), server_lost=bool(self._lost_its_server)
        )

    def _answer(self, answer: int) -> None:
        try:
            self.connection.send(answer)
        except OSError:
            self.hears = False  # it has died; its sentinel says so next


def _is_forked(process: BaseProcess) -> bool:
    """Return whether a process is a child of the server, not of this process."""
    return getattr(process, "_start_method", None) == "forkserver"


def _says_something(sentinel: int) -> bool:
    """Return whether the server has written an exit code; if not, it was killed before the process ended."""
    if sys.platform == "win32":
        return True
    waiting = fcntl.ioctl(sentinel, termios.FIONREAD, struct.pack("i", 0))
    return bool(struct.unpack("i", waiting)[0])


def share_of_cores(n_processes: int, n_jobs: int) -> int:
    """Return the threads of computation of one trial: this process's cores, shared by all trials at once."""
    return max(1, usable_cores() // (n_processes * n_jobs))


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
