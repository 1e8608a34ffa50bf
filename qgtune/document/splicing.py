"""Splicing: a document's own text with only the changed values replaced.

Comments, key order, quotes, anchors and spacing of everything untouched stay as they were, byte for byte,
so that ``git diff`` shows what changed and nothing else.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from qgtune.core.diagnostics import Diagnostic
from qgtune.core.paths import ROOT, Path
from qgtune.document.edits import EditedText
from qgtune.document.mending import mend
from qgtune.document.nodes import (
    AliasNode,
    Content,
    Document,
    MappingNode,
    SequenceNode,
    is_merge,
    key_name,
    plain_data,
    walk,
)
from qgtune.document.reading import read_document
from qgtune.document.scalars import same_value
from qgtune.document.sources import Source
from qgtune.document.writing import Indents, dump


class Spliced(NamedTuple):
    """A text that reads as the wanted value, and whether it is the document's own text with edits."""

    text: str
    kept_layout: bool


def splice(document: Document, value: Any) -> str:
    """Return the document's text with the values of ``value`` in place of its own.

    Reading the result gives exactly ``value``. What cannot be mended in place (keys in another order, say) is
    written afresh, in the smallest part of the document that needs it.

    Args:
        document: the document whose text is kept.
        value: plain data for the whole document.
    """
    return splice_with_layout(document, value).text


def splice_with_layout(document: Document, value: Any) -> Spliced:
    """Return what ``splice`` returns, and whether the layout was kept.

    ``kept_layout`` is False where nothing less would do than to write the whole text afresh in block style,
    without its comments, or where the document comes from several texts.

    Args:
        document: the document whose text is kept.
        value: plain data for the whole document.
    """
    if any(node.source is not document.source for node in walk(document.root)):
        return Spliced(dump(value), kept_layout=False)  # an overlay has no text of its own
    if same_value(document.data, value):
        return Spliced(document.source.text, kept_layout=True)
    afresh: set[int] = set()
    while id(document.root) not in afresh:
        text = _attempt(document, value, afresh)
        if _reads_as(text, value):
            return Spliced(text, kept_layout=True)
        afresh.add(id(_culprit(document, value, text, afresh)))
    newline = EditedText(document.source.text).newline
    return Spliced(dump(value).replace("\n", newline), kept_layout=False)


def _attempt(document: Document, value: Any, afresh: set[int]) -> str:
    text = EditedText(document.source.text, _indents_of(document))
    root = document.root
    if isinstance(root, MappingNode) and not root.entries and not root.flow:
        # Only comments, or nothing at all: what is new follows on lines of its own.
        return text.text + dump(value).replace("\n", text.newline)
    mend(text, root, value, afresh)
    return text.result()


def _indents_of(document: Document) -> Indents:
    """Return how far most blocks of a text are indented below their keys."""
    keys: Counter[int] = Counter()
    dashes: Counter[int] = Counter()
    mappings = [node for node in walk(document.root) if isinstance(node, MappingNode) and not node.flow]
    for key, value in (entry for mapping in mappings for entry in mapping.entries):
        if isinstance(value, MappingNode) and value.entries and not value.flow:
            keys[value.entries[0][0].span.column - key.span.column] += 1
        elif isinstance(value, SequenceNode) and value.span.line > key.span.line and not value.flow:
            dashes[value.span.column - key.span.column] += 1
    by_default = Indents()
    [(most_keys, _)] = keys.most_common(1) or [(by_default.keys, 0)]
    [(most_dashes, _)] = dashes.most_common(1) or [(most_keys, 0)]
    return Indents(most_keys, most_dashes)


def _reads_as(text: str, value: Any) -> bool:
    document = _read(text)
    return document is not None and same_value(document.data, value)


def _read(text: str) -> Document | None:
    problems: list[Diagnostic] = []
    return read_document(Source("", text), problems)


def _culprit(document: Document, value: Any, text: str, afresh: set[int]) -> Content:
    """Return the smallest node that goes wrong in ``text`` and that is not written afresh yet."""
    read = _read(text)
    found = document.root
    path: Path | None = ROOT
    while path is not None:
        node = document.find(path)
        if node is not None and not isinstance(node, AliasNode) and id(node) not in afresh:
            found = node
        inner = (
            p for p in _paths_below(document, path, value) if _goes_wrong(document, value, read, p, afresh)
        )
        path = next(inner, None)
    return found


def _goes_wrong(document: Document, value: Any, read: Document | None, path: Path, afresh: set[int]) -> bool:
    """Tell whether the value at ``path`` reads wrong or, if nothing can be read, goes wrong alone."""
    wanted = _at(value, path)
    if read is not None:
        node = read.find(path)
        return node is not None and not same_value(plain_data(node), wanted)
    only_this = document.data
    if same_value(_at(only_this, path), wanted):
        return False
    _at(only_this, path[:-1])[path[-1]] = wanted
    return not _reads_as(_attempt(document, only_this, afresh), only_this)


def _paths_below(document: Document, path: Path, value: Any) -> Iterator[Path]:
    """Yield the paths of what stands directly below ``path`` in the text and in ``value`` alike."""
    node, wanted = document.find(path), _at(value, path)
    if isinstance(node, MappingNode) and isinstance(wanted, dict):
        for key, inner in node.entries:
            if not is_merge(key) and key_name(key) in wanted and not isinstance(inner, AliasNode):
                yield (*path, key_name(key))
    elif isinstance(node, SequenceNode) and isinstance(wanted, list):
        for position, inner in enumerate(node.items[: len(wanted)]):
            if not isinstance(inner, AliasNode):
                yield (*path, position)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value
