"""Overlaying: one document laid over another, as ``extends: other.yaml`` asks for.

Nothing is copied or changed: only the mappings and lists that hold something of both documents are new nodes.
All others are the nodes of the two documents, so that each still tells its own place in its own file, and a
value that an anchor shares is still one value.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from qgtune.document.nodes import (
    Document,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    content,
    entries,
)
from qgtune.document.tags import TAGS

_NO_SYNONYMS: Mapping[str, str] = MappingProxyType({})


def overlay(
    top: Document,
    below: Document,
    synonyms: Mapping[str, str] = _NO_SYNONYMS,
    joined: Collection[str] = (),
) -> Document:
    """Return ``below`` with ``top`` laid over it.

    * Mappings merge key by key: first the keys of ``below`` in its order, then those that only ``top`` has.
    * A mapping in ``top`` replaces what is below as a whole if it has a tag such as ``!range``, or a ``type``
      that is a scalar: it is a parameter of its own. One without merges into a parameter below, and so keeps
      its type.
    * Lists of mappings merge item by item if they are equally long.
    * ``{}`` and values that are not written (``key:``) leave what is below.
    * Anything else replaces what is below.

    Merge keys (``<<``) count as if what they bring stood in their place. What comes from an anchor and is
    changed here changes only here, not where its aliases stand.

    Args:
        top: the document that says what differs. The result has its source.
        below: the document that it extends; it can be a result of ``overlay`` itself.
        synonyms: the common name of each key that has another, ``{"min": "low"}``: where ``top`` uses one
            name and ``below`` the other, that of ``below`` goes.
        joined: keys at the root whose lists are joined, those of ``below`` first.

    Returns:
        A document whose nodes come from both files; ``Document.location`` tells the place of each.
    """
    root = content(_lay(top.root, below.root, synonyms))
    if (
        isinstance(root, MappingNode)
        and isinstance(top.root, MappingNode)
        and isinstance(below.root, MappingNode)
    ):
        root = _join(root, entries(top.root), entries(below.root), joined)
    return Document(top.source, root)


def _join(
    root: MappingNode,
    ours: Mapping[str | int, Entry],
    theirs: Mapping[str | int, Entry],
    keys: Collection[str],
) -> MappingNode:
    """Return the merged root with the lists under some keys joined."""
    merged = dict(entries(root))
    for name in keys:
        upper, lower = (content(fields[name][1]) if name in fields else None for fields in (ours, theirs))
        if isinstance(upper, SequenceNode) and isinstance(lower, SequenceNode):
            items = (*lower.items, *upper.items)
            merged[name] = (
                ours[name][0],
                SequenceNode(upper.source, upper.start, upper.end, items, flow=upper.flow),
            )
    return MappingNode(root.source, root.start, root.end, merged, flow=root.flow, tag=root.tag)


def _lay(top: Node, below: Node, synonyms: Mapping[str, str]) -> Node:
    upper, lower = content(top), content(below)
    if _is_empty(upper):
        return below
    if isinstance(upper, MappingNode) and isinstance(lower, MappingNode) and not _is_parameter(upper):
        return _merge_mappings(upper, lower, synonyms)
    if isinstance(upper, SequenceNode) and isinstance(lower, SequenceNode) and _match(upper, lower):
        items = tuple(_lay(*pair, synonyms) for pair in zip(upper.items, lower.items, strict=True))
        return SequenceNode(upper.source, upper.start, upper.end, items, flow=upper.flow)
    return top


def _is_empty(node: Node) -> bool:
    """Tell whether nothing is written here, or ``{}``, so that nothing is meant to change."""
    inner = content(node)
    if isinstance(inner, ScalarNode):
        return not (inner.text or inner.style or inner.tag)
    return isinstance(inner, MappingNode) and not inner.by_name and inner.tag is None


def _is_parameter(node: MappingNode) -> bool:
    kind = entries(node).get("type")
    return node.tag in TAGS or (kind is not None and isinstance(content(kind[1]), ScalarNode))


def _match(upper: SequenceNode, lower: SequenceNode) -> bool:
    """Tell whether two lists merge item by item."""
    tagged = upper.tag in TAGS or lower.tag in TAGS
    both = (*upper.items, *lower.items)
    return (
        not tagged
        and len(upper.items) == len(lower.items)
        and all(isinstance(content(item), MappingNode) or _is_empty(item) for item in both)
    )


def _is_whole(name: str | int, fields: Mapping[str | int, Entry], synonyms: Mapping[str, str]) -> bool:
    """Tell whether a field is replaced as a whole: labelled choices are a set, as choices in a list are."""
    kind = content(fields["type"][1]) if "type" in fields else None
    is_categorical = isinstance(kind, ScalarNode) and kind.value == "categorical"
    return is_categorical and synonyms.get(str(name), name) == "choices"


def _merge_mappings(upper: MappingNode, lower: MappingNode, synonyms: Mapping[str, str]) -> MappingNode:
    ours, theirs = entries(upper), entries(lower)
    renamed = {synonyms.get(str(name), name) for name in ours if name not in theirs}
    merged: dict[str | int, Entry] = {}
    for name, (key, value) in theirs.items():
        if name in ours and _is_whole(name, theirs, synonyms):
            merged[name] = ours[name]
        elif name in ours:
            found = _lay(ours[name][1], value, synonyms)
            merged[name] = (key if found is value else ours[name][0], found)
        elif synonyms.get(str(name), name) not in renamed:
            merged[name] = (key, value)
    merged |= {name: entry for name, entry in ours.items() if name not in theirs}
    return MappingNode(
        upper.source,
        upper.start,
        upper.end,
        merged,
        flow=upper.flow,
        tag=lower.tag if upper.tag is None else upper.tag,
    )
