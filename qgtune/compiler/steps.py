"""The steps of a plan: what a trial does, one after the other, to become a config."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from qgtune.compiler.sources import Fact, Formula, LateFact, Route
from qgtune.compiler.template import Container
from qgtune.core.paths import Path, format_path, selected, selects_many
from qgtune.space import (
    Categorical,
    Domain,
    DomainError,
    EvaluationError,
    Expression,
    Float,
    FollowingRange,
    config_path,
)
from qgtune.space.tree import COUNT, case_label


class Trial(Protocol):
    """What a plan needs of a trial; every Optuna trial has it, and so may any stand-in."""

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """Return a float between low and high."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """Return an integer between low and high."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of the choices."""


@dataclass(slots=True)
class Draft:
    """A trial's config while it is being filled.

    Args:
        trial: what is asked for values.
        containers: every dict and list that the config can have, the config itself first. What stands in a
            case that is not chosen is there too, but hangs nowhere.
        stock: what a switch puts into the config, by number.
        active: for each scope, whether this trial has it; a scope is a case of a switch or an item of a
            repeat. The first is the config itself.
    """

    trial: Trial
    containers: list[Container]
    stock: list[Any]
    active: list[bool]

    @property
    def config(self) -> dict[str, Any]:
        """The config, as it is so far."""
        return self.containers[0]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a config: the number of the container that holds it, and its key or position there.

    A template carries its containers in a list of their own, so that a trial need not walk any path.
    """

    container: int
    key: str | int


Read = Place | tuple[Place, ...] | Route | Fact
"""Where a step finds the value of a term."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression, and where a trial finds the values of its terms."""

    expression: Expression
    places: tuple[Read, ...]

    def value(self, draft: Draft) -> Any:
        """Return what the expression gives for the config as it is so far.

        Raises:
            EvaluationError: if it gives nothing.
        """
        return self.expression.evaluate([_value(draft, place) for place in self.places])


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
        return f"{_shown(self.target)} follows {_shown(self.source)}"


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
        return f"{_shown(self.target)} follows {self.formula}"


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
            value = self.reading.value(draft)
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
        return f"{_shown(self.target)} is chosen by {self.reading.expression}"


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
            rule = f"the length of {_shown(self.target)} must be a whole number from {self.least} to {most}"
            raise EvaluationError(f"{rule}, but is {count!r}")
        del draft.containers[self.container][count:]
        for scope in self.scopes[:count]:
            draft.active[scope] = True

    def __str__(self) -> str:
        return f"the length of {_shown(self.target)} is between {self.least} and {len(self.scopes)}"


Step = Suggestion | Copy | Computation | Decision | Cut


class ConstraintError(EvaluationError):
    """A config that breaks a constraint, and so is not trained."""


@dataclass(frozen=True, slots=True)
class Check:
    """A constraint: what must hold of a config."""

    expression: Expression
    reads: tuple[Path | Fact | LateFact, ...]
    """For each term, the path in a config, or the fact."""

    @property
    def is_late(self) -> bool:
        """Whether it needs what only the place where a trial runs can tell."""
        return any(isinstance(read, LateFact) for read in self.reads)

    def run(self, config: dict[str, Any], late_facts: Mapping[Path, Any]) -> None:
        """Check a config.

        Raises:
            ConstraintError: if the config breaks the constraint, or if it cannot be told.
        """
        try:
            values = [self._read(config, read, late_facts) for read in self.reads]
            holds = self.expression.evaluate(values)
        except EvaluationError as error:
            raise ConstraintError(f"the constraint {self.expression}: {error}") from None
        if not isinstance(holds, bool):
            reason = f"must be true or false, but is {holds!r}"
            raise ConstraintError(f"the constraint {self.expression} {reason}")
        if not holds:
            shown = [
                f"{term.path and format_path(term.path)} is {value!r}"
                for term, value in zip(self.expression.terms, values, strict=True)
                if isinstance(value, int | float | str | bool)
            ]
            told = f" ({', '.join(dict.fromkeys(shown))})" if shown else ""
            raise ConstraintError(f"the config breaks the constraint {self.expression}{told}")

    @staticmethod
    def _read(config: dict[str, Any], read: Path | Fact | LateFact, late_facts: Mapping[Path, Any]) -> Any:
        if isinstance(read, Fact):
            return read.value
        if isinstance(read, LateFact):
            return late_facts[read.path]
        return walk_config(config, read)


def own(value: Any) -> Any:
    """Return a value that a config may hold twice: no two places share a list that somebody changes."""
    # Called at every copy of every trial, and nearly all values are plain.
    kind = type(value)
    return copy.deepcopy(value) if kind is dict or kind is list else value


def _shown(path: Path) -> str:
    return format_path(config_path(path))


def _value(draft: Draft, place: Read) -> Any:
    if isinstance(place, Place):
        return draft.containers[place.container][place.key]
    if isinstance(place, Fact):
        return place.value
    if isinstance(place, tuple):
        return [draft.containers[one.container][one.key] for one in place]
    return walk_config(draft.config, place.path)


def walk_config(config: Any, path: Path) -> Any:
    """Return what stands at a path of a config; a list of it where the path has ``[*]``.

    Raises:
        EvaluationError: if nothing stands there.
    """
    value = config
    for depth, part in enumerate(path):
        if isinstance(value, list) and selects_many(part):
            rest = path[depth + 1 :]
            found = [walk_config(value[i], rest) for i in selected(part, len(value))]
            return [one for inner in found for one in inner] if any(map(selects_many, rest)) else found
        if isinstance(value, list) and part == COUNT:
            return len(value)
        if isinstance(value, list):
            if not isinstance(part, int) or not -len(value) <= part < len(value):
                raise _missing(path[: depth + 1])
            value = value[part]
        elif isinstance(value, dict) and (part in value or str(part) in value):
            value = value[part if part in value else str(part)]
        else:
            raise _missing(path[: depth + 1])
    return value


def _missing(path: Path) -> EvaluationError:
    return EvaluationError(f"there is no {format_path(path)} in this config")
