"""Rewriting: one node of a text written afresh where it stands, with the comments around it kept."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from qgtune.document.edits import EditedText
from qgtune.document.nodes import Content, ScalarNode
from qgtune.document.writing import FLOW_WIDTH, INDENT, dump_lines, format_flow, format_scalar


class Place(NamedTuple):
    """Where a node stands.

    ``mark`` is the place behind the colon or the dash that leads to it, None if nothing does; ``column`` is
    that of the key or the dash; ``flow`` tells whether it stands inside {} or [], where no block may be.
    """

    mark: int | None
    column: int
    flow: bool


def rewrite(text: EditedText, node: Content, value: Any, place: Place) -> None:
    """Write a node afresh, keeping its anchor, its style where it can be, and the comment beside its key."""
    anchor = f"&{node.anchor}" if node.anchor else ""
    lines = _block_lines(text, node, value, place)
    if _is_block(node) and lines:
        _exchange_block(text, node, lines, place)
    elif _is_block(node):
        _fold(text, node, f"{anchor} {format_flow(value)}".lstrip(), place)
    elif lines and place.mark is not None:
        _unfold(text, node, lines, place.mark)
    else:
        quote = node.style if isinstance(node, ScalarNode) and node.style in ("'", '"') else ""
        quoted = bool(quote) and isinstance(value, str)
        new = format_scalar(value, quote) if quoted else format_flow(value)
        _change_inline(text, node, f"{anchor} {new}".lstrip(), place)


def _is_block(node: Content) -> bool:
    return not isinstance(node, ScalarNode) and not node.flow


def _block_lines(text: EditedText, node: Content, value: Any, place: Place) -> list[str]:
    """Return the lines of a value that is to be a block, none if it is to stand on one line."""
    is_block = _is_block(node)
    holds = isinstance(value, dict | list) and bool(value)
    if not holds or place.flow or not (is_block or isinstance(node, ScalarNode)):
        return []
    if not is_block and (place.mark is None or len(format_flow(value)) + place.column < FLOW_WIDTH):
        return []
    column = _column_below(text, value, place)
    if is_block:
        own_column = text.column(text.first(node))
        column = own_column if own_column > place.column else column
    return list(dump_lines(value, column, text.indents))


def _column_below(text: EditedText, value: Any, place: Place) -> int:
    """Return the column of a new block below a key or a dash; the root's is the first."""
    if place.mark is None:
        return max(0, place.column)
    if text.text[place.mark - 1] != ":":
        return place.column + INDENT
    return place.column + (text.indents.dashes if isinstance(value, list) else text.indents.keys)


def _exchange_block(text: EditedText, node: Content, lines: Sequence[str], place: Place) -> None:
    """Put a block in place of a block, from its first line to its last."""
    first, end = text.first(node), text.end(node)
    if node.tag is not None:
        _drop_tag(text, node, place.mark)
    start = text.line_start(first)
    if place.mark is not None and text.same_line(place.mark, first):
        start, lines = first, [lines[0].lstrip(), *lines[1:]]
    text.change(start, text.next_line(end), text.joined(lines))


def _drop_tag(text: EditedText, node: Content, mark: int | None) -> None:
    """Delete the tag of a block, and the blanks or the line that only it needs."""
    start, end = node.start, text.properties_end(node)
    if node.anchor:
        text.change(start, end, f"&{node.anchor}")
    elif mark is not None and text.same_line(mark, end):
        text.delete(mark, end)
    else:
        text.delete_with_line(start, end)


def _fold(text: EditedText, node: Content, new: str, place: Place) -> None:
    """Put a value on one line in place of a block: behind the colon, before the comment there."""
    first, end = text.first(node), text.end(node)
    if place.mark is None or text.same_line(place.mark, first):
        text.change(first, text.line_end(end), new)
        return
    properties = text.properties_end(node)
    if properties > node.start and text.same_line(place.mark, properties):
        text.change(place.mark, properties, f" {new}")
    else:
        text.put(place.mark, f" {new}")
        if properties > node.start:
            text.delete_with_line(node.start, properties)
    text.delete_lines(first, end)


def _unfold(text: EditedText, node: Content, lines: Sequence[str], mark: int) -> None:
    """Put a block in place of a value on one line; the comment beside that one stays there."""
    start, end = node.start, text.end(node)
    anchor = f" &{node.anchor}" if node.anchor else ""
    shown_end = _without_body(text, node)
    if text.same_line(mark, start):
        text.change(mark, shown_end, anchor)
    else:
        text.put(mark, anchor)
        text.delete_with_line(start, shown_end)
    text.put_lines(text.next_line(end), lines)


def _change_inline(text: EditedText, node: Content, new: str, place: Place) -> None:
    start, end = node.start, _without_body(text, node)
    if start == end:  # an empty value: its place is right behind the colon or the dash
        if place.flow and place.mark is not None and text.text[place.mark - 1] != ":":
            start = end = place.mark
            new = f": {new}"
        elif start and not text.text[start - 1].isspace():
            new = f" {new}"
    text.change(start, end, new)


def _without_body(text: EditedText, node: Content) -> int:
    """Delete the lines below ``|`` or ``>``; return where what then is left of the node ends."""
    end = text.end(node)
    if not isinstance(node, ScalarNode) or node.style not in ("|", ">"):
        return end
    mark_end = text.literal_mark_end(node)
    text.delete(text.next_line(mark_end), text.next_line(end))
    return mark_end
