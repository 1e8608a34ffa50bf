"""Splicing: a document's own text with only the changed values replaced.

Comments, key order, quotes, anchors and spacing of everything untouched stay as they were, byte for byte,
so that ``git diff`` shows what changed and nothing else.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from qgtune.core.diagnostics import Diagnostic
from qgtune.document.nodes import (
    AliasNode,
    Content,
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    Source,
    content,
    is_merge,
    key_name,
    plain_data,
)
from qgtune.document.reading import read_document
from qgtune.document.scalars import same_value
from qgtune.document.writing import FLOW_WIDTH, INDENT, dump, dump_lines, format_flow, format_scalar

_ANCHOR = re.compile(r"(?:![^\s,\[\]{}]*\s+)*(&[^\s,\[\]{}]+)")


def splice(document: Document, value: Any) -> str:
    """Return the document's text with the values of ``value`` in place of its own.

    Reading the result gives exactly ``value``. Where the text cannot be mended in place (an anchor that must
    go while an alias needs it, say), the whole is written afresh in block style, without its comments.

    Args:
        document: the document whose text is kept.
        value: plain data for the whole document.
    """
    if same_value(document.data, value):
        return document.source.text
    splicer = _Splicer(document.source.text)
    splicer.replace(document.root, value, column=0)
    text = splicer.result()
    return text if _reads_as(text, value) else dump(value)


def _reads_as(text: str, value: Any) -> bool:
    problems: list[Diagnostic] = []
    document = read_document(Source("", text), problems)
    return document is not None and same_value(document.data, value)


@dataclass(slots=True)
class _Splicer:
    """Collects edits of a text; every edit replaces the characters from start to end."""

    text: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    # What each anchored node will read as: its aliases read the same.
    assigned: dict[int, Any] = field(default_factory=dict)

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def result(self) -> str:
        """Return the text with all edits made."""
        parts: list[str] = []
        position = 0
        for start, end, replacement in sorted(self.edits, key=lambda edit: edit[:2]):
            parts += (self.text[position:start], replacement)
            position = max(position, end)
        return "".join([*parts, self.text[position:]])

    def replace(self, node: Node, value: Any, column: int) -> None:
        """Make ``node`` read as ``value``; ``column`` is the indent of the block that the node stands in."""
        if isinstance(node, AliasNode):
            current = self.assigned.get(id(node.target), plain_data(node.target))
            if not same_value(current, value):
                self.edits.append((node.span.start, node.span.end, format_flow(value)))
            return
        if node.anchor is not None:
            self.assigned[id(node)] = value
        if isinstance(node, MappingNode) and isinstance(value, dict):
            self._mapping(node, value, column)
        elif isinstance(node, SequenceNode) and isinstance(value, list):
            self._sequence(node, value, column)
        elif not (isinstance(node, ScalarNode) and same_value(node.value, value)):
            self._whole(node, value, column)

    def _mapping(self, node: MappingNode, value: dict[Any, Any], column: int) -> None:
        own = {key_name(key): (key, inner) for key, inner in node.entries if not is_merge(key)}
        merged = self._merged(node)
        gone = [key for key in own if key not in value]
        unwanted = [key for key in merged if key not in value]
        if unwanted or (gone and (node.flow or len(gone) == len(own))):
            self._whole(node, value, column)
            return
        indent = node.entries[0][0].span.column if node.entries and not node.flow else column
        for key in gone:
            self._delete_entry(node, own[key])
        added: dict[Any, Any] = {}
        for key, item in value.items():
            if key in own:
                self.replace(own[key][1], item, indent)
            elif key not in merged or not same_value(merged[key], item):
                added[key] = item
        if added:
            self._add_entries(node, added, indent)

    def _merged(self, node: MappingNode) -> dict[Any, Any]:
        """Return what the merge keys of a mapping will bring in, after all edits so far."""
        found: dict[Any, Any] = {}
        for key, inner in node.entries:
            if not is_merge(key):
                continue
            target = content(inner)
            for source in target.items if isinstance(target, SequenceNode) else (target,):
                mapping = content(source)
                brought = self.assigned.get(id(mapping), plain_data(mapping))
                found = {**brought, **found} if isinstance(brought, dict) else found
        return found

    def _sequence(self, node: SequenceNode, value: list[Any], column: int) -> None:
        if len(node.items) == len(value):
            indent = column if node.flow else node.span.column + INDENT
            for inner, item in zip(node.items, value, strict=True):
                self.replace(inner, item, indent)
        elif node.flow or not value or len(value) < len(node.items):
            self._whole(node, value, column)
        else:
            for inner, item in zip(node.items, value, strict=False):
                self.replace(inner, item, node.span.column + INDENT)
            lines = dump_lines(value[len(node.items) :], node.span.column, {})
            self._insert_lines(self._end(node), list(lines))

    def _whole(self, node: Content, value: Any, column: int) -> None:
        """Replace a node altogether, keeping its anchor."""
        start, end = node.span.start, self._end(node)
        written = self.text[start:end]
        anchor = _ANCHOR.match(written)
        kept = f"{anchor[1]} " if anchor and node.anchor else ""
        if isinstance(node, ScalarNode) and not isinstance(value, dict | list):
            quote = node.style if node.style in ("'", '"') and isinstance(value, str) else ""
            new = kept + format_scalar(value, quote)
        else:
            new = kept + self._container(node, value, column)
        if end == start and start and not self.text[start - 1].isspace():
            new = " " + new  # an empty value: its place is right behind the colon or the dash
        if isinstance(node, MappingNode | SequenceNode) and not node.flow and not new.startswith("\n"):
            # A block begins on a line of its own; what takes its place goes behind the key.
            start = len(self.text[:start].rstrip())
            new = f" {new}"
        if isinstance(node, ScalarNode) and node.style in ("|", ">") and written.endswith("\n"):
            new += self.newline
        self.edits.append((start, end, new))

    def _container(self, node: Content, value: Any, column: int) -> str:
        flow = format_flow(value)
        if isinstance(node, MappingNode | SequenceNode) and node.flow:
            return flow
        if not value or not isinstance(value, dict | list) or len(flow) + column < FLOW_WIDTH:
            return flow
        lines = dump_lines(value, column + INDENT, {})
        return "".join(f"{self.newline}{line}" for line in lines)

    def _add_entries(self, node: MappingNode, added: dict[Any, Any], indent: int) -> None:
        if node.flow:
            inner = format_flow(added)[1:-1]
            closing = node.span.end - 1
            lead = ", " if node.entries else ""
            position = len(self.text[:closing].rstrip().rstrip(",")) if node.entries else closing
            self.edits.append((position, closing, lead + inner))
        elif not node.entries:  # only an empty document has a block mapping without entries
            self.edits.append((len(self.text), len(self.text), dump(added)))
        else:
            self._insert_lines(self._end(node), list(dump_lines(added, indent, {})))

    def _insert_lines(self, end: int, lines: list[str]) -> None:
        """Insert whole lines behind the line in which ``end`` lies."""
        if end and self.text[end - 1] == "\n":  # a block scalar ends with its line
            self.edits.append((end, end, "".join(f"{line}{self.newline}" for line in lines)))
            return
        stop = self.text.find("\n", end)
        stop = len(self.text) if stop < 0 else stop - (self.text[stop - 1] == "\r")
        self.edits.append((stop, stop, "".join(f"{self.newline}{line}" for line in lines)))

    def _delete_entry(self, node: MappingNode, entry: tuple[ScalarNode, Node]) -> None:
        """Delete the lines of an entry of a block mapping."""
        key, value = entry
        start = self.text.rfind("\n", 0, key.span.start) + 1
        end = self._end(value)
        stop = end if end and self.text[end - 1] == "\n" else self.text.find("\n", end) + 1 or len(self.text)
        if self.text[start : key.span.start].strip():
            # The entry shares its line with a dash: only the entry goes, the next one takes its place.
            following = next(k for k, _ in node.entries if k.span.start > key.span.start)
            self.edits.append((key.span.start, following.span.start, ""))
        else:
            self.edits.append((start, stop, ""))

    def _end(self, node: Node) -> int:
        """Return where the text of a node ends; a block's own mark lies behind comments that follow."""
        if isinstance(node, MappingNode) and not node.flow and node.entries:
            return max(self._end(node.entries[-1][1]), node.entries[-1][0].span.end + 1)
        if isinstance(node, SequenceNode) and not node.flow and node.items:
            return self._end(node.items[-1])
        return node.span.end
