"""What a parameter can be: Float, Integer, Categorical. Each checks its own sense when it is made."""

import json
import math
from dataclasses import dataclass
from typing import Any

from qgtune.space.expressions import Expression

ChoiceLabel = str | int | float | bool | None


class DomainError(ValueError):
    """A domain that makes no sense; ``field`` is the part of the definition to blame."""

    def __init__(self, field: str, message: str, hint: str = "") -> None:
        super().__init__(field, message, hint)
        self.field = field
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


MAX_STEPS = 2**53
"""Steps of a range that floats can count."""


@dataclass(frozen=True, slots=True)
class Float:
    """A real number between ``low`` and ``high``, both included.

    Args:
        low: the smallest value; above 0 if ``log``.
        high: the largest value; at least ``low``.
        step: values are low, low + step, ...; None for any value. Not together with ``log``.
        log: whether to sample on a logarithmic scale. Default False.

    Raises:
        DomainError: if the bounds, step and log do not fit together.

    Example:
        >>> print(Float(1e-5, 1e-1, log=True))
        float from 1e-05 to 0.1, log
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            if not math.isfinite(getattr(self, name)):
                raise DomainError(name, f"{name} must be a finite number, but is {getattr(self, name)}")
        _check_range(self.low, self.high, self.step, log=self.log)
        if not math.isfinite(self.high - self.low):
            raise DomainError("high", f"the range from {self.low} to {self.high} is too wide for floats")
        if self.step is not None and (self.high - self.low) / self.step > MAX_STEPS:
            raise DomainError("step", f"step is too small to be counted from {self.low} to {self.high}")
        if self.log and self.low <= 0:
            raise DomainError("low", f"a log range needs low > 0, but low is {self.low}")

    def contains(self, value: Any) -> bool:
        """Tell whether ``value`` is a number of this range (on its grid, if it has a step)."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if not self.low <= value <= self.high:
            return False
        if self.step is None:
            return True
        steps = (value - self.low) / self.step
        # A step that is tiny beside the range leaves no gap that a float could fall into.
        return not math.isfinite(steps) or abs(steps - round(steps)) < 1e-8

    def __str__(self) -> str:
        return f"float {range_text(self.low, self.high, self.step, log=self.log)}"


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number between ``low`` and ``high``, both included.

    Args:
        low: the smallest value; at least 1 if ``log``.
        high: the largest value; at least ``low``.
        step: values are low, low + step, ...; default 1. Other steps not together with ``log``.
        log: whether to sample on a logarithmic scale. Default False.

    Raises:
        DomainError: if the bounds, step and log do not fit together.

    Example:
        >>> print(Integer(16, 128, step=16))
        int from 16 to 128, step 16
    """

    low: int
    high: int
    step: int = 1
    log: bool = False

    def __post_init__(self) -> None:
        _check_range(self.low, self.high, None if self.step == 1 else self.step, log=self.log)
        if self.log and self.low < 1:
            raise DomainError("low", f"a log range of integers needs low >= 1, but low is {self.low}")

    def contains(self, value: Any) -> bool:
        """Tell whether ``value`` is an integer of this range and on its grid."""
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def __str__(self) -> str:
        step = None if self.step == 1 else self.step
        return f"int {range_text(self.low, self.high, step, log=self.log)}"


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of several values, of any type.

    Args:
        choices: the values that a config receives; at least one.
        labels: what the study stores for each choice. Scalars stand for themselves; lists and mappings are
            stored as their JSON text, because storages do not keep compound values apart. Labels of the
            user's own stand for any value.

    Raises:
        DomainError: if there is no choice, or two choices that a study could not tell apart.

    Example:
        >>> Categorical.of([[48], [48, 18]]).labels
        ('[48]', '[48, 18]')
    """

    choices: tuple[Any, ...]
    labels: tuple[ChoiceLabel, ...]

    @classmethod
    def of(cls, choices: list[Any]) -> "Categorical":
        """Return the domain of these choices, with the labels that a study stores for them."""
        return cls(tuple(choices), tuple(map(_label, choices)))

    def __post_init__(self) -> None:
        if not self.choices:
            raise DomainError("choices", "a categorical parameter needs at least one choice")
        if any(isinstance(label, float) and math.isnan(label) for label in self.labels):
            raise DomainError("choices", "a study cannot compare .nan with itself", "leave it out")
        seen: dict[ChoiceLabel, int] = {}
        for position, label in enumerate(self.labels):
            first = seen.setdefault(label, position)
            if first != position:
                raise _indistinct(self.choices[first], self.choices[position])

    def value_of(self, label: ChoiceLabel) -> Any:
        """Return the choice that a study stores as ``label``; compound choices are shared, so copy them."""
        return self.choices[self.labels.index(label)]

    def contains(self, value: Any) -> bool:
        """Tell whether ``value`` is one of the choices."""
        return any(type(value) is type(choice) and value == choice for choice in self.choices)

    def __str__(self) -> str:
        return f"one of {', '.join(map(_choice_text, self.choices if self.is_plain else self.labels))}"

    @property
    def is_plain(self) -> bool:
        """Whether each label is the one that follows from its choice, and not the user's own."""
        return self.labels == tuple(map(_label, self.choices))


Domain = Float | Integer | Categorical


def widens(new: Domain, old: Domain) -> bool:
    """Tell whether a range of numbers holds every value of another one, on the same scale and grid.

    A study can go on with such a range: what was sampled before is still a value that it can have.

    Example:
        >>> widens(Integer(0, 10), Integer(2, 8)), widens(Integer(1, 9, step=2), Integer(2, 8, step=2))
        (True, False)
        >>> widens(Float(0.0, 2.0), Float(0.0, 1.0)), widens(Float(0.1, 2.0, log=True), Float(0.1, 1.0))
        (True, False)
    """
    if isinstance(new, Categorical) or isinstance(old, Categorical) or type(new) is not type(old):
        return False
    if new.log != old.log or new.step != old.step or not new.low <= old.low <= old.high <= new.high:
        return False
    # Floats that are counted from another lowest value may miss the old ones by a rounding error.
    return new.step is None or new.low == old.low or (isinstance(new, Integer) and new.contains(old.low))


def _check_range(low: float, high: float, step: float | None, *, log: bool) -> None:
    if low > high:
        raise DomainError("high", f"high must not be below low, but low is {low} and high is {high}")
    if step is not None and not (step > 0 and (isinstance(step, int) or math.isfinite(step))):
        raise DomainError("step", f"step must be above 0, but is {step}")
    if step is not None and log:
        raise DomainError("step", f"a log range has no step, but step is {step}", "leave out step or log")


def range_text(low: float | Expression, high: float | Expression, step: float | None, *, log: bool) -> str:
    """Return the words for a range, of which a bound may be an expression."""
    return f"from {low} to {high}{f', step {step}' if step is not None else ''}{', log' if log else ''}"


def _label(choice: Any) -> ChoiceLabel:
    if isinstance(choice, str):
        return str(choice)  # the name of an object is stored as text
    if choice is None or isinstance(choice, str | int | float | bool):
        return choice
    return json.dumps(choice, ensure_ascii=False)


def _choice_text(choice: Any) -> str:
    plain = isinstance(choice, str) and choice and choice.isprintable()
    return str(choice) if plain else json.dumps(choice, ensure_ascii=False)


def _indistinct(first: Any, second: Any) -> DomainError:
    if type(first) is type(second):
        return DomainError("choices", f"the choice {_choice_text(second)} is listed twice", "remove one")
    return DomainError(
        "choices",
        f"a study cannot tell the choices {_choice_text(first)} and {_choice_text(second)} apart",
        "use choices of one type",
    )
