"""Numbered combinations of values: of independent parameters, or listed one by one."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol

_NOT_THERE = object()


class Combinations(Protocol):
    """Combinations, with numbers from 0 on."""

    size: int

    def params_of(self, number: int) -> Mapping[str, Any]:
        """Return the combination of a number."""

    def number_of(self, params: Mapping[str, Any]) -> int | None:
        """Return the number of a combination, or None if it is none of them."""


class Product:
    """Every value of each parameter with every value of the others; none of them is ever held.

    Args:
        values: of each parameter, by name.

    Example:
        >>> Product({"x": ("a", "b"), "y": (1, 2)}).params_of(1)
        {'x': 'b', 'y': 1}
    """

    def __init__(self, values: Mapping[str, Sequence[Any]]) -> None:
        self._values = {name: tuple(choices) for name, choices in values.items()}
        self._positions = {
            name: {choice: position for position, choice in reversed(tuple(enumerate(choices)))}
            for name, choices in self._values.items()
        }
        self.size = math.prod(len(choices) for choices in self._values.values())

    def params_of(self, number: int) -> Mapping[str, Any]:
        """Return the combination of a number."""
        params: dict[str, Any] = {}
        for name, choices in self._values.items():
            number, position = divmod(number, len(choices))
            params[name] = choices[position]
        return params

    def number_of(self, params: Mapping[str, Any]) -> int | None:
        """Return the number of a combination, or None if it is none of them."""
        number, weight = 0, 1
        for name, positions in self._positions.items():
            value = params.get(name, _NOT_THERE)
            position = positions.get(value) if isinstance(value, Hashable) else None
            if position is None:
                return None
            number += weight * position
            weight *= len(self._values[name])
        return number


class Listed:
    """Combinations that are told one by one, because which parameters there are depends on others.

    Args:
        every: their parameters.

    Example:
        >>> Listed(({"x": "a"}, {"x": "b", "y": 1})).number_of({"y": 1, "x": "b"})
        1
    """

    def __init__(self, every: Sequence[Mapping[str, Any]]) -> None:
        self._every = tuple(every)
        self._numbers = {frozenset(params.items()): number for number, params in enumerate(self._every)}
        self.size = len(self._every)

    def params_of(self, number: int) -> Mapping[str, Any]:
        """Return the combination of a number."""
        return self._every[number]

    def number_of(self, params: Mapping[str, Any]) -> int | None:
        """Return the number of a combination, or None if it is none of them."""
        if not all(isinstance(value, Hashable) for value in params.values()):
            return None
        return self._numbers.get(frozenset(params.items()))
