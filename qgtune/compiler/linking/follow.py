"""Expressions -> what they read: the values of places of the tree, facts, and what only a trial tells."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from typing import Any

from qgtune.compiler.linking.sources import Constraint, Fact, Formula, LateFact, Route, Source
from qgtune.compiler.linking.ways import Reader, UnresolvedError, Ways, found_below
from qgtune.compiler.problems import Problems
from qgtune.core.paths import ROOT, Path, selects_many
from qgtune.space import (
    Categorical,
    Constant,
    Expression,
    Mapping,
    Origin,
    Parameter,
    Sequence,
    SpaceNode,
    Term,
    config_path,
    path_text,
)
from qgtune.space.tree import child_key, found_at


def _kind(node: SpaceNode) -> str | None:
    """Return what kind of value a node stands for, or None where it cannot be told."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Constant) and node.value is not None:
        return "a single value"
    if isinstance(node, Parameter):
        compound = isinstance(node.domain, Categorical) and any(
            isinstance(choice, dict | list) for choice in node.domain.choices
        )
        return None if compound else "a single value"
    return None


class Follower:
    """Finds what expressions of a tree read, and reports those that read nothing.

    Args:
        nodes: the nodes of the tree by their paths, with every reference in place.
        facts: values that are known before any trial, by path.
        late_facts: paths of values that constraints may read, and that only a trial can tell.
        problems: receives what leads nowhere.
    """

    def __init__(
        self,
        nodes: AbstractMapping[Path, SpaceNode],
        facts: AbstractMapping[Path, Any],
        late_facts: frozenset[Path],
        problems: Problems,
    ) -> None:
        self.nodes = nodes
        self.root = nodes[ROOT]
        self.facts = facts
        self.late_facts = late_facts
        self.problems = problems
        self.ways = Ways(nodes, problems)

    def resolve(
        self, owner: Path, expression: Expression, origin: Origin, verb: str = "follows"
    ) -> Formula | None:
        """Return what an expression reads, or None after reporting why it reads nothing.

        Args:
            owner: the path of what follows it.
            expression: the expression.
            origin: where it was written.
            verb: how the owner follows it, for what is said about it.
        """
        reader = Reader(owner, expression, origin, verb)
        try:
            return Formula(expression, tuple(self._source(reader, term) for term in expression.terms))
        except UnresolvedError:
            return None

    def constraints(self, written: Iterable[tuple[Expression, Origin]]) -> Iterator[Constraint]:
        """Yield the constraints that read something; what leads nowhere is reported."""
        for expression, origin in written:
            formula = self.resolve(ROOT, expression, origin)
            if formula is not None:
                yield Constraint(formula, origin)

    def check_kinds(self, target: Path, formula: Formula, unlinked: Mapping) -> None:
        """Warn if a copy puts a list or a mapping where a single value stood, or the other way round."""
        source = formula.sources[0] if formula.expression.is_path else None
        before = found_at(unlinked, target)
        if not isinstance(source, tuple) or before is None:
            return
        kinds = [_kind(before), _kind(self.nodes[source])]
        if None in kinds or kinds[0] == kinds[1]:
            return
        message = f"{path_text(target)} is {kinds[0]}, but follows {formula}, which is {kinds[1]}"
        self.problems.warn("QG311", message, self.problems.at(self.nodes[target].origin))

    def _source(self, reader: Reader, term: Term) -> Source:
        path = self.ways.absolute(reader.owner, term, reader)
        fact = self._fact(path) if self.facts and child_key(self.root, path[0]) is None else None
        if fact is not None:
            return fact
        if path in self.late_facts and reader.owner == ROOT and found_below(self.root, path) is None:
            return LateFact(path)
        found = self.ways.places(reader, path)
        if found.is_fixed:
            return found.paths if any(map(selects_many, path)) else found.paths[0]
        return Route(config_path(path), tuple(found.paths + found.through))

    def _fact(self, path: Path) -> Fact | None:
        """Return the fact at a path, or the item of a fact that is a list; None if there is none."""
        if path in self.facts:
            return Fact(self.facts[path])
        listed, position = self.facts.get(path[:-1]), path[-1]
        if isinstance(listed, list) and isinstance(position, int) and -len(listed) <= position < len(listed):
            return Fact(listed[position])
        return None
