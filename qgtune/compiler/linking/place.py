"""Dependencies -> references at their places in the tree."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from qgtune.compiler.building.conditions import WHEN
from qgtune.compiler.building.expand import Dependency
from qgtune.compiler.building.selection import Extent, Selection
from qgtune.compiler.linking.nearest_paths import missing_hint
from qgtune.compiler.linking.targets import Targets, in_one_spelling, overlap, positions_of, rank, reaches
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Related, nearest
from qgtune.core.paths import EVERY, ROOT, Path, format_path, selects_many
from qgtune.space import (
    Branch,
    Case,
    Mapping,
    Reference,
    Repeat,
    Sequence,
    SpaceNode,
    Switch,
    Unread,
    config_path,
)
from qgtune.space.expressions import NEXT, PREVIOUS
from qgtune.space.tree import COUNT, LAST, MIDDLE, child_at, child_key, children, unless_last


@dataclass(frozen=True, slots=True)
class _Item:
    """A list item: its list with the list's path, and its position."""

    siblings: Sequence | Repeat
    above: Path
    position: int


def place_references(
    root: Mapping, dependencies: Iterable[Dependency], selection: Selection, problems: Problems
) -> Mapping:
    """Return the tree with a reference at every target, rebuilt in one walk; missing targets are reported.

    A target with ``[*]`` stands for every item of a list; a target that names one item wins over it. In a
    switch it is set in every case that has it. In a section of which nothing varies a missing target is a
    warning: the map may be meant for a search space with more layers.
    """
    targets = Targets()
    for dependency in dependencies:
        target = in_one_spelling(root, dependency.target)
        targets.add(Dependency(target, dependency.reference), problems)
    placed = _Placer(selection, problems).put(root, ROOT, targets, None)
    assert isinstance(placed, Mapping)  # noqa: S101 - every target has at least one part
    return placed


class _Placer:
    def __init__(self, selection: Selection, problems: Problems) -> None:
        self.selection = selection
        self.problems = problems

    def put(self, node: SpaceNode, path: Path, targets: Targets, item: _Item | None) -> SpaceNode:
        """Return ``node`` with the references of ``targets`` in place; ``item`` is the list item around."""
        if targets.here is not None:
            return self._set(node, path, targets.here.reference, item)
        if isinstance(node, Switch):
            return self._put_into_cases(node, path, targets, item)
        changed = self._changed(node, path, targets, item)
        if not changed:
            return node
        if isinstance(node, Mapping):
            return replace(node, entries={**node.entries, **changed})
        assert isinstance(node, Sequence | Repeat)  # noqa: S101 - leaves have no children to change
        items = tuple(changed.get(i, item) for i, item in enumerate(node.items))
        if isinstance(node, Repeat) and COUNT in changed:
            count = changed[COUNT]
            assert isinstance(count, Reference)  # noqa: S101 - a target becomes a reference
            return replace(node, items=items, count=count)
        return replace(node, items=items)

    def _changed(
        self, node: SpaceNode, path: Path, targets: Targets, item: _Item | None
    ) -> dict[str | int, SpaceNode]:
        """Return the children of a node that have targets at or below them, with the references in place."""
        changed: dict[str | int, SpaceNode] = {}
        is_list = isinstance(node, Sequence | Repeat)
        if is_list:
            self._report_overlaps(node, len(config_path(path)), targets)
        for part, inner in sorted(targets.below.items(), key=lambda entry: rank(entry[0])):
            many = is_list and selects_many(part)
            keys = positions_of(node, part) if many else [child_key(node, part)]
            for key in keys:
                if key is None:
                    changed.update(self._add(node, path, part, inner))
                else:
                    child = changed[key] if key in changed else child_at(node, key)
                    around = item
                    # An item that is a mapping is what @, prev and next speak of; prev alone, of any item.
                    if isinstance(node, Sequence | Repeat) and (
                        isinstance(child, Mapping | Switch) or _is_about_values(inner.here)
                    ):
                        around = _Item(node, path, int(key))
                    changed[key] = self.put(child, (*path, key), inner, around)
        return changed

    def _report_overlaps(self, node: SpaceNode, depth: int, targets: Targets) -> None:
        """Report slices that set the same value of the same item, of which neither is the narrower one."""
        slices = [part for part in targets.below if selects_many(part) and part != EVERY]
        for one, other in itertools.combinations(slices, 2):
            if not set(positions_of(node, one)) & set(positions_of(node, other)) - {None}:
                continue
            for first, second in itertools.product(targets.below[one].all(), targets.below[other].all()):
                if overlap(first.target[depth + 1 :], second.target[depth + 1 :]):
                    message = (
                        f"{format_path(second.target)} and {format_path(first.target)} set the same value: "
                        "one value follows one reference"
                    )
                    related = Related(self.problems.at(first.reference.origin), "first set here")
                    place = self.problems.at(second.reference.origin)
                    self.problems.error(
                        "QG307", message, place, "let the slices have no item in common", related
                    )

    def _set(self, node: SpaceNode, path: Path, reference: Reference, item: _Item | None) -> SpaceNode:
        """Return what stands at a target: the reference, or the node's own value if it has no neighbour."""
        if isinstance(node, Switch) and node.cases and node.cases[0].label == WHEN:
            then, other = node.cases
            inside = (*path, then.branch)
            assert then.node is not None  # noqa: S101 - a condition is on something
            placed = self._set(then.node, inside, reference, item)
            return replace(node, cases=(replace(then, node=placed), other))
        heads = {term.head for term in reference.expression.terms}
        if not reference.every or item is None or (PREVIOUS in heads and item.position > 0):
            return reference
        if PREVIOUS in heads:
            return node
        return self._followed_by_next(node, path, reference, item) if NEXT in heads else reference

    @staticmethod
    def _followed_by_next(node: SpaceNode, path: Path, reference: Reference, item: _Item) -> SpaceNode:
        """Return a reference to the next item, or the node's own value where the item is the last one."""
        within = path[len(item.above) :]
        if item.position + 1 == len(item.siblings.items) or Branch(LAST) in within:
            return node
        may_be_last = isinstance(item.siblings, Repeat) and item.position + 1 >= item.siblings.least
        if may_be_last and Branch(MIDDLE) not in within:
            return unless_last(item.above, item.position, reference, node)
        return reference

    def _put_into_cases(self, node: Switch, path: Path, targets: Targets, item: _Item | None) -> SpaceNode:
        """Return a switch with each target set in every case that has it; one that none has is reported."""
        depth = len(config_path(path))
        wanted = list(targets.all())
        cases = [case for case in node.all_cases if case.node is not None]
        homeless = [d for d in wanted if not any(reaches(case.node, d.target[depth:]) for case in cases)]
        placed: dict[str, SpaceNode] = {}
        for case in cases:
            assert case.node is not None  # noqa: S101 - the others were left out
            inside = Targets()
            for dependency in wanted:
                if dependency in homeless or reaches(case.node, dependency.target[depth:]):
                    inside.put(dependency, dependency.target[depth:])
            placed[case.label] = self.put(case.node, (*path, case.branch), inside, item)

        def filled(case: Case) -> Case:
            """Return a case with its targets set."""
            return replace(case, node=placed.get(case.label))

        return replace(
            node,
            cases=tuple(map(filled, node.cases)),
            default=None if node.default is None else filled(node.default),
        )

    def _add(
        self, node: SpaceNode, path: Path, part: str | int, targets: Targets
    ) -> dict[str | int, SpaceNode]:
        """Return what is added to a mapping that has no such key, or report that nothing stands there."""
        if isinstance(node, Unread):
            return {}
        names = [str(key) for key, _ in children(node)]
        if (
            isinstance(node, Mapping)
            and targets.here
            and not selects_many(part)
            and not nearest(str(part), names)
        ):
            reference = targets.here.reference
            shown = format_path((*config_path(path), part))
            message = f"{shown} stands neither in the base settings nor in the search space"
            self.problems.warn("QG306", f"{message}; it is added", self.problems.at_key(reference.origin))
            return {part: reference}
        place = config_path(path)
        for dependency in targets.all():
            target, source = format_path(dependency.target), dependency.reference.expression
            message = f"{target} follows {source}, but there is no {format_path((*place, part))} to set"
            where = self.problems.at_key(dependency.reference.origin)
            varies = self.selection.extent(dependency.target[:1]) is not Extent.NONE
            report = self.problems.error if varies else self.problems.warn
            report("QG302", message, where, missing_hint(node, (*place, part), len(place)))
        return {}


def _is_about_values(dependency: Dependency | None) -> bool:
    """Tell whether a target follows ``prev`` or ``next`` alone, which are items that need be no mappings."""
    if dependency is None:
        return False
    terms = dependency.reference.expression.terms
    return any(term.head in (PREVIOUS, NEXT) and not term.path for term in terms)
