"""The results of a study: its trials, and what can be said of them without asking the study again."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgtune.core.trials import TrialRecord
from qgtune.core.wording import count
from qgtune.space import Domain, FollowingRange

TOP = 10
"""How many of the best trials a report looks at."""

_OUTCOMES = ("complete", "pruned", "failed", "lost", "running")


@dataclass(frozen=True)
class Results:
    """What a study has found.

    Args:
        study: its name.
        metrics: what each value of a trial is.
        directions: ``minimize`` or ``maximize``, one for each value.
        records: every trial that has begun, by number.
        total: finished trials that were asked for; None where nobody said.
        fingerprint: the fingerprint of the search space.
        domains: the parameters as they are searched, by name; of the study's own where no space is known.
        note: what a reader should know of all of it, in a sentence; mostly empty.
    """

    study: str
    metrics: tuple[str, ...]
    directions: tuple[str, ...]
    records: tuple[TrialRecord, ...]
    total: int | None = None
    fingerprint: str = ""
    domains: Mapping[str, Domain | FollowingRange] = field(default_factory=dict)
    note: str = ""

    @property
    def complete(self) -> tuple[TrialRecord, ...]:
        """The trials with a value for each objective, none of them NaN."""
        return tuple(
            record
            for record in self.records
            if record.state == "complete"
            and len(record.values) == len(self.directions)
            and not any(map(math.isnan, record.values))
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many trials are complete, pruned, failed, lost with their worker, and running."""
        found = Counter(record.outcome for record in self.records)
        return {state: found[state] for state in _OUTCOMES}

    @property
    def finished(self) -> int:
        """How many trials count towards a run's total."""
        return sum(record.is_finished for record in self.records)

    @property
    def reasons(self) -> list[tuple[str, str, int]]:
        """State, reason and number of the trials that came to nothing, the most frequent first."""
        found = Counter(
            (record.outcome, record.failure or "stopped by the pruner")
            for record in self.records
            if record.state in {"pruned", "failed"}
        )
        return [(state, reason, number) for (state, reason), number in found.most_common()]

    @property
    def mean_duration(self) -> float | None:
        """Seconds that a trial took on average, see ``durations``; None before the first has ended."""
        known = self.durations
        return math.fsum(known) / len(known) if known else None

    @property
    def is_single(self) -> bool:
        """Whether a trial has one value."""
        return len(self.directions) == 1

    @property
    def best(self) -> tuple[TrialRecord, ...]:
        """The best trial, the earliest of equals; with several objectives, all that no other one beats."""
        return self.ranked[:1] if self.is_single else self._front()

    @property
    def ranked(self) -> tuple[TrialRecord, ...]:
        """The complete trials, the best first; with several objectives, by their first value."""
        return tuple(sorted(self.complete, key=lambda record: (*self._costs(record), record.number)))

    @property
    def top(self) -> tuple[TrialRecord, ...]:
        """The ten best trials; with several objectives, up to ten that no other one beats.

        A trial that was given the values of one with an equal config is no other trial.
        """
        found = self.ranked if self.is_single else self._front()
        there = {record.number for record in self.complete}
        return tuple(record for record in found if record.reused_from not in there)[:TOP]

    @property
    def durations(self) -> list[float]:
        """Seconds that each trial took that has ended, as far as known.

        Those that were given the values of another one took no training.
        """
        return [
            record.duration
            for record in self.records
            if record.duration is not None and record.state != "running" and record.reused_from is None
        ]

    @property
    def reused(self) -> int:
        """How many trials were given the values of an equal config."""
        return sum(record.reused_from is not None for record in self.complete)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in the order of the space; then those that only trials have."""
        found = (name for record in self.records for name in record.params)
        return tuple(dict.fromkeys([*self.domains, *found]))

    def _costs(self, record: TrialRecord) -> tuple[float, ...]:
        signs = (-1.0 if direction == "maximize" else 1.0 for direction in self.directions)
        return tuple(sign * value for sign, value in zip(signs, record.values, strict=True))

    def _front(self) -> tuple[TrialRecord, ...]:
        front: list[tuple[tuple[float, ...], TrialRecord]] = []
        # Sorted, so that nothing that comes later can beat what is in the front already.
        for record in self.ranked:
            costs = self._costs(record)
            if not any(_is_at_least_as_good(other, costs) for other, _ in front):
                front.append((costs, record))
        return tuple(record for _, record in front)


def _is_at_least_as_good(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, standard deviation and range of numbers; the deviation of a single number is 0."""

    mean: float
    deviation: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread | None:
    """Return how numbers spread, or None if there are none, or they or their sum are no finite number.

    Example:
        >>> spread([1.0, 3.0])
        Spread(mean=2.0, deviation=1.4142135623730951, least=1.0, most=3.0)
    """
    if not values or not all(map(math.isfinite, values)):
        return None
    try:
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        return Spread(statistics.fmean(values), deviation, min(values), max(values))
    except OverflowError:
        return None


def outcome_words(records: Sequence[TrialRecord]) -> str:
    """Return how many trials are complete, pruned, failed, lost and running, and which of them do not count.

    Example:
        >>> outcome_words([TrialRecord(0, "failed", (), {}, forgiven=True), TrialRecord(1, "pruned", (), {})])
        '1 pruned, 1 failed and forgiven'
    """
    found = Counter((record.outcome, record.forgiven) for record in records)
    return ", ".join(
        f"{found[state, forgiven]} {state}{' and forgiven' if forgiven else ''}"
        for state in _OUTCOMES
        for forgiven in (False, True)
        if found[state, forgiven]
    )


def best_words(metrics: Sequence[str], best: Sequence[TrialRecord], *, is_single: bool) -> str:
    """Return the line that tells the best trial; with several objectives, how many no other one beats.

    Args:
        metrics: what each value of a trial is.
        best: the best trial, or the front.
        is_single: whether a trial has one value.

    Example:
        >>> best_words(["loss"], [TrialRecord(4, "complete", (0.25,), {})], is_single=True)
        'best loss: 0.25 in trial 4'
    """
    if is_single:
        return f"best {metrics[0]}: {best[0].values[0]:.6g} in trial {best[0].number}"
    return f"Pareto front: {count(len(best), 'trial')} that no other beats"


def is_number(value: Any) -> bool:
    """Tell whether a parameter's value is a number, which a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
