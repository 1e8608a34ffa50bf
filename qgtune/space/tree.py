"""The nodes of the search-space tree. All are immutable; each knows where it came from."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qgtune.core.paths import ROOT, Path
from qgtune.space.branches import Branch
from qgtune.space.domains import Domain
from qgtune.space.expressions import Expression, path_expression
from qgtune.space.following import FollowingRange
from qgtune.space.operations import Literal, Operation, Value


class Role(StrEnum):
    """Which of the three files something was written in."""

    BASE = "base settings"
    SPACE = "search space"
    DEPENDENCIES = "dependency map"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was written: the file's role, and the path within that file."""

    role: Role
    path: Path


@dataclass(frozen=True, slots=True)
class Constant:
    """A scalar that every trial has."""

    value: Any
    origin: Origin


@dataclass(frozen=True, slots=True)
class Unread(Constant):
    """What nobody can tell because it is written wrong; that has been reported, so what reads it is not."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that is sampled in every trial in which it is active."""

    domain: Domain | FollowingRange
    origin: Origin


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that is computed from other values of the same trial; most often it is a copy of one.

    ``every`` tells that it was written once for every item of a list: an item that has no neighbour to follow
    keeps its own value.
    """

    expression: Expression
    origin: Origin
    every: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """Named nodes, in the order of the config."""

    entries: dict[str | int, "SpaceNode"]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Sequence:
    """Nodes by position."""

    items: tuple["SpaceNode", ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a switch: the value that chooses it, as text, and what then stands there."""

    label: str
    node: "SpaceNode | None"
    """None where the key is absent in this case."""

    @property
    def branch(self) -> Branch:
        """The part that names the case in paths of the tree."""
        return Branch(self.label)


DEFAULT = "default"
"""How a switch names the case for all other values."""


def case_label(value: Any) -> str | None:
    """Return the text by which a value chooses a case, or None for a value that cannot.

    A list or a mapping chooses by its JSON text, which is also what a study stores for it.

    Example:
        >>> case_label(True), case_label(50), case_label("gat"), case_label([48, 18])
        ('true', '50', 'gat', '[48, 18]')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, int | float | str) else None


@dataclass(frozen=True, slots=True)
class Switch:
    """What stands here depends on the value of an expression.

    ``when`` with ``otherwise`` is a switch on a condition, with the cases true and false.

    Args:
        on: what chooses the case.
        cases: the cases, by the text of their value.
        default: the case for every other value; None if there is none, so that such a value is a mistake.
        origin: where it was written.
    """

    on: Expression
    cases: tuple[Case, ...]
    default: Case | None
    origin: Origin

    @property
    def all_cases(self) -> tuple[Case, ...]:
        """The cases, and the default if there is one."""
        return self.cases if self.default is None else (*self.cases, self.default)


@dataclass(frozen=True, slots=True)
class Repeat:
    """A list of which only so many items exist as ``count`` says; ``items`` has as many as there can be.

    The items of a config are the first ``count`` ones. What only the last item has is a switch.
    """

    count: "Constant | Parameter | Reference"
    items: tuple["SpaceNode", ...]
    least: int
    """How many items every config has."""
    origin: Origin


COUNT = "count"
"""The key under which the length of a repeat is found: ``model.gcn_net.count``."""

MIDDLE, LAST = "middle", "last"
"""The cases of what an item of a repeat has: as one among others, or as the last one."""

SpaceNode = Constant | Parameter | Reference | Mapping | Sequence | Switch | Repeat


def children(node: SpaceNode) -> Iterator[tuple[str | int, SpaceNode]]:
    """Yield the keys, positions or branches of a node's children, with the children; nothing for a leaf."""
    if isinstance(node, Mapping):
        yield from node.entries.items()
    elif isinstance(node, Sequence):
        yield from enumerate(node.items)
    elif isinstance(node, Switch):
        yield from ((case.branch, case.node) for case in node.all_cases if case.node is not None)
    elif isinstance(node, Repeat):
        yield COUNT, node.count
        yield from enumerate(node.items)


def child_key(node: SpaceNode, part: str | int) -> str | int | None:
    """Return the key under which ``part`` finds a child: an index also from the end, or a key of digits."""
    if isinstance(node, Mapping):
        if part in node.entries:
            return part
        if isinstance(part, int) and str(part) in node.entries:
            return str(part)
    elif isinstance(node, Sequence):
        if isinstance(part, int) and -len(node.items) <= part < len(node.items):
            return part % len(node.items)
    elif isinstance(node, Switch):
        return part if isinstance(part, Branch) and part in dict(children(node)) else None
    elif isinstance(node, Repeat) and (
        part == COUNT or (isinstance(part, int) and 0 <= part < len(node.items))
    ):
        return part
    return None


def child_at(node: SpaceNode, key: str | int) -> SpaceNode:
    """Return the child at a key, position or branch that ``child_key`` found."""
    if isinstance(node, Mapping):
        return node.entries[key]
    if isinstance(node, Sequence) or (isinstance(node, Repeat) and key != COUNT):
        return node.items[int(key)]
    return dict(children(node))[key]


def node_at(node: SpaceNode, path: Path) -> SpaceNode:
    """Return the node that stands at a path of the tree below ``node``."""
    for key in path:
        node = child_at(node, key)
    return node


def found_at(node: SpaceNode, path: Path) -> SpaceNode | None:
    """Return the node that stands at a path of the tree below ``node``, or None if there is none."""
    for part in path:
        key = child_key(node, part)
        if key is None:
            return None
        node = child_at(node, key)
    return node


def walk(node: SpaceNode, path: Path = ROOT) -> Iterator[tuple[Path, SpaceNode]]:
    """Yield every node below and including ``node`` with its path, parents first, in config order."""
    waiting = [(path, node)]
    while waiting:
        path, node = waiting.pop()
        yield path, node
        if not isinstance(node, Constant):
            waiting.extend(reversed([((*path, key), child) for key, child in children(node)]))


def unless_last(above: Path, position: int, middle: SpaceNode, last: SpaceNode) -> Switch:
    """Return a switch between what an item of a repeat has and what it has as the last item."""
    count = path_expression((*above, COUNT))
    is_last = Operation("==", (Value(0), Literal(position + 1)))
    which = Operation("if", (is_last, Literal(LAST), Literal(MIDDLE)))
    on = Expression(f"{count} == {position + 1}", count.terms, which)
    return Switch(on, (Case(MIDDLE, middle), Case(LAST, last)), None, last.origin)
