"""Constraints: what must hold of a config for it to be trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.linking.sources import Fact, LateFact
from qgtune.compiler.planning.reading import OnDemand, chosen, walk_config
from qgtune.core.paths import Path, format_path
from qgtune.space import Categorical, EvaluationError, Expression
from qgtune.space.operations import plain


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
        values = OnDemand(self.reads, lambda source: _read(config, source, late_facts))
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
                for position, value in ((i, plain(known)) for i, known in values.known.items())
                if isinstance(value, int | float | str | bool)
            ]
            told = f" ({', '.join(dict.fromkeys(shown))})" if shown else ""
            raise ConstraintError(f"the config breaks the constraint {self.expression}{told}")


def _read(config: dict[str, Any], source: Source, late_facts: Mapping[Path, Any]) -> Any:
    if isinstance(source, Fact):
        return source.value
    if isinstance(source, LateFact):
        return late_facts[source.path]
    if isinstance(source, LabelledPath):
        return chosen(walk_config(config, source.path), source.domain)
    return walk_config(config, source)
