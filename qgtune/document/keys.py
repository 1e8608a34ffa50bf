"""Keys of mappings: text or integers, each once, and ``<<``, which merges other mappings into one."""

from qgtune.core.diagnostics import Related
from qgtune.document.labels import Doubt
from qgtune.document.nodes import (
    MERGE_KEY,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    content,
    is_merge,
    key_name,
)
from qgtune.document.tags import TAGS
from qgtune.document.troubles import Troubles

MAX_REMEMBERED = 10_000
"""Plain texts whose meaning is remembered."""

_ON = "on"
"""A key that YAML 1.1 readers take for true, and that every switch has."""


class Keys:
    """Adds entries to mappings, and reports keys that are not as they should be.

    Args:
        troubles: receives what is wrong with a key.
    """

    def __init__(self, troubles: Troubles) -> None:
        self.troubles = troubles
        # By plain text: the name that it gives a key, for those that may be keys.
        self.names: dict[str, str | int] = {}
        self.doubts: list[Doubt] = []  # keys that are wrong unless they are labels

    def add(self, by_name: dict[str | int, Entry], raw_key: Node, value: Node) -> None:
        """Add an entry whose key was not seen before, is not plain, or is not as it should be."""
        key = self._key(raw_key, value)
        if key is None:
            return
        name = MERGE_KEY if is_merge(key) else key_name(key)
        if name in by_name:
            first = Related(self.troubles.source.location(by_name[name][0].span), "first given here")
            self.troubles.error(
                "QG104", f"the key {key.text!r} is given twice", key.span, "remove one", first
            )
            return
        by_name[name] = (key, value)
        is_sure = type(key.value) in (str, int) and name not in (MERGE_KEY, _ON)
        if is_sure and not key.style and key.tag is None and len(self.names) < MAX_REMEMBERED:
            self.names[key.text] = name

    def _key(self, key: Node, value: Node) -> ScalarNode | None:
        node = content(key)
        if not isinstance(node, ScalarNode):
            self.troubles.error(
                "QG105", "a key must be text or an integer, not a list or a mapping", key.span
            )
            return None
        if node.tag in TAGS:
            hint = "a tag for the mapping that begins here goes on a line of its own, above it"
            self.troubles.error("QG107", f"the tag {node.tag} stands before a key", node.span, hint)
        if is_merge(node):
            self._check_merge(node, value)
        elif node.value is None or isinstance(node.value, bool | float):
            hint = f'write "{node.text}": if it is meant as text' if node.text else "write the key before ':'"
            self.troubles.error(
                "QG105", f"a key must be text or an integer, not {_shown(node.value)}", node.span, hint
            )
            if not node.text:
                return None
            self.doubts.append((node, self.troubles.found.pop()))
        elif node.text == _ON and not node.style:
            self._doubt_old_reading(node)
        return node

    def _doubt_old_reading(self, key: ScalarNode) -> None:
        """Keep back the warning of a key ``on`` until it is known whether a switch has it."""
        place = self.troubles.source.location(key.span)
        for position in range(len(self.troubles.found) - 1, -1, -1):
            if self.troubles.found[position].location == place:
                self.doubts.append((key, self.troubles.found.pop(position)))
                return

    def _check_merge(self, key: ScalarNode, value: Node) -> None:
        target = content(value)
        sources = target.items if isinstance(target, SequenceNode) else (target,)
        if not all(isinstance(content(source), MappingNode) for source in sources):
            self.troubles.error(
                "QG105", "<< merges a mapping, or a list of mappings, into this one", key.span
            )


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else repr(value)
