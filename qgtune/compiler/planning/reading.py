"""How a trial reads the values that an expression needs, in the config that is being filled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qgtune.compiler.linking.sources import Fact, Route
from qgtune.compiler.planning.template import Container
from qgtune.core.paths import Path, format_path, selected, selects_many
from qgtune.document import same_value
from qgtune.space import Categorical, EvaluationError, Expression
from qgtune.space.operations import Chosen
from qgtune.space.tree import COUNT


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


@dataclass(frozen=True, slots=True)
class Labelled:
    """A place of a labelled choice, of which expressions know the value and the label."""

    place: Place | Route
    domain: Categorical


Read = Place | Labelled | tuple[Place, ...] | Route | Fact
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
        return self.expression.evaluate(self._values(draft))

    def choice(self, draft: Draft) -> Any:
        """Return what chooses a case: as the value, but of a labelled choice the label.

        Raises:
            EvaluationError: if the expression gives nothing.
        """
        return self.expression.choose(self._values(draft))

    def _values(self, draft: Draft) -> Sequence[Any]:
        places = self.places
        if len(places) == 1:
            return [_value(draft, places[0])]
        return OnDemand(places, lambda place: _value(draft, place))


class OnDemand(Sequence[Any]):
    """The values of an expression's terms, each read when asked for: an ``if`` may leave out what is absent.

    Args:
        places: where each value is found.
        read: reads one.
    """

    __slots__ = ("known", "places", "read")

    def __init__(self, places: Sequence[Any], read: Callable[[Any], Any]) -> None:
        self.places = places
        self.read = read
        self.known: dict[int, Any] = {}
        """The values that were asked for, by the position of their terms."""

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, position: Any) -> Any:
        if position not in self.known:
            self.known[position] = self.read(self.places[position])
        return self.known[position]


def _value(draft: Draft, place: Read) -> Any:
    if isinstance(place, Place):
        return draft.containers[place.container][place.key]
    if isinstance(place, Fact):
        return place.value
    if isinstance(place, tuple):
        return [draft.containers[one.container][one.key] for one in place]
    if isinstance(place, Labelled):
        return chosen(_value(draft, place.place), place.domain)
    return walk_config(draft.config, place.path)


def chosen(value: Any, domain: Categorical) -> Any:
    """Return a value with the label of the choice that it is; the value itself if it is none of them."""
    # Not by ==, for which 1 is true.
    pairs = zip(domain.labels, domain.choices, strict=True)
    found = (label for label, choice in pairs if same_value(choice, value))
    label = next(found, None)
    return value if label is None else Chosen(value, label)


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
