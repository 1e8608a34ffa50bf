"""Paths to nothing -> a way out: the nearest path that exists, or what stands there instead."""

from qgtune.core.diagnostics import nearest
from qgtune.core.paths import Path, format_path, selects_many
from qgtune.core.wording import count
from qgtune.space import Mapping, Parameter, Repeat, Sequence, SpaceNode
from qgtune.space.tree import children

MAX_SHOWN = 12
"""Names that a hint lists at most."""


def _known_paths(node: SpaceNode, path: Path) -> list[str]:
    """Return the paths of a node's children, as they are shown."""
    return [format_path((*path, key)) for key, _ in children(node)]


def missing_hint(node: SpaceNode, target: Path, depth: int) -> str:
    """Return a way out where ``target`` leads to nothing below ``node``, which stands at its first parts."""
    path = target[:depth]
    if isinstance(node, Repeat) and (isinstance(target[depth], int) or selects_many(target[depth])):
        return f"{format_path(path)} has at most {len(node.items)} items; what the last has goes under last:"
    if isinstance(node, Sequence):
        return f"{format_path(path)} has {count(len(node.items), 'item')}"
    known = _known_paths(node, path)
    if not known:
        if isinstance(node, Mapping):
            return f"{format_path(path) or 'the config'} is empty"
        what = "sampled" if isinstance(node, Parameter) else "a single value"
        return f"{format_path(path)} is {what}"
    keys = [str(key) for key, _ in children(node)]
    meant = nearest(str(target[depth]), keys)
    if meant is not None:
        return f"did you mean {known[keys.index(meant)]!r}?"
    shown = ", ".join(keys[:MAX_SHOWN]) + (", ..." if len(keys) > MAX_SHOWN else "")
    return f"{format_path(path) or 'the config'} has {shown}"
