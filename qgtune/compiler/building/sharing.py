"""One value for one node: a parameter that an alias repeats is sampled once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from qgtune.compiler.building.conditions import WHEN
from qgtune.compiler.building.written import Written
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Related
from qgtune.core.paths import ROOT, Path, format_path
from qgtune.document import MappingNode, Node, SequenceNode
from qgtune.space import Mapping as MappingOfSpace
from qgtune.space import (
    Parameter,
    Reference,
    Repeat,
    Sequence,
    SpaceNode,
    Switch,
    config_path,
    path_expression,
    path_text,
)
from qgtune.space.tree import COUNT, child_at, children, found_at, node_at


class _Item(NamedTuple):
    """An item of a repeat that is being built."""

    repeat: int
    position: int
    inside: frozenset[int]
    """The nodes that are written inside the repeat: each of its items has values of its own for them."""


_Key = tuple[int, tuple[tuple[int, int], ...]]
"""What is one value: a node, and the items of the repeats that it is written in."""


class Sharing:
    """Remembers where the parameters that one node defines were built, and makes them one value.

    The items of a repeat are built from the same nodes, but each has values of its own for all that is
    written inside the repeat; so has each case of a switch, since no two of them are ever together.
    """

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self._items: tuple[_Item, ...] = ()
        self._places: defaultdict[_Key, list[Path]] = defaultdict(list)

    @contextmanager
    def item(self, form: Written, position: int) -> Iterator[None]:
        """Build what stands in an item of the repeat that a form defines."""
        outer = self._items
        inside = (
            outer[-1].inside
            if outer and outer[-1].repeat == id(form.content)
            else frozenset(map(id, _written_in(form.content)))
        )
        self._items = (*outer, _Item(id(form.content), position, inside))
        try:
            yield
        finally:
            self._items = outer

    def is_new(self, written: Written, path: Path) -> bool:
        """Remember a parameter; tell whether its node defines no other one yet."""
        node = id(written.content)
        items = tuple((item.repeat, item.position) for item in self._items if node in item.inside)
        places = self._places[node, items]
        places.append(path)
        return len(places) == 1

    def settled(self, root: MappingOfSpace) -> MappingOfSpace:
        """Return the tree in which each value is sampled once, and followed elsewhere.

        It is sampled where it exists in all trials that have it anywhere, no matter in which order the
        sections stand. If there is no such place, that is reported.
        """
        # What stands in a form that is wrong itself is no part of the tree.
        self._places = defaultdict(
            list,
            {
                key: there
                for key, places in self._places.items()
                if (there := [p for p in places if found_at(root, p) is not None])
            },
        )
        self._report_leaving_items(root)
        groups = [places for places in self._places.values() if len(places) > 1]
        if not groups:
            return root
        # Lengths first: lists that have one length have the same items.
        followed: dict[Path, Path] = {}
        for places in sorted(groups, key=lambda group: group[0][-1:] != (COUNT,)):
            self._settle(root, places, followed)
        settled = _replaced(root, ROOT, followed)
        assert isinstance(settled, MappingOfSpace)  # noqa: S101 - the root is no parameter
        return settled

    def _report_leaving_items(self, root: SpaceNode) -> None:
        """Report aliases outside a repeat for what each of its items has of its own."""
        within: defaultdict[int, dict[tuple[int, ...], Path]] = defaultdict(dict)
        for (node, items), places in self._places.items():
            within[node].setdefault(tuple(repeat for repeat, _ in items), places[0])
        for found in within.values():
            inner, *outside = sorted(found.items(), key=lambda entry: -len(entry[0]))
            for _, path in outside:
                first = config_path(inner[1])
                end = max(i for i, part in enumerate(first) if isinstance(part, int))
                which = f"of which each item of {format_path(first[:end])} has its own"
                self._report(root, inner[1], path, which)

    def _settle(self, root: SpaceNode, places: list[Path], followed: dict[Path, Path]) -> None:
        existence = {path: _conditions(root, path, followed) for path in places}
        kept: list[Path] = []
        for path in sorted(places, key=lambda place: _narrowness(existence[place])):
            known = [first for first in kept if not _exclude(existence[first], existence[path])]
            holder = next((first for first in known if _implies(existence[path], existence[first])), None)
            if holder is not None:
                followed[path] = holder
                continue
            if known:
                which = f"that {path_text(known[0])} has only in some trials"
                self._report(root, known[0], path, which)
            kept.append(path)

    def _report(self, root: SpaceNode, first: Path, path: Path, which: str) -> None:
        defined, here = (node_at(root, place).origin for place in (first, path))
        self.problems.error(
            "QG219",
            f"this alias stands for a parameter {which}",
            self.problems.at(here),
            "define the parameter where every trial has it, and let both places be aliases",
            Related(self.problems.at(defined), "it is defined here"),
        )


def _written_in(node: Node) -> Iterator[Node]:
    """Yield the nodes that are written in a node, itself included; aliases are not followed."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, MappingNode):
            waiting += [value for _, value in node.entries]
        elif isinstance(node, SequenceNode):
            waiting += node.items


class _Chosen(NamedTuple):
    """Which labels choose a case of a switch: one, or, for the default, all but those of the other cases."""

    labels: frozenset[str]
    is_default: bool

    def excludes(self, other: "_Chosen") -> bool:
        """Tell whether no value chooses both cases."""
        if self.is_default:
            return not other.is_default and other.labels <= self.labels
        return self.labels <= other.labels if other.is_default else self.labels != other.labels

    def implies(self, other: "_Chosen") -> bool:
        """Tell whether each value that chooses this case chooses the other one too."""
        if self.is_default:
            return other.is_default and other.labels <= self.labels
        return not self.labels <= other.labels if other.is_default else self.labels == other.labels


_Conditions = Mapping[tuple[type, str], _Chosen | int]
"""When something exists: for each switch the case, for each repeat the position in it."""


def _conditions(root: SpaceNode, path: Path, followed: Mapping[Path, Path]) -> _Conditions:
    found: dict[tuple[type, str], _Chosen | int] = {}
    node: SpaceNode = root
    for depth, part in enumerate(path):
        place = path[:depth]
        if isinstance(node, Switch):
            is_relative = any(term.head for term in node.on.terms)
            # A switch on a comparison has other cases than a condition of the same text.
            on = f"{node.all_cases[0].label == WHEN} {node.on}"
            found[Switch, f"{place} {on}" if is_relative else on] = _chosen(node, str(part))
        elif isinstance(node, Repeat) and isinstance(part, int) and part >= node.least:
            count = (*place, COUNT)
            length = (
                node.count.expression if isinstance(node.count, Reference) else followed.get(count, count)
            )
            found[Repeat, str(length)] = part
        node = child_at(node, part)
    return found


def _chosen(node: Switch, label: str) -> _Chosen:
    if node.default is not None and node.default.label == label:
        return _Chosen(frozenset(case.label for case in node.cases), is_default=True)
    return _Chosen(frozenset((label,)), is_default=False)


def _narrowness(conditions: _Conditions) -> tuple[int, int, int]:
    """Return a key by which what exists in more trials comes first."""
    cases = [case for case in conditions.values() if isinstance(case, _Chosen)]
    excluded = sum(len(case.labels) for case in cases if case.is_default)
    return len(conditions), sum(not case.is_default for case in cases), excluded


def _exclude(one: _Conditions, other: _Conditions) -> bool:
    """Tell whether two things never exist together, being in cases that no value chooses together."""
    return any(
        isinstance(case, _Chosen)
        and isinstance(against := other.get(key), _Chosen)
        and case.excludes(against)
        for key, case in one.items()
    )


def _implies(one: _Conditions, other: _Conditions) -> bool:
    """Tell whether the one thing exists only if the other does."""
    return all(key in one and _meets(one[key], needed) for key, needed in other.items())


def _meets(given: _Chosen | int, needed: _Chosen | int) -> bool:
    if isinstance(given, _Chosen) and isinstance(needed, _Chosen):
        return given.implies(needed)
    return isinstance(given, int) and isinstance(needed, int) and needed <= given


def _replaced(node: SpaceNode, path: Path, followed: Mapping[Path, Path]) -> SpaceNode:
    """Return a node in which each parameter that follows another one is a reference."""
    if path in followed:
        return Reference(path_expression(followed[path]), node.origin)
    changed = {
        key: new
        for key, child in children(node)
        if (new := _replaced(child, (*path, key), followed)) is not child
    }
    if not changed:
        return node
    if isinstance(node, MappingOfSpace):
        return replace(node, entries={**node.entries, **changed})
    if isinstance(node, Switch):
        cases = tuple(replace(case, node=changed.get(case.branch, case.node)) for case in node.cases)
        default = node.default
        if default is not None:
            default = replace(default, node=changed.get(default.branch, default.node))
        return replace(node, cases=cases, default=default)
    assert isinstance(node, Sequence | Repeat)  # noqa: S101 - others have no children
    items = tuple(changed.get(i, item) for i, item in enumerate(node.items))
    if isinstance(node, Repeat):
        count = changed.get(COUNT, node.count)
        assert isinstance(count, Reference | Parameter) or count is node.count  # noqa: S101 - a parameter follows
        return replace(node, items=items, count=count)
    return replace(node, items=items)
