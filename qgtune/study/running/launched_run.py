"""A run whose trials run in processes that a launcher has started: they are waited for, and told of."""

from collections.abc import Callable, Sequence
from multiprocessing.connection import wait

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.core.errors import ConfigValueError
from qgtune.core.events import EpochReported, Event, TrialStarted
from qgtune.study.attributes import OWNER, TRACEBACK
from qgtune.study.results.records import is_finished
from qgtune.study.running.course import Course
from qgtune.study.running.interrupts import Interrupts
from qgtune.study.running.launchers import Handle, Launching, end_processes
from qgtune.study.running.process_ends import end_of
from qgtune.study.running.retries import WORKER_LOST, lose_abandoned_trials
from qgtune.study.running.run_spec import RunOutcome, RunSpec

_SECONDS_BETWEEN_LOOKS = 0.5
_STOPS_TO_END_AT_ONCE = 2


class LaunchedRun:
    """Starts processes that join the run, tells of their trials, and starts those again that die.

    They share the study by its storage alone, so that they may be anywhere that reaches it.

    Args:
        spec: the run.
        launching: how its processes are started.
        study: the run's study.
        on_event: called with each event.
        interrupts: signals that end the run.
    """

    def __init__(
        self,
        spec: RunSpec,
        launching: Launching,
        study: optuna.Study,
        on_event: Callable[[Event], None],
        interrupts: Interrupts,
    ) -> None:
        self._spec = spec
        self._launching = launching
        self._launch = launching.launcher()
        self._study = study
        self._interrupts = interrupts
        self._course = Course(spec, study, on_event, launching.choice.workers)
        self._handles: dict[int, Handle] = {}
        self._owners: dict[object, int] = {}
        self._begun: set[int] = set()
        self._ended = {
            trial.number for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()
        }
        self._reported: dict[int, int] = {}
        self._stops = 0

    def run(self, notices: Sequence[str]) -> RunOutcome:
        """Return how the run went, after starting its processes and waiting until the last has ended.

        Args:
            notices: what is to be said at the beginning.
        """
        course = self._course
        workers = self._launching.choice.workers
        count = course.begin(workers, notices, processes_of_each=self._spec.n_processes)
        course.tell()
        if count:
            self._start(range(count))
        try:
            while self._handles:
                self._wait()
                course.tell()
        finally:
            # None is left, unless the run ends with an exception.
            end_processes(tuple(self._handles.values()))
        self._look_at_trials()
        lose_abandoned_trials(self._study, WORKER_LOST, retry=self._spec.retries)
        return course.end()

    def _start(self, indices: range) -> None:
        command = (*self._launching.command, str(self._course.tally.total))
        handles = self._launch([command for _ in indices])
        self._handles.update(zip(indices, handles, strict=True))

    def _wait(self) -> None:
        """Wait for a moment, and deal with what has happened meanwhile."""
        if wait([self._interrupts.connection], _SECONDS_BETWEEN_LOOKS):
            self._course.heed(self._interrupts.take())
        # Ends are seen first, so that the trials of a process that has ended are all there.
        ends = [(index, code) for index, h in self._handles.items() if (code := h.poll()) is not None]
        self._look_at_trials()
        self._course.look_at_goal()
        if self._course.tally.missing:
            self._course.look_at_clock()
        for index, code in ends:
            self._bury(index, self._handles.pop(index), code)
        self._pass_on()

    def _pass_on(self) -> None:
        """Say to the processes that the run ends: twice if their trials are not to finish; then kill them."""
        course = self._course
        wanted = int(course.stopping) + int(course.at_once) + int(course.forced)
        # Once in a look: of two equal signals at the same moment a process gets one.
        if self._stops < wanted:
            self._stops += 1
            for handle in self._handles.values():
                handle.stop()
            if self._stops == _STOPS_TO_END_AT_ONCE and self._handles:
                course.notify("the launched processes are told to end now; Ctrl-C once more kills them")

    def _bury(self, index: int, handle: Handle, code: int) -> None:
        """Deal with a process that has ended: tell why, and start another one if trials are missing."""
        course = self._course
        if course.stopping or not course.tally.missing:
            return
        words = getattr(handle, "last_words", str)()
        reason = end_of(code, for_memory=False).reason + (f": {words}" if words else "")
        course.tally.note_death()
        lost = lose_abandoned_trials(self._study, f"{WORKER_LOST}: {reason}", retry=self._spec.retries)
        course.worker_died(index, reason, lost)
        if not course.stopping:
            self._start_again(index)

    def _start_again(self, index: int) -> None:
        """Start a process in the place of one that has ended; the others go on if that cannot be."""
        try:
            self._start(range(index, index + 1))
        except ConfigValueError as error:
            if not self._handles:
                raise
            self._course.notify(f"{error.message}: the processes that run go on")

    def _look_at_trials(self) -> None:
        """Tell of the trials that have begun, reported or ended since the last look."""
        for trial in self._study.get_trials(deepcopy=False):
            if trial.number in self._ended or trial.state == TrialState.WAITING:
                continue
            worker = self._worker_of(trial)
            if trial.number not in self._begun:
                self._begun.add(trial.number)
                self._course.add(TrialStarted(worker, trial.number))
            step = trial.last_step
            if step is not None and self._reported.get(trial.number) != step:
                self._reported[trial.number] = step
                value = trial.intermediate_values[step]
                self._course.add(EpochReported(worker, trial.number, step, value))
            if trial.state.is_finished():
                self._ended.add(trial.number)
                if is_finished(trial):
                    traceback = str(trial.user_attrs.get(TRACEBACK, ""))
                    self._course.trial_ended(worker, trial.number, traceback)

    def _worker_of(self, trial: FrozenTrial) -> int:
        """Return a number for the process that runs a trial, counted from 0 in the order of appearance."""
        owner = trial.user_attrs.get(OWNER) or {}
        return self._owners.setdefault((owner.get("host"), owner.get("pid")), len(self._owners))
