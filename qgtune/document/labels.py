"""Keys that are labels of values: those of a switch's cases may be any scalar, as the values are."""

from collections.abc import Iterable, Iterator

from qgtune.core.diagnostics import Diagnostic
from qgtune.document.nodes import Content, MappingNode, ScalarNode, content, entries, walk

LABELLED = {"switch": "cases", "coupled": "values"}
"""Type of a form -> its field whose keys are labels."""

Doubt = tuple[ScalarNode, Diagnostic]
"""A key, and what is wrong with it unless it is a label."""


def settled(root: Content, doubts: Iterable[Doubt]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the keys of a document, now that all of it is known.

    ``on`` of a switch is no text that another reader could take for true, since no other reader is meant to
    read it; and ``true: ...`` among its cases is the case of the value true.
    """
    waiting = {id(key): problem for key, problem in doubts}
    if not waiting:
        return
    for node in walk(root):
        fields = entries(node) if isinstance(node, MappingNode) else {}
        kind = content(fields["type"][1]) if "type" in fields else None
        if not isinstance(kind, ScalarNode) or kind.value not in LABELLED:
            continue
        cases = fields.get(LABELLED[str(kind.value)])
        inner = content(cases[1]) if cases is not None else None
        keys = [key for key, _ in entries(inner).values()] if isinstance(inner, MappingNode) else []
        for key in (*keys, *(fields["on"][:1] if "on" in fields else ())):
            waiting.pop(id(key), None)
    yield from waiting.values()
