"""Expressions: one language for references, conditions, bounds and constraints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qgtune.core.paths import Path
from qgtune.space.branches import path_text
from qgtune.space.operations import Chosen, Node, Value, evaluate, plain

THIS, PREVIOUS, NEXT = "@", "prev", "next"
"""The heads of paths that begin at a list item: this one, the one before, the one after."""


@dataclass(frozen=True, slots=True)
class Term:
    """A path in an expression: from the root, or from this item (``@``), the one before or the one after."""

    head: str
    path: Path
    start: int
    """Where it stands in the text, in characters from 0."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression: its text, the paths that it reads, and what it computes from their values."""

    text: str
    terms: tuple[Term, ...]
    root: Node

    @property
    def is_path(self) -> bool:
        """Whether it is a single path, so that it copies a value of any kind."""
        return isinstance(self.root, Value)

    def evaluate(self, values: Sequence[Any]) -> Any:
        """Return the value for the values of its terms.

        Raises:
            EvaluationError: if it has none.
        """
        return plain(evaluate(self.root, values))

    def choose(self, values: Sequence[Any]) -> Any:
        """Return the value by which a switch chooses: for a labelled choice its label.

        Raises:
            EvaluationError: if it has none.
        """
        value = evaluate(self.root, values)
        return value.label if isinstance(value, Chosen) else value

    def __str__(self) -> str:
        return self.text


def path_expression(path: Path) -> Expression:
    """Return the expression that is just a path from the root, be it of a config or of the tree."""
    return Expression(path_text(path), (Term("", path, 0),), Value(0))
