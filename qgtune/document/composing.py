"""Events of the parser -> nodes with exact places.

Nodes are composed from the events of PyYAML's C parser rather than by its composer: events carry the
places of aliases and anchors too, arrive one at a time, so that depth is bounded before the C stack is,
and cost less than half of the composer's time.

Every scalar of a file passes through here, so the common ones, plain and without anchor or tag, take a
short way: what a plain text means is found out once.
"""

from itertools import islice
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs do not know it

from qgtune.core.diagnostics import Diagnostic
from qgtune.document.keys import MAX_REMEMBERED, Keys
from qgtune.document.labels import settled
from qgtune.document.nodes import (
    AliasNode,
    Content,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    content,
)
from qgtune.document.scalars import Scalar, old_reading, plain_value, portable_spelling
from qgtune.document.sources import Source, Span
from qgtune.document.tags import TagError, check_collection_tag, tagged_value
from qgtune.document.troubles import Troubles

Event = Any  # the stubs of PyYAML leave open what the C parser always sets
# The kinds of events that come most often; the C parser makes them exactly so, no classes below them.
_SCALAR: Any = yaml.ScalarEvent
_SEQUENCE_END: Any = yaml.SequenceEndEvent
_MAPPING_END: Any = yaml.MappingEndEvent

MAX_DEPTH = 100
MAX_NODES = 1_000_000
"""Nodes of a document once every alias is written out."""
MAX_SHOWN = 10
"""Anchors that a hint names."""


class BoundExceededError(Exception):
    """A text that is too deep or too large to be read; ``span`` is where it became so."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


class Composer:
    """Builds the nodes of a source from events. Recursion is bounded by MAX_DEPTH, size by MAX_NODES."""

    def __init__(self, source: Source, problems: list[Diagnostic]) -> None:
        self.source = source
        self.troubles = Troubles(source, problems)
        self.keys = Keys(self.troubles)
        self.anchors: dict[str, Content | None] = {}  # None while the anchored node is still open
        self.sizes: dict[int, int] = {}  # of anchored nodes, by identity: what an alias to it costs
        self.heights: dict[int, int] = {}  # the same: how many levels it adds
        self.deepest = 0  # the deepest level since the anchored node around began, with aliases written out
        self.size = 0  # nodes so far, with aliases written out
        self.next_event = CParser(source.text).get_event
        # By plain text: the text itself, what it means, and how YAML 1.1 readers take it if not so.
        self.meanings: dict[str, tuple[str, Scalar, str | None]] = {}

    def compose(self) -> Content:
        """Return the root node; an empty text gives an empty mapping."""
        self.next_event()  # the start of the stream
        if isinstance(event := self.next_event(), yaml.StreamEndEvent):
            return self._empty(event)
        event = self.next_event()
        root = self._node(event, 1)
        self.troubles.found.extend(settled(content(root), self.keys.doubts))
        self.next_event()  # the end of the document
        extra = self.next_event()
        if isinstance(extra, yaml.DocumentStartEvent):
            self.troubles.error(
                "QG109", "a second document begins here; one file holds one document", self._span(extra)
            )
        if isinstance(root, AliasNode):  # impossible: no anchor stands before the root
            return root.target
        if isinstance(root, ScalarNode) and not (root.text or root.style or root.tag):
            return self._empty(event)
        return root

    def _empty(self, event: Event) -> MappingNode:
        return MappingNode(self.source, event.start_mark.index, event.end_mark.index, {}, flow=False)

    def _span(self, event: Event) -> Span:
        return self.source.span(event.start_mark.index, event.end_mark.index)

    def _node(self, event: Event, depth: int) -> Node:
        """Return the node that ``event`` begins."""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > MAX_DEPTH:
            raise BoundExceededError(f"nested deeper than {MAX_DEPTH} levels", self._span(event))
        anchor = event.anchor
        size, deepest = self.size, self.deepest
        if anchor is not None:
            self.anchors[anchor] = None
            self.deepest = depth
        node: Content
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth)
        else:
            node = self._mapping(event, depth)
        if anchor is not None:
            self.anchors[anchor] = node
            self.sizes[id(node)] = self.size - size
            self.heights[id(node)] = self.deepest - depth + 1
            self.deepest = max(self.deepest, deepest)
        return node

    def _count(self, nodes: int, event: Event) -> None:
        self.size += nodes
        if self.size > MAX_NODES:
            message = f"more than {MAX_NODES:,} values once every alias is written out"
            raise BoundExceededError(message, self._span(event))

    def _alias(self, event: Event, depth: int) -> Node:
        start, end, name = event.start_mark.index, event.end_mark.index, event.anchor
        target = self.anchors.get(name)
        if target is not None:
            if depth + self.heights[id(target)] > MAX_DEPTH:
                message = f"nested deeper than {MAX_DEPTH} levels through *{name}"
                raise BoundExceededError(message, self._span(event))
            self._count(self.sizes[id(target)], event)
            self.deepest = max(self.deepest, depth + self.heights[id(target)] - 1)
            return AliasNode(self.source, start, end, name, target)
        if name in self.anchors:
            message, hint = f"*{name} stands inside &{name}: a value cannot contain itself", ""
        else:
            known = ", ".join(f"&{anchor}" for anchor in islice(self.anchors, MAX_SHOWN))
            known += ", ..." if len(self.anchors) > MAX_SHOWN else ""
            message = f"*{name} refers to an anchor that does not exist"
            hint = f"anchors so far: {known}" if known else "no anchor stands before this line"
        self.troubles.error("QG108", message, self._span(event), hint)
        return ScalarNode(self.source, start, end, None, "", "")

    # Scalars.

    def _scalar(self, event: Event) -> ScalarNode:
        self.size += 1
        if self.size > MAX_NODES:
            self._count(0, event)
        text, tag = event.value, event.tag
        start, end = event.start_mark.index, event.end_mark.index
        if tag is not None:
            style = event.style or ""
            value = self._tagged(text, tag, style, event)
            return ScalarNode(self.source, start, end, value, text, style, event.anchor, tag)
        if not event.implicit[0]:
            return ScalarNode(self.source, start, end, text, text, event.style or "", event.anchor)
        text, value, surprise = self.meanings.get(text) or self._meaning(text)
        if surprise is not None:
            self._warn_about_old_reading(value, text, surprise, self._span(event))
        return ScalarNode(self.source, start, end, value, text, "", event.anchor)

    def _meaning(self, text: str) -> tuple[str, Scalar, str | None]:
        meaning = (text, plain_value(text), old_reading(text))
        if len(self.meanings) < MAX_REMEMBERED:
            self.meanings[text] = meaning
        return meaning

    def _warn_about_old_reading(self, value: Scalar, text: str, surprise: str, span: Span) -> None:
        kind = "text" if isinstance(value, str) else "number"
        message = f"{text} is the {kind} {value!r} here, but YAML 1.1 readers take it as {surprise}"
        self.troubles.warn("QG110", message, span, portable_spelling(value, text, surprise))

    def _tagged(self, text: str, tag: str, style: str, event: Event) -> Scalar:
        try:
            return tagged_value(text, tag, plain=not style)
        except TagError as error:
            self.troubles.error("QG107", error.message, self._span(event), error.hint)
            return plain_value(text)

    # Lists and mappings.

    def _open(self, event: Event, own: str) -> None:
        self._count(1, event)
        if event.tag is not None:
            try:
                check_collection_tag(event.tag, own)
            except TagError as error:
                self.troubles.error("QG107", error.message, self._span(event), error.hint)

    def _sequence(self, event: Event, depth: int) -> SequenceNode:
        self._open(event, "seq")
        next_event, scalar = self.next_event, self._scalar
        items: list[Node] = []
        inner: Event
        while (kind := type(inner := next_event())) is not _SEQUENCE_END:
            if kind is _SCALAR and inner.anchor is None and depth < MAX_DEPTH:
                items.append(scalar(inner))
            else:
                items.append(self._node(inner, depth + 1))
        if items:
            self.deepest = max(self.deepest, depth + 1)
        return SequenceNode(
            self.source,
            event.start_mark.index,
            inner.end_mark.index,
            tuple(items),
            flow=bool(event.flow_style),
            anchor=event.anchor,
            tag=event.tag,
        )

    def _mapping(self, event: Event, depth: int) -> MappingNode:
        self._open(event, "map")
        next_event, scalar, names = self.next_event, self._scalar, self.keys.names
        by_name: dict[str | int, Entry] = {}
        shallow = depth < MAX_DEPTH
        inner: Event
        while (kind := type(inner := next_event())) is not _MAPPING_END:
            if kind is _SCALAR and inner.anchor is None and shallow:
                key: Node = scalar(inner)
            else:
                key = self._node(inner, depth + 1)
            inner = next_event()
            kind = type(inner)
            if kind is _SCALAR and inner.anchor is None and shallow:
                value: Node = scalar(inner)
            else:
                value = self._node(inner, depth + 1)
            if isinstance(key, ScalarNode) and not key.style and key.tag is None:
                name = names.get(key.text)
                if name is not None and name not in by_name:
                    by_name[name] = (key, value)
                    continue
            self.keys.add(by_name, key, value)
        if by_name:
            self.deepest = max(self.deepest, depth + 1)
        return MappingNode(
            self.source,
            event.start_mark.index,
            inner.end_mark.index,
            by_name,
            flow=bool(event.flow_style),
            anchor=event.anchor,
            tag=event.tag,
        )
