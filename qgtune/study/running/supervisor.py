"""A run: worker processes that add finished trials to a study until it has as many as were asked for."""

import contextlib
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import wait

import optuna

from qgtune.core.errors import QgtuneError
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
from qgtune.study.results.records import trial_records
from qgtune.study.running.beginnings import enqueue_once
from qgtune.study.running.interrupts import Interrupts
from qgtune.study.running.messages import Ask, Broken, Message, StartupFailed, Told
from qgtune.study.running.process_ends import MemoryKills
from qgtune.study.running.retries import Loss, lose_abandoned_trials, lose_trial, others_at_work
from qgtune.study.running.run_spec import RunOutcome, RunSpec, WorkerStartupError
from qgtune.study.running.tally import Tally
from qgtune.study.running.worker_process import WorkerProcess, WorkerStarter
from qgtune.study.storage.ownership import Heartbeat
from qgtune.study.storage.run_lock import RunLock

_LOST_WORKER = "its worker process was lost"
_SECONDS_BETWEEN_LOOKS = 0.5
_INTERRUPTED = "the run was interrupted before this trial ended"


class Supervisor:
    """Hands out the trials of one run to its workers, and deals with what becomes of both."""

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
        self._on_event = on_event
        self._untold: deque[Event] = deque()
        self._interrupts = interrupts
        self._tally = Tally(study, spec.directions, spec.total, spec.n_processes)
        self._memory = MemoryKills()
        self._deadline = None if spec.timeout is None else time.monotonic() + spec.timeout
        self._heartbeat = Heartbeat(study)
        self._workers: list[WorkerProcess] = []
        self._notices: set[str] = set()
        self._awaits_others = False
        self._n_processes = 0
        self._has_begun = False
        """Whether any worker has been ready: one that cannot start is then an accident of its own."""
        self._interrupted = 0
        self._asked_to_stop = False
        self._timed_out = False
        self._give_up_reason = ""
        self._goal_reached = ""
        self._startup_error: QgtuneError | None = None

    def run(self, lock: RunLock, *, alone_by_lock: bool, advice: str) -> RunOutcome:
        """Return how the run went, after starting its workers and dealing with them until the last has ended.

        Args:
            lock: this process's presence in the runs on the storage.
            alone_by_lock: whether that lock tells for certain that no other process works on the storage.
            advice: what is to be said of the storage; empty if nothing.
        """
        resumed_from = self._tally.finished
        if self._spec.more is not None:
            self._tally.raise_total(self._spec.more)
        missing = self._tally.missing
        # A worker more than there are trials would only load its data in vain.
        self._n_processes = min(self._spec.n_processes, -(-missing // self._spec.n_jobs))
        before = tuple(trial_records(self._study))
        self._emit(RunStarted(self._tally.total, resumed_from, self._n_processes, self._tally.best, before))
        self._tell()
        if resumed_from:
            self._notify(f"of this study, {self._tally.what_counts()}")
        if missing:
            enqueue_once(self._study, self._spec.enqueue)
        self._consider_goal()
        if advice:
            self._notify(advice)
        if lock.others_live:
            self._notify(
                "another run on this storage is alive: the two share the study, "
                "and what a killed run may have left is not repaired"
            )
        self._tell()
        try:
            for index in range(0 if self._goal_reached else self._n_processes):
                self._workers.append(self._start(index, self._n_processes))
            while self._workers and self._startup_error is None:
                try:
                    self._wait()
                finally:
                    # After the answers: a worker does not wait for what becomes of its last trial's files.
                    self._tell()
        finally:
            self._end_workers()
        if self._startup_error is not None:
            raise self._startup_error
        # A worker killed between making a trial and telling us its number leaves one that we do not know.
        alone = lock.claim() and alone_by_lock
        lose_abandoned_trials(self._study, _LOST_WORKER, retry=self._spec.retries, alone=alone)
        self._emit(self._ended())
        self._tell()
        return RunOutcome(
            records=tuple(trial_records(self._study)),
            resumed_from=resumed_from,
            finished=self._tally.finished,
            total=self._tally.total,
            interrupted=self._cut_short,
            timed_out=self._timed_out,
            stopped_early_reason=self._give_up_reason,
            goal_reached=self._goal_reached,
            first_failure=self._tally.first_failure,
            first_traceback=self._tally.first_traceback,
        )

    def _emit(self, event: Event) -> None:
        self._untold.append(event)

    def _tell(self) -> None:
        while self._untold:
            self._on_event(self._untold.popleft())

    def _ended(self) -> RunEnded:
        return RunEnded(
            self._tally.finished,
            self._cut_short,
            self._timed_out,
            self._give_up_reason,
            self._goal_reached,
        )

    def _wait(self) -> None:
        """Wait until something happens, and deal with it."""
        talking = [worker.connection for worker in self._workers if worker.hears]
        ending = [worker.sentinel for worker in self._workers]
        # Not until the deadline: workers hear of it when they ask for their next trial.
        patience = self._heartbeat.seconds_left
        if self._awaits_others:  # nobody tells us how their trials end
            patience = min(patience, _SECONDS_BETWEEN_LOOKS)
        happened = wait([*talking, *ending, self._interrupts.connection], patience)
        running = [number for worker in self._workers for number in sorted(worker.running)]
        if self._heartbeat.beat(running) and not set(ending).intersection(happened):
            self._memory.happened()  # of other processes: it says nothing of a worker that is killed later
        if self._interrupts.connection in happened:
            if self._interrupts.take():
                self._interrupt()
            else:
                self._stop_gently()
        for worker in list(self._workers):
            ended = worker.sentinel in happened
            if ended:
                worker.end_for_certain()
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
                worker.ready = self._has_begun = True
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
                if self._has_begun:
                    worker.last_words = f"could not begin: {message.last_line()}"
                else:
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
        self._consider_goal()

    def _consider_goal(self) -> None:
        reached = self._tally.goal_reached(self._spec.target, self._spec.patience)
        self._goal_reached = self._goal_reached or reached
        if reached:
            self._notify(f"{reached}: no further trial is begun")

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

    def _stop_gently(self) -> None:
        """Let running trials finish; however often it is asked for, they are not cut short."""
        self._asked_to_stop = True
        self._notify("asked to stop: running trials may finish")

    @property
    def _stopping(self) -> bool:
        reasons = (self._timed_out, self._give_up_reason, self._goal_reached)
        return self._cut_short or any(reasons)

    @property
    def _cut_short(self) -> bool:
        """Whether somebody wants the run to end before its total."""
        return bool(self._interrupted or self._asked_to_stop)

    def _answer(self) -> None:
        """Answer the workers that ask: a trial for as many as the study still lacks."""
        asking = [worker for worker in self._workers if worker.asks]
        if not asking:
            return
        missing = self._tally.missing
        others = self._trials_of_others() if missing else 0
        self._awaits_others = others > 0
        spare = missing - others - sum(worker.permits for worker in self._workers)
        if spare > 0 and self._deadline is not None and time.monotonic() >= self._deadline:
            self._timed_out = True
        for worker in asking:
            while worker.asks and spare > 0 and not self._stopping:
                worker.permit()
                spare -= 1
            # With trials still out, one of them may be lost: who asks then waits to make up for it.
            if self._stopping or not missing:
                worker.stop()

    def _trials_of_others(self) -> int:
        """Return how many trials run in workers that are not ours, after failing those of dead ones.

        They belong to another run on the study, or to workers that outlive the supervisor of a killed one.
        """
        lose_abandoned_trials(self._study, _LOST_WORKER, retry=self._spec.retries)
        running = {number for worker in self._workers for number in worker.running}
        return others_at_work(self._study, {worker.pid for worker in self._workers}, running)

    def _bury(self, worker: WorkerProcess) -> None:
        """Deal with a worker whose process has ended."""
        self._workers.remove(worker)
        end = worker.close(self._memory)
        if worker.stopped and not worker.permits:
            return
        if self._interrupted > 1:
            self._lose_trials_of(worker, _INTERRUPTED, blame=False)
        elif not self._has_begun and not end.killed:
            self._startup_error = self._startup_error or WorkerStartupError(
                f"worker {worker.index} {end.reason} before it could begin; what it wrote stands above. "
                'A script that starts a run must do so under: if __name__ == "__main__":'
            )
        else:
            self._tally.note_death()
            reason = f"{_LOST_WORKER}: {end.reason}"
            lost = self._lose_trials_of(worker, reason, blame=True)
            # It may have been killed after making a trial and before telling us of it.
            lose_abandoned_trials(self._study, reason, retry=self._spec.retries)
            self._emit(WorkerDied(worker.index, end.reason, lost))
            self._consider_giving_up(end.reason)
            self._replace(worker.index)

    def _lose_trials_of(self, worker: WorkerProcess, reason: str, *, blame: bool) -> tuple[int, ...]:
        """Fail the trials that a dead worker had begun; return the numbers of those that do not count."""
        lost: list[int] = []
        for number in sorted(worker.running):
            loss = lose_trial(self._study, number, reason, retry=self._spec.retries, blame=blame)
            if loss in (Loss.ENDED, Loss.BLAMED):
                self._trial_ended(worker.index, number, "")
            else:
                lost.append(number)
            if loss in (Loss.RETRIED, Loss.BLAMED):
                self._notify(f"trial {number} lost its worker: {loss}")
        return tuple(lost)

    def _replace(self, index: int) -> None:
        at_work = sum(max(1, worker.asks + worker.permits) for worker in self._workers)
        if self._stopping or self._tally.missing <= at_work:
            return
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._timed_out = True
        else:
            self._workers.append(self._start(index, self._n_processes))

    def _end_workers(self) -> None:
        """End what still runs; nothing does, unless the run ends with an exception."""
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            # A storage that can no longer be written is most often why the run ends: that error counts.
            with contextlib.suppress(Exception):
                for number in worker.running:
                    lose_trial(self._study, number, _INTERRUPTED, retry=self._spec.retries, blame=False)
            worker.close(self._memory)
        self._workers.clear()
