"""References, conditions, bounds -> concrete sources, in an order in which what is read is known before."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from typing import Any

from qgtune.compiler.expand import Dependency
from qgtune.compiler.ordering import in_order, report_cycle
from qgtune.compiler.place import missing_hint, place_references
from qgtune.compiler.problems import Problems
from qgtune.compiler.selection import Selection
from qgtune.core.paths import ROOT, Path, format_path, selected, selects_many
from qgtune.space import (
    Branch,
    Categorical,
    Constant,
    Expression,
    FollowingRange,
    Mapping,
    Origin,
    Parameter,
    Reference,
    Repeat,
    Sequence,
    SpaceNode,
    Switch,
    Term,
    config_path,
    walk,
)
from qgtune.space.expressions import NEXT, PREVIOUS, THIS
from qgtune.space.tree import COUNT, child_at, child_key


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that is known before any trial, such as the number of features of the data set."""

    value: Any


@dataclass(frozen=True, slots=True)
class LateFact:
    """A value that only what runs a trial can tell, such as the number of parameters of its model."""

    path: Path


@dataclass(frozen=True, slots=True)
class Route:
    """A path that each trial's own config is asked for, because what stands there depends on the trial.

    Args:
        path: the path in a config; it may hold indices from the end and ``[*]``.
        candidates: every place of the tree that it may lead to, or that it leads through.
    """

    path: Path
    candidates: tuple[Path, ...]


Source = Path | list[Path] | Route | Fact | LateFact
"""What a term reads: one value, the values of every item of a list, or what a trial's own config has."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression, and what each of its terms reads."""

    expression: Expression
    sources: tuple[Source, ...]

    @property
    def paths(self) -> list[Path]:
        """Every path of the tree that may be read."""
        found: list[Path] = []
        for source in self.sources:
            if isinstance(source, Route):
                found += source.candidates
            elif isinstance(source, list):
                found += source
            elif isinstance(source, tuple):
                found.append(source)
        return found

    def __str__(self) -> str:
        [first, *_] = [*self.sources, None]
        return (
            format_path(config_path(first))
            if self.expression.is_path and isinstance(first, tuple)
            else str(self.expression)
        )


@dataclass(frozen=True, slots=True)
class Constraint:
    """What must hold of a config for it to be trained."""

    formula: Formula
    origin: Origin

    @property
    def is_late(self) -> bool:
        """Whether it can be checked only where the trial runs."""
        return any(isinstance(source, LateFact) for source in self.formula.sources)


@dataclass(frozen=True, slots=True)
class LinkedSpace:
    """A tree in which everything that follows something is sound.

    Args:
        root: the tree.
        nodes: every node of the tree by its path, in the order of the config.
        formulas: the references by their targets.
        choosers: what chooses the case of each switch, by its path.
        bounds: the bounds that follow, by the path of their parameter and their name.
        constraints: what must hold of each config.
        order: the paths of all that a trial fills after its plain parameters, sources first: references,
            switches, repeats, and the parameters that depend on these or that have bounds that follow.
    """

    root: Mapping
    nodes: dict[Path, SpaceNode]
    formulas: dict[Path, Formula]
    choosers: dict[Path, Formula]
    bounds: dict[Path, dict[str, Formula]]
    constraints: tuple[Constraint, ...]
    order: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Outside:
    """What a space is linked with beside itself.

    Args:
        dependencies: what the dependency map says.
        facts: values that references may read besides the config's own, by path.
        late_facts: paths of values that constraints may read, and that only a trial can tell.
        constraints: what must hold of a config, with the place where it was written.
        objects: the Python objects that a config may name, and modules of which it may name every object.
    """

    dependencies: tuple[Dependency, ...] = ()
    facts: AbstractMapping[Path, Any] = field(default_factory=dict)
    late_facts: frozenset[Path] = frozenset()
    constraints: tuple[tuple[Expression, Origin], ...] = ()
    objects: tuple[str, ...] = ()


NOTHING = Outside()


def link(unlinked: Mapping, outside: Outside, selection: Selection, problems: Problems) -> LinkedSpace:
    """Return the tree with every dependency in place, linked; what leads nowhere is reported.

    Args:
        unlinked: the search space laid over the base settings.
        outside: what it is linked with.
        selection: where nothing varies, a target that does not exist is no error, since the map may be meant
            for a search space that has it.
        problems: receives what is wrong.
    """
    root = place_references(unlinked, outside.dependencies, selection, problems)
    nodes = dict(walk(root))
    linker = _Linker(nodes, outside, problems)
    formulas: dict[Path, Formula] = {}
    choosers: dict[Path, Formula] = {}
    bounds: dict[Path, dict[str, Formula]] = {}
    for path, node in nodes.items():
        if isinstance(node, Reference):
            _add(formulas, path, linker.resolve(path, node.expression, node.origin))
        elif isinstance(node, Switch):
            _add(choosers, path, linker.resolve(path, node.on, node.origin))
        elif isinstance(node, Parameter) and isinstance(node.domain, FollowingRange):
            found = {
                name: linker.resolve(path, expression, node.origin)
                for name, expression in node.domain.followed.items()
            }
            bounds[path] = {name: formula for name, formula in found.items() if formula is not None}
    constraints = tuple(linker.constraints(outside.constraints))
    order = in_order(_needs(nodes, formulas, choosers, bounds), nodes, problems)
    if not problems.has_errors:
        for target, formula in formulas.items():
            linker.check_kinds(target, formula, unlinked)
    return LinkedSpace(root, nodes, formulas, choosers, bounds, constraints, order)


def _add(found: dict[Path, Formula], path: Path, formula: Formula | None) -> None:
    if formula is not None:
        found[path] = formula


def _needs(
    nodes: dict[Path, SpaceNode],
    formulas: dict[Path, Formula],
    choosers: dict[Path, Formula],
    bounds: dict[Path, dict[str, Formula]],
) -> dict[Path, list[Path]]:
    """Return the paths that everything reads which a trial fills in order, by its path."""
    needs: dict[Path, list[Path]] = {}
    optional: set[Path] = set()  # what exists only in some trials
    for path, node in nodes.items():
        depends = path in optional or (bool(optional) and path[:-1] in optional)
        if depends:
            optional.add(path)
        if isinstance(node, Switch):
            optional.update((*path, case.branch) for case in node.all_cases)
        elif isinstance(node, Repeat):
            optional.update((*path, i) for i in range(node.least, len(node.items)))
        if isinstance(node, Reference):
            needs[path] = formulas[path].paths if path in formulas else []
        elif isinstance(node, Switch):
            needs[path] = choosers[path].paths if path in choosers else []
        elif isinstance(node, Repeat):
            needs[path] = [(*path, COUNT)]
        elif isinstance(node, Parameter) and (depends or path in bounds):
            needs[path] = [p for formula in bounds.get(path, {}).values() for p in formula.paths]
    return needs


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
    def __init__(self, nodes: dict[Path, SpaceNode], outside: Outside, problems: Problems) -> None:
        self.nodes = nodes
        self.root = nodes[ROOT]
        self.outside = outside
        self.problems = problems

    def resolve(self, owner: Path, expression: Expression, origin: Origin) -> Formula | None:
        """Return what an expression reads, or None after reporting why it reads nothing.

        Args:
            owner: the path of what follows it.
            expression: the expression.
            origin: where it was written.
        """
        reader = _Reader(owner, expression, origin)
        try:
            return Formula(expression, tuple(self._source(reader, term) for term in expression.terms))
        except _UnresolvedError:
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
        kind = _kind(self.nodes[source]) if isinstance(source, tuple) else None
        if kind is None:
            return
        before: SpaceNode | None = unlinked
        for part in target:
            key = None if before is None else child_key(before, part)
            before = None if before is None or key is None else child_at(before, key)
        was = None if before is None else _kind(before)
        if was is None or was == kind:
            return
        message = f"{_shown(target)} is {was}, but follows {formula}, which is {kind}"
        self.problems.warn("QG311", message, self.problems.at(self.nodes[target].origin))

    def _source(self, reader: "_Reader", term: Term) -> Source:
        path = self._absolute(reader.owner, term, reader)
        if path in self.outside.facts and child_key(self.root, path[0]) is None:
            return Fact(self.outside.facts[path])
        if path in self.outside.late_facts and reader.owner == ROOT and _find(self.root, path) is None:
            return LateFact(path)
        found = self._follow(reader, self.root, (), list(path))
        if found.is_fixed:
            return found.paths if any(map(selects_many, path)) else found.paths[0]
        return Route(config_path(path), tuple(found.paths + found.through))

    def _absolute(self, owner: Path, term: Term, reader: "_Reader") -> Path:
        """Return a term's path from the root, as seen from ``owner``."""
        if not term.head:
            return term.path
        item = self._item(owner)
        if item is None:
            if term.head == THIS:
                return (*_without_branches_at_end(owner)[:-1], *term.path)
            self._report_neighbour(reader, f"{term.head} needs a list, and this stands in none")
            raise _UnresolvedError
        *above, position = item
        neighbour = int(position) + {THIS: 0, PREVIOUS: -1, NEXT: 1}[term.head]
        siblings = self.nodes[tuple(above)]
        if not isinstance(siblings, Sequence | Repeat) or not 0 <= neighbour < len(siblings.items):
            where = "before the first item" if term.head == PREVIOUS else "after the last item"
            self._report_neighbour(reader, f"nothing stands {where} of {_shown(tuple(above))}")
            raise _UnresolvedError
        return (*above, neighbour, *term.path)

    def _item(self, target: Path) -> Path | None:
        """Return the path of the innermost list item around a target that is a mapping."""
        for end in range(len(target) - 1, 0, -1):
            if isinstance(target[end - 1], int) and isinstance(self.nodes[target[:end]], Mapping | Switch):
                return target[:end]
        return None

    def _report_neighbour(self, reader: "_Reader", reason: str) -> None:
        self.problems.error("QG308", f"{reader}, but {reason}", self.problems.at(reader.origin))

    def _follow(self, reader: "_Reader", node: SpaceNode, path: Path, rest: list[str | int]) -> "_Found":
        """Return the places of the tree that ``rest`` leads to from a node.

        Indices from the end become indices from the start. A path that leads through another reference is
        led on to where that one reads.
        """
        through: list[Path] = []
        while rest:
            if isinstance(node, Reference):
                if path in through:
                    report_cycle(through[through.index(path) :], self.nodes, self.problems)
                    raise _UnresolvedError
                if not node.expression.is_path:
                    self._report_missing(reader, node, path, rest[0])
                    raise _UnresolvedError
                through.append(path)
                rest = [*self._absolute(path, node.expression.terms[0], reader), *rest]
                node, path = self.root, ()
                continue
            if isinstance(node, Switch) and not isinstance(rest[0], Branch):
                return self._through_switch(reader, node, path, rest).passing(through)
            part, rest = rest[0], rest[1:]
            if isinstance(node, Repeat) and isinstance(part, int):
                return self._through_repeat(reader, node, path, part, rest).passing(through)
            if isinstance(node, Sequence | Repeat) and selects_many(part):
                # Which items a slice has of a repeat depends on the trial; these are all there can be.
                positions = selected("[*]" if isinstance(node, Repeat) else part, len(node.items))
                found = [self._follow(reader, node.items[i], (*path, i), rest) for i in positions]
                fixed = isinstance(node, Sequence) and all(one.is_fixed for one in found)
                return _Found.of_all(found, is_fixed=fixed).passing(through)
            key = child_key(node, part)
            if key is None:
                self._report_missing(reader, node, path, part)
                raise _UnresolvedError
            node, path = child_at(node, key), (*path, key)
        absent = isinstance(node, Switch) and any(case.node is None for case in node.all_cases)
        return _Found([path], is_fixed=not absent, through=through)

    def _through_switch(self, reader: "_Reader", node: Switch, path: Path, rest: list[str | int]) -> "_Found":
        """Follow a path into the case that the reader stands in, or else into every case that has it."""
        for case in node.all_cases:
            inside = (*path, case.branch)
            if case.node is not None and reader.owner[: len(inside)] == inside:
                return self._follow(reader, case.node, inside, rest)
        found = [
            self._follow(reader, case.node, (*path, case.branch), rest)
            for case in node.all_cases
            if case.node is not None and _find(case.node, tuple(rest)) is not None
        ]
        if not found:
            shown = next((case.node for case in node.all_cases if case.node is not None), node)
            self._report_missing(reader, shown, path, rest[0])
            raise _UnresolvedError
        return _Found.of_all(found, is_fixed=False)

    def _through_repeat(
        self, reader: "_Reader", node: Repeat, path: Path, index: int, rest: list[str | int]
    ) -> "_Found":
        """Follow an index into a list of which the length depends on the trial."""
        most = len(node.items)
        counts = range(max(node.least, 1), most + 1)
        positions = {index if index >= 0 else count + index for count in counts}
        positions = {position for position in positions if 0 <= position < most}
        if not positions:
            self._report_missing(reader, node, path, index)
            raise _UnresolvedError
        own = {position for position in positions if reader.owner[: len(path) + 1] == (*path, position)}
        fixed = index >= 0 and (index < node.least or bool(own))
        found = [self._follow(reader, node.items[p], (*path, p), rest) for p in sorted(positions)]
        return _Found.of_all(found, is_fixed=fixed and all(one.is_fixed for one in found))

    def _report_missing(self, reader: "_Reader", node: SpaceNode, path: Path, part: str | int) -> None:
        missing = format_path((*config_path(path), part))
        message = f"{reader}, but there is no {missing}"
        if isinstance(node, Reference):
            hint = f"{_shown(path)} is computed"
        else:
            place = config_path(path)
            hint = missing_hint(node, (*place, part), len(place))
        self.problems.error("QG301", message, self.problems.at(reader.origin), hint)


@dataclass(slots=True)
class _Reader:
    """What reads, for what is said about it."""

    owner: Path
    expression: Expression
    origin: Origin

    def __str__(self) -> str:
        return f"{_shown(self.owner)} follows {self.expression}" if self.owner else f"{self.expression}"


@dataclass(slots=True)
class _Found:
    """Where a path leads to in the tree, whether it does so in every trial, and through which references."""

    paths: list[Path]
    is_fixed: bool
    through: list[Path]

    @classmethod
    def of_all(cls, found: list["_Found"], *, is_fixed: bool) -> "_Found":
        """Return several findings as one."""
        return cls(
            [p for one in found for p in one.paths], is_fixed, [p for one in found for p in one.through]
        )

    def passing(self, through: list[Path]) -> "_Found":
        """Return this finding after a way through references."""
        return self if not through else _Found(self.paths, self.is_fixed, [*through, *self.through])


def _shown(path: Path) -> str:
    return format_path(config_path(path))


def _without_branches_at_end(path: Path) -> Path:
    while path and isinstance(path[-1], Branch):
        path = path[:-1]
    return path


def _find(node: SpaceNode, path: Path) -> SpaceNode | None:
    """Return what a path leads to in some trial, or None."""
    for depth, part in enumerate(path):
        if isinstance(node, Switch) and not isinstance(part, Branch):
            rest = path[depth:]
            cases = (case.node for case in node.all_cases if case.node is not None)
            return next((found for case in cases if (found := _find(case, rest)) is not None), None)
        if isinstance(node, Reference):
            return node
        if isinstance(node, Sequence | Repeat) and selects_many(part) and node.items:
            node = node.items[0]
            continue
        if isinstance(node, Repeat) and isinstance(part, int) and -len(node.items) <= part < 0:
            node = node.items[part]
            continue
        key = child_key(node, part)
        if key is None:
            return None
        node = child_at(node, key)
    return node
