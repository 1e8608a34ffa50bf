"""References -> concrete sources, in an order in which every source is known before it is read."""

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from qgtune.compiler.expand import Dependency
from qgtune.compiler.place import missing_hint, place_references
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Related
from qgtune.core.paths import EVERY, Path, format_path
from qgtune.space import (
    Categorical,
    Constant,
    Expression,
    Mapping,
    Origin,
    Parameter,
    Reference,
    Sequence,
    SpaceNode,
    Term,
    walk,
)
from qgtune.space.expressions import NEXT, PREVIOUS, THIS
from qgtune.space.tree import child_at, child_key


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that is known before any trial, such as the number of features of the data set."""

    value: Any


Source = Path | list[Path] | Fact
"""What a term of an expression reads: one value, the values of every item of a list, or a fact."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression, and what each of its terms reads."""

    expression: Expression
    sources: tuple[Source, ...]

    @property
    def paths(self) -> list[Path]:
        """Every path that is read."""
        found: list[Path] = []
        for source in self.sources:
            found += source if isinstance(source, list) else [] if isinstance(source, Fact) else [source]
        return found

    def __str__(self) -> str:
        [first, *_] = [*self.sources, None]
        return (
            format_path(first)
            if self.expression.is_path and isinstance(first, tuple)
            else str(self.expression)
        )


@dataclass(frozen=True, slots=True)
class LinkedSpace:
    """A tree whose references are all sound: ``order`` lists their targets, sources first."""

    root: Mapping
    formulas: dict[Path, Formula]
    order: tuple[Path, ...]


def link(
    unlinked: Mapping,
    dependencies: Iterable[Dependency],
    facts: AbstractMapping[Path, Any],
    untuned: frozenset[str],
    problems: Problems,
) -> LinkedSpace:
    """Return the tree with every dependency in place, linked; what leads nowhere is reported.

    Args:
        unlinked: the search space laid over the base settings.
        dependencies: what the dependency map says.
        facts: values that references may read besides the config's own, by path.
        untuned: sections in which a target that does not exist is no error, since they are not the search
            space's that the map was written for.
        problems: receives what is wrong.
    """
    root = place_references(unlinked, dependencies, untuned, problems)
    references = {path: node for path, node in walk(root) if isinstance(node, Reference)}
    linker = _Linker(root, references, facts, problems)
    formulas = {}
    for target, reference in references.items():
        formula = linker.resolve(target, reference)
        if formula is not None:
            formulas[target] = formula
    order = linker.order(formulas)
    if not problems.has_errors:
        for target, formula in formulas.items():
            linker.check_kinds(target, references[target], formula, unlinked)
    return LinkedSpace(root, formulas, order)


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


class _UnresolvedError(Exception):
    """A term that leads nowhere; it has been reported."""


class _Linker:
    def __init__(
        self,
        root: Mapping,
        references: dict[Path, Reference],
        facts: AbstractMapping[Path, Any],
        problems: Problems,
    ) -> None:
        self.root = root
        self.references = references
        self.facts = facts
        self.problems = problems

    def resolve(self, target: Path, reference: Reference) -> Formula | None:
        """Return what a reference reads, or None after reporting why it reads nothing."""
        try:
            sources = tuple(self._source(target, reference, term) for term in reference.expression.terms)
        except _UnresolvedError:
            return None
        return Formula(reference.expression, sources)

    def check_kinds(self, target: Path, reference: Reference, formula: Formula, unlinked: Mapping) -> None:
        """Warn if a copy puts a list or a mapping where a single value stood, or the other way round."""
        source = formula.sources[0] if formula.expression.is_path else None
        before: SpaceNode | None = unlinked
        for part in target:
            key = None if before is None else child_key(before, part)
            before = None if before is None or key is None else child_at(before, key)
        if not isinstance(source, tuple) or before is None:
            return
        kinds = [_kind(before), _kind(self._node(source))]
        if None in kinds or kinds[0] == kinds[1]:
            return
        message = f"{format_path(target)} is {kinds[0]}, but follows {formula}, which is {kinds[1]}"
        self.problems.warn("QG311", message, self.problems.at(reference.origin))

    def _source(self, target: Path, reference: Reference, term: Term) -> Source:
        path = self._absolute(target, reference, term)
        if path in self.facts and child_key(self.root, path[0]) is None:
            return Fact(self.facts[path])
        found = self._follow(target, reference, self.root, (), list(path))
        return found if EVERY in path else found[0]

    def _absolute(self, target: Path, reference: Reference, term: Term) -> Path:
        """Return a term's path from the root."""
        if not term.head:
            return term.path
        item = self._item(target)
        if item is None:
            if term.head == THIS:
                return (*target[:-1], *term.path)
            self._report_neighbour(target, reference, f"{term.head} needs a list, and this stands in none")
            raise _UnresolvedError
        *above, position = item
        neighbour = int(position) + {THIS: 0, PREVIOUS: -1, NEXT: 1}[term.head]
        siblings = self._node(tuple(above))
        if not isinstance(siblings, Sequence) or not 0 <= neighbour < len(siblings.items):
            where = "before the first item" if term.head == PREVIOUS else "after the last item"
            self._report_neighbour(
                target, reference, f"nothing stands {where} of {format_path(tuple(above))}"
            )
            raise _UnresolvedError
        return (*above, neighbour, *term.path)

    def _item(self, target: Path) -> Path | None:
        """Return the path of the innermost list item around a target that is a mapping."""
        for end in range(len(target) - 1, 0, -1):
            if isinstance(target[end - 1], int) and isinstance(self._node(target[:end]), Mapping):
                return target[:end]
        return None

    def _node(self, path: Path) -> SpaceNode:
        node: SpaceNode = self.root
        for part in path:
            node = child_at(node, part)
        return node

    def _report_neighbour(self, target: Path, reference: Reference, reason: str) -> None:
        message = f"{format_path(target)} follows {reference.expression}, but {reason}"
        self.problems.error("QG308", message, self.problems.at(reference.origin))

    def _follow(
        self, target: Path, reference: Reference, node: SpaceNode, path: Path, rest: list[str | int]
    ) -> list[Path]:
        """Return the concrete paths that ``rest`` leads to from a node.

        Indices from the end become indices from the start. A path that leads through another reference is
        led on to where that one reads.
        """
        hops = 0
        while rest:
            if isinstance(node, Reference):
                hops += 1
                if hops > len(self.references):
                    self._report_cycle([target, path])
                    raise _UnresolvedError
                if not node.expression.is_path:
                    self._report_missing(target, reference, node, path, rest[0])
                    raise _UnresolvedError
                rest = [*self._absolute(path, node, node.expression.terms[0]), *rest]
                node, path = self.root, ()
                continue
            part, rest = rest[0], rest[1:]
            if part == EVERY and isinstance(node, Sequence):
                return [
                    found
                    for i, item in enumerate(node.items)
                    for found in self._follow(target, reference, item, (*path, i), rest)
                ]
            key = child_key(node, part)
            if key is None:
                self._report_missing(target, reference, node, path, part)
                raise _UnresolvedError
            node, path = child_at(node, key), (*path, key)
        return [path]

    def _report_missing(
        self, target: Path, reference: Reference, node: SpaceNode, path: Path, part: str | int
    ) -> None:
        missing = format_path((*path, part))
        message = f"{format_path(target)} follows {reference.expression}, but there is no {missing}"
        if isinstance(node, Reference):
            hint = f"{format_path(path)} is computed"
        else:
            hint = missing_hint(node, (*path, part), len(path))
        self.problems.error("QG301", message, self.problems.at(reference.origin), hint)

    def order(self, formulas: dict[Path, Formula]) -> tuple[Path, ...]:
        """Return all targets, each after those that its sources depend on; cycles are reported."""
        inside: dict[Path, list[Path]] = {}  # targets at or below a path
        for target in formulas:
            for end in range(len(target) + 1):
                inside.setdefault(target[:end], []).append(target)
        graph: dict[Path, set[Path]] = {}
        for target, formula in formulas.items():
            needed: set[Path] = set()
            for source in formula.paths:
                needed.update(inside.get(source, ()))
                needed.update(source[:end] for end in range(len(source)) if source[:end] in formulas)
            graph[target] = needed
        while True:
            try:
                return tuple(TopologicalSorter(graph).static_order())
            except CycleError as error:
                cycle = list(reversed(error.args[1]))  # as "follows" edges
                self._report_cycle(cycle)
                for path in cycle:
                    graph.pop(path, None)
                broken = set(cycle)
                graph = {target: edges - broken for target, edges in graph.items()}

    def _report_cycle(self, cycle: list[Path]) -> None:
        """Report a cycle once, beginning at its first line in the files, edge by edge."""
        ring = cycle[:-1] if cycle[0] == cycle[-1] else cycle
        known = [path for path in ring if path in self.references]
        start = ring.index(min(known, key=lambda path: self._line(self.references[path].origin)))
        ring = ring[start:] + ring[:start]
        shown = " -> ".join(map(format_path, [*ring, ring[0]]))
        related = tuple(
            Related(
                self.problems.at(self.references[path].origin),
                f"{format_path(path)} follows {self.references[path].expression}",
            )
            for path in ring[1:]
            if path in self.references
        )
        place = self.problems.at(self.references[ring[0]].origin)
        hint = "let one of them be a parameter or a constant"
        self.problems.error(
            "QG305", f"these values follow each other in a circle: {shown}", place, hint, *related
        )

    def _line(self, origin: Origin) -> tuple[str, int, int]:
        place = self.problems.at(origin)
        return place.file, place.line, place.column
