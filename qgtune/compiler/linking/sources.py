"""What expressions read: places of the tree, values known before, and what only a trial tells."""

from dataclasses import dataclass
from typing import Any

from qgtune.core.paths import Path
from qgtune.space import Expression, Origin, path_text


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that is known before any trial, such as the number of features of the data set."""

    value: Any


@dataclass(frozen=True, slots=True)
class LateFact:
    """A value that only what runs a trial can tell, such as the number of parameters of its model."""

    path: Path


@dataclass(frozen=True, slots=True)
class Route:
    """A path that each trial's own config is asked for, because what stands there depends on the trial.

    Args:
        path: the path in a config; it may hold indices from the end and ``[*]``.
        candidates: every place of the tree that it may lead to, or that it leads through.
    """

    path: Path
    candidates: tuple[Path, ...]


Source = Path | list[Path] | Route | Fact | LateFact
"""What a term reads: one value, the values of every item of a list, or what a trial's own config has."""


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression, and what each of its terms reads."""

    expression: Expression
    sources: tuple[Source, ...]

    @property
    def paths(self) -> list[Path]:
        """Every path of the tree that may be read."""
        found: list[Path] = []
        for source in self.sources:
            if isinstance(source, Route):
                found += source.candidates
            elif isinstance(source, list):
                found += source
            elif isinstance(source, tuple):
                found.append(source)
        return found

    def __str__(self) -> str:
        [first, *_] = [*self.sources, None]
        place = first.path if isinstance(first, Route) else first
        if self.expression.is_path and isinstance(place, tuple):
            return path_text(place)
        return str(self.expression)


@dataclass(frozen=True, slots=True)
class Constraint:
    """What must hold of a config for it to be trained."""

    formula: Formula
    origin: Origin

    @property
    def is_late(self) -> bool:
        """Whether it can be checked only where the trial runs."""
        return any(isinstance(source, LateFact) for source in self.formula.sources)
