"""Every set of values that a trial can sample from a finite space, whatever depends on what."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from qgtune.compiler.planning.plan import Plan
from qgtune.insight.space_size import domain_values
from qgtune.space import EvaluationError, Float


def every_params(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield the parameters of every trial that there can be, as a study stores them, each set once.

    Where an expression has no value the parameters end there, as those of a trial do.

    Args:
        plan: of a space in which every range has steps.

    Example:
        A choice of ``a`` and ``b``, and a number from 1 to 2 where it is ``b``, give three sets.
    """
    trial = _Odometer()
    while True:
        trial.begin()
        with contextlib.suppress(EvaluationError):
            plan.filled(trial)
        yield trial.params
        if not trial.turn():
            return


class _Odometer:
    """A trial that takes the first values, and after each turn the next ones, the last parameter first."""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._turned: list[int] = []
        self._numbers: list[int] = []

    def begin(self) -> None:
        """Begin the next trial."""
        self.params = {}
        self._numbers = []

    def turn(self) -> bool:
        """Go on to the next values; return False after the last ones."""
        while len(self._turned) > len(self._numbers):
            self._turned.pop()
        while self._turned:
            self._turned[-1] += 1
            if self._turned[-1] < self._numbers[len(self._turned) - 1]:
                return True
            self._turned.pop()
        return False

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """Return the float whose turn it is."""
        return float(self._take(name, list(domain_values(Float(low, high, step, log)))))

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:  # noqa: ARG002 - Optuna's signature
        """Return the integer whose turn it is."""
        return int(self._take(name, range(low, high + 1, step)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return the label whose turn it is."""
        return self._take(name, choices)

    def _take(self, name: str, values: Sequence[Any]) -> Any:
        if name in self.params:
            return self.params[name]
        position = len(self._numbers)
        self._numbers.append(len(values))
        if position == len(self._turned):
            self._turned.append(0)
        self.params[name] = values[self._turned[position]]
        return self.params[name]
