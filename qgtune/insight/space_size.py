"""How large a space, or a part of it, is: combinations of finite domains, beside continuous ranges."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from qgtune.core.wording import count
from qgtune.space import Categorical, Domain, Integer

EXACT = 10**12
"""A greater number of combinations is told by its order of magnitude."""


@dataclass(frozen=True, slots=True)
class SpaceSize:
    """How many configs there are.

    Args:
        combinations: those of all finite domains.
        continuous: how many ranges without a step there are beside them, at most.
        is_exact: whether that is all of them, or there may be more.
        is_even: whether every config has all of the continuous ranges.
    """

    combinations: int
    continuous: int = 0
    is_exact: bool = True
    is_even: bool = True

    def __mul__(self, other: "SpaceSize") -> "SpaceSize":
        return SpaceSize(
            self.combinations * other.combinations,
            self.continuous + other.continuous,
            self.is_exact and other.is_exact,
            self.is_even and other.is_even,
        )

    def __add__(self, other: "SpaceSize") -> "SpaceSize":
        return SpaceSize(
            self.combinations + other.combinations,
            max(self.continuous, other.continuous),
            self.is_exact and other.is_exact,
            self.is_even and other.is_even and self.continuous == other.continuous,
        )

    def __str__(self) -> str:
        ranges = count(self.continuous, "continuous range")
        ranges = ranges if self.is_even else f"up to {ranges}"
        if self.combinations == 1 and self.continuous and self.is_exact:
            return ranges
        number = f"{self.combinations:,}" if self.combinations <= EXACT else _magnitude(self.combinations)
        least = "" if self.is_exact else "at least "
        combinations = f"{least}{number} combination{'' if self.combinations == 1 else 's'}"
        return f"{combinations} beside {ranges}" if self.continuous else combinations


ONE = SpaceSize(1)


def domain_size(domain: Domain) -> SpaceSize:
    """Return how many values a domain has.

    Example:
        >>> str(domain_size(Integer(16, 64, step=16)))
        '4 combinations'
    """
    if isinstance(domain, Categorical):
        return SpaceSize(len(domain.choices))
    if isinstance(domain, Integer):
        return SpaceSize((domain.high - domain.low) // domain.step + 1)
    if domain.low == domain.high:
        return ONE
    if domain.step is None:
        return SpaceSize(1, 1)
    low, high, step = _exact(domain.low, domain.high, domain.step)
    return SpaceSize(int((high - low) // step) + 1)


def domain_values(domain: Domain) -> Iterable[Any]:
    """Return the values of a finite domain, in order."""
    if isinstance(domain, Categorical):
        return domain.choices
    if isinstance(domain, Integer):
        return range(domain.low, domain.high + 1, domain.step)
    low, high, step = _exact(domain.low, domain.high, domain.step or 1.0)
    return [float(low + i * step) for i in range(int((high - low) // step) + 1)]


def _exact(*numbers: float) -> tuple[Fraction, ...]:
    return tuple(Fraction(Decimal(repr(number))) for number in numbers)


def _magnitude(number: int) -> str:
    return f"about 10^{math.floor(math.log10(number))}"
