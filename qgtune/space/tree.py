"""The nodes of the search-space tree. All are immutable; each knows where it came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qgtune.core.paths import ROOT, Path
from qgtune.space.domains import Domain
from qgtune.space.expressions import Expression


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
class Parameter:
    """A value that is sampled in every trial."""

    domain: Domain
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


SpaceNode = Constant | Parameter | Reference | Mapping | Sequence


def children(node: SpaceNode) -> Iterator[tuple[str | int, SpaceNode]]:
    """Yield the keys or positions of a node's children, with the children; nothing for a leaf."""
    if isinstance(node, Mapping):
        yield from node.entries.items()
    elif isinstance(node, Sequence):
        yield from enumerate(node.items)


def child_key(node: SpaceNode, part: str | int) -> str | int | None:
    """Return the key under which ``part`` finds a child: an index also from the end, or a key of digits."""
    if isinstance(node, Sequence):
        if isinstance(part, int) and -len(node.items) <= part < len(node.items):
            return part % len(node.items)
    elif isinstance(node, Mapping):
        if part in node.entries:
            return part
        if isinstance(part, int) and str(part) in node.entries:
            return str(part)
    return None


def child_at(node: SpaceNode, key: str | int) -> SpaceNode:
    """Return the child at a key or position that ``child_key`` found."""
    if isinstance(node, Mapping):
        return node.entries[key]
    assert isinstance(node, Sequence) and isinstance(key, int)  # noqa: S101, PT018 - child_key found it
    return node.items[key]


def walk(node: SpaceNode, path: Path = ROOT) -> Iterator[tuple[Path, SpaceNode]]:
    """Yield every node below and including ``node`` with its path, parents first, in config order."""
    yield path, node
    for key, child in children(node):
        yield from walk(child, (*path, key))
