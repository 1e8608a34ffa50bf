"""``type: repeat``: a list whose length is tuned, unrolled to its longest length."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from qgtune.compiler.building.conditions import NodeBuilder, expression_of
from qgtune.compiler.building.forms import Form
from qgtune.compiler.building.reach import Reach
from qgtune.compiler.building.selection import Extent
from qgtune.compiler.building.sharing import Sharing
from qgtune.compiler.building.written import Written, fields_of
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import did_you_mean
from qgtune.core.paths import Path, PathSyntaxError, format_path, parse_path
from qgtune.document import MappingNode, Node, ScalarNode, SequenceNode, content
from qgtune.space import (
    Branch,
    Categorical,
    Constant,
    Expression,
    FollowingRange,
    Integer,
    Mapping,
    Origin,
    Parameter,
    Reference,
    Repeat,
    Role,
    Sequence,
    SpaceNode,
    Switch,
    Unread,
    config_path,
    path_expression,
)
from qgtune.space.tree import COUNT, LAST, MIDDLE, child_key, found_at, unless_last

MAX_COUNT = 1000
"""Items that a list whose length is tuned may have."""


MAX_ITEMS = 50_000
"""Items that all repeats of a search space may have together: lists within lists multiply."""


@dataclass(slots=True)
class Allowance:
    """How many items the repeats of a search space may still have."""

    items: int = MAX_ITEMS


class Kit(NamedTuple):
    """What a repeat is built with.

    Args:
        build: builds the nodes of the items.
        sharing: which values are one value.
        reach: tells which values an expression can have.
        allowance: how many items there may still be.
    """

    build: NodeBuilder
    sharing: Sharing
    reach: Reach
    allowance: Allowance


class RepeatBuilder:
    """Builds the node of one repeat.

    Args:
        form: its fields.
        space: where it was written.
        base: what the base settings have there; their items are what an item leaves out.
        path: where it stands in the tree.
        kit: what it is built with.
    """

    def __init__(self, form: Form, space: Written, base: Written | None, path: Path, kit: Kit) -> None:
        self.form = form
        self.space = space
        self.path = path
        self.build, self.sharing, self.reach, self.allowance = kit
        self.problems: Problems = kit.build.problems
        inner = base.content if base is not None else None
        self.base_items = (
            [Written(item, (*base.path, i)) for i, item in enumerate(inner.items)]
            if base is not None and isinstance(inner, SequenceNode)
            else []
        )
        self.parts = {name: form.fields[name][1] for name in ("item", "first", "last") if name in form.fields}
        self.holders: dict[Path, tuple[int, Path]] = {}
        """For each shared path, the first item that has a value of its own there, and where in the tree."""
        self.found: set[Path] = set()
        """The shared paths that some item has."""

    def make(self) -> SpaceNode:
        """Return the repeat, or a list if its length is constant; what is wrong is reported."""
        origin = Origin(Role.SPACE, self.space.path)
        count = self._count()
        shared = self._shared()
        if count is None:
            self._item(0, 1, 1, shared)  # for what is wrong in it
            return Unread(None, origin)
        node, least, most = count
        if not self._is_affordable(most):
            return Unread(None, origin)
        items = tuple(self._item(i, least, most, shared) for i in range(most))
        if items:
            self._report_unused(shared)
        if isinstance(node, Constant):
            return Sequence(items, origin)
        return Repeat(node, items, least, origin)

    def _is_affordable(self, most: int) -> bool:
        """Tell whether a repeat may have as many items, or report that these are too many."""
        message = ""
        if most > MAX_COUNT:
            message = f"a repeat has at most {MAX_COUNT} items, but this one up to {most}"
        elif most > self.allowance.items:
            message = f"the repeats of a search space have at most {MAX_ITEMS} items together, but these more"
        if message:
            place = self.problems.at_node(Role.SPACE, self.form.node("count"))
            self.problems.error("QG221", message, place)
        else:
            self.allowance.items -= most
        return not message

    def _count(self) -> tuple[Constant | Parameter | Reference, int, int] | None:
        """Return what gives the length, with its smallest and largest value."""
        written = self.form.fields["count"][1]
        inner = written.content
        place = (*config_path(self.path), COUNT)
        if self.base_items and self.reach.selection.extent(place) is Extent.NONE:
            # The length is not named among what varies, so it is that of the base settings.
            length = len(self.base_items)
            return Constant(length, Origin(Role.SPACE, written.path)), length, length
        if isinstance(inner, ScalarNode) and isinstance(inner.value, str):
            hint = "count is a whole number, a parameter, or a path such as model.num_layers"
            expression = expression_of(written, self.problems, hint)
            if expression is None:
                return None
            return self._followed(expression, written)
        path = (*self.path, COUNT)
        if isinstance(inner, SequenceNode):
            return self._bounded(self.build.choices(written, path), written)
        return self._bounded(self.build.node(written, None, path), written)

    def _followed(self, expression: Expression, written: Written) -> tuple[Reference, int, int] | None:
        values = self.reach.values(expression)
        if values is None or not all(map(_is_length, values)):
            shown = "" if values is None else f", but can be {next(v for v in values if not _is_length(v))!r}"
            message = f"the length of a repeat must be a whole number from 0{shown}"
            if values is None:
                message = (
                    f"nothing tells how long this can become: {expression} is no parameter and no constant"
                )
            hint = "let count follow the path of an integer parameter, or make it one"
            self.problems.error("QG221", message, self.problems.at_node(Role.SPACE, written.node), hint)
            return None
        return Reference(expression, Origin(Role.SPACE, written.path)), min(values), max(values)

    def _bounded(
        self, node: SpaceNode, written: Written
    ) -> tuple[Constant | Parameter | Reference, int, int] | None:
        bounds: Iterable[object] = ()
        if isinstance(node, Unread):
            return None
        if isinstance(node, Constant):
            bounds = (node.value,)
        elif isinstance(node, Parameter) and isinstance(node.domain, Integer):
            bounds = (node.domain.low, node.domain.high)
        elif isinstance(node, Parameter) and isinstance(node.domain, Categorical):
            bounds = node.domain.choices
        elif isinstance(node, Reference):
            return self._followed(node.expression, written)
        values = [value for value in bounds if isinstance(value, int) and _is_length(value)]
        if not values or len(values) < len(list(bounds)):
            message = "the length of a repeat must be a whole number from 0"
            if isinstance(node, Switch) or (
                isinstance(node, Parameter) and isinstance(node.domain, FollowingRange)
            ):
                message = (
                    "the length of a repeat cannot be chosen by a condition, nor have bounds that follow"
                )
            hint = "for example count: {type: int, low: 2, high: 5}"
            self.problems.error("QG221", message, self.problems.at_node(Role.SPACE, written.node), hint)
            return None
        assert isinstance(node, Constant | Parameter)  # noqa: S101 - others have no bounds
        return node, min(values), max(values)

    def _item(self, i: int, least: int, most: int, shared: Iterable[Path]) -> SpaceNode:
        """Return what stands at position ``i``; an item that may be the last one is a switch."""
        path = (*self.path, i)
        if "last" not in self.parts or i + 1 < least:
            return self._variant(i, path, shared, last=False)
        if i + 1 == most:
            return self._variant(i, path, shared, last=True)
        middle, end = (
            self._variant(i, (*path, Branch(label)), shared, last=label == LAST) for label in (MIDDLE, LAST)
        )
        origin = Origin(Role.SPACE, self.parts["last"].path)
        return replace(unless_last(self.path, i, middle, end), origin=origin)

    def _variant(self, i: int, path: Path, shared: Iterable[Path], *, last: bool) -> SpaceNode:
        layers = [self.parts["item"]]
        if i == 0 and "first" in self.parts:
            layers.append(self.parts["first"])
        if last and "last" in self.parts:
            layers.append(self.parts["last"])
        written = layers[0]
        for layer in layers[1:]:
            written = layer.over(written)
        base = self.base_items[min(i, len(self.base_items) - 1)] if self.base_items else None
        with self.sharing.item(self.space, i):
            node = self.build.node(written, base, path)
        for inner in shared:
            if found_at(node, inner) is None:
                continue
            self.found.add(inner)
            if not any(_mentions(layer, inner) for layer in layers[1:]):
                node = self._share(node, path, inner, i)
        return node

    def _shared(self) -> dict[Path, Node]:
        """Return the paths within an item of the values that all items share, with their nodes."""
        if "shared" not in self.form.fields:
            return {}
        node = self.form.fields["shared"][1].content
        found: dict[Path, Node] = {}
        for item in node.items if isinstance(node, SequenceNode) else (node,):
            inner = content(item)
            try:
                found[parse_path(str(inner.value) if isinstance(inner, ScalarNode) else "")] = item
            except PathSyntaxError:
                message = "shared is a list of keys of the item, such as [dropout, activation]"
                self.problems.error("QG205", message, self.problems.at_node(Role.SPACE, item))
        return found

    def _share(self, node: SpaceNode, path: Path, inner: Path, i: int) -> SpaceNode:
        """Return an item in which the value at ``inner`` is that of the first item that has it."""
        found = found_at(node, inner)
        if isinstance(found, Switch) and _depends_on_its_item(found) and inner not in self.holders:
            message = f"shared names {format_path(inner)}, but what stands there depends on the item"
            place = self.problems.at_node(Role.SPACE, self.form.node("shared"))
            self.problems.error("QG222", message, place, "share what the condition asks for instead")
        first, holder = self.holders.setdefault(inner, (i, (*path, *inner)))
        if first == i:
            return node
        origin = Origin(Role.SPACE, self.form.fields["shared"][1].path)
        return _replaced(node, inner, Reference(path_expression(holder), origin))

    def _report_unused(self, shared: dict[Path, Node]) -> None:
        for inner, node in shared.items():
            if inner not in self.found:
                message = f"shared names {format_path(inner)}, but no item has it to share"
                place = self.problems.at_node(Role.SPACE, node)
                item = self.parts["item"]
                known = fields_of(item) if isinstance(item.content, MappingNode) else {}
                self.problems.error("QG222", message, place, did_you_mean(str(inner[0]), map(str, known)))


def _depends_on_its_item(node: Switch) -> bool:
    """Tell whether a switch looks at its own item, or leaves it without a value in some case."""
    return any(term.head for term in node.on.terms) or any(case.node is None for case in node.all_cases)


def _is_length(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _mentions(written: Written, path: Path) -> bool:
    for part in path:
        if not isinstance(written.content, MappingNode):
            return True  # it replaces the whole of what would hold the value
        fields = fields_of(written)
        if part not in fields:
            return False
        written = fields[part][1]
    return True


def _replaced(node: SpaceNode, path: Path, leaf: SpaceNode) -> SpaceNode:
    if not path:
        return leaf
    key = child_key(node, path[0])
    if isinstance(node, Mapping) and key is not None:
        return replace(node, entries={**node.entries, key: _replaced(node.entries[key], path[1:], leaf)})
    assert isinstance(node, Sequence) and isinstance(key, int)  # noqa: S101, PT018 - found_at came this way
    items = list(node.items)
    items[key] = _replaced(items[key], path[1:], leaf)
    return replace(node, items=tuple(items))
