"""Mending: edits of a text that make its nodes read as other values, as few and as small as they can be."""

from dataclasses import dataclass, field
from typing import Any

from qgtune.document.edits import EditedText, Extent
from qgtune.document.nodes import (
    AliasNode,
    Content,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    is_merge,
    key_name,
    plain_data,
    walk,
)
from qgtune.document.rewriting import Place, rewrite
from qgtune.document.scalars import same_value
from qgtune.document.tags import TAGS
from qgtune.document.writing import INDENT, dump_lines, format_flow


def mend(text: EditedText, root: Content, value: Any, afresh: set[int]) -> None:
    """Edit a text so that its root node reads as ``value``.

    The result is to be read back: not every change can be made this way.

    Args:
        text: the text of the document that the root is of.
        root: a node with at least one entry or item, or a scalar.
        value: plain data.
        afresh: nodes, by identity, that are not to be edited within but written afresh.
    """
    _Mender(text, afresh).replace(root, value, Place(None, -INDENT, flow=False))


@dataclass(slots=True)
class _Mender:
    """Edits a text so that its nodes read as other values."""

    text: EditedText
    # Nodes that are to be written afresh, by identity.
    afresh: set[int]
    # What each anchored node will read as: its aliases read the same.
    assigned: dict[int, Any] = field(default_factory=dict)
    # Anchored nodes that the text will not hold any more: their aliases are written out.
    lost: set[int] = field(default_factory=set)

    def replace(self, node: Node, value: Any, place: Place) -> None:
        """Make ``node``, which stands at ``place``, read as ``value``."""
        if isinstance(node, AliasNode):
            current = self.assigned.get(id(node.target), plain_data(node.target))
            if id(node.target) in self.lost or not same_value(current, value):
                self.text.change(node.start, node.end, format_flow(value))
            return
        if node.anchor is not None:
            self.assigned[id(node)] = value
        # A tag says what its value stands for: with another value it would say something else.
        loses_tag = node.tag in TAGS and not same_value(plain_data(node), value)
        if loses_tag or id(node) in self.afresh:
            self._afresh(node, value, place)
        elif isinstance(node, MappingNode) and isinstance(value, dict):
            self._mapping(node, value, place)
        elif isinstance(node, SequenceNode) and isinstance(value, list):
            self._sequence(node, value, place)
        elif not (isinstance(node, ScalarNode) and same_value(node.value, value)):
            self._afresh(node, value, place)
        elif node.style in ("|", ">"):
            self.text.keep_open_literal(node)

    def _lose(self, *nodes: Node) -> None:
        for node in nodes:
            self.lost |= {id(inner) for inner in walk(node) if inner.anchor is not None}

    # Mappings.

    def _mapping(self, node: MappingNode, value: dict[Any, Any], place: Place) -> None:
        own = {key_name(key): inner for key, inner in node.entries if not is_merge(key)}
        stays = [is_merge(key) or key_name(key) in value for key, _ in node.entries]
        bare_pair = node.flow and not self.text.is_braced(node)
        if (node.entries and not any(stays)) or (bare_pair and list(value) != list(own)):
            self._afresh(node, value, place)
            return
        merged: dict[Any, Any] = {}
        column = node.entries[0][0].span.column if node.entries and not node.flow else place.column
        for (key, inner), keep in zip(node.entries, stays, strict=True):
            if is_merge(key):
                merged = {**self._merge(inner, value, own), **merged}
            elif keep:
                inner_place = Place(self.text.behind_key(key), column, node.flow)
                self.replace(inner, value[key_name(key)], inner_place)
            else:
                self._lose(key, inner)
        self._delete_entries(node, stays)
        added = [
            key
            for key in value
            if key not in own and not (key in merged and same_value(merged[key], value[key]))
        ]
        if added:
            self._add_entries(node, value, added, stays)

    def _merge(self, node: Node, value: dict[Any, Any], own: dict[Any, Node]) -> dict[Any, Any]:
        """Return what a merge key brings in after all edits, none of it unwanted."""
        if isinstance(node, SequenceNode):
            found: dict[Any, Any] = {}
            for item in node.items:
                found = {**self._merge(item, value, own), **found}
            return found
        if not isinstance(node, AliasNode):
            wanted = _wanted(plain_data(node), value, own)
            self.replace(node, wanted, Place(None, 0, flow=True))
            return wanted
        before = plain_data(node)
        brought = self.assigned.get(id(node.target), before)
        wanted = _wanted(before, value, own)
        if (
            id(node.target) not in self.lost
            and isinstance(brought, dict)
            and wanted.keys() <= brought.keys() <= value.keys()
        ):
            return brought
        self.text.change(node.start, node.end, format_flow(wanted))
        return wanted

    def _delete_entries(self, node: MappingNode, stays: list[bool]) -> None:
        if all(stays):
            return
        if node.flow:
            self.text.delete_items(self._extents(node), [not keep for keep in stays])
            return
        first_kept = node.entries[stays.index(True)][0].start
        start = node.entries[0][0].start
        rest = [entry for entry, keep in zip(node.entries, stays, strict=True) if not keep]
        if not stays[0] and self.text.text[self.text.line_start(start) : start].strip():
            # The first entry shares its line with a dash: the first that stays moves up to it.
            ends = [self.text.entry_end(*entry) for entry in rest if entry[0].start < first_kept]
            between = self.text.text[self.text.next_line(ends[0]) : first_kept]
            if len(ends) == 1 and "#" not in between:
                self.text.delete(start, first_kept)
            else:
                blanks = len(self.text.text[:start]) - len(self.text.text[:start].rstrip(" "))
                self.text.delete(start - blanks, self.text.line_end(ends[0]))
            rest = rest[1:]
        for entry in rest:
            self.text.delete_lines(entry[0].start, self.text.entry_end(*entry))

    def _extents(self, node: MappingNode) -> list[Extent]:
        return [Extent(key.start, self.text.entry_end(key, value)) for key, value in node.entries]

    def _add_entries(
        self, node: MappingNode, value: dict[Any, Any], added: list[Any], stays: list[bool]
    ) -> None:
        """Add entries, each behind the one that it follows in ``value``, or before the first that stays."""
        kept = [entry for entry, keep in zip(node.entries, stays, strict=True) if keep]
        if not kept:
            new = format_flow({key: value[key] for key in added})
            self.text.put(self.text.content_start(node) + 1, new[1:-1])
            return
        ends = {key_name(key): self.text.entry_end(key, inner) for key, inner in kept if not is_merge(key)}
        last = [key for key in value if key in ends][-1:]
        ends |= dict.fromkeys(last, self.text.end(node) if not node.flow else self.text.entry_end(*kept[-1]))
        # Keys that override merged ones come where those come, wherever they stand.
        end = None if len(ends) == len(kept) else self.text.entry_end(*kept[-1])
        for key, item in value.items():
            end = ends.get(key, end)
            if key in added:
                self._add_entry(node, {key: item}, kept[0][0], end)

    def _add_entry(
        self, node: MappingNode, entry: dict[Any, Any], first: ScalarNode, end: int | None
    ) -> None:
        """Add an entry behind a place, or before the first key if that is None."""
        if node.flow:
            new = format_flow(entry)[1:-1]
            self.text.put(first.start if end is None else end, f"{new}, " if end is None else f", {new}")
            return
        column = node.entries[0][0].span.column
        lines = list(dump_lines(entry, column, self.text.indents))
        if end is None:
            self.text.put(first.start, self.text.joined(lines).lstrip() + " " * column)
        else:
            self.text.put_lines(self.text.next_line(end), lines)

    # Sequences.

    def _sequence(self, node: SequenceNode, value: list[Any], place: Place) -> None:
        if not value or not node.items:
            self._afresh(node, value, place)
            return
        count = len(value)
        dashes = [] if node.flow else self.text.dashes(node)
        column = place.column if node.flow else self.text.column(dashes[0])
        for position, (inner, item) in enumerate(zip(node.items, value, strict=False)):
            mark = None if node.flow else dashes[position] + 1
            self.replace(inner, item, Place(mark, column, node.flow))
        self._lose(*node.items[count:])
        added = value[len(node.items) :]
        if node.flow:
            extents = [Extent(inner.start, self.text.end(inner)) for inner in node.items]
            self.text.delete_items(extents, [position >= count for position in range(len(extents))])
            if added:
                self.text.put(extents[-1].end, f", {format_flow(added)[1:-1]}")
            return
        for dash, inner in zip(dashes[count:], node.items[count:], strict=True):
            self.text.delete_lines(dash, self.text.end(inner))
        if added:
            lines = list(dump_lines(added, column, self.text.indents))
            self.text.put_lines(self.text.next_line(self.text.end(node)), lines)

    def _afresh(self, node: Content, value: Any, place: Place) -> None:
        self._lose(node)
        self.lost.discard(id(node))  # its own anchor is kept
        rewrite(self.text, node, value, place)


def _wanted(brought: Any, value: dict[Any, Any], own: dict[Any, Node]) -> dict[Any, Any]:
    """Return what a merged mapping is to bring into ``value``; keys of its own win over it."""
    return {key: item if key in own else value[key] for key, item in brought.items() if key in value}
