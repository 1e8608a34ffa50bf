"""The steps of a plan: what a trial does, one after the other, to become a config."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.linking.sources import Formula
from qgtune.compiler.planning.reading import Draft, Place, Reading
from qgtune.core.paths import Path, format_path
from qgtune.space import Categorical, Domain, DomainError, EvaluationError, Float, FollowingRange, path_text
from qgtune.space.tree import case_label


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A step that samples a parameter and writes it to ``path``."""

    name: str
    path: Path
    """Where the value stands in a config."""
    target: Path
    """Where the parameter stands in the tree."""
    domain: Domain | FollowingRange
    place: Place
    is_plain: bool
    """Whether what the study stores is what the config receives."""
    scope: int = 0
    bounds: tuple[tuple[str, Reading], ...] = ()
    """The bounds that follow, by name."""

    def run(self, draft: Draft) -> None:
        """Sample the value and put it into the config.

        Raises:
            EvaluationError: if there is no range between the bounds that follow.
        """
        place = self.place
        draft.containers[place.container][place.key] = self.sample(draft)

    def sample(self, draft: Draft) -> Any:
        """Return the trial's value, as the config receives it."""
        trial = draft.trial
        domain = self._range(self.domain, draft) if isinstance(self.domain, FollowingRange) else self.domain
        if isinstance(domain, Categorical):
            stored = trial.suggest_categorical(self.name, domain.labels)
            # Compound choices are copied: no two configs may share a list that somebody changes.
            return stored if self.is_plain else copy.deepcopy(domain.value_of(stored))
        if isinstance(domain, Float):
            return trial.suggest_float(self.name, domain.low, domain.high, step=domain.step, log=domain.log)
        return trial.suggest_int(self.name, domain.low, domain.high, step=domain.step, log=domain.log)

    def _range(self, domain: FollowingRange, draft: Draft) -> Domain:
        bounds = {"low": domain.low, "high": domain.high}
        try:
            bounds |= {name: reading.value(draft) for name, reading in self.bounds}
            return domain.between(bounds["low"], bounds["high"])
        except (EvaluationError, DomainError) as error:
            raise EvaluationError(f"{format_path(self.path)} is {domain}: {error}") from None

    def __str__(self) -> str:
        return f"{format_path(self.path)} is {self.domain}"


@dataclass(frozen=True, slots=True)
class Copy:
    """A step that copies the value at ``source`` to ``target``."""

    source: Path
    target: Path
    from_place: Place
    to_place: Place
    scope: int = 0

    def run(self, draft: Draft) -> None:
        """Copy the value within the config."""
        source, target, containers = self.from_place, self.to_place, draft.containers
        value = containers[source.container][source.key]
        containers[target.container][target.key] = own(value)

    def __str__(self) -> str:
        return f"{path_text(self.target)} follows {path_text(self.source)}"


@dataclass(frozen=True, slots=True)
class Computation:
    """A step that computes the value at ``target`` from other values of the config."""

    formula: Formula
    target: Path
    reading: Reading
    to_place: Place
    scope: int = 0

    def run(self, draft: Draft) -> None:
        """Compute the value from the config as it is so far.

        Raises:
            EvaluationError: if the expression has no value for this config.
        """
        try:
            value = self.reading.value(draft)
        except EvaluationError as error:
            raise EvaluationError(f"{self}: {error}") from None
        draft.containers[self.to_place.container][self.to_place.key] = own(value)

    def __str__(self) -> str:
        return f"{path_text(self.target)} follows {self.formula}"


@dataclass(frozen=True, slots=True)
class Option:
    """What a switch does in one case: the scope that it makes active, and what it puts into the config.

    Args:
        scope: the scope of what stands in the case.
        stock: the number of what it puts there; None if a later step fills the place.
        is_absent: whether nothing stands there in this case.
    """

    scope: int
    stock: int | None = None
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """A step that chooses the case of a switch."""

    target: Path
    reading: Reading
    place: Place
    options: Mapping[str, Option]
    default: Option | None
    scope: int = 0

    def run(self, draft: Draft) -> None:
        """Choose the case, and put into the config what stands there.

        Raises:
            EvaluationError: if no case is meant.
        """
        try:
            value = self.reading.choice(draft)
        except EvaluationError as error:
            raise EvaluationError(f"{self}: {error}") from None
        option = self.options.get(case_label(value) or "", self.default)
        if option is None:
            raise EvaluationError(f"{self}, but has no case for {value!r}")
        draft.active[option.scope] = True
        if option.is_absent:
            del draft.containers[self.place.container][self.place.key]
        elif option.stock is not None:
            draft.containers[self.place.container][self.place.key] = draft.stock[option.stock]

    def __str__(self) -> str:
        return f"{path_text(self.target)} is chosen by {self.reading.expression}"


@dataclass(frozen=True, slots=True)
class Cut:
    """A step that cuts a list to the length that it has in this trial."""

    target: Path
    container: int
    count: Place
    least: int
    scopes: tuple[int, ...]
    """The scope of each item."""
    scope: int = 0

    def run(self, draft: Draft) -> None:
        """Drop the items beyond the length.

        Raises:
            EvaluationError: if the length is not one that the list can have.
        """
        count = draft.containers[self.count.container][self.count.key]
        most = len(self.scopes)
        if isinstance(count, bool) or not isinstance(count, int) or not self.least <= count <= most:
            rule = (
                f"the length of {path_text(self.target)} must be a whole number from {self.least} to {most}"
            )
            raise EvaluationError(f"{rule}, but is {count!r}")
        del draft.containers[self.container][count:]
        for scope in self.scopes[:count]:
            draft.active[scope] = True

    def __str__(self) -> str:
        return f"the length of {path_text(self.target)} is between {self.least} and {len(self.scopes)}"


Step = Suggestion | Copy | Computation | Decision | Cut


def own(value: Any) -> Any:
    """Return a value that a config may hold twice: no two places share a list that somebody changes."""
    # Called at every copy of every trial, and nearly all values are plain.
    kind = type(value)
    return copy.deepcopy(value) if kind is dict or kind is list else value
