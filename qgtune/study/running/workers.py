"""A worker process: builds the objective once, then runs one trial for each permission."""

import functools
import math
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import SupportsFloat

import optuna
from threadpoolctl import threadpool_limits  # it ships no types

from qgtune.core.errors import QgtuneError, TrialPruned
from qgtune.core.events import EpochReported, Notice, TrialStarted, WorkerReady
from qgtune.study.attributes import FAILURE, TRACEBACK
from qgtune.study.create import create_study
from qgtune.study.quiet import quieten_process
from qgtune.study.running.beginnings import ask_for_the_end
from qgtune.study.running.gpus import share_of_gpus
from qgtune.study.running.messages import STOP, Ask, Broken, GivenBack, Message, StartupFailed, Told
from qgtune.study.running.run_spec import Objective, RunSpec, WorkerContext
from qgtune.study.running.surplus import GivenBackError, give_back, is_surplus
from qgtune.study.storage.born_trials import become_worker
from qgtune.study.storage.run_lock import RunLock
from qgtune.study.storage.storage_address import StorageAddress
from qgtune.study.storage.storages import open_storage

_SECONDS_BETWEEN_EPOCHS = 0.2
_LONGEST_REASON = 500
_LONGEST_TRACEBACK = 4_000


def worker_main(  # noqa: PLR0913, PLR0917 - a process has no other way to be told
    connection: Connection,
    payload: bytes,
    storage: StorageAddress,
    worker: int,
    n_threads: int,
    environment: Mapping[str, str],
) -> None:
    """Run trials for as long as the supervisor permits; the target of a worker process.

    Args:
        connection: to the supervisor.
        payload: the pickled RunSpec. It is read here, not by multiprocessing, because reading it can
            load torch, and torch looks for its number of threads when it is loaded.
        storage: the storage that all processes of the run share.
        worker: this worker's index.
        n_threads: threads of computation that each trial may use.
        environment: the environment of the process that runs the study.
    """
    _become(worker, n_threads, environment)
    _keep_from_children(connection)
    link = _Link(connection)
    try:
        spec: RunSpec = pickle.loads(payload)  # noqa: S301 - from the process that started this one
        lock = RunLock(storage.presence)
        lock.share()
        if spec.set_threads is not None and "torch" in sys.modules:
            spec.set_threads(n_threads)
        notify = _Notifier(link)
        objective = spec.make_objective(WorkerContext(worker, spec.n_processes, n_threads, notify))
        study = create_study(
            spec.study_name,
            open_storage(storage),
            spec.directions,
            seed=spec.seed,
            sampler=spec.sampler,
            pruner=spec.pruner,
        )
    except BaseException as error:  # noqa: BLE001 - a sys.exit() in the user's module is a failure too
        link.send(StartupFailed.of(error))
        return
    with lock:
        link.send(WorkerReady(worker, os.getpid()))
        _TrialRunner(worker, link, study, objective).serve(spec.n_jobs)


class _Link:
    """The worker's end of the pipe; any thread may use it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._receiving = threading.Lock()
        self._last_epoch = -math.inf

    def send(self, message: Message) -> None:
        # A supervisor that was killed hears nothing; the trial that runs may still finish.
        try:
            with self._sending:
                self._connection.send(message)
        except OSError:
            return

    def permit(self) -> int:
        """Ask for one trial; return the finished trials wanted, STOP if none is left, or nobody to ask."""
        self.send(Ask())
        try:
            # Answers are alike, so that it does not matter which thread hears which.
            with self._receiving:
                return int(self._connection.recv())
        except (EOFError, OSError):
            return STOP

    def send_epoch(self, epoch: EpochReported) -> None:
        now = time.monotonic()
        if now - self._last_epoch >= _SECONDS_BETWEEN_EPOCHS:
            self._last_epoch = now
            self.send(epoch)


class _Notifier:
    """Sends notices, each text once."""

    def __init__(self, link: _Link) -> None:
        self._link = link
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._link.send(Notice(text))


class _TrialRunner:
    def __init__(self, worker: int, link: _Link, study: optuna.Study, objective: Objective) -> None:
        self._worker = worker
        self._link = link
        self._study = study
        self._objective = objective
        # On this one object, which is what trials and samplers call: Optuna ends only the call of optimize,
        # which is one trial here, and if another thread is just beginning one, that as well.
        study.stop = functools.partial(ask_for_the_end, study)  # type: ignore[method-assign]

    def serve(self, n_jobs: int) -> None:
        """Run trials in ``n_jobs`` threads until all of them are told to stop."""
        # One job runs in the main thread: libraries that fork (data loaders) mind a second thread.
        threads = [threading.Thread(target=self._serve_one) for _ in range(n_jobs - 1)]
        for thread in threads:
            thread.start()
        self._serve_one()
        for thread in threads:
            thread.join()

    def _serve_one(self) -> None:
        try:
            while limit := self._link.permit():
                self._run_trial(limit)
        except BaseException as error:  # noqa: BLE001 - the supervisor decides; most often a full disk
            self._link.send(Broken(one_line(error)))
            # Not sys.exit: in a thread it would end only the thread, and leave a permit unused for ever.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)

    def _run_trial(self, limit: int) -> None:
        attempt = _Attempt(self._worker, self._link, self._objective, self._study, limit)
        try:
            # optimize, not ask and tell: it keeps the heartbeat of storages that have one.
            self._study.optimize(attempt, n_trials=1, catch=(Exception,))
        except GivenBackError:
            self._link.send(GivenBack())
            return
        if attempt.number is not None:
            self._link.send(Told(attempt.number, attempt.traceback))


class _Attempt:
    """One call of the objective, with what the supervisor wants to know of it."""

    def __init__(
        self, worker: int, link: _Link, objective: Objective, study: optuna.Study, limit: int
    ) -> None:
        self._worker = worker
        self._link = link
        self._objective = objective
        self._study = study
        self._limit = limit
        self.number: int | None = None
        self.traceback = ""

    def __call__(self, trial: optuna.Trial) -> list[float]:
        if is_surplus(self._study, trial.number, self._limit):
            give_back(self._study, trial)
        self.number = trial.number
        self._link.send(TrialStarted(self._worker, trial.number))
        self._observe_reports(trial)
        try:
            return _as_values(self._objective(trial), len(self._study.directions))
        except optuna.TrialPruned:
            raise
        except TrialPruned as pruned:
            raise optuna.TrialPruned(str(pruned)) from pruned
        except BaseException as error:
            self._keep_failure(trial, error)
            if isinstance(error, Exception):
                raise
            # Of another kind (SystemExit, KeyboardInterrupt, CancelledError): Optuna would leave the trial
            # running for ever, and the worker, or its thread, would be gone.
            raise RuntimeError(one_line(error)) from error

    def _keep_failure(self, trial: optuna.Trial, error: BaseException) -> None:
        if not isinstance(error, QgtuneError):
            outer = error.__traceback__
            below = outer.tb_next if outer is not None else None  # without our own call of the objective
            self.traceback = "".join(traceback.format_exception(type(error), error, below))
            trial.set_user_attr(TRACEBACK, last_lines(self.traceback, _LONGEST_TRACEBACK))
        trial.set_user_attr(FAILURE, one_line(error))

    def _observe_reports(self, trial: optuna.Trial) -> None:
        report = trial.report

        def report_and_show(value: float, step: int) -> None:
            report(value, step)
            self._link.send_epoch(EpochReported(self._worker, trial.number, step, float(value)))

        # On this one object: the objective must get a plain optuna.Trial, and making a subclass of it
        # would sample the trial a second time.
        trial.report = report_and_show  # type: ignore[method-assign]


def one_line(error: BaseException) -> str:
    r"""Return the type and the message of an exception in one line of bounded length.

    Example:
        >>> one_line(ValueError("shapes differ:\n  3 and 4"))
        'ValueError: shapes differ: 3 and 4'
    """
    message = " ".join(str(error).split())
    name = type(error).__qualname__
    text = f"{name}: {message}" if message else name
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 3] + "..."


def last_lines(text: str, longest: int) -> str:
    r"""Return a text, or as many of its last lines as fit, after a line that says so.

    Example:
        >>> last_lines("one\ntwo\nthree\n", 10)
        '...\nthree\n'
    """
    if len(text) <= longest:
        return text
    tail = text[-longest:]
    return f"...\n{tail.partition(chr(10))[2] or tail}"


def _as_values(returned: object, n_values: int) -> list[float]:
    """Return what an objective returned as floats, or raise an error that says what it should return."""
    expected = "a number" if n_values == 1 else f"{n_values} numbers"
    items: Sequence[object] = (
        returned if isinstance(returned, Sequence) and not isinstance(returned, str) else (returned,)
    )
    if len(items) != n_values:
        raise ValueError(f"the objective must return {expected}, it returned {returned!r}")
    values: list[float] = []
    for item in items:
        if isinstance(item, str) or not isinstance(item, SupportsFloat):
            raise TypeError(f"the objective must return {expected}, it returned {returned!r}")
        values.append(float(item))
    if any(map(math.isnan, values)):
        raise ValueError(
            f"the objective must return {expected} that can be compared, it returned {returned!r}"
        )
    return values


def _become(worker: int, n_threads: int, environment: Mapping[str, str]) -> None:
    """Make this process a worker, before anything that looks at its environment is loaded."""
    _leave_interrupts_to_the_supervisor()
    _take_over(environment)
    _limit_threads(n_threads)
    gpu = share_of_gpus(worker, os.environ.get("CUDA_VISIBLE_DEVICES"))
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    quieten_process()
    become_worker(worker)


def _keep_from_children(connection: Connection) -> None:
    # A child of the objective's (a data loader's worker, say) that outlives this process would hold the pipe
    # open: the supervisor would wait for the rest of a message that nobody writes.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=connection.close)


def _take_over(environment: Mapping[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)


def _limit_threads(n_threads: int) -> None:
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(n_threads)
    # What the server has loaded, NumPy with its own BLAS, has read them already.
    threadpool_limits(n_threads)


def _leave_interrupts_to_the_supervisor() -> None:
    # Ctrl-C in a terminal reaches every process of the run; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
