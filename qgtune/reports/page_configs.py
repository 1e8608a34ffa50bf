"""The configs of a study's trials, as little text as tells them all."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgtune.core.paths import Path, format_path
from qgtune.core.trials import TrialRecord

ConfigReader = Callable[[TrialRecord], dict[str, Any] | None]
"""Returns the config of a trial; None where it is not known."""
FlatReader = Callable[[TrialRecord], dict[str, Any] | None]
"""Returns the config of a trial by path; None where it is not known."""

_SAMPLES = 30
"""Configs by which it is found out which values are those of parameters."""


@dataclass
class Configs:
    """The config of one trial, and what is to be changed in it for each other.

    Args:
        paths: the path of every value that some config has.
        config: the values of the reference, by the first of these paths.
        reference: the number of the trial whose config that is; None where no config is known.
        follows: index of a path -> index of the parameter whose value stands there, where a trial has it.
        differences: by trial, what is left to say: ``[path, value]``, or ``[path]`` for what is absent.
        without: how many configs are left out, as all of them would take too much room.
    """

    paths: dict[str, int] = field(default_factory=dict)
    config: list[Any] = field(default_factory=list)
    reference: int | None = None
    follows: dict[int, int] = field(default_factory=dict)
    differences: dict[int, list[list[Any]]] = field(default_factory=dict)
    without: int = 0

    def as_data(self) -> dict[str, Any]:
        """Return them as the page's script reads them."""
        return {
            "paths": list(self.paths),
            "config": self.config,
            "reference": self.reference,
            "follows": self.follows,
            "differences": self.differences,
        }

    def add(self, number: int, flat: Mapping[str, Any], row: Sequence[Any]) -> int:
        """Take in the config of a trial; return how many letters it takes.

        Args:
            number: the trial's number.
            flat: its config by path.
            row: the values of its parameters.
        """
        expected = self._expected(row)
        changed = [
            [self.paths.setdefault(path, len(self.paths)), value]
            for path, value in flat.items()
            if not _same(expected, path, value)
        ]
        gone = [[self.paths[path]] for path in expected if path not in flat]
        self.differences[number] = changed + gone
        return len(json.dumps(self.differences[number], separators=(",", ":")))

    def _expected(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return the config that the page makes of a trial's parameters and the reference."""
        found = {}
        for path, index in self.paths.items():
            if index in self.follows:
                value = row[self.follows[index]]
                if value is not None:
                    found[path] = value
            elif index < len(self.config):
                found[path] = self.config[index]
        return found


def configs_of(
    order: Sequence[TrialRecord],
    rows: Mapping[int, Sequence[Any]],
    flat_of: FlatReader,
    budget: int,
) -> Configs:
    """Return the configs of trials up to a budget.

    Most values of a config are those of the first trial or of a parameter, which stand in the page already.

    Args:
        order: the trials, the best first.
        rows: by trial, the values of its parameters as the page has them.
        flat_of: returns the config of a trial by path.
        budget: how many letters they may take.
    """
    found = Configs()
    known = ((record.number, flat) for record in order if (flat := flat_of(record)) is not None)
    first = next(known, None)
    if first is None:
        return found
    found.reference, base = first
    found.paths = {path: index for index, path in enumerate(base)}
    found.config = list(base.values())
    samples = order[:: max(1, len(order) // _SAMPLES)]
    found.follows = _followed(
        base, [(rows[one.number], flat) for one in samples if (flat := flat_of(one)) is not None]
    )
    left = budget - len(json.dumps([found.config, list(found.paths)]))
    for record in order:
        if left < 0:
            found.without += 1
        elif (flat := flat_of(record)) is not None:
            left -= found.add(record.number, flat, rows[record.number])
    return found


def flattened(config: Any, digits: int | None = None, path: Path = ()) -> dict[str, Any]:
    """Return the values of a config by path; an empty mapping or list is a value.

    Example:
        >>> flattened({"model": {"dims": [8, 4], "act": "relu"}})
        {'model.dims[0]': 8, 'model.dims[1]': 4, 'model.act': 'relu'}
    """
    if isinstance(config, dict) and config:
        parts = config.items()
    elif isinstance(config, list) and config:
        parts = enumerate(config)  # type: ignore[assignment]  # both are pairs
    else:
        return {format_path(path) if path else ".": finite(config, digits)}
    return {
        name: value for key, part in parts for name, value in flattened(part, digits, (*path, key)).items()
    }


def finite(value: Any, digits: int | None = None) -> Any:
    """Return a value that JSON has; of a number, so many digits.

    Example:
        >>> finite(0.123456789, 3), finite(math.inf), finite("relu")
        (0.123, 'inf', 'relu')
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return value if digits is None else float(f"{value:.{digits}g}")
    return value if isinstance(value, str | int | bool | None | list | dict) else str(value)


def _followed(
    base: Mapping[str, Any], samples: Sequence[tuple[Sequence[Any], Mapping[str, Any]]]
) -> dict[int, int]:
    """Return which paths have, in all samples, the value of a parameter that varies."""
    if len(samples) < 2:
        return {}
    parameters: dict[tuple[str, ...], int] = {}
    for index in range(len(samples[0][0])):
        seen = tuple(repr(row[index]) for row, _ in samples)
        if len(set(seen)) > 1:
            parameters.setdefault(seen, index)
    found = {}
    for index, path in enumerate(base):
        seen = tuple(repr(flat.get(path)) for _, flat in samples)
        if seen in parameters:
            found[index] = parameters[seen]
    return found


def _same(expected: Mapping[str, Any], path: str, value: Any) -> bool:
    return path in expected and expected[path] == value and type(expected[path]) is type(value)
