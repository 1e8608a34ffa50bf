"""Events of the parser -> nodes with exact places.

Nodes are composed from the events of PyYAML's C parser rather than by its composer: events carry the
places of aliases and anchors too, arrive one at a time, so that depth is bounded before the C stack is,
and cost less than half of the composer's time.
"""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs do not know it

from qgtune.core.diagnostics import Diagnostic, Related, Severity
from qgtune.document.nodes import (
    MERGE_KEY,
    AliasNode,
    Content,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    Source,
    Span,
    content,
    is_merge,
    key_name,
)
from qgtune.document.scalars import Scalar, old_reading, plain_value
from qgtune.document.tags import TAGS, TagError, check_collection_tag, tagged_value

Event = Any  # the stubs of PyYAML leave open what the C parser always sets

MAX_DEPTH = 100
MAX_NODES = 2_000_000
"""Nodes of a document once every alias is written out."""


class BoundExceededError(Exception):
    """A text that is too deep or too large to be read; ``span`` is where it became so."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


class Composer:
    """Builds the nodes of a source from events. Recursion is bounded by MAX_DEPTH, size by MAX_NODES."""

    def __init__(self, source: Source, problems: list[Diagnostic]) -> None:
        self.source = source
        self.problems = problems
        self.anchors: dict[str, Content | None] = {}  # None while the anchored node is still open
        self.sizes: dict[int, int] = {}  # of anchored nodes, by identity: what an alias to it costs
        self.heights: dict[int, int] = {}  # the same: how many levels it adds
        self.events = self._events(CParser(source.text))

    @staticmethod
    def _events(parser: CParser) -> Iterator[Event]:
        while (event := parser.get_event()) is not None:
            yield event

    def compose(self) -> Content:
        """Return the root node; an empty text gives an empty mapping."""
        next(self.events)  # the start of the stream
        if isinstance(event := next(self.events), yaml.StreamEndEvent):
            return MappingNode(_span(event), (), flow=False)
        root, _ = self._node(next(self.events), 1)
        next(self.events)  # the end of the document
        extra = next(self.events)
        if isinstance(extra, yaml.DocumentStartEvent):
            self._error("QG109", "a second document begins here; one file holds one document", _span(extra))
        if isinstance(root, AliasNode):  # impossible: no anchor stands before the root
            return root.target
        if isinstance(root, ScalarNode) and not (root.text or root.style or root.tag):
            return MappingNode(root.span, (), flow=False)
        return root

    def _error(self, code: str, message: str, span: Span, hint: str = "", *related: Related) -> None:
        self.problems.append(Diagnostic(code, message, self.source.location(span), hint, related=related))

    def _node(self, event: Event, depth: int) -> tuple[Node, int]:
        """Return the node that ``event`` begins, and its size with aliases written out."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > MAX_DEPTH:
            raise BoundExceededError(f"nested deeper than {MAX_DEPTH} levels", _span(event))
        anchor = event.anchor
        if anchor is not None:
            self.anchors[anchor] = None
        node: Content
        if isinstance(event, yaml.ScalarEvent):
            node, size = self._scalar(event), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            node, size = self._sequence(event, depth)
        else:
            node, size = self._mapping(event, depth)
        if size > MAX_NODES:
            raise BoundExceededError(
                f"more than {MAX_NODES:,} values once every alias is written out", _span(event)
            )
        if anchor is not None:
            self.anchors[anchor] = node
            self.sizes[id(node)] = size
            self.heights[id(node)] = self._height(node)
        return node, size

    def _alias(self, event: Event, depth: int) -> tuple[Node, int]:
        span, name = _span(event), event.anchor
        target = self.anchors.get(name)
        if target is not None:
            if depth + self.heights[id(target)] > MAX_DEPTH:
                raise BoundExceededError(f"nested deeper than {MAX_DEPTH} levels through *{name}", span)
            return AliasNode(span, name, target), self.sizes[id(target)]
        if name in self.anchors:
            self._error("QG108", f"*{name} stands inside &{name}: a value cannot contain itself", span)
        else:
            known = ", ".join(f"&{anchor}" for anchor in self.anchors)
            hint = f"anchors so far: {known}" if known else "no anchor stands before this line"
            self._error("QG108", f"*{name} refers to an anchor that does not exist", span, hint)
        return ScalarNode(span, None, "", ""), 1

    def _height(self, node: Node) -> int:
        if isinstance(node, AliasNode):
            return self.heights[id(node.target)]
        if isinstance(node, SequenceNode):
            return 1 + max(map(self._height, node.items), default=0)
        if isinstance(node, MappingNode):
            return 1 + max((self._height(value) for _, value in node.entries), default=0)
        return 1

    def _scalar(self, event: Event) -> ScalarNode:
        span, text, tag, style = _span(event), event.value, event.tag, event.style or ""
        if tag is not None:
            return ScalarNode(span, self._tagged(text, tag, style, span), text, style, event.anchor, tag)
        if not event.implicit[0]:
            return ScalarNode(span, text, text, style, event.anchor)
        value = plain_value(text)
        surprise = old_reading(text)
        if surprise is not None:
            self._warn_about_old_reading(value, text, surprise, span)
        return ScalarNode(span, value, text, style, event.anchor)

    def _warn_about_old_reading(self, value: object, text: str, surprise: str, span: Span) -> None:
        if isinstance(value, float):
            hint = f"write {_portable_float(text)}, which every reader takes as a number"
        elif isinstance(value, int):
            hint = f"write {value}, which every reader takes alike"
        else:
            hint = f'write "{text}", which every reader takes alike'
        kind = "text" if isinstance(value, str) else "number"
        message = f"{text} is the {kind} {value!r} here, but YAML 1.1 readers take it as {surprise}"
        place = self.source.location(span)
        self.problems.append(Diagnostic("QG110", message, place, hint, Severity.WARNING))

    def _tagged(self, text: str, tag: str, style: str, span: Span) -> Scalar:
        try:
            return tagged_value(text, tag, plain=not style)
        except TagError as error:
            self._error("QG107", error.message, span, error.hint)
            return plain_value(text)

    def _collection_tag(self, event: Event, own: str) -> None:
        if event.tag is not None:
            try:
                check_collection_tag(event.tag, own)
            except TagError as error:
                self._error("QG107", error.message, _span(event), error.hint)

    def _sequence(self, event: Event, depth: int) -> tuple[SequenceNode, int]:
        self._collection_tag(event, "seq")
        items: list[Node] = []
        size = 1
        while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
            node, count = self._node(inner, depth + 1)
            items.append(node)
            size += count
        return SequenceNode(
            _join(event, inner), tuple(items), bool(event.flow_style), event.anchor, event.tag
        ), size

    def _mapping(self, event: Event, depth: int) -> tuple[MappingNode, int]:
        self._collection_tag(event, "map")
        pairs: list[tuple[ScalarNode, Node]] = []
        seen: dict[str | int, ScalarNode] = {}
        size = 1
        while not isinstance(inner := next(self.events), yaml.MappingEndEvent):
            raw_key, _ = self._node(inner, depth + 1)
            value, count = self._node(next(self.events), depth + 1)
            size += count + 1
            key = self._key(raw_key, value)
            if key is None:
                continue
            name = MERGE_KEY if is_merge(key) else key_name(key)
            if name in seen:
                first = Related(self.source.location(seen[name].span), "first given here")
                self._error("QG104", f"the key {key.text!r} is given twice", key.span, "remove one", first)
                continue
            seen[name] = key
            pairs.append((key, value))
        node = MappingNode(_join(event, inner), tuple(pairs), bool(event.flow_style), event.anchor, event.tag)
        return node, size

    def _key(self, key: Node, value: Node) -> ScalarNode | None:
        node = content(key)
        if not isinstance(node, ScalarNode):
            self._error("QG105", "a key must be text or an integer, not a list or a mapping", key.span)
            return None
        if node.tag in TAGS:
            hint = "a tag for the mapping that begins here goes on a line of its own, above it"
            self._error("QG107", f"the tag {node.tag} stands before a key", node.span, hint)
        if is_merge(node):
            self._check_merge(node, value)
        elif node.value is None or isinstance(node.value, bool | float):
            hint = f'write "{node.text}": if it is meant as text' if node.text else "write the key before ':'"
            self._error(
                "QG105", f"a key must be text or an integer, not {_shown(node.value)}", node.span, hint
            )
            return None
        return node

    def _check_merge(self, key: ScalarNode, value: Node) -> None:
        target = content(value)
        sources = target.items if isinstance(target, SequenceNode) else (target,)
        if not all(isinstance(content(source), MappingNode) for source in sources):
            self._error("QG105", "<< merges a mapping, or a list of mappings, into this one", key.span)


def _span(event: Event) -> Span:
    return _join(event, event)


def _join(first: Event, last: Event) -> Span:
    start, end = first.start_mark, last.end_mark
    return Span(start.index, end.index, start.line, start.column, end.line, end.column)


def _portable_float(text: str) -> str:
    """Return the spelling of a float that YAML 1.1 and 1.2 both read as that float."""
    number = repr(float(text))
    mantissa, mark, exponent = number.partition("e")
    if not mark:
        return number
    sign = "" if exponent[0] in "+-" else "+"
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{sign}{exponent}"


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else repr(value)
