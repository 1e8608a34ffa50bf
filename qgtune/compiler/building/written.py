"""Nodes with their places in a file, and one laid over another, as a repeat's ``first`` over its ``item``."""

from typing import NamedTuple

from qgtune.core.paths import Path
from qgtune.document import Content, MappingNode, Node, ScalarNode, content, entries


class Written(NamedTuple):
    """A node, its path in its file, and what it is laid over, if that is in the same file."""

    node: Node
    path: Path
    below: "Written | None" = None

    @property
    def content(self) -> Content:
        """The node itself, or what it stands for if it is an alias."""
        return content(self.node)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is written (``key:``)."""
        inner = self.content
        return isinstance(inner, ScalarNode) and inner.value is None and not inner.text

    def over(self, below: "Written | None") -> "Written":
        """Return this node laid over another one; over nothing, it is itself."""
        return self if below is None else self._replace(below=below)


Fields = dict[str | int, tuple[ScalarNode, Written]]
"""The entries of a mapping by key: the node of the key, and what is written under it."""


def settled(written: Written) -> Written:
    """Return what counts where one node is laid over another.

    Mappings are merged, so they keep what is below them; anything else, and a mapping with a ``type`` of its
    own, replaces it. What is empty leaves what is below.
    """
    if written.below is None:
        return written
    below = settled(written.below)
    if written.is_empty:
        return below
    inner = written.content
    merges = isinstance(inner, MappingNode) and inner.tag is None and "type" not in entries(inner)
    return written._replace(below=below if merges and isinstance(below.content, MappingNode) else None)


def fields_of(written: Written) -> Fields:
    """Return the entries of a mapping, each laid over the entry of the same key in the mapping below."""
    inner = written.content
    assert isinstance(inner, MappingNode)  # noqa: S101 - who asks has looked
    path = written.path
    own = {name: (key, Written(value, (*path, name))) for name, (key, value) in entries(inner).items()}
    below = settled(written).below
    if below is None:
        return own
    fields = fields_of(below)
    for name, (key, value) in own.items():
        fields[name] = (key, value.over(fields[name][1]) if name in fields else value)
    return fields
