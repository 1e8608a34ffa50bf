"""Documents: the nodes of a YAML text, each with its exact place in it.

A node holds its source and two offsets; lines and columns are counted when somebody asks. There are many
nodes, and few are ever pointed at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from qgtune.core.diagnostics import Location
from qgtune.core.paths import Path
from qgtune.document.scalars import Scalar
from qgtune.document.sources import Source, Span


class _Placed:
    """What stands in a text from one character offset to another. Like all nodes it is never changed."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source: Final = source
        self.start: Final = start
        self.end: Final = end

    @property
    def span(self) -> Span:
        """Where it stands, with lines and columns."""
        return self.source.span(self.start, self.end)


class ScalarNode(_Placed):
    """A scalar: its value, and how it is written. ``style`` is '' if plain, else its first mark."""

    __slots__ = ("anchor", "style", "tag", "text", "value")

    def __init__(  # noqa: PLR0913, PLR0917 - a node's fields; by name they would cost a tenth of all reading
        self,
        source: Source,
        start: int,
        end: int,
        value: Scalar,
        text: str,
        style: str,
        anchor: str | None = None,
        tag: str | None = None,
    ) -> None:
        self.source = source  # type: ignore[misc]  # as in _Placed; a call per node would be dear
        self.start = start  # type: ignore[misc]
        self.end = end  # type: ignore[misc]
        self.value: Final = value
        self.text: Final = text
        self.style: Final = style
        self.anchor: Final = anchor
        self.tag: Final = tag


class SequenceNode(_Placed):
    """A list of nodes, in flow style (``[a, b]``) or block style."""

    __slots__ = ("anchor", "flow", "items", "tag")

    def __init__(  # noqa: PLR0913 - the fields of a node
        self,
        source: Source,
        start: int,
        end: int,
        items: tuple["Node", ...],
        *,
        flow: bool,
        anchor: str | None = None,
        tag: str | None = None,
    ) -> None:
        super().__init__(source, start, end)
        self.items: Final = items
        self.flow: Final = flow
        self.anchor: Final = anchor
        self.tag: Final = tag


class MappingNode(_Placed):
    """Keys and values in the order of the text; a merge key (``<<``) stays an entry of its own."""

    __slots__ = ("_by_name", "anchor", "flow", "tag")

    def __init__(  # noqa: PLR0913 - the fields of a node
        self,
        source: Source,
        start: int,
        end: int,
        by_name: dict[str | int, "Entry"],
        *,
        flow: bool,
        anchor: str | None = None,
        tag: str | None = None,
    ) -> None:
        super().__init__(source, start, end)
        self._by_name: Final = by_name
        self.flow: Final = flow
        self.anchor: Final = anchor
        self.tag: Final = tag

    @property
    def by_name(self) -> Mapping[str | int, "Entry"]:
        """The entries by the names of their keys; the merge key is named ``<<``."""
        return self._by_name

    @property
    def entries(self) -> tuple["Entry", ...]:
        """The key and value nodes, in the order of the text."""
        return tuple(self._by_name.values())


class AliasNode(_Placed):
    """``*name``: the place of the alias, and the node that it stands for."""

    __slots__ = ("name", "target")

    def __init__(
        self,
        source: Source,
        start: int,
        end: int,
        name: str,
        target: "ScalarNode | SequenceNode | MappingNode",
    ) -> None:
        super().__init__(source, start, end)
        self.name: Final = name
        self.target: Final = target


Content = ScalarNode | SequenceNode | MappingNode
Node = Content | AliasNode
Entry = tuple[ScalarNode, Node]

MERGE_KEY = "<<"


def content(node: Node) -> Content:
    """Return the node itself, or what it stands for if it is an alias."""
    return node.target if isinstance(node, AliasNode) else node


def is_merge(key: ScalarNode) -> bool:
    """Tell whether a key is the merge key of YAML 1.1, which every reader in the field knows."""
    return key.style == "" and key.text == MERGE_KEY


def entries(mapping: MappingNode) -> Mapping[str | int, Entry]:
    """Return a mapping's keys with their key and value nodes, merge keys carried out.

    A key of the mapping itself wins over a merged one, an earlier merged mapping over a later one
    (https://yaml.org/type/merge.html). Merged keys come first, as PyYAML orders them.
    """
    own = mapping.by_name
    merge = own.get(MERGE_KEY)
    if merge is None or not is_merge(merge[0]):
        return own
    merged: dict[str | int, Entry] = {}
    target = content(merge[1])
    for source in target.items if isinstance(target, SequenceNode) else (target,):
        inner = content(source)
        if isinstance(inner, MappingNode):
            for name, entry in entries(inner).items():
                merged.setdefault(name, entry)
    return merged | {name: entry for name, entry in own.items() if entry is not merge}


def key_name(key: ScalarNode) -> str | int:
    """Return the mapping key that a key node stands for: an int for an unquoted integer, else text."""
    if isinstance(key.value, str) or type(key.value) is int:
        return key.value
    return key.text


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
    """A YAML file that was read: its source and its root node. ``overlay`` takes in nodes of other files."""

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
                return self.location(self._pointer(key, value))
        return self.location(self.root)

    def location_of_key(self, path: Path) -> Location:
        """Return the place of the key at ``path``; what ``locate`` returns if it has none."""
        key = self.key_at(path)
        return self.location(key) if key else self.locate(path)

    def location(self, place: Node | Span) -> Location:
        """Return the place of a node, or of a stretch of text, in the file that it is from."""
        return self.source.location(place if isinstance(place, Span) else place.span)

    @staticmethod
    def _pointer(key: ScalarNode | None, value: Node) -> Node:
        inline = isinstance(value, AliasNode | ScalarNode) or value.flow
        return key if key is not None and (not inline or value.start == value.end) else value

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
