"""Constraints: what must hold of a config for it to be trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.reading import label_of, walk_config
from qgtune.compiler.sources import Fact, LateFact
from qgtune.core.paths import Path, format_path
from qgtune.space import Categorical, EvaluationError, Expression


@dataclass(frozen=True, slots=True)
class LabelledPath:
    """A path in a config of which the label is read, and not the value, since its choices have labels."""

    path: Path
    domain: Categorical


Source = Path | LabelledPath | Fact | LateFact
"""Where a constraint finds the value of a term."""


class ConstraintError(EvaluationError):
    """A config that breaks a constraint, and so is not trained."""


class UndecidedError(ConstraintError):
    """A config for which a constraint has no value, since it lacks what the constraint reads."""


@dataclass(frozen=True, slots=True)
class Check:
    """A constraint: what must hold of a config."""

    expression: Expression
    reads: tuple[Source, ...]
    """Where the value of each term is found."""

    @property
    def is_late(self) -> bool:
        """Whether it needs what only the place where a trial runs can tell."""
        return any(isinstance(read, LateFact) for read in self.reads)

    def run(self, config: dict[str, Any], late_facts: Mapping[Path, Any]) -> None:
        """Check a config.

        Raises:
            ConstraintError: if the config breaks the constraint.
            UndecidedError: if it cannot be told whether it does.
        """
        values = _Values(config, self.reads, late_facts)
        try:
            holds = self.expression.evaluate(values)
        except EvaluationError as error:
            raise UndecidedError(f"the constraint {self.expression}: {error}") from None
        if not isinstance(holds, bool):
            reason = f"must be true or false, but is {holds!r}"
            raise ConstraintError(f"the constraint {self.expression} {reason}")
        if not holds:
            shown = [
                f"{format_path(self.expression.terms[position].path)} is {value!r}"
                for position, value in values.known.items()
                if isinstance(value, int | float | str | bool)
            ]
            told = f" ({', '.join(dict.fromkeys(shown))})" if shown else ""
            raise ConstraintError(f"the config breaks the constraint {self.expression}{told}")


class _Values(Sequence[Any]):
    """The values of the terms, each read when asked for: what an ``if`` does not choose may be absent."""

    __slots__ = ("config", "known", "late_facts", "reads")

    def __init__(
        self, config: dict[str, Any], reads: tuple[Source, ...], late_facts: Mapping[Path, Any]
    ) -> None:
        self.config = config
        self.reads = reads
        self.late_facts = late_facts
        self.known: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self.reads)

    def __getitem__(self, position: Any) -> Any:
        read = self.reads[position]
        if isinstance(read, Fact):
            value = read.value
        elif isinstance(read, LateFact):
            value = self.late_facts[read.path]
        elif isinstance(read, LabelledPath):
            value = label_of(walk_config(self.config, read.path), read.domain)
        else:
            value = walk_config(self.config, read)
        self.known[position] = value
        return value
