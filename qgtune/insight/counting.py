"""How many configs a search space can give.

What decides between cases, or how long a list is, must not be counted twice: a parameter that others depend
on is gone through value by value, at the lowest place of the tree that holds all that depend on it. Where
that cannot be told, or would take too long, the least of all cases is counted.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce
from typing import Any

from qgtune.compiler.linking.link import LinkedSpace, labelled_domain
from qgtune.compiler.linking.sources import Fact, Formula, LateFact, Route, Source
from qgtune.compiler.planning.reading import chosen
from qgtune.core.paths import ROOT, Path, selects_many
from qgtune.insight.deciders import changing_paths, deciders_of
from qgtune.insight.space_size import ONE, SpaceSize, domain_size, domain_values
from qgtune.space import (
    Constant,
    DomainError,
    EvaluationError,
    FollowingRange,
    Parameter,
    Reference,
    Repeat,
    SpaceNode,
    Switch,
)
from qgtune.space.tree import COUNT, Case, case_label, child_at, child_key, children, node_at

MAX_WORK = 30_000
"""Nodes that are counted at most before the least of all cases has to do."""


def space_size(linked: LinkedSpace) -> SpaceSize:
    """Return how many different sets of values a trial can sample from a search space.

    Constraints are not looked at, and neither is whether an expression has a value for what was sampled.
    """
    try:
        return _Counter(linked, deciders_of(linked)).size(linked.root, ROOT)
    except _TooMuchError:
        return _Counter(linked, {}).size(linked.root, ROOT)


class _TooMuchError(Exception):
    """There are more combinations of what decides than can be gone through."""


class _UnknownError(Exception):
    """A value that is not among those that are gone through."""


class _Counter:
    """Counts the configs of a tree.

    Args:
        linked: the tree.
        deciders: the parameters that others depend on, by the place below which they are gone through.
    """

    def __init__(self, linked: LinkedSpace, deciders: dict[Path, list[Path]]) -> None:
        self.linked = linked
        self.deciders = deciders
        self.values: dict[Path, Any] = {}
        self.work = 0
        self.known: dict[Path, SpaceSize] = {}
        self.changing = changing_paths(linked, deciders)

    def size(self, node: SpaceNode, path: Path) -> SpaceSize:
        """Return the size of a part of the tree, for the values that others have just now."""
        if path in self.known:
            return self.known[path]
        owned = self.deciders.get(path, [])
        found = reduce(SpaceSize.__add__, (self._size_of(node, path) for _ in self._each(owned, path)))
        if path not in self.changing:
            self.known[path] = found
        return found

    def _each(self, deciders: list[Path], place: Path) -> Iterator[None]:
        """Go through all values of some deciders; of those that are there for the values of the others."""
        if not deciders:
            yield
            return
        first, *others = deciders
        if not self._is_there(first, place):
            yield from self._each(others, place)
            return
        for value in self._all_values(first):
            self.values[first] = value
            yield from self._each(others, place)
        del self.values[first]

    def _is_there(self, path: Path, place: Path) -> bool:
        """Tell whether something below a place is there, which is."""
        try:
            for end in range(len(place), len(path)):
                here, part = path[:end], path[end]
                node = node_at(self.linked.root, here)
                if isinstance(node, Switch) and self._case(node, here).branch != part:
                    return False
                if isinstance(node, Repeat) and isinstance(part, int) and part >= node.least:
                    count = self._value_at((*here, COUNT))
                    if not isinstance(count, int) or part >= count:
                        return False
        except EvaluationError:
            return False
        except _UnknownError:
            raise _TooMuchError from None
        return True

    def _all_values(self, decider: Path) -> list[Any]:
        node = node_at(self.linked.root, decider)
        assert isinstance(node, Parameter) and not isinstance(node.domain, FollowingRange)  # noqa: S101, PT018 - only such decide
        return list(domain_values(node.domain))

    def _size_of(self, node: SpaceNode, path: Path) -> SpaceSize:
        self.work += 1
        if self.work > MAX_WORK and self.deciders:
            raise _TooMuchError
        if isinstance(node, Parameter):
            return ONE if path in self.values else self._parameter(node, path)
        if isinstance(node, Switch):
            return self._switch(node, path)
        if isinstance(node, Repeat):
            return self._repeat(node, path)
        return self._product(children(node), path)

    def _product(self, nodes: Iterable[tuple[str | int, SpaceNode]], path: Path) -> SpaceSize:
        return math.prod((self.size(child, (*path, key)) for key, child in nodes), start=ONE)

    def _parameter(self, node: Parameter, path: Path) -> SpaceSize:
        domain = node.domain
        if not isinstance(domain, FollowingRange):
            return domain_size(domain)
        bounds = {"low": domain.low, "high": domain.high}
        try:
            bounds |= {name: self._value(f) for name, f in self.linked.bounds.get(path, {}).items()}
            return domain_size(domain.between(bounds["low"], bounds["high"]))
        except (EvaluationError, DomainError):  # such a trial ends here
            return ONE
        except _UnknownError:
            is_continuous = domain.step is None and not domain.is_integer
            return SpaceSize(1, 1) if is_continuous else SpaceSize(1, is_exact=False)

    def _switch(self, node: Switch, path: Path) -> SpaceSize:
        try:
            case = self._case(node, path)
        except EvaluationError:
            return ONE
        except _UnknownError:
            found = [self._case_size(case, path) for case in node.all_cases]
            return SpaceSize(
                min(size.combinations for size in found),
                min(size.continuous for size in found),
                is_exact=False,
                is_even=all(size.is_even for size in found),
            )
        return self._case_size(case, path)

    def _case_size(self, case: Case, path: Path) -> SpaceSize:
        return ONE if case.node is None else self.size(case.node, (*path, case.branch))

    def _repeat(self, node: Repeat, path: Path) -> SpaceSize:
        is_exact = True
        try:
            count = self._value_at((*path, COUNT))
        except EvaluationError:
            return ONE
        except _UnknownError:
            count, is_exact = node.least, False
        if not isinstance(count, int) or not node.least <= count <= len(node.items):
            return ONE
        own = self.size(node.count, (*path, COUNT))
        items = self._product(enumerate(node.items[:count]), path)
        return replace(own * items, is_exact=is_exact and own.is_exact and items.is_exact)

    def _case(self, node: Switch, path: Path) -> Case:
        """Return the case that a switch chooses."""
        formula = self.linked.choosers.get(path)
        if formula is None:
            raise _UnknownError
        values = [self._labelled(source) for source in formula.sources]
        label = case_label(formula.expression.choose(values))
        case = next((case for case in node.cases if case.label == label), node.default)
        if case is None:
            raise EvaluationError(f"there is no case {label}")
        return case

    def _value(self, formula: Formula) -> Any:
        """Return the value of a formula.

        Raises:
            _UnknownError: if it depends on what is not gone through.
            EvaluationError: if it has none.
        """
        return formula.expression.evaluate([self._labelled(source) for source in formula.sources])

    def _labelled(self, source: Source) -> Any:
        """Return what an expression reads: of a labelled choice its value and its label."""
        domain, value = labelled_domain(self.linked, source), self._read(source)
        return value if domain is None else chosen(value, domain)

    def _read(self, source: Source) -> Any:
        if isinstance(source, Fact):
            return source.value
        if isinstance(source, LateFact):
            raise _UnknownError
        if isinstance(source, Route):
            return self._value_at(self._end_of(source.path))
        return [self._value_at(p) for p in source] if isinstance(source, list) else self._value_at(source)

    def _value_at(self, path: Path) -> Any:
        """Return the value at a path of the tree."""
        if path in self.values:
            return self.values[path]
        node = node_at(self.linked.root, path)
        if isinstance(node, Constant):
            return node.value
        if isinstance(node, Reference) and path in self.linked.formulas:
            return self._value(self.linked.formulas[path])
        if isinstance(node, Switch):
            case = self._case(node, path)
            if case.node is None:
                raise EvaluationError("nothing stands there")
            return self._value_at((*path, case.branch))
        raise _UnknownError

    def _end_of(self, path: Path) -> Path:
        """Return the path of the tree that a config's path leads to."""
        node: SpaceNode = self.linked.root
        here: Path = ROOT
        for part in path:
            while isinstance(node, Switch):
                case = self._case(node, here)
                if case.node is None:
                    raise EvaluationError("nothing stands there")
                node, here = case.node, (*here, case.branch)
            if isinstance(node, Reference) or selects_many(part):
                raise _UnknownError
            key = child_key(node, self._position(part, here) if isinstance(node, Repeat) else part)
            if key is None:
                raise EvaluationError("nothing stands there")
            node, here = child_at(node, key), (*here, key)
        return here

    def _position(self, part: str | int, here: Path) -> str | int:
        """Return an index into a list of tuned length as one from its start."""
        if not isinstance(part, int):
            return part
        count = self._value_at((*here, COUNT))
        position = part if part >= 0 else count + part
        if not 0 <= position < count:
            raise EvaluationError("the list is too short")
        return int(position)
