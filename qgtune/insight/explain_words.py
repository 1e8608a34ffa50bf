"""What a node of the tree is, in words that go on after its path."""

from collections.abc import Callable
from typing import Any

from qgtune.compiler.linking.link import LinkedSpace
from qgtune.core.paths import Path
from qgtune.core.wording import count
from qgtune.document import format_flow
from qgtune.insight.presence import reading
from qgtune.space import Constant, Mapping, Parameter, Reference, Repeat, Sequence, SpaceNode, Switch

MAX_VALUE = 60
"""Characters of a value that are shown at most."""


def words_for(space: LinkedSpace, node: SpaceNode, path: Path) -> str:
    """Return what the node at a path of the tree is, such as ``is tuned: one of 32, 64``."""
    if path in space.formulas:
        return f"follows {reading(space.formulas[path])}"
    if isinstance(node, Switch) and path in space.choosers:
        return f"is chosen by {reading(space.choosers[path])}"
    return _WORDS[type(node)](node)


def _constant_words(node: Constant) -> str:
    text = format_flow(node.value)
    return f"is {text if len(text) <= MAX_VALUE else f'{text[: MAX_VALUE - 3]}...'}"


def _parameter_words(node: Parameter) -> str:
    return f"is tuned: {node.domain}"


def _mapping_words(node: Mapping) -> str:
    return f"is a mapping of {_values(len(node.entries))}"


def _sequence_words(node: Sequence) -> str:
    return f"is a list of {_values(len(node.items))}"


def _repeat_words(node: Repeat) -> str:
    return f"is a list of {node.least} to {_values(len(node.items))}"


def _reference_words(node: Reference) -> str:
    return f"follows {node.expression}"


def _switch_words(node: Switch) -> str:
    return f"is chosen by {node.on}"


def _values(number: int) -> str:
    return count(number, "value")


_WORDS: dict[type, Callable[[Any], str]] = {
    Constant: _constant_words,
    Parameter: _parameter_words,
    Mapping: _mapping_words,
    Sequence: _sequence_words,
    Repeat: _repeat_words,
    Reference: _reference_words,
    Switch: _switch_words,
}
"""Type of a node -> the words that say what it is."""
