"""Trials of equal configs: one of them is trained, and the others end as it does.

Each worker writes down which config its trial has, before it trains it, and then looks at the trials with
lower numbers. What is equal there and has ended need not be trained again; what is equal and still runs is
waited for. So that no two workers miss each other, a trial of a lower number that has only just begun is
waited for too, until it has said which config it has. Nobody waits for a higher number, so nobody waits for
ever; and as the lower number is the one that is trained, a study with many workers has the values of the
same study with one. A trial that was given back, and is begun again, has a lower number than some that have
looked already: it may train what one of them trains.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import CONFIG, SPREAD
from qgtune.study.storage.ownership import is_owner_dead

_STATES = (TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED)
_SECONDS_TO_SAMPLE = 5.0
"""A trial that has not said after so long which config it has is not one of a worker's."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.002, 0.25
_SECONDS_UNTOLD = 1.0


@dataclass(frozen=True, slots=True)
class EndedTrial:
    """How a trial has ended: with ``values``, or None if it was pruned."""

    number: int
    values: tuple[float, ...] | None
    spread: Any = None
    """The standard deviation of what was trained several times, as it is kept with the trial."""


class EqualTrials:
    """The trials of a study by the configs that they have.

    Args:
        key_of: returns the name of the config that stored parameters give, for trials that were not told
            it; None if they give none.
        notify: is told of a trial that is waited for.
    """

    def __init__(self, key_of: Callable[[dict[str, Any]], str | None], notify: Callable[[str], None]) -> None:
        self._key_of = key_of
        self._notify = notify
        self._noting = threading.Lock()
        self._seen: set[int] = set()
        self._ended: dict[str, EndedTrial] = {}

    def ended_like(self, trial: optuna.Trial, key: str) -> EndedTrial | None:
        """Return the trial whose end stands for that of this one, or None if this one has to be trained.

        Args:
            trial: a trial whose ``CONFIG`` is in the storage.
            key: the name of its config.
        """
        began = time.monotonic()
        pause = _SHORTEST_PAUSE
        while True:
            trials = trial.study.get_trials(deepcopy=False, states=_STATES)
            with self._noting:
                self._note_ends(trials)
            if key in self._ended:
                return self._ended[key]
            waited = time.monotonic() - began
            before = [
                other for other in trials if other.number < trial.number and not other.state.is_finished()
            ]
            awaited = [other for other in before if _is_awaited(other, key, waited)]
            if not awaited:
                return None
            equal = [other.number for other in awaited if other.user_attrs.get(CONFIG) == key]
            if equal and waited > _SECONDS_UNTOLD:
                self._notify(f"trial {trial.number} waits for trial {equal[0]}, which trains the same config")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _note_ends(self, trials: list[FrozenTrial]) -> None:
        for trial in trials:
            if not trial.state.is_finished() or trial.number in self._seen:
                continue
            self._seen.add(trial.number)
            key = trial.user_attrs.get(CONFIG) or self._key_of(trial.params)
            complete = trial.state == TrialState.COMPLETE
            known = self._ended.get(key) if key is not None else None
            if key is not None and (known is None or (complete and known.values is None)):
                values = tuple(trial.values) if complete else None
                self._ended[key] = EndedTrial(trial.number, values, trial.user_attrs.get(SPREAD))


def _is_awaited(other: FrozenTrial, key: str, waited: float) -> bool:
    """Return whether a running trial has this config, or may still say that it has."""
    theirs = other.user_attrs.get(CONFIG)
    if theirs is not None:
        return bool(theirs == key) and not is_owner_dead(other)
    began = other.datetime_start
    age = time.time() - began.timestamp() if began is not None else 0.0
    return max(age, waited) < _SECONDS_TO_SAMPLE and not is_owner_dead(other)
