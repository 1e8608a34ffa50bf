"""A run: worker processes that add finished trials to a study until it has as many as were asked for."""

import contextlib
import pickle
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna

from qgtune.core.errors import QgtuneError, UsageError
from qgtune.core.events import (
    EpochReported,
    Event,
    Notice,
    RunEnded,
    RunStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    WorkerDied,
    WorkerReady,
)
from qgtune.study.create import check_fingerprint, create_study
from qgtune.study.interrupts import Interrupts
from qgtune.study.journal_repair import fail_running_trials, fail_trial, repair_journal
from qgtune.study.messages import Ask, Broken, Message, StartupFailed, Told
from qgtune.study.records import trial_records
from qgtune.study.run_lock import RunLock
from qgtune.study.run_spec import RunOutcome, RunSpec, WorkerStartupError
from qgtune.study.storages import journal_path
from qgtune.study.tally import Tally
from qgtune.study.worker_process import WorkerProcess, WorkerStarter, process_factory, share_of_cores

_KILLED_RUN = "the run was killed before this trial ended"
_INTERRUPTED = "the run was interrupted before this trial ended"


def run_trials(spec: RunSpec, on_event: Callable[[Event], None]) -> RunOutcome:
    """Return how the run went, after the study has its total of finished trials or the run had to end.

    Trials that are complete, pruned or failed by their objective count; those of killed workers do
    not, and are made up for. A run that was killed, by ``kill -9`` of all its processes even, goes on to the
    total when it is started again. The first Ctrl-C lets running trials finish, the second does not.

    Args:
        spec: what to run.
        on_event: called in this process with each event, in order; if it raises, the run ends.

    Raises:
        UsageError: if the objective cannot be sent to other processes.
        ConfigValueError: if the storage or the study cannot be used.
        QgtuneError: what building the objective raised in a worker; ``WorkerStartupError`` with the
            traceback, if it was an exception of another kind.
    """
    payload = _pickled(spec)
    if spec.storage is not None:
        return _run(spec, payload, journal_path(spec.storage), on_event)
    # Processes cannot share a memory: a study that is not to be kept lives in a journal for as long.
    with TemporaryDirectory(prefix="qgtune-") as folder:
        return _run(spec, payload, Path(folder) / "study.log", on_event)


def _run(spec: RunSpec, payload: bytes, path: Path, on_event: Callable[[Event], None]) -> RunOutcome:
    with RunLock(path) as lock:
        alone = lock.claim()
        if alone:
            repair_journal(path)
        else:
            # Another run may be repairing the journal: nothing is written to it before that ends.
            lock.share()
        study = create_study(
            spec.study_name, path, spec.directions, seed=spec.seed, n_startup_trials=spec.n_startup_trials
        )
        if spec.fingerprint:
            check_fingerprint(study, spec.fingerprint)
        if alone:
            fail_running_trials(study, _KILLED_RUN)
        lock.share()
        n_threads = share_of_cores(spec.n_processes, spec.n_jobs)
        start = WorkerStarter(process_factory(spec.preload), payload, path, n_threads)
        with Interrupts() as interrupts:
            return _Supervisor(spec, start, study, on_event, interrupts).run(lock)


def _pickled(spec: RunSpec) -> bytes:
    try:
        return pickle.dumps(spec)
    except Exception as error:
        raise UsageError(
            "the objective is sent to worker processes, so it must be a function at the top level "
            f"of a module, or a functools.partial of one with values that can be pickled: {error}"
        ) from error


class _Supervisor:
    def __init__(
        self,
        spec: RunSpec,
        start: WorkerStarter,
        study: optuna.Study,
        on_event: Callable[[Event], None],
        interrupts: Interrupts,
    ) -> None:
        self._spec = spec
        self._start = start
        self._study = study
        self._emit = on_event
        self._interrupts = interrupts
        self._tally = Tally(study, spec.directions, spec.total)
        self._deadline = None if spec.timeout is None else time.monotonic() + spec.timeout
        self._workers: list[WorkerProcess] = []
        self._notices: set[str] = set()
        self._n_processes = 0
        self._interrupted = 0
        self._timed_out = False
        self._give_up_reason = ""
        self._startup_error: QgtuneError | None = None

    def run(self, lock: RunLock) -> RunOutcome:
        resumed_from = self._tally.finished
        missing = self._tally.missing
        # A worker more than there are trials would only load its data in vain.
        self._n_processes = min(self._spec.n_processes, -(-missing // self._spec.n_jobs))
        before = tuple(trial_records(self._study))
        self._emit(RunStarted(self._spec.total, resumed_from, self._n_processes, self._tally.best, before))
        if lock.others_live:
            self._notify(
                "another run on this storage is alive: the two share the study, "
                "and what a killed run may have left is not repaired"
            )
        try:
            for index in range(self._n_processes):
                self._workers.append(self._start(index))
            while self._workers and self._startup_error is None:
                self._wait()
        finally:
            self._end_workers()
        if self._startup_error is not None:
            raise self._startup_error
        if lock.claim():
            # A worker killed between making a trial and telling us its number leaves one that we do not know.
            fail_running_trials(self._study, "its worker process was lost")
        self._emit(self._ended())
        return RunOutcome(
            records=tuple(trial_records(self._study)),
            resumed_from=resumed_from,
            interrupted=bool(self._interrupted),
            timed_out=self._timed_out,
            stopped_early_reason=self._give_up_reason,
            first_failure=self._tally.first_failure,
            first_traceback=self._tally.first_traceback,
        )

    def _ended(self) -> RunEnded:
        return RunEnded(self._tally.finished, bool(self._interrupted), self._timed_out, self._give_up_reason)

    def _wait(self) -> None:
        """Wait until something happens, and deal with it."""
        talking = [worker.connection for worker in self._workers if worker.hears]
        ending = [worker.sentinel for worker in self._workers]
        # No timeout: after the deadline, workers hear of it when they ask for their next trial.
        happened = wait([*talking, *ending, self._interrupts.connection])
        if self._interrupts.connection in happened:
            self._interrupts.take()
            self._interrupt()
        for worker in list(self._workers):
            ended = worker.sentinel in happened
            if ended or worker.connection in happened:
                for message in worker.messages():
                    self._hear(worker, message)
            if ended:
                self._bury(worker)
        self._answer()

    def _hear(self, worker: WorkerProcess, message: Message) -> None:
        match message:
            case Ask():
                worker.asks += 1
            case WorkerReady():
                worker.ready = True
                self._emit(message)
            case TrialStarted():
                worker.running.add(message.number)
                self._emit(message)
            case EpochReported():
                self._emit(message)
            case Notice():
                self._notify(message.text)
            case Told():
                worker.permits -= 1
                worker.running.discard(message.number)
                self._trial_ended(worker.index, message.number, message.traceback)
            case StartupFailed():
                worker.stopped = True
                self._startup_error = self._startup_error or message.error()
            case Broken():
                worker.last_words = message.reason

    def _trial_ended(self, index: int, number: int, traceback: str) -> None:
        record, is_best = self._tally.note_end(number, traceback)
        self._emit(TrialFinished(index, record, is_best))
        if record.state == "failed":
            self._emit(TrialFailed(index, number, record.failure, traceback))
        self._consider_giving_up("")

    def _consider_giving_up(self, last_death: str) -> None:
        self._give_up_reason = self._give_up_reason or self._tally.reason_to_give_up(last_death)

    def _notify(self, text: str) -> None:
        if text not in self._notices:
            self._notices.add(text)
            self._emit(Notice(text))

    def _interrupt(self) -> None:
        self._interrupted += 1
        if self._interrupted == 1:
            self._notify("interrupted: running trials may finish; press Ctrl-C again to stop them now")
        else:
            for worker in self._workers:
                worker.stopped = True
                worker.terminate()

    @property
    def _stopping(self) -> bool:
        return bool(self._interrupted or self._timed_out or self._give_up_reason)

    def _answer(self) -> None:
        """Answer the workers that ask: a trial for as many as the study still lacks."""
        asking = [worker for worker in self._workers if worker.asks]
        if not asking:
            return
        missing = self._tally.missing
        spare = missing - sum(worker.permits for worker in self._workers)
        if spare > 0 and self._deadline is not None and time.monotonic() >= self._deadline:
            self._timed_out = True
        for worker in asking:
            while worker.asks and spare > 0 and not self._stopping:
                worker.permit()
                spare -= 1
            # With trials still out, one of them may be lost: who asks then waits to make up for it.
            if self._stopping or not missing:
                worker.stop()

    def _bury(self, worker: WorkerProcess) -> None:
        """Deal with a worker whose process has ended."""
        self._workers.remove(worker)
        end = worker.close()
        if worker.stopped and not worker.permits:
            return
        if self._interrupted > 1:
            self._lose_trials(worker, _INTERRUPTED)
        elif not worker.ready and not end.killed:
            self._startup_error = self._startup_error or WorkerStartupError(
                f"worker {worker.index} {end.reason} before it could begin; what it wrote stands above. "
                'A script that starts a run must do so under: if __name__ == "__main__":'
            )
        else:
            self._tally.note_death()
            lost = self._lose_trials(worker, f"its worker process was lost: {end.reason}")
            self._emit(WorkerDied(worker.index, end.reason, lost))
            self._consider_giving_up(end.reason)
            self._replace(worker.index)

    def _lose_trials(self, worker: WorkerProcess, reason: str) -> tuple[int, ...]:
        """Fail the trials that a dead worker had begun, and return the numbers of those it had not ended."""
        lost: list[int] = []
        for number in sorted(worker.running):
            if fail_trial(self._study, number, reason):
                lost.append(number)
            else:
                self._trial_ended(worker.index, number, "")
        return tuple(lost)

    def _replace(self, index: int) -> None:
        at_work = sum(max(1, worker.asks + worker.permits) for worker in self._workers)
        late = self._deadline is not None and time.monotonic() >= self._deadline
        if not self._stopping and not late and self._tally.missing > at_work:
            self._workers.append(self._start(index))

    def _end_workers(self) -> None:
        """End what still runs; nothing does, unless the run ends with an exception."""
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            # A storage that can no longer be written is most often why the run ends: that error counts.
            with contextlib.suppress(OSError):
                for number in worker.running:
                    fail_trial(self._study, number, _INTERRUPTED)
            worker.close()
        self._workers.clear()
