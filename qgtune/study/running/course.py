"""The course of a run: what it has reached, what is told of it, and why it ends."""

import signal
import time
from collections import deque
from collections.abc import Callable, Sequence

import optuna

from qgtune.core.events import (
    Event,
    Notice,
    RunEnded,
    RunStarted,
    TrialFailed,
    TrialFinished,
    WorkerDied,
)
from qgtune.study.results.records import trial_records
from qgtune.study.running.beginnings import end_that_stands, enqueue_once
from qgtune.study.running.interrupts import ENDS, STOP_SIGNAL
from qgtune.study.running.run_spec import RunOutcome, RunSpec
from qgtune.study.running.tally import Tally


class Course:
    """What a run has reached and why it ends, wherever its workers are.

    Args:
        spec: the run.
        study: the run's study.
        on_event: called with each event, when ``tell`` is.
        n_workers: how many workers there are; all of them can die at once.
    """

    def __init__(
        self, spec: RunSpec, study: optuna.Study, on_event: Callable[[Event], None], n_workers: int
    ) -> None:
        self.tally = Tally(study, spec.directions, spec.total, n_workers)
        self._spec = spec
        self._study = study
        self._on_event = on_event
        self._untold: deque[Event] = deque()
        self._notices: set[str] = set()
        self._deadline = None if spec.timeout is None else time.monotonic() + spec.timeout
        self._resumed_from = 0
        self._interrupts = 0
        self._asked_to_stop = False
        self._forced = False
        self._ended_by = 0
        self._timed_out = False
        self._give_up_reason = ""
        self._goal_reached = ""

    # What is told.

    def add(self, event: Event) -> None:
        """Have an event told with the next ones."""
        self._untold.append(event)

    def notify(self, text: str) -> None:
        """Have a text told, once in the run."""
        if text not in self._notices:
            self._notices.add(text)
            self.add(Notice(text))

    def tell(self) -> None:
        """Tell all that has happened since the last call."""
        while self._untold:
            self._on_event(self._untold.popleft())

    # What happens.

    def begin(
        self, most: int, notices: Sequence[str], trials_of_each: int = 1, processes_of_each: int = 1
    ) -> int:
        """Begin the run; return how many workers it needs, none if there is nothing to do.

        Args:
            most: how many workers there may be.
            notices: what is to be said of the storage and of who shares it.
            trials_of_each: how many trials each of them runs at a time.
            processes_of_each: how many processes each of them is.
        """
        self._resumed_from = self.tally.finished
        if self._spec.more is not None:
            self.tally.raise_total(self._spec.more)
        if self._spec.more is not None or self._spec.joins:
            self.tally.overlook_earlier_goals(self._spec.target)
        before = tuple(trial_records(self._study))
        missing = self.tally.missing
        # A worker more than there are trials would only load its data in vain.
        count = min(most, -(-missing // trials_of_each))
        n_processes = count * processes_of_each
        self.add(RunStarted(self.tally.total, self._resumed_from, n_processes, self.tally.best, before))
        self.tell()
        if self._resumed_from:
            self.notify(f"of this study, {self.tally.what_counts()}")
        for text in notices:
            self.notify(text)
        if missing and not self._spec.joins and (words := end_that_stands(self._study)):
            self.notify(words)
        self.look_at_goal()
        if not missing or self._goal_reached:
            return 0
        enqueue_once(self._study, self._spec.enqueue)
        return count

    def trial_ended(self, worker: int, number: int, traceback: str) -> None:
        """Count a trial that has ended, and end the run if that is enough."""
        record, is_best = self.tally.note_end(number, traceback)
        self.add(TrialFinished(worker, record, is_best))
        if record.state == "failed":
            self.add(TrialFailed(worker, number, record.failure, traceback))
        self._consider_giving_up("")
        self.look_at_goal()

    def worker_died(self, worker: int, reason: str, lost: tuple[int, ...]) -> None:
        """Tell of a worker that died, and end the run if too many of them do."""
        self.add(WorkerDied(worker, reason, lost))
        self._consider_giving_up(reason)

    def heed(self, number: int) -> None:
        """Take a signal as what it asks for.

        Ctrl-C lets running trials finish, and stops them when it comes again; once more, and nothing that
        was told to end at once is waited for. SIGTERM and SIGHUP come from
        what will not wait for a trial, so they stop them at once; a process that joins a run gets SIGTERM
        from that run, instead of Ctrl-C. A wish is one, however often it is said.
        """
        if number == STOP_SIGNAL:
            self._asked_to_stop = True
            self.notify("asked to stop: running trials may finish")
        elif number in ENDS and not (self._spec.joins and number == signal.SIGTERM):
            self._ended_by = number
            self.notify(f"ended by {signal.Signals(number).name}: running trials are stopped now")
        else:
            self._forced = self.at_once
            self._interrupts += 1
            self.notify("interrupted: running trials may finish; press Ctrl-C again to stop them now")

    def look_at_goal(self) -> None:
        """End the run if its goal is reached, by whichever run on the study."""
        reached = self.tally.goal_reached(self._spec.target, self._spec.patience)
        if reached and not self._goal_reached:
            self._goal_reached = reached
            self.notify(f"{reached}: no further trial is begun")

    def look_at_clock(self) -> None:
        """End the run if it is late and something is left to do; else it does not matter."""
        self._timed_out = self._timed_out or self.is_late

    def _consider_giving_up(self, last_death: str) -> None:
        self._give_up_reason = self._give_up_reason or self.tally.reason_to_give_up(last_death)

    # How it ends.

    @property
    def is_late(self) -> bool:
        """Whether its time is over."""
        return self._deadline is not None and time.monotonic() >= self._deadline

    @property
    def stopping(self) -> bool:
        """Whether no further trial is to begin."""
        return self._cut_short or self._timed_out or bool(self._give_up_reason or self._goal_reached)

    @property
    def at_once(self) -> bool:
        """Whether running trials are not to finish."""
        return bool(self._ended_by) or self._interrupts > 1

    @property
    def forced(self) -> bool:
        """Whether what was told to end at once, and has not, is to be killed."""
        return self._forced

    @property
    def _cut_short(self) -> bool:
        """Whether somebody wants the run to end before its total."""
        return bool(self._interrupts or self._asked_to_stop or self._ended_by)

    def end(self) -> RunOutcome:
        """Tell that the run has ended, and return how it went."""
        reasons = (self._cut_short, self._timed_out, self._give_up_reason, self._goal_reached)
        self.add(RunEnded(self.tally.finished, *reasons))
        self.tell()
        return RunOutcome(
            records=tuple(trial_records(self._study)),
            resumed_from=self._resumed_from,
            finished=self.tally.finished,
            total=self.tally.total,
            interrupted=self._cut_short,
            ended_by=self._ended_by,
            timed_out=self._timed_out,
            stopped_early_reason=self._give_up_reason,
            goal_reached=self._goal_reached,
            first_failure=self.tally.first_failure,
            first_traceback=self.tally.first_traceback,
        )
