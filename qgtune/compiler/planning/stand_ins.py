"""Stand-ins for trials: one at a corner of the space, one at random."""

import math
import random
import sys
from collections.abc import Sequence
from typing import Any, TypeVar

_Number = TypeVar("_Number", bound=float)


class CornerTrial:
    """A trial at a corner: each parameter at its first value or lower bound, but for the given ones.

    Args:
        corner: for some names, the position of the choice; for a range 0 is its low and 1 its high.
    """

    def __init__(self, corner: dict[str, int]) -> None:
        self.corner = corner
        self.asked: dict[str, int] = {}
        """How many extremes each parameter has that was asked for, by name."""

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:  # noqa: ARG002 - Optuna's signature
        """Return one of the bounds."""
        return self._bound(name, low, high)

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:  # noqa: ARG002 - Optuna's signature
        """Return one of the bounds."""
        return self._bound(name, low, high)

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of the choices."""
        self.asked[name] = len(choices)
        return choices[self.corner.get(name, 0)]

    def _bound(self, name: str, low: _Number, high: _Number) -> _Number:
        self.asked[name] = 1 if low == high else 2
        return high if self.corner.get(name, 0) else low


class RandomTrial:
    """A trial that draws each value at random. Optuna's are not at hand here, and none is needed.

    Example:
        >>> RandomTrial(0).suggest_int("x", 3, 3)
        3
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a sample, not a secret

    def suggest_float(
        self,
        name: str,  # noqa: ARG002 - Optuna's signature
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
    ) -> float:
        """Return a float between low and high."""
        steps = math.inf if step is None else (high - low) / step
        if step is not None and math.isfinite(steps):
            # A step that misses high ends below it; one that meets it may miss it by a rounding error.
            return low + step * self.random.randint(0, math.floor(steps + 1e-8))
        if log:
            return min(max(low, math.exp(self.random.uniform(math.log(low), math.log(high)))), high)
        return self.random.uniform(low, high)

    def suggest_int(
        self,
        name: str,  # noqa: ARG002 - Optuna's signature
        low: int,
        high: int,
        *,
        step: int = 1,
        log: bool = False,
    ) -> int:
        """Return an integer between low and high."""
        if log and high <= sys.float_info.max:
            return round(math.exp(self.random.uniform(math.log(low), math.log(high))))
        return low + step * self.random.randint(0, (high - low) // step)

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:  # noqa: ARG002 - Optuna's signature
        """Return one of the choices."""
        return self.random.choice(choices)
