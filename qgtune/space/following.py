"""Ranges of which a bound follows other values, and the range that one trial has of them."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from qgtune.space.domains import DomainError, Float, Integer, range_text
from qgtune.space.expressions import Expression


@dataclass(frozen=True, slots=True)
class FollowingRange:
    """A range of which a bound follows other values of the same trial.

    Args:
        is_integer: whether its values are whole numbers.
        low: the smallest value, or the expression that gives it.
        high: the largest value, or the expression that gives it.
        step: as for ``Float`` and ``Integer``; None for any value.
        log: whether to sample on a logarithmic scale.
    """

    is_integer: bool
    low: float | Expression
    high: float | Expression
    step: float | None = None
    log: bool = False

    @property
    def followed(self) -> dict[str, Expression]:
        """The bounds that follow, by name: ``low``, ``high`` or both."""
        bounds = {"low": self.low, "high": self.high}
        return {name: bound for name, bound in bounds.items() if isinstance(bound, Expression)}

    def between(self, low: Any, high: Any) -> Float | Integer:
        """Return the range for the bounds of one trial.

        Raises:
            DomainError: if these are no bounds of such a range.
        """
        for name, bound in (("low", low), ("high", high)):
            if isinstance(bound, bool) or not isinstance(bound, int | float):
                raise DomainError(name, f"{name} must be a number, but is {bound!r}")
            if self.is_integer and isinstance(bound, float) and not bound.is_integer():
                raise DomainError(name, f"{name} must be a whole number, but is {bound!r}")
        if not self.is_integer:
            try:
                domain: Float | Integer = Float(float(low), float(high), self.step, self.log)
            except OverflowError:
                raise DomainError("high", "a bound is too large for a float") from None
        else:
            domain = Integer(int(low), int(high), 1 if self.step is None else int(self.step), self.log)
        if domain.step is None or domain.low == domain.high:
            return domain
        top = aligned_high(domain.low, domain.high, domain.step)
        if isinstance(domain, Integer):
            return replace(domain, high=int(top))
        return replace(domain, high=top)

    def contains(self, value: Any) -> bool:
        """Tell whether ``value`` may lie in the range of some trial: whether it is such a number at all."""
        kinds = int if self.is_integer else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)

    def __str__(self) -> str:
        kind = "int" if self.is_integer else "float"
        return f"{kind} {range_text(self.low, self.high, self.step, log=self.log)}"


def aligned_high(low: float, high: float, step: float) -> float:
    """Return the largest value of low, low + step, ... that is not above ``high``, in decimal arithmetic.

    Example:
        >>> aligned_high(0.2, 0.55, 0.1)
        0.5
    """
    if isinstance(low, int) and isinstance(high, int) and isinstance(step, int):
        return low + (high - low) // step * step
    start, stop, stride = (Fraction(Decimal(repr(number))) for number in (low, high, step))
    aligned = start + (stop - start) // stride * stride
    return int(aligned) if isinstance(low, int) and isinstance(step, int) else float(aligned)
