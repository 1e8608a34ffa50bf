"""What a run has reached: finished trials, the best of them, failures and deaths in a row."""

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.core.errors import QgtuneError
from qgtune.core.trials import TrialRecord
from qgtune.study.results.records import (
    best_record,
    forgiven_trials,
    is_finished,
    trial_record,
    trial_records,
)
from qgtune.study.running.beginnings import is_end_asked

FAILURES_TO_STOP = 5
DEATHS_TO_STOP = 3
"""Deaths of each worker, on average, with no trial finished between, after which a run gives up."""


class Tally:
    """Counts the trials of one run.

    The storage is asked each time, not only our own workers: a worker of a killed run may still
    finish its last trial, and a second run on the same study may share the work.

    Args:
        study: the study that the run adds to.
        directions: ``minimize`` or ``maximize``, one for each value.
        total: finished trials wanted in the end.
        n_processes: how many workers there are; all of them can be killed at once.
    """

    def __init__(self, study: optuna.Study, directions: Sequence[str], total: int, n_processes: int) -> None:
        self._study = study
        self._direction = directions[0] if len(directions) == 1 else None
        self._total = total
        self._failures = 0
        self._deaths = 0
        self._deaths_to_stop = DEATHS_TO_STOP * n_processes
        self.first_failure = ""
        self.first_traceback = ""
        self.best: TrialRecord | None = None
        self._seen: set[int] = set()
        self._overlooked: frozenset[int] = frozenset()
        self._target_is_past = False
        self._look()
        self._forgiven = forgiven_trials(study)

    @property
    def finished(self) -> int:
        """Finished trials that count, those of earlier runs included."""
        trials = self._study.get_trials(deepcopy=False)
        return sum(is_finished(trial) and trial.number not in self._forgiven for trial in trials)

    @property
    def missing(self) -> int:
        """Finished trials that the study still lacks."""
        return max(0, self._total - self.finished)

    def note_end(self, number: int, traceback: str) -> tuple[TrialRecord, bool]:
        """Count a trial that has ended; return its record and whether it is the best so far.

        Raises:
            QgtuneError: if the storage knows nothing of its end.
        """
        trials = self._look()
        if number >= len(trials) or not trials[number].state.is_finished():
            raise QgtuneError(
                f"trial {number} has ended, but the study's storage does not hold its end: "
                "was the file removed or replaced during the run?"
            )
        record = trial_record(trials[number])
        self._deaths = 0
        if record.state == "failed":
            self._failures += 1
            if not self.first_failure:
                self.first_failure, self.first_traceback = record.failure, traceback
        return record, self.best is not None and self.best.number == number

    def note_death(self) -> None:
        """Count a worker that died."""
        self._deaths += 1

    def raise_total(self, more: int) -> None:
        """Ask for so many finished trials more than there are."""
        self._total = self.finished + more

    @property
    def total(self) -> int:
        """Finished trials wanted in the end."""
        return self._total

    @property
    def limit(self) -> int:
        """Finished trials, whether they count or not, with which the study has its total."""
        return self._total + len(self._forgiven)

    def overlook_earlier_goals(self, target: float | None) -> None:
        """Go on although a goal was reached before: no target then, and patience begins with this run."""
        trials = self._look()
        self._target_is_past = self._reaches(target)
        self._overlooked = frozenset(trial.number for trial in trials if is_finished(trial))

    def goal_reached(self, target: float | None, patience: int | None) -> str:
        """Return why no further trial is needed, or an empty text.

        Args:
            target: a value that is good enough, or None.
            patience: trials in a row that may finish without a new best one, or None.
        """
        if is_end_asked(self._study) and self.missing:
            return "the objective or the sampler has asked for the end of the study"
        return self.aim_reached(target, patience)

    def aim_reached(self, target: float | None, patience: int | None) -> str:
        """Return which of these two has been reached, or an empty text; see ``goal_reached``."""
        if target is None and patience is None:
            return ""
        trials = self._look()
        best = self.best
        if best and target is not None and self._reaches(target) and not self._target_is_past:
            return f"trial {best.number} has reached the target of {target:g} with {best.values[0]:.6g}"
        if best is None or patience is None:
            return ""
        later = (trial for trial in trials if trial.number > best.number)
        since = sum(is_finished(trial) and trial.number not in self._overlooked for trial in later)
        if since < patience:
            return ""
        return f"{since} trials have finished since the best one, trial {best.number}"

    def what_counts(self) -> str:
        """Return how many trials of which end the study has, and which of them do not count."""
        records = trial_records(self._study)
        states = [record.state for record in records if record.is_finished]
        ends = [f"{states.count(state)} {state}" for state in ("complete", "pruned", "failed")]
        lost = sum(record.lost for record in records)
        gone = f"; {lost} whose process was killed do not" if lost else ""
        early = sum(record.forgiven for record in records)
        forgiven = f"; {early} that failed before anything had come of any trial do not" if early else ""
        return f"{', '.join(ends)} trials count{forgiven}{gone}"

    def reason_to_give_up(self, last_death: str) -> str:
        """Return why going on makes no sense, or an empty text."""
        if self._deaths >= self._deaths_to_stop:
            return (
                f"{self._deaths} workers died in a row and no trial finished between; the last: {last_death}"
            )
        if self._failures >= FAILURES_TO_STOP and not self._any_success():
            return f"the first {self._failures} trials have all failed"
        return ""

    def _look(self) -> list[FrozenTrial]:
        """Return the study's trials, after taking in those that have ended, whoever ran them."""
        trials = self._study.get_trials(deepcopy=False)
        ended = [trial for trial in trials if trial.state.is_finished() and trial.number not in self._seen]
        self._seen.update(trial.number for trial in ended)
        if self._direction is not None and ended:
            known = [] if self.best is None else [self.best]
            self.best = best_record([*known, *map(trial_record, ended)], self._direction)
        return trials

    def _reaches(self, target: float | None) -> bool:
        if target is None or self.best is None:
            return False
        value = self.best.values[0]
        return value >= target if self._direction == "maximize" else value <= target

    def _any_success(self) -> bool:
        states = (TrialState.COMPLETE, TrialState.PRUNED)
        return bool(self._study.get_trials(deepcopy=False, states=states))


def aim_reached(study: optuna.Study, target: float | None, patience: int | None) -> str:
    """Return why a study needs no further trial for these settings; an empty text if it does.

    Args:
        study: the study, which is only read.
        target: a value that is good enough, or None.
        patience: trials in a row that may finish without a new best one, or None.
    """
    directions = [direction.name.lower() for direction in study.directions]
    return Tally(study, directions, 0, 1).aim_reached(target, patience)
