"""What varies in a search space and what follows, line by line, each with when it is there."""

from collections.abc import Iterable
from dataclasses import dataclass

from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.planning.steps import Computation, Copy, Cut, Decision, Step
from qgtune.core.paths import Path
from qgtune.insight.presence import presence, reading
from qgtune.space import path_text
from qgtune.space.tree import LAST, MIDDLE


@dataclass(frozen=True, slots=True)
class Listing:
    """The lines, in the order of the config; parameters with their names and domains.

    Args:
        parameters: name and domain of each parameter, as the study knows them.
        references: what is copied from other values, or computed from them.
        conditions: what chooses between cases.
        lengths: which lists have a length of their own in each trial.
        constraints: what must hold of a config.
    """

    parameters: tuple[tuple[str, str], ...]
    references: tuple[str, ...]
    conditions: tuple[str, ...]
    lengths: tuple[str, ...]
    constraints: tuple[str, ...]


def listing(compilation: Compilation) -> Listing:
    """Return what there is to say about each parameter, reference, condition and constraint of a space."""
    plan, space = compilation.plan, compilation.space
    places: dict[tuple[str, str], list[Path]] = {}
    for suggestion in plan.suggestions:
        places.setdefault((suggestion.name, str(suggestion.domain)), []).append(suggestion.target)
    followers: dict[str, list[Path]] = {}
    for step in plan.steps:
        if isinstance(step, Copy | Computation):
            followers.setdefault(str(step), []).append(step.target)
    choices: dict[str, list[Path]] = {}
    for step in plan.steps:
        if isinstance(step, Decision) and not _is_of_last(step):
            on = reading(space.choosers[step.target])
            line = f"{path_text(step.target)} is chosen by {on}"
            choices.setdefault(line, []).append(step.target)
    lengths = {str(step): [step.target] for step in plan.steps if isinstance(step, Cut)}

    def lines(found: dict[str, list[Path]]) -> Iterable[str]:
        """Yield each text, and when it is so."""
        return (f"{text}{_when(compilation, paths)}" for text, paths in found.items())

    return Listing(
        tuple((name, f"{domain}{_when(compilation, paths)}") for (name, domain), paths in places.items()),
        tuple(lines(followers)),
        tuple(lines(choices)),
        tuple(lines(lengths)),
        tuple(str(check.expression) for check in plan.constraints),
    )


def _is_of_last(step: Step) -> bool:
    return isinstance(step, Decision) and set(step.options) == {MIDDLE, LAST}


def _when(compilation: Compilation, paths: list[Path]) -> str:
    if not compilation.plan.is_conditional:
        return ""
    words = presence(compilation.space, paths)
    return f"; {words}" if words else ""
