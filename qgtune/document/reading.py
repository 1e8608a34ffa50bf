"""Text -> Source -> Document: reading YAML with every token's place, bounded, and without surprises.

Nodes are composed from the events of PyYAML's C parser rather than by its composer: events carry the
places of aliases and anchors too, arrive one at a time, so that depth is bounded before the C stack is,
and cost less than half of the composer's time.
"""

import codecs
import math
import pathlib
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs do not know it

from qgtune.core.diagnostics import Diagnostic, Location, Related, Severity
from qgtune.document.nodes import (
    MERGE_KEY,
    AliasNode,
    Content,
    Document,
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
from qgtune.document.scalars import old_reading, plain_value

Event = Any  # the stubs of PyYAML leave open what the C parser always sets

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 2_000_000
"""Nodes of a document once every alias is written out."""

_CORE_TAGS = {
    f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")
}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_source(path: pathlib.Path, name: str, problems: list[Diagnostic]) -> Source | None:
    """Return the text of a file under the name that diagnostics show, or None with a diagnostic.

    UTF-8 is expected; UTF-16 and UTF-32 are read if a byte order mark says so.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL character
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        problems.append(_about_file("QG101", f"the file cannot be read: {reason.lower()}", name))
        return None
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        problems.append(_about_file("QG106", f"the file is larger than {limit} MiB", name))
        return None
    encoding = next((known for mark, known in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        return Source(name, data.decode(encoding))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        text = f"byte {error.start + 1} (line {line}) is not {error.encoding.upper()}: {error.reason}"
        problems.append(_about_file("QG102", text, name, hint="save the file as UTF-8"))
        return None


def _about_file(code: str, message: str, name: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code, message, Location(name, 0, 0, 0, 0), hint)


def read_document(source: Source, problems: list[Diagnostic]) -> Document | None:
    """Return the document of a source; None, with at least one error in ``problems``, if it is not usable.

    Scalars are read under YAML 1.2's core schema. Duplicate keys, unknown tags, keys that are neither text
    nor integers, more than one document, and anything beyond the bounds are errors; scalars that YAML 1.1
    readers take otherwise are warnings. Several problems are reported in one go.
    """
    before = len(problems)
    composer = _Composer(source, problems)
    try:
        root = composer.compose()
    except yaml.MarkedYAMLError as error:
        problems.append(_syntax_problem(source, error))
        return None
    except yaml.reader.ReaderError as error:
        problems.append(_character_problem(source, error))
        return None
    except _BoundExceededError as bound:
        problems.append(Diagnostic("QG106", str(bound), source.location(bound.span)))
        return None
    if any(problem.severity is Severity.ERROR for problem in problems[before:]):
        return None
    return Document(source, root)


def _syntax_problem(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    message = f"this is not YAML: {error.problem or error.context or 'it cannot be read'}"
    hint = _syntax_hint(source, error)
    related: tuple[Related, ...] = ()
    if mark is None:
        return _about_file("QG103", message, source.name, hint)
    if error.context_mark and error.context and error.context_mark.index != mark.index:
        related = (Related(source.location(_point(error.context_mark)), error.context),)
    return Diagnostic("QG103", message, source.location(_point(mark)), hint, related=related)


def _syntax_hint(source: Source, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    if mark is None or mark.line >= len(source.lines):
        return ""
    line = source.lines[mark.line]
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in (error.problem or ""):
        return "indent with spaces: YAML does not allow tabs there"
    if "expected ',' or" in (error.problem or "") and "[" in line[: mark.column + 1]:
        return "inside {} and [], a path such as net[0].dim needs quotes"
    if "mapping values are not allowed" in (error.problem or ""):
        return "a text that holds ': ' needs quotes; else check the indentation of this line"
    return ""


def _character_problem(source: Source, error: yaml.reader.ReaderError) -> Diagnostic:
    position = error.position
    if isinstance(error.character, int):  # the C reader counts bytes
        position = len(source.text.encode()[:position].decode(errors="ignore"))
    line = source.text.count("\n", 0, position)
    column = position - (source.text.rfind("\n", 0, position) + 1)
    span = Span(position, position + 1, line, column, line, column + 1)
    code = error.character if isinstance(error.character, int) else ord(error.character)
    message = f"the character U+{code:04X} is not allowed in YAML"
    return Diagnostic(
        "QG103", message, source.location(span), hint="remove it, or write it as an escape in quotes"
    )


def _point(mark: Any) -> Span:
    return Span(mark.index, mark.index + 1, mark.line, mark.column, mark.line, mark.column + 1)


def read_text(text: str) -> Any:
    """Return the plain data of a YAML text that qgtune itself wrote; the text itself if it is not YAML."""
    document = read_document(Source("", text), [])
    return text if document is None else document.data


class _BoundExceededError(Exception):
    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


class _Composer:
    """Builds nodes from events. Recursion is bounded by MAX_DEPTH, size by MAX_NODES."""

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
            raise _BoundExceededError(f"nested deeper than {MAX_DEPTH} levels", _span(event))
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
            raise _BoundExceededError(
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
                raise _BoundExceededError(f"nested deeper than {MAX_DEPTH} levels through *{name}", span)
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
            return ScalarNode(span, self._tagged(text, tag, span), text, style, event.anchor, tag)
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

    def _tagged(self, text: str, tag: str, span: Span) -> str | int | float | bool | None:
        wanted = _CORE_TAGS.get(tag)
        if tag == "!" or wanted == "str":
            return text
        value = plain_value(text)
        if wanted == "float" and isinstance(value, int) and not isinstance(value, bool):
            return self._as_float(value, span)
        actual = {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value), "str")
        if wanted is None:
            self._unknown_tag(tag, span)
        elif wanted != actual:
            self._error("QG107", f"{text!r} is not of the type that its tag !!{wanted} asks for", span)
        return value

    def _as_float(self, value: int, span: Span) -> float:
        try:
            return float(value)
        except OverflowError:
            self._error("QG107", "the number is too large for its tag !!float", span)
            return math.inf

    def _collection_tag(self, event: Event, own: str) -> None:
        if event.tag is not None and event.tag != "!" and _CORE_TAGS.get(event.tag) != own:
            self._unknown_tag(event.tag, _span(event))

    def _unknown_tag(self, tag: str, span: Span) -> None:
        shown = tag.replace("tag:yaml.org,2002:", "!!")
        hint = "qgtune builds no objects from tags; write the value itself"
        self._error("QG107", f"the tag {shown} is not known", span, hint)

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
