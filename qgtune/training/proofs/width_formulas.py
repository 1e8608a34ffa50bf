"""What a width follows, as an expression of the dependency map, found from models that were built.

An observation is what one block's numbers were, and which width came out. The simplest expression that holds
for every observation is the formula; where the layer type or a flag decides, the expression asks for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgtune.core.paths import Path, format_path

Leaf = int | str | bool

_SIZES = ("out_dim", "in_dim")
"""What a width most likely is, in this order."""

_NOT_OF_THE_WIDTH = frozenset({"norm_args", "norm_kwargs", "activation_kwargs"})
"""Keys of a block that follow its width, or have nothing to do with it."""

_MAX_SPLITS = 3
"""Conditions in a formula, at most."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The leaves of a config that a width may follow, by path, and the width that was seen."""

    leaves: Mapping[Path, Leaf]
    width: int


def leaves_of_block(block: Mapping[str, Any], path: Path) -> dict[Path, Leaf]:
    """Return the whole numbers, texts and flags of a block's config that its width may follow, by path."""
    found: dict[Path, Leaf] = {}
    for key, value in block.items():
        if key not in _NOT_OF_THE_WIDTH:
            found.update(_leaves(value, (*path, key)))
    return found


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Leaf]]:
    if isinstance(value, int | str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _leaves(item, (*path, i))


def width_formula(observations: Sequence[Observation]) -> str | None:
    """Return the simplest expression that gives the width of every observation, or None if none is found.

    Example:
        >>> out, heads = ("layer", "out_dim"), ("layer", "heads")
        >>> width_formula([Observation({out: 8, heads: 2}, 16), Observation({out: 8, heads: 3}, 24)])
        'layer.out_dim * layer.heads'
    """
    return _formula(observations, _MAX_SPLITS)


def _formula(observations: Sequence[Observation], splits: int) -> str | None:
    if not observations:
        return None
    first = observations[0].leaves
    common = [
        path for path in first if all(type(o.leaves.get(path)) is type(first[path]) for o in observations)
    ]
    return _product(observations, common) or (_split(observations, common, splits) if splits else None)


def _product(observations: Sequence[Observation], common: Sequence[Path]) -> str | None:
    """Return a leaf, or a leaf times another leaf or a number, that is the width of every observation."""
    numbers = [path for path in common if type(observations[0].leaves[path]) is int]
    sizes = [path for name in _SIZES for path in numbers if path[-1] == name]
    others = [path for path in numbers if path not in sizes]
    for size in sizes:
        if all(o.width == o.leaves[size] for o in observations):
            return format_path(size)
        for other in others:
            if all(o.width == int(o.leaves[size]) * int(o.leaves[other]) for o in observations):
                return f"{format_path(size)} * {format_path(other)}"
    if len({o.width for o in observations}) == 1:
        return None  # what never changes follows nothing
    for size in sizes:
        factor, rest = divmod(observations[0].width, int(observations[0].leaves[size]))
        if not rest and factor and all(o.width == int(o.leaves[size]) * factor for o in observations):
            return f"{format_path(size)} * {factor}"
    return None


def _split(observations: Sequence[Observation], common: Sequence[Path], splits: int) -> str | None:
    """Return an expression that asks for a text or a flag: another formula for each of its values."""
    asked = [path for path in common if type(observations[0].leaves[path]) is not int]
    # The layer type decides before a flag does, and a flag before any other text.
    asked.sort(key=lambda path: (path[-1] != "gnn_layer_type", isinstance(observations[0].leaves[path], str)))
    for path in asked:
        values = list(dict.fromkeys(o.leaves[path] for o in observations))
        if len(values) < 2:
            continue
        by_formula: dict[str, list[Leaf]] = {}
        for value in values:
            formula = _formula([o for o in observations if o.leaves[path] == value], splits - 1)
            if formula is None:
                break
            by_formula.setdefault(formula, []).append(value)
        else:
            return _conditional(path, by_formula)
    return None


def _conditional(path: Path, by_formula: Mapping[str, Sequence[Leaf]]) -> str:
    # What holds for the most values stands last, without a condition; of the others the simplest stands last.
    ordered = sorted(by_formula, key=lambda formula: (len(by_formula[formula]), -len(formula)))
    branches = [
        f"{_parenthesized(formula)} if {_condition(path, by_formula[formula])}" for formula in ordered[:-1]
    ]
    return " else ".join([*branches, ordered[-1]])


def _parenthesized(formula: str) -> str:
    return f"({formula})" if " if " in formula else formula


def _condition(path: Path, values: Sequence[Leaf]) -> str:
    shown = format_path(path)
    if values[0] is True:
        return shown
    if values[0] is False:
        return f"not {shown}"
    if len(values) == 1:
        return f"{shown} == {values[0]!r}"
    return f"{shown} in [{', '.join(map(repr, values))}]"
