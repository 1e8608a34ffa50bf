"""The nodes of the search-space tree. All are immutable; each knows where it came from."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qgtune.core.paths import ROOT, Path
from qgtune.space.domains import Domain


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
    """A value that follows the value at ``source`` of the same trial."""

    source: Path
    origin: Origin


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


def walk(node: SpaceNode, path: Path = ROOT) -> Iterator[tuple[Path, SpaceNode]]:
    """Yield every node below and including ``node`` with its path, parents first, in config order."""
    yield path, node
    for key, child in children(node):
        yield from walk(child, (*path, key))
