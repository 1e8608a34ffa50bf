"""YAML text <-> nodes with exact places. The only room that knows a YAML library."""

from qgtune.document.nodes import (
    AliasNode,
    Content,
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    content,
    entries,
    plain_data,
    walk,
)
from qgtune.document.overlaying import overlay
from qgtune.document.reading import read_document, read_source, read_text
from qgtune.document.scalars import same_value
from qgtune.document.sources import Source, Span
from qgtune.document.splicing import Spliced, splice, splice_with_layout
from qgtune.document.tags import TAGS
from qgtune.document.writing import comment_block, dump, format_flow, format_scalar

__all__ = [
    "TAGS",
    "AliasNode",
    "Content",
    "Document",
    "MappingNode",
    "Node",
    "ScalarNode",
    "SequenceNode",
    "Source",
    "Span",
    "Spliced",
    "comment_block",
    "content",
    "dump",
    "entries",
    "format_flow",
    "format_scalar",
    "overlay",
    "plain_data",
    "read_document",
    "read_source",
    "read_text",
    "same_value",
    "splice",
    "splice_with_layout",
    "walk",
]
