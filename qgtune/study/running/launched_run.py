"""A run whose trials run in processes that a launcher has started: they are waited for, and told of."""

import time
from collections.abc import Callable
from multiprocessing.connection import wait

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.core.errors import ConfigValueError
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
)
from qgtune.study.attributes import OWNER
from qgtune.study.results.records import is_finished, trial_records
from qgtune.study.running.beginnings import enqueue_once
from qgtune.study.running.interrupts import Interrupts
from qgtune.study.running.launchers import Handle, Launching
from qgtune.study.running.process_ends import end_of
from qgtune.study.running.retries import lose_abandoned_trials
from qgtune.study.running.run_spec import RunOutcome, RunSpec
from qgtune.study.running.tally import Tally

_SECONDS_BETWEEN_LOOKS = 0.25
_SECONDS_TO_END = 15.0
_LOST = "its process was lost"


class LaunchedRun:
    """Starts processes that join the run, tells of their trials, and starts those again that die.

    They share the study by its storage alone, so that they may be anywhere that reaches it.

    Args:
        spec: the run.
        launching: how its processes are started.
        study: the run's study.
        on_event: called with each event.
        interrupts: Ctrl-C.
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
        self._emit = on_event
        self._interrupts = interrupts
        self._tally = Tally(study, spec.directions, spec.total, launching.choice.workers)
        self._deadline = None if spec.timeout is None else time.monotonic() + spec.timeout
        self._handles: dict[int, Handle] = {}
        self._owners: dict[object, int] = {}
        self._begun: set[int] = set()
        self._ended: set[int] = set()
        self._reported: dict[int, int] = {}
        self._interrupted = 0
        self._asked_to_stop = False
        self._timed_out = False
        self._stopped = False
        self._give_up_reason = ""
        self._goal_reached = ""

    def run(self) -> RunOutcome:
        """Return how the run went, after starting its processes and waiting until the last has ended."""
        resumed_from = self._tally.finished
        if self._spec.more is not None:
            self._tally.raise_total(self._spec.more)
        before = tuple(trial_records(self._study))
        self._ended = {record.number for record in before if record.state != "running"}
        missing = self._tally.missing
        count = min(self._launching.choice.workers, missing)
        at_a_time = count * self._spec.n_processes
        self._emit(RunStarted(self._tally.total, resumed_from, at_a_time, self._tally.best, before))
        if resumed_from:
            self._emit(Notice(f"of this study, {self._tally.what_counts()}"))
        self._consider_ending("")
        if missing and not self._goal_reached:
            enqueue_once(self._study, self._spec.enqueue)
            self._start(range(count))
        try:
            while self._handles:
                self._wait()
        finally:
            self._end_all()
        self._look_at_trials()
        lose_abandoned_trials(self._study, _LOST, retry=self._spec.retries)
        self._emit(
            RunEnded(
                self._tally.finished,
                self._cut_short,
                self._timed_out,
                self._give_up_reason,
                self._goal_reached,
            )
        )
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
        )

    @property
    def _stopping(self) -> bool:
        return self._cut_short or self._timed_out or bool(self._give_up_reason or self._goal_reached)

    @property
    def _cut_short(self) -> bool:
        """Whether somebody wants the run to end before its total."""
        return bool(self._interrupted or self._asked_to_stop)

    def _start(self, indices: range) -> None:
        command = (*self._launching.command, str(self._tally.total))
        handles = self._launch([command for _ in indices])
        self._handles.update(zip(indices, handles, strict=True))

    def _wait(self) -> None:
        """Wait for a moment, and deal with what has happened meanwhile."""
        if wait([self._interrupts.connection], _SECONDS_BETWEEN_LOOKS):
            if self._interrupts.take():
                self._interrupt()
            elif not self._asked_to_stop:
                self._asked_to_stop = True
                self._emit(Notice("asked to stop: running trials may finish"))
        # Ends are seen first, so that the trials of a process that has ended are all there.
        ends = [(index, code) for index, h in self._handles.items() if (code := h.poll()) is not None]
        self._look_at_trials()
        if self._deadline is not None and time.monotonic() >= self._deadline and self._tally.missing:
            self._timed_out = True
        for index, code in ends:
            self._bury(index, self._handles.pop(index), code)
        if self._stopping and not self._stopped:
            self._stopped = True
            self._stop_all()

    def _interrupt(self) -> None:
        self._interrupted += 1
        if self._interrupted == 1:
            text = "interrupted: running trials may finish; press Ctrl-C again to stop them now"
            self._emit(Notice(text))
        else:
            self._stop_all()

    def _stop_all(self) -> None:
        for handle in self._handles.values():
            handle.stop()

    def _bury(self, index: int, handle: Handle, code: int) -> None:
        """Deal with a process that has ended: tell why, and start another one if trials are missing."""
        if self._stopping or not self._tally.missing:
            return
        words = getattr(handle, "last_words", str)()
        reason = end_of(code, for_memory=False).reason + (f": {words}" if words else "")
        self._tally.note_death()
        lost = lose_abandoned_trials(self._study, f"{_LOST}: {reason}", retry=self._spec.retries)
        self._emit(WorkerDied(index, reason, lost))
        self._consider_ending(reason)
        if not self._stopping:
            self._start_again(index)

    def _start_again(self, index: int) -> None:
        """Start a process in the place of one that has ended; the others go on if that cannot be."""
        try:
            self._start(range(index, index + 1))
        except ConfigValueError as error:
            if not self._handles:
                raise
            self._emit(Notice(f"{error.message}: the processes that run go on"))

    def _look_at_trials(self) -> None:
        """Tell of the trials that have begun, reported or ended since the last look."""
        for trial in self._study.get_trials(deepcopy=False):
            if trial.number in self._ended or trial.state == TrialState.WAITING:
                continue
            worker = self._worker_of(trial)
            if trial.number not in self._begun:
                self._begun.add(trial.number)
                self._emit(TrialStarted(worker, trial.number))
            step = trial.last_step
            if step is not None and self._reported.get(trial.number) != step:
                self._reported[trial.number] = step
                self._emit(EpochReported(worker, trial.number, step, trial.intermediate_values[step]))
            if trial.state.is_finished():
                self._ended.add(trial.number)
                if is_finished(trial):
                    self._trial_ended(worker, trial.number)

    def _trial_ended(self, worker: int, number: int) -> None:
        record, is_best = self._tally.note_end(number, "")
        self._emit(TrialFinished(worker, record, is_best))
        if record.state == "failed":
            self._emit(TrialFailed(worker, number, record.failure, ""))
        self._consider_ending("")

    def _consider_ending(self, last_death: str) -> None:
        reached = self._goal_reached or self._tally.goal_reached(self._spec.target, self._spec.patience)
        if reached and not self._goal_reached:
            self._emit(Notice(f"{reached}: no further trial is begun"))
        self._goal_reached = reached
        self._give_up_reason = self._give_up_reason or self._tally.reason_to_give_up(last_death)

    def _worker_of(self, trial: FrozenTrial) -> int:
        """Return a number for the process that runs a trial, counted from 0 in the order of appearance."""
        owner = trial.user_attrs.get(OWNER) or {}
        return self._owners.setdefault((owner.get("host"), owner.get("pid")), len(self._owners))

    def _end_all(self) -> None:
        """End what still runs; nothing does, unless the run ends with an exception."""
        for _ in range(3):
            if self._handles:
                self._stop_all()
                self._await_ends(_SECONDS_TO_END)

    def _await_ends(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._handles and time.monotonic() < deadline:
            self._handles = {index: h for index, h in self._handles.items() if h.poll() is None}
            wait([self._interrupts.connection], 0.05)
