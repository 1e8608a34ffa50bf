"""Linked tree -> Plan: its template, its steps, and where each of them reads and writes."""

from collections.abc import Iterable
from typing import Any

from qgtune.compiler.linking.link import LinkedSpace, labelled_domain
from qgtune.compiler.linking.objects import names_objects
from qgtune.compiler.linking.sources import Constraint, Fact, Formula, LateFact, Route
from qgtune.compiler.planning.checks import Check, LabelledPath
from qgtune.compiler.planning.fingerprint import fingerprint_of
from qgtune.compiler.planning.naming import parameter_names
from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.reading import Labelled, Place, Read, Reading
from qgtune.compiler.planning.steps import Computation, Copy, Cut, Decision, Option, Step, Suggestion
from qgtune.compiler.planning.template import Container, Template
from qgtune.core.paths import ROOT, Path
from qgtune.space import (
    Branch,
    Case,
    Categorical,
    Constant,
    Parameter,
    Reference,
    Repeat,
    Sequence,
    SpaceNode,
    Switch,
    config_path,
)
from qgtune.space import Mapping as MappingNode
from qgtune.space.tree import COUNT


def make_plan(linked: LinkedSpace) -> Plan:
    """Return the plan of a linked tree."""
    skeleton = _Skeleton()
    root = skeleton.build(linked.root, ROOT, scope=0)
    names = parameter_names(linked.nodes)
    writer = _Writer(linked, skeleton, names)
    suggestions = {path: writer.suggestion(path) for path in names}
    filled_later = set(linked.order)
    leading = tuple(s for path, s in suggestions.items() if path not in filled_later)
    steps = tuple(suggestions[path] if path in suggestions else writer.step(path) for path in linked.order)
    constraints = tuple(_check(constraint, linked) for constraint in linked.constraints)
    template = Template.of(skeleton.containers, skeleton.stock)
    listed = tuple(suggestions.values())
    fingerprint = fingerprint_of(root, skeleton.stock, (*listed, *steps), constraints)
    scopes, with_names = len(skeleton.scopes) + 1, names_objects(linked)
    return Plan(template, listed, leading, steps, constraints, scopes, with_names, fingerprint)


class _Skeleton:
    """A config with None wherever a trial writes, its containers and scopes by path, and what cases hold."""

    def __init__(self) -> None:
        self.containers: list[Container] = []
        self.numbers: dict[Path, int] = {}
        self.stock: list[Any] = []
        self.stocked: dict[Path, int] = {}
        self.scopes: dict[Path, int] = {}
        """The number of each scope that a node opens, by the path of what stands in it."""
        self.counts: set[Path] = set()
        """The paths of the lengths of repeats."""
        self.scope_at: dict[Path, int] = {}
        """The scope that a node stands in, by its path; the config's own scope is left out."""

    def build(self, node: SpaceNode, path: Path, scope: int) -> Any:
        """Return the data of a node that stands in a scope."""
        if scope:
            self.scope_at[path] = scope
        if isinstance(node, MappingNode):
            return self._fill({}, node.entries.items(), path, scope)
        if isinstance(node, Sequence):
            return self._fill([None] * len(node.items), enumerate(node.items), path, scope)
        if isinstance(node, Switch):
            for case in node.all_cases:
                self._stock(case, path)
            return None
        if isinstance(node, Repeat):
            return self._repeat(node, path, scope)
        return node.value if isinstance(node, Constant) else None

    def _fill(
        self, container: Container, entries: Iterable[tuple[str | int, SpaceNode]], path: Path, scope: int
    ) -> Container:
        self.numbers[path] = len(self.containers)
        self.containers.append(container)
        for key, child in entries:
            container[key] = self.build(child, (*path, key), scope)
        return container

    def _stock(self, case: Case, path: Path) -> None:
        inside = (*path, case.branch)
        self.scopes[inside] = len(self.scopes) + 1
        if case.node is None:
            return
        data = self.build(case.node, inside, self.scopes[inside])
        if not isinstance(case.node, Parameter | Reference | Switch):
            self.stocked[inside] = len(self.stock)
            self.stock.append(data)

    def _repeat(self, node: Repeat, path: Path, scope: int) -> Container:
        self.numbers[path] = len(self.containers)
        container: list[Any] = []
        self.containers.append(container)
        # The length stands in no config, so it has a container of its own.
        count = (*path, COUNT)
        self.counts.add(count)
        self.numbers[count] = len(self.containers)
        self.containers.append({COUNT: self.build(node.count, count, scope)})
        for i, item in enumerate(node.items):
            inside, inner = (*path, i), scope
            if i >= node.least:
                inner = self.scopes[inside] = len(self.scopes) + 1
            container.append(self.build(item, inside, inner))
        return container

    def place(self, path: Path) -> Place:
        """Return the place of a path of the tree that is not the root's."""
        while isinstance(path[-1], Branch):
            path = path[:-1]
        if path in self.counts:
            return Place(self.numbers[path], COUNT)
        return Place(self.numbers[path[:-1]], path[-1])


class _Writer:
    """Writes the steps of a linked tree."""

    def __init__(self, linked: LinkedSpace, skeleton: _Skeleton, names: dict[Path, str]) -> None:
        self.linked = linked
        self.skeleton = skeleton
        self.names = names

    def suggestion(self, path: Path) -> Suggestion:
        """Return the step that samples a parameter."""
        node = self.linked.nodes[path]
        assert isinstance(node, Parameter)  # noqa: S101 - only parameters have names
        domain = node.domain
        bounds = self.linked.bounds.get(path, {})
        return Suggestion(
            self.names[path],
            config_path(path),
            path,
            domain,
            self.skeleton.place(path),
            not isinstance(domain, Categorical) or _is_stored_as_it_is(domain),
            self.skeleton.scope_at.get(path, 0),
            tuple((name, self._reading(formula)) for name, formula in bounds.items()),
        )

    def step(self, path: Path) -> Step:
        """Return the step that fills a target, chooses a case, or cuts a list."""
        node = self.linked.nodes[path]
        scope = self.skeleton.scope_at.get(path, 0)
        if isinstance(node, Switch):
            return self._decision(node, path, scope)
        if isinstance(node, Repeat):
            scopes = tuple(self.skeleton.scopes.get((*path, i), scope) for i in range(len(node.items)))
            count = self.skeleton.place((*path, COUNT))
            return Cut(path, self.skeleton.numbers[path], count, node.least, scopes, scope)
        formula = self.linked.formulas[path]
        source = formula.sources[0] if formula.expression.is_path else None
        place = self.skeleton.place
        if isinstance(source, tuple):
            return Copy(source, path, place(source), place(path), scope)
        return Computation(formula, path, self._reading(formula), place(path), scope)

    def _decision(self, node: Switch, path: Path, scope: int) -> Decision:
        options = {case.label: self._option(case, path) for case in node.cases}
        default = None if node.default is None else self._option(node.default, path)
        reading = self._reading(self.linked.choosers[path])
        return Decision(path, reading, self.skeleton.place(path), options, default, scope)

    def _option(self, case: Case, path: Path) -> Option:
        inside = (*path, case.branch)
        return Option(
            self.skeleton.scopes[inside], self.skeleton.stocked.get(inside), is_absent=case.node is None
        )

    def _reading(self, formula: Formula) -> Reading:
        return Reading(formula.expression, tuple(map(self._known_by_label, formula.sources)))

    def _known_by_label(self, source: Path | list[Path] | Route | Fact | LateFact) -> Read:
        place, domain = self._read(source), labelled_domain(self.linked, source)
        return Labelled(place, domain) if domain and isinstance(place, Place | Route) else place

    def _read(self, source: Path | list[Path] | Route | Fact | LateFact) -> Read:
        if isinstance(source, list):
            return tuple(map(self.skeleton.place, source))
        if isinstance(source, tuple):
            return self.skeleton.place(source)
        assert not isinstance(source, LateFact)  # noqa: S101 - only constraints have them
        return source


def _is_stored_as_it_is(domain: Categorical) -> bool:
    """Tell whether what a study stores is what a config gets; the name of an object is stored as text."""
    kinds = [type(choice) for choice in domain.choices]
    return domain.labels == domain.choices and kinds == [type(label) for label in domain.labels]


def _check(constraint: Constraint, linked: LinkedSpace) -> Check:
    reads: list[Path | LabelledPath | Fact | LateFact] = []
    for source, term in zip(constraint.formula.sources, constraint.formula.expression.terms, strict=True):
        path, domain = config_path(term.path), labelled_domain(linked, source)
        if isinstance(source, Fact | LateFact):
            reads.append(source)
        else:
            reads.append(path if domain is None else LabelledPath(path, domain))
    return Check(constraint.formula.expression, tuple(reads))
