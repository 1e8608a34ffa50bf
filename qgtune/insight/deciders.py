"""Which parameters others depend on: those that decide between cases, over lengths of lists, or bounds."""

import itertools
from collections.abc import Iterable, Iterator
from functools import reduce

from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.linking.sources import Formula
from qgtune.core.paths import Path
from qgtune.insight.space_size import domain_size
from qgtune.space import FollowingRange, Parameter, Reference, Repeat, Switch, walk
from qgtune.space.tree import COUNT, node_at

MAX_VALUES = 1000
"""A parameter with more values than this is not gone through value by value."""


def changing_paths(linked: LinkedSpace, deciders: dict[Path, list[Path]]) -> set[Path]:
    """Return the paths whose size depends on the values that are gone through above them."""
    readers: list[Path] = [*linked.choosers, *linked.bounds]
    readers += [path for path, node in walk(linked.root) if isinstance(node, Repeat)]
    readers += [decider for owned in deciders.values() for decider in owned]
    return {reader[:end] for reader in readers for end in range(len(reader) + 1)}


def deciders_of(linked: LinkedSpace) -> dict[Path, list[Path]]:
    """Return the parameters that others depend on, by the place below which all of these stand.

    Only those with few values; those that are there in more trials come first.
    """
    readers: dict[Path, list[Path]] = {}
    for path, formula in _deciding_formulas(linked):
        for parameter in dict.fromkeys(_parameters(linked, formula.paths, set())):
            readers.setdefault(parameter, []).append(path)
    for path, node in walk(linked.root):
        if isinstance(node, Repeat):
            for parameter in dict.fromkeys(_parameters(linked, [(*path, COUNT)], set())):
                readers.setdefault(parameter, []).append(path)
    found: dict[Path, list[Path]] = {}
    for parameter, reading in readers.items():
        place = reduce(_common, reading, parameter)
        if _can_be_gone_through(linked, parameter):
            found.setdefault(place, []).append(parameter)
    return {
        place: sorted(owned, key=lambda path: _conditions(linked, path)) for place, owned in found.items()
    }


def _deciding_formulas(linked: LinkedSpace) -> Iterator[tuple[Path, Formula]]:
    yield from linked.choosers.items()
    for path, bounds in linked.bounds.items():
        for formula in bounds.values():
            yield path, formula


def _parameters(linked: LinkedSpace, paths: Iterable[Path], seen: set[Path]) -> Iterator[Path]:
    """Yield the parameters that the values at these paths depend on."""
    for path in paths:
        if path in seen:
            continue
        seen.add(path)
        node = node_at(linked.root, path)
        if isinstance(node, Parameter):
            yield path
        elif isinstance(node, Reference) and path in linked.formulas:
            yield from _parameters(linked, linked.formulas[path].paths, seen)
        elif isinstance(node, Switch) and path in linked.choosers:
            yield from _parameters(linked, linked.choosers[path].paths, seen)
            inside = [(*path, case.branch) for case in node.all_cases if case.node is not None]
            yield from _parameters(linked, inside, seen)
        above = [path[:end] for end in range(len(path)) if path[:end] not in seen]
        for outer in above:
            around = node_at(linked.root, outer)
            if isinstance(around, Switch) and outer in linked.choosers:
                seen.add(outer)
                yield from _parameters(linked, linked.choosers[outer].paths, seen)
            elif isinstance(around, Repeat) and (*outer, COUNT) != path:
                yield from _parameters(linked, [(*outer, COUNT)], seen)


def _common(one: Path, other: Path) -> Path:
    return tuple(
        part for part, _ in itertools.takewhile(lambda p: p[0] == p[1], zip(one, other, strict=False))
    )


def _can_be_gone_through(linked: LinkedSpace, parameter: Path) -> bool:
    node = node_at(linked.root, parameter)
    if not isinstance(node, Parameter) or isinstance(node.domain, FollowingRange):
        return False
    size = domain_size(node.domain)
    return not size.continuous and size.combinations <= MAX_VALUES


def _conditions(linked: LinkedSpace, path: Path) -> int:
    """Return how many cases and lengths lead to a place of the tree."""
    around = [node_at(linked.root, path[:end]) for end in range(len(path))]
    return sum(
        isinstance(node, Switch)
        or (isinstance(node, Repeat) and isinstance(part, int) and part >= node.least)
        for node, part in zip(around, path, strict=True)
    )
