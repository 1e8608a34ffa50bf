"""References, conditions, bounds -> concrete sources, in an order in which what is read is known before."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from typing import Any

from qgtune.compiler.building.expand import Dependency
from qgtune.compiler.building.forms import SYNONYMS
from qgtune.compiler.building.selection import Selection
from qgtune.compiler.linking.follow import Follower
from qgtune.compiler.linking.ordering import in_order
from qgtune.compiler.linking.place import place_references
from qgtune.compiler.linking.sources import Constraint, Formula, Route
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Diagnostic, Location
from qgtune.core.paths import Path
from qgtune.document import same_value
from qgtune.space import (
    Categorical,
    Constant,
    Expression,
    FollowingRange,
    Mapping,
    Origin,
    Parameter,
    Reference,
    Repeat,
    SpaceNode,
    Switch,
    walk,
)
from qgtune.space.domain_texts import domain_text
from qgtune.space.tree import COUNT


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
    follower = Follower(nodes, outside.facts, outside.late_facts, problems)
    formulas: dict[Path, Formula] = {}
    choosers: dict[Path, Formula] = {}
    bounds: dict[Path, dict[str, Formula]] = {}
    for path, node in nodes.items():
        if isinstance(node, Reference):
            _add(formulas, path, follower.resolve(path, node.expression, node.origin))
        elif isinstance(node, Switch):
            _add(choosers, path, follower.resolve(path, node.on, node.origin, "is chosen by"))
        elif isinstance(node, Parameter) and isinstance(node.domain, FollowingRange):
            found = {
                name: follower.resolve(
                    path, expression, _of_bound(node, name, problems), f"has a {name} that follows"
                )
                for name, expression in node.domain.followed.items()
            }
            bounds[path] = {name: formula for name, formula in found.items() if formula is not None}
    constraints = tuple(follower.constraints(outside.constraints))
    order = in_order(_needs(nodes, formulas, choosers, bounds), nodes, problems)
    if not problems.has_errors:
        for target, formula in formulas.items():
            follower.check_kinds(target, formula, unlinked)
    problems.found[:] = _each_once(problems.found)
    return LinkedSpace(root, nodes, formulas, choosers, bounds, constraints, order)


def _each_once(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics without those that one mistake has in every item or case that it stands for."""
    first: dict[tuple[str, Location], Diagnostic] = {}
    for problem in found:
        first.setdefault((problem.code, problem.location), problem)
    # What some case of a switch can only have added is meant for the case that nearly has it.
    homeless = {location for code, location in first if code == "QG302"}
    return [p for p in first.values() if p.code != "QG306" or p.location not in homeless]


def _of_bound(node: Parameter, name: str, problems: Problems) -> Origin:
    """Return where a bound of a parameter was written, under its own name or another tuner's."""
    document = problems.documents[node.origin.role]
    names = (name, *(other for other, own in SYNONYMS.items() if own == name))
    paths = [(*node.origin.path, field) for field in names]
    return replace(node.origin, path=next((p for p in paths if document.key_at(p)), node.origin.path))


def _add(found: dict[Path, Formula], path: Path, formula: Formula | None) -> None:
    if formula is not None:
        found[path] = formula


def labelled_domain(linked: LinkedSpace, source: object) -> Categorical | None:
    """Return the domain of the parameter that is read at a source if its choices have labels, else None.

    Conditions, switches and constraints know such a choice by its label; a reference copies its value. A copy
    of a choice has its label too, and so has what stands in several cases if all of them say the same.
    """
    origins = list(_origins(linked, source))
    domains = [
        node.domain
        for node in origins
        if isinstance(node, Parameter) and isinstance(node.domain, Categorical) and not node.domain.is_plain
    ]
    if not domains:
        return None
    first, *others = domains
    constants = [node.value for node in origins if isinstance(node, Constant)]
    is_one = (
        len(domains) + len(constants) == len(origins)
        and all(domain_text(other) == domain_text(first) for other in others)
        and not any(same_value(value, choice) for value in constants for choice in first.choices)
    )
    return first if is_one else None


def _origins(linked: LinkedSpace, source: object) -> Iterator[SpaceNode | None]:
    """Yield the nodes whose values may be read at a source, through copies and cases; None for any other."""
    waiting: list[object] = [source]
    seen: set[Path] = set()
    while waiting:
        place = waiting.pop()
        if isinstance(place, Route):
            waiting += place.candidates
        elif not isinstance(place, tuple):
            yield None
        elif place not in seen:
            seen.add(place)
            node = linked.nodes.get(place)
            if isinstance(node, Switch):
                waiting += [(*place, case.branch) for case in node.all_cases if case.node is not None]
            elif isinstance(node, Reference):
                formula = linked.formulas.get(place)
                is_copy = formula is not None and formula.expression.is_path
                waiting.append(formula.sources[0] if formula is not None and is_copy else None)
            else:
                yield node


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
