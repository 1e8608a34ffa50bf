"""A run: worker processes that add finished trials to a study until it has as many as were asked for."""

from collections.abc import Callable, Sequence
from multiprocessing.connection import wait

import optuna

from qgtune.core.events import EpochReported, Event, Notice, TrialStarted, WorkerReady
from qgtune.study.running.course import Course
from qgtune.study.running.crew import Crew
from qgtune.study.running.interrupts import Interrupts
from qgtune.study.running.messages import Ask, Broken, GivenBack, Message, StartupFailed, Told
from qgtune.study.running.run_spec import RunOutcome, RunSpec
from qgtune.study.running.worker_process import WorkerProcess, WorkerStarter
from qgtune.study.storage.ownership import Heartbeat
from qgtune.study.storage.run_lock import RunLock

_SECONDS_BETWEEN_LOOKS = 0.5


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
        self._interrupts = interrupts
        self._course = Course(spec, study, on_event, spec.n_processes)
        self._crew = Crew(start, study, self._course, retry=spec.retries)
        self._heartbeat = Heartbeat(study)
        self._awaits_others = False

    def run(self, lock: RunLock, *, alone_by_lock: bool, notices: Sequence[str]) -> RunOutcome:
        """Return how the run went, after starting its workers and dealing with them until the last has ended.

        Args:
            lock: this process's presence in the runs on the storage.
            alone_by_lock: whether that lock tells for certain that no other process works on the storage.
            notices: what is to be said at the beginning.
        """
        course, crew = self._course, self._crew
        count = course.begin(self._spec.n_processes, notices, self._spec.n_jobs)
        course.tell()
        try:
            crew.hire(count)
            while crew and crew.startup_error is None:
                try:
                    self._wait()
                finally:
                    # After the answers: a worker does not wait for what becomes of its last trial's files.
                    course.tell()
        finally:
            crew.disband()
        if crew.startup_error is not None:
            raise crew.startup_error
        # A worker killed between making a trial and telling us its number leaves one that we do not know.
        crew.lose_abandoned(alone=lock.claim() and alone_by_lock)
        return course.end()

    def _wait(self) -> None:
        """Wait until something happens, and deal with it."""
        talking = [worker.connection for worker in self._crew if worker.hears]
        ending = [worker.sentinel for worker in self._crew]
        # Not until the deadline: workers hear of it when they ask for their next trial.
        patience = self._heartbeat.seconds_left
        if self._awaits_others:  # nobody tells us how their trials end
            patience = min(patience, _SECONDS_BETWEEN_LOOKS)
        happened = wait([*talking, *ending, self._interrupts.connection], patience)
        if self._heartbeat.beat(sorted(self._crew.running)) and not set(ending).intersection(happened):
            self._crew.refresh()
        if self._interrupts.connection in happened:
            self._course.heed(self._interrupts.take())
            if self._course.at_once:
                self._crew.stop_now()
        for worker in self._crew:
            ended = worker.sentinel in happened
            if ended:
                worker.end_for_certain()
            if ended or worker.connection in happened:
                for message in worker.messages():
                    self._hear(worker, message)
            if ended:
                self._crew.bury(worker)
        self._answer()

    def _hear(self, worker: WorkerProcess, message: Message) -> None:
        match message:
            case Ask():
                worker.asks += 1
            case WorkerReady():
                self._crew.has_begun = True
                self._course.add(message)
            case TrialStarted():
                worker.running.add(message.number)
                self._course.add(message)
            case EpochReported():
                self._course.add(message)
            case Notice():
                self._course.notify(message.text)
            case GivenBack():
                worker.permits -= 1
            case Told():
                worker.permits -= 1
                worker.running.discard(message.number)
                self._course.trial_ended(worker.index, message.number, message.traceback)
            case StartupFailed():
                self._crew.cannot_begin(worker, message)
            case Broken():
                worker.last_words = message.reason

    def _answer(self) -> None:
        """Answer the workers that ask: a trial for as many as the study still lacks."""
        asking = [worker for worker in self._crew if worker.asks]
        if not asking:
            return
        course = self._course
        course.look_at_goal()  # another run may have reached it
        missing = course.tally.missing
        others = self._crew.trials_of_others() if missing else 0
        self._awaits_others = others > 0
        spare = missing - others - sum(worker.permits for worker in self._crew)
        if spare > 0:
            course.look_at_clock()
        suspects = self._spec.n_jobs > 1 and self._crew.has_suspects
        for worker in asking:
            # Only who dies alone with parameters tells that they are to blame.
            while worker.asks and spare > 0 and not course.stopping and not (suspects and worker.permits):
                worker.permit(course.tally.limit)
                spare -= 1
            # With trials still out, one of them may be lost: who asks then waits to make up for it.
            if course.stopping or not missing:
                worker.stop()
