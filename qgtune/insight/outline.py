"""A search space as a table of what stands at each of its places, which can be held against another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qgtune.compiler.pipeline import Compilation
from qgtune.core.paths import Path
from qgtune.document import format_flow
from qgtune.insight.presence import is_last_or_not
from qgtune.space import (
    Constant,
    Domain,
    FollowingRange,
    Parameter,
    Reference,
    Repeat,
    Role,
    SpaceNode,
    Switch,
    config_path,
    walk,
)
from qgtune.space.domain_texts import domain_text
from qgtune.space.tree import children


class Kind(StrEnum):
    """What stands at a place, or is else compared: what a change is about."""

    PARAMETER = "parameter"
    REFERENCE = "reference"
    SWITCH = "switch"
    LENGTH = "length"
    CONSTANT = "constant"
    CONSTRAINT = "constraint"
    BASE = "base value"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands at one place of a search space.

    Args:
        kind: what it is.
        text: what people read.
        domain: the domain of a parameter.
        cases: the cases of a switch, and whether nothing stands in them.
    """

    kind: Kind
    text: str
    domain: Domain | FollowingRange | None = None
    cases: Mapping[str, bool] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[object, ...]:
        """Whatever is equal for equal leaves only."""
        return self.kind, domain_text(self.domain) if self.domain is not None else self.text, self.cases


@dataclass(frozen=True, slots=True)
class Outline:
    """A search space as a table, with the base settings' values and the constraints.

    Args:
        leaves: what stands at each path of the tree.
        base_values: the values that the base settings have for what varies, by path of the config.
        constraints: what must hold of a config.
    """

    leaves: Mapping[Path, Leaf]
    base_values: Mapping[Path, str]
    constraints: tuple[str, ...]


def outline(compilation: Compilation) -> Outline:
    """Return the outline of a compiled search space."""
    space = compilation.space
    leaves: dict[Path, Leaf] = {}
    above: dict[Path, SpaceNode] = {}
    for path, node in walk(space.root):
        above[path] = node
        is_of_item = bool(path) and is_last_or_not(above[path[:-1]], node)  # it follows from the length
        leaf = None if is_of_item else _leaf(compilation, path, node)
        if leaf is not None:
            leaves[path] = leaf
    base = compilation.documents.get(Role.BASE)
    varying = (config_path(path) for path, leaf in leaves.items() if leaf.kind is not Kind.CONSTANT)
    data = base.data if base else None
    values = {path: _value_at(data, path) for path in varying}
    constraints = tuple(str(constraint.formula.expression) for constraint in space.constraints)
    return Outline(leaves, {path: text for path, text in values.items() if text is not None}, constraints)


def _leaf(compilation: Compilation, path: Path, node: SpaceNode) -> Leaf | None:
    """Return what there is to compare of a node itself; None for a mapping or list that holds something."""
    if isinstance(node, Parameter):
        return Leaf(Kind.PARAMETER, str(node.domain), node.domain)
    if isinstance(node, Reference):
        return Leaf(Kind.REFERENCE, str(compilation.space.formulas[path]))
    if isinstance(node, Constant):
        return Leaf(Kind.CONSTANT, format_flow(node.value))
    if isinstance(node, Switch):
        cases = {case.label: case.node is None for case in node.all_cases}
        return Leaf(Kind.SWITCH, f"chosen by {node.on}", cases=cases)
    if isinstance(node, Repeat):
        return Leaf(Kind.LENGTH, f"from {node.least} to {len(node.items)} items")
    is_empty = not any(True for _ in children(node))
    return Leaf(Kind.CONSTANT, f"an empty {type(node).__name__.lower()}") if is_empty else None


def _value_at(data: Any, path: Path) -> str | None:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return format_flow(data)
