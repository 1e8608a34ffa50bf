"""Edits of a YAML text: where its nodes, lines and comments lie, and the changes collected so far."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from qgtune.document.nodes import AliasNode, Content, MappingNode, Node, ScalarNode, SequenceNode
from qgtune.document.writing import Indents

_BLANKS_AND_COMMENTS = re.compile(r"(?:\s+|#[^\r\n]*)*")
_PROPERTY = r"(?:!<[^>]*>|[!&][^\s,\[\]{}]*)"
_PROPERTIES = re.compile(rf"{_PROPERTY}(?:[ \t]+{_PROPERTY})?")
_LITERAL_MARK = re.compile(r"[|>][-+0-9]*")


class Extent(NamedTuple):
    """Where an item of a flow collection begins and ends, its comma left out."""

    start: int
    end: int


class EditedText:
    """A text and its edits; every edit replaces the characters from one place to another.

    Places are offsets into the text as it was. The text always ends with a line break here, so that whole
    lines can be inserted and deleted anywhere; ``result`` takes away again what was not there before.
    ``indents`` is how new lines are indented.
    """

    def __init__(self, text: str, indents: Indents = Indents()) -> None:  # noqa: B008 - it is immutable
        self.indents = indents
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.is_open = bool(text) and not text.endswith("\n")
        self.text = text + self.newline if self.is_open else text
        self._edits: list[tuple[int, int, str]] = []
        self._open_literal: int | None = None

    def result(self) -> str:
        """Return the text with all edits made."""
        length = len(self.text)
        if self._open_literal is not None and any(start == length for start, _, _ in self._edits):
            self.put(self._open_literal, "-")  # lines follow now: its last line must not gain a break
        parts: list[str] = []
        position = 0
        for start, end, replacement in sorted(self._edits, key=lambda edit: edit[:2]):
            parts += (self.text[position:start], replacement)
            position = max(position, end)
        text = "".join([*parts, self.text[position:]])
        return text.removesuffix(self.newline) if self.is_open else text

    # Changes.

    def change(self, start: int, end: int, replacement: str) -> None:
        """Put a text in place of what lies between two places."""
        self._edits.append((start, end, replacement))

    def put(self, place: int, insertion: str) -> None:
        """Insert a text; of several at one place the one that was put first comes first."""
        self.change(place, place, insertion)

    def delete(self, start: int, end: int) -> None:
        """Delete what lies between two places."""
        self.change(start, end, "")

    def delete_lines(self, start: int, end: int) -> None:
        """Delete the lines from that of one place to that of another."""
        self.delete(self.line_start(start), self.next_line(end))

    def delete_with_line(self, start: int, end: int) -> None:
        """Delete a text, and its line if nothing else stands there."""
        before = self.text[self.line_start(start) : start]
        behind = self.text[end : self.line_end(end)]
        if before.strip() or behind.strip():
            self.delete(start, end)
        else:
            self.delete_lines(start, end)

    def put_lines(self, place: int, lines: Sequence[str]) -> None:
        """Insert whole lines at the begin of a line."""
        self.put(place, self.joined(lines))

    def joined(self, lines: Sequence[str]) -> str:
        """Return lines with the line breaks of this text."""
        return "".join(f"{line}{self.newline}" for line in lines)

    def keep_open_literal(self, node: ScalarNode) -> None:
        """Note a block scalar whose last line is the last of the text and ends without a line break."""
        start = self.content_start(node)
        if self.is_open and node.end + len(self.newline) >= len(self.text):
            strips = "-" in self.text[start : self.literal_mark_end(node)]
            self._open_literal = None if strips else start + 1

    def delete_items(self, items: Sequence[Extent], gone: Sequence[bool]) -> None:
        """Delete some, not all, items of a flow collection, their commas, and lines left without any."""
        for item, goes in zip(items, gone, strict=True):
            if goes:
                self.delete(*self._item_with_blanks(item))
        if gone[-1] and self._comma(items[-1]) is None:
            last_kept = max(position for position, goes in enumerate(gone) if not goes)
            comma = self._comma(items[last_kept])
            if comma is not None:
                self.delete(comma, comma + 1)

    def _item_with_blanks(self, item: Extent) -> Extent:
        comma = self._comma(item)
        start, end = item.start, item.end if comma is None else comma + 1
        before = self.text[self.line_start(start) : start]
        behind = self.text[end : self.line_end(end)]
        if not before.strip() and behind.lstrip()[:1] in ("", "#"):
            return Extent(self.line_start(start), self.next_line(end))
        if before.strip() and before.rstrip()[-1] not in "[{":
            return Extent(start - (len(before) - len(before.rstrip())), end)
        return Extent(start, end + len(behind) - len(behind.lstrip()))

    def _comma(self, item: Extent) -> int | None:
        place = self.skip(item.end)
        return place if self.text[place : place + 1] == "," else None

    # Places.

    def line_start(self, place: int) -> int:
        """Return where the line of a place begins."""
        return self.text.rfind("\n", 0, place) + 1

    def next_line(self, place: int) -> int:
        """Return where the line behind that of a place begins."""
        return self.text.find("\n", place) + 1 or len(self.text)

    def line_end(self, place: int) -> int:
        """Return where the line of a place ends, before its line break."""
        end = self.next_line(place)
        return place + len(self.text[place:end].rstrip("\r\n"))

    def same_line(self, start: int, end: int) -> bool:
        """Tell whether no line break lies between two places."""
        return "\n" not in self.text[start:end]

    def skip(self, place: int) -> int:
        """Return the first place from here on that is neither blank nor in a comment."""
        found = _BLANKS_AND_COMMENTS.match(self.text, place)
        return found.end() if found else place

    def properties_end(self, node: Node) -> int:
        """Return where the anchor and the tag of a node end; where the node starts if it has none."""
        if isinstance(node, AliasNode) or (node.anchor is None and node.tag is None):
            return node.start  # the anchor of a first key is not that of its mapping
        found = _PROPERTIES.match(self.text, node.start)
        return found.end() if found else node.start

    def content_start(self, node: Node) -> int:
        """Return where a node begins behind its anchor and its tag."""
        end = self.properties_end(node)
        return self.skip(end) if end > node.start else end

    def literal_mark_end(self, node: ScalarNode) -> int:
        """Return where ``|``, ``>`` and what belongs to them ends."""
        found = _LITERAL_MARK.match(self.text, self.content_start(node))
        return found.end() if found else node.end

    def behind_key(self, key: ScalarNode) -> int:
        """Return the place behind the colon of a key, or behind the key if it has none."""
        colon = self.skip(key.end)
        return colon + 1 if self.text[colon : colon + 1] == ":" else key.end

    def dashes(self, node: SequenceNode) -> list[int]:
        """Return the places of the dashes of a block sequence."""
        found: list[int] = []
        place = self.properties_end(node)
        for item in node.items:
            found.append(self.skip(place))
            place = self.end(item)
        return found

    def column(self, place: int) -> int:
        """Return the column of a place."""
        return place - self.line_start(place)

    def is_braced(self, node: MappingNode) -> bool:
        """Tell ``{a: 1}`` from a block mapping, and from the pair in ``[a: 1]``."""
        return node.flow and self.text[self.content_start(node)] == "{"

    def end(self, node: Node) -> int:
        """Return where the text of a node ends; a block's own mark lies behind comments that follow."""
        if isinstance(node, MappingNode) and node.entries and not self.is_braced(node):
            return self.entry_end(*node.entries[-1])
        if isinstance(node, SequenceNode) and node.items and not node.flow:
            return self.end(node.items[-1])
        if isinstance(node, ScalarNode) and node.style in ("|", ">"):
            written = self.text[node.start : node.end]
            keeps_blank_lines = "+" in self.text[self.content_start(node) : self.literal_mark_end(node)]
            shown = written.removesuffix(self.newline) if keeps_blank_lines else written.rstrip("\r\n")
            return node.start + len(shown)
        return node.end

    def entry_end(self, key: ScalarNode, value: Node) -> int:
        """Return where an entry of a mapping ends; the mark of an empty value can lie further on."""
        return self.behind_key(key) if value.start == value.end else self.end(value)

    def first(self, node: Content) -> int:
        """Return where the first key or dash of a block begins."""
        if isinstance(node, MappingNode) and node.entries:
            return node.entries[0][0].start
        return self.content_start(node)
