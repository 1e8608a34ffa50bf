"""Documents: the nodes of a YAML text, each with its exact place in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from qgtune.core.diagnostics import Location
from qgtune.core.paths import Path
from qgtune.document.scalars import Scalar

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class Span(NamedTuple):
    """A stretch of a text: character offsets, then lines and columns, all counted from 0, end exclusive."""

    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name, as it is shown to the user, and its text."""

    name: str
    text: str
    lines: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The line breaks that the parser counts; str.splitlines would also break at form feeds.
        lines = _LINE_BREAK.split(self.text)
        object.__setattr__(self, "lines", tuple(lines))

    def location(self, span: Span) -> Location:
        """Return the place of ``span`` as a diagnostic shows it."""
        text = self.lines[span.line] if span.line < len(self.lines) else ""
        return Location(
            self.name, span.line + 1, span.column + 1, span.end_line + 1, span.end_column + 1, text
        )


@dataclass(frozen=True, slots=True, eq=False)
class ScalarNode:
    """A scalar: its value, and how it is written. ``style`` is '' if plain, else its first mark."""

    span: Span
    value: Scalar
    text: str
    style: str
    anchor: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SequenceNode:
    """A list of nodes, in flow style (``[a, b]``) or block style."""

    span: Span
    items: tuple["Node", ...]
    flow: bool
    anchor: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MappingNode:
    """Keys and values in the order of the text; a merge key (``<<``) stays an entry of its own."""

    span: Span
    entries: tuple[tuple[ScalarNode, "Node"], ...]
    flow: bool
    anchor: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AliasNode:
    """``*name``: the place of the alias, and the node that it stands for."""

    span: Span
    name: str
    target: "ScalarNode | SequenceNode | MappingNode"


Content = ScalarNode | SequenceNode | MappingNode
Node = Content | AliasNode

MERGE_KEY = "<<"


def content(node: Node) -> Content:
    """Return the node itself, or what it stands for if it is an alias."""
    return node.target if isinstance(node, AliasNode) else node


def is_merge(key: ScalarNode) -> bool:
    """Tell whether a key is the merge key of YAML 1.1, which every reader in the field knows."""
    return key.style == "" and key.text == MERGE_KEY


def entries(mapping: MappingNode) -> dict[str | int, tuple[ScalarNode, Node]]:
    """Return a mapping's keys with their key and value nodes, merge keys carried out.

    A key of the mapping itself wins over a merged one, an earlier merged mapping over a later one
    (https://yaml.org/type/merge.html). Merged keys come first, as PyYAML orders them.
    """
    own: dict[str | int, tuple[ScalarNode, Node]] = {}
    merged: dict[str | int, tuple[ScalarNode, Node]] = {}
    for key, value in mapping.entries:
        if is_merge(key):
            target = content(value)
            sources = target.items if isinstance(target, SequenceNode) else (target,)
            for source in sources:
                inner = content(source)
                if isinstance(inner, MappingNode):
                    for name, entry in entries(inner).items():
                        merged.setdefault(name, entry)
        else:
            own[key_name(key)] = (key, value)
    return merged | own if merged else own


def key_name(key: ScalarNode) -> str | int:
    """Return the mapping key that a key node stands for: an int for an unquoted integer, else text."""
    return key.value if isinstance(key.value, int) and not isinstance(key.value, bool) else str(key.value)


def plain_data(node: Node) -> Any:
    """Return fresh plain data (dict, list and scalars) for a node; aliases are copied out."""
    node = content(node)
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain_data(item) for item in node.items]
    return {key: plain_data(value) for key, (_, value) in entries(node).items()}


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A YAML file that was read: its source and its root node."""

    source: Source
    root: Content

    @property
    def data(self) -> Any:
        """The whole document as fresh plain data; an empty file is an empty mapping."""
        return plain_data(self.root)

    def find(self, path: Path) -> Node | None:
        """Return the value node at ``path``, or None if nothing stands there."""
        found = self._find_entry(path)
        return found[1] if found else None

    def key_at(self, path: Path) -> ScalarNode | None:
        """Return the key node at ``path``, or None if it is a list item or nothing stands there."""
        found = self._find_entry(path)
        return found[0] if found else None

    def locate(self, path: Path) -> Location:
        """Return the place of the value at ``path``, or of the nearest thing above it that exists.

        A value that is written as nothing at all (``key:``) or as a block is shown at its key.
        """
        for end in range(len(path), -1, -1):
            found = self._find_entry(path[:end])
            if found:
                key, value = found
                return self.source.location(self._pointer(key, value))
        return self.source.location(self.root.span)

    @staticmethod
    def _pointer(key: ScalarNode | None, value: Node) -> Span:
        inline = isinstance(value, AliasNode | ScalarNode) or value.flow
        if key is not None and (not inline or value.span.start == value.span.end):
            return key.span
        return value.span

    def _find_entry(self, path: Path) -> tuple[ScalarNode | None, Node] | None:
        key: ScalarNode | None = None
        node: Node = self.root
        for part in path:
            inner = content(node)
            if isinstance(inner, MappingNode):
                entry = entries(inner).get(part)
                if entry is None:
                    return None
                key, node = entry
            elif isinstance(inner, SequenceNode) and isinstance(part, int):
                if not -len(inner.items) <= part < len(inner.items):
                    return None
                key, node = None, inner.items[part]
            else:
                return None
        return key, node


def walk(node: Node) -> Iterator[Content]:
    """Yield every node of the text once, in the order of the text, without following aliases."""
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, AliasNode):
            continue
        yield current
        if isinstance(current, SequenceNode):
            stack.extend(reversed(current.items))
        elif isinstance(current, MappingNode):
            for key, value in reversed(current.entries):
                stack.append(value)
                stack.append(key)
