"""The worker processes of a run, from their start to their burial."""

import contextlib
import time
from collections.abc import Iterator

import optuna

from qgtune.core.errors import QgtuneError
from qgtune.study.running.course import Course
from qgtune.study.running.messages import StartupFailed
from qgtune.study.running.process_ends import MemoryKills
from qgtune.study.running.retries import (
    WORKER_LOST,
    Blame,
    Loss,
    any_suspects,
    lose_abandoned_trials,
    lose_trial,
    others_at_work,
)
from qgtune.study.running.run_spec import WorkerStartupError
from qgtune.study.running.worker_process import SECONDS_TO_DIE, WorkerProcess, WorkerStarter

_INTERRUPTED = "the run was interrupted before this trial ended"


class Crew:
    """Starts the workers of a run, and deals with those that end.

    Args:
        start: starts one.
        study: the study of their trials.
        course: the course of the run.
        retry: whether the parameters of a trial whose worker died are tried again.
    """

    def __init__(self, start: WorkerStarter, study: optuna.Study, course: Course, *, retry: bool) -> None:
        self._start = start
        self._study = study
        self._course = course
        self._retry = retry
        self._memory = MemoryKills()
        self._workers: list[WorkerProcess] = []
        self._n_workers = 0
        self.has_begun = False
        """Whether any worker has been ready: one that cannot begin is then an accident of its own."""
        self.startup_error: QgtuneError | None = None
        """Why workers cannot begin; nothing if they can."""

    def __iter__(self) -> Iterator[WorkerProcess]:
        return iter(tuple(self._workers))

    def __len__(self) -> int:
        return len(self._workers)

    @property
    def running(self) -> set[int]:
        """The numbers of the trials that the workers have said to run."""
        return {number for worker in self._workers for number in worker.running}

    @property
    def has_suspects(self) -> bool:
        """Whether any trial that is not done has parameters with which a worker has died."""
        return any_suspects(self._study)

    @property
    def _pids(self) -> set[int]:
        return {worker.pid for worker in self._workers}

    def hire(self, count: int) -> None:
        """Start the workers, which share the cores."""
        self._n_workers = count
        for index in range(count):
            self._hire(index)

    def refresh(self) -> None:
        """Forget what was killed for want of memory before now: it says nothing of a worker killed later."""
        self._memory.happened()

    def stop_now(self) -> None:
        """End all workers now; their trials are lost."""
        for worker in self._workers:
            worker.stopped = True
        self._terminate()

    def trials_of_others(self) -> int:
        """Return how many trials run in workers that are not ours, after failing those of dead ones.

        They belong to another run on the study, or to workers that outlive the supervisor of a killed one.
        """
        self.lose_abandoned()
        return others_at_work(self._study, self._pids, self.running)

    def lose_abandoned(self, reason: str = WORKER_LOST, *, alone: bool = False) -> None:
        """Fail the trials of dead processes that nobody tells us of; our own workers' ends we hear of."""
        lose_abandoned_trials(self._study, reason, retry=self._retry, alone=alone, spared=self._pids)

    def cannot_begin(self, worker: WorkerProcess, message: StartupFailed) -> None:
        """Deal with a worker that says that it cannot begin: it dies, or no worker can."""
        if self.has_begun:
            worker.last_words = f"could not begin: {message.last_line()}"
        else:
            worker.stopped = True
            self.startup_error = self.startup_error or message.error()

    def bury(self, worker: WorkerProcess) -> None:
        """Deal with a worker whose process has ended."""
        self._workers.remove(worker)
        end = worker.close(self._memory)
        if worker.stopped and not worker.permits:
            return
        if self._course.at_once:
            self._lose_trials_of(worker, _INTERRUPTED, blame=Blame.NOBODY)
        elif not self.has_begun and not end.killed:
            self.startup_error = self.startup_error or WorkerStartupError(
                f"worker {worker.index} {end.reason} before it could begin; what it wrote stands above. "
                'A script that starts a run must do so under: if __name__ == "__main__":'
            )
        else:
            self._course.tally.note_death()
            reason = f"{WORKER_LOST}: {end.reason}"
            blame = Blame.WORKER if end.blames else Blame.NOBODY
            lost = self._lose_trials_of(worker, reason, blame=blame)
            # It may have been killed after making a trial and before telling us of it.
            self.lose_abandoned(reason)
            self._course.worker_died(worker.index, end.reason, lost)
            self._replace(worker.index)

    def disband(self) -> None:
        """End what still runs; nothing does, unless the run ends with an exception."""
        self._terminate()
        for worker in self._workers:
            # A storage that can no longer be written is most often why the run ends: that error counts.
            with contextlib.suppress(Exception):
                for number in worker.running:
                    lose_trial(self._study, number, _INTERRUPTED, retry=self._retry, blame=Blame.NOBODY)
            worker.close(self._memory)
        self._workers.clear()

    def _terminate(self) -> None:
        """End all workers, which have the same seconds for it; those that take longer are killed."""
        for worker in self._workers:
            worker.terminate()
        deadline = time.monotonic() + SECONDS_TO_DIE
        for worker in self._workers:
            worker.kill_after(deadline)

    def _lose_trials_of(self, worker: WorkerProcess, reason: str, *, blame: Blame) -> tuple[int, ...]:
        """Fail the trials that a dead worker had begun; return the numbers of those that do not count."""
        lost: list[int] = []
        for number in sorted(worker.running):
            loss = lose_trial(self._study, number, reason, retry=self._retry, blame=blame)
            if loss in (Loss.ENDED, Loss.BLAMED):
                self._course.trial_ended(worker.index, number, "")
            else:
                lost.append(number)
            if loss in (Loss.RETRIED, Loss.BLAMED):
                self._course.notify(f"trial {number} lost its worker: {loss}")
        return tuple(lost)

    def _replace(self, index: int) -> None:
        at_work = sum(max(1, worker.asks + worker.permits) for worker in self._workers)
        course = self._course
        if course.stopping or course.tally.missing <= at_work:
            return
        course.look_at_clock()
        if not course.stopping:
            self._hire(index)

    def _hire(self, index: int) -> None:
        self._workers.append(self._start(index, self._n_workers))
