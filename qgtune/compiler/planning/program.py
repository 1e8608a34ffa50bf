"""The steps of a plan, bound: what a trial runs, with everything looked up before the first trial.

Most steps sample a plain parameter or copy a value. Neighbours of these kinds become one batch, which costs a
trial little more than the calls of ``suggest_*`` themselves.
"""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from qgtune.compiler.planning.reading import Draft
from qgtune.compiler.planning.steps import Copy, Step, Suggestion, own
from qgtune.space import Categorical, Domain, Float, FollowingRange

Run = Callable[[Draft], None]
Program = tuple[tuple[int, Run], ...]
"""What a trial runs, in order: each with the scope in which it runs."""


def bind(steps: Iterable[Step]) -> Program:
    """Return what a trial runs for some steps, in their order."""
    program: list[tuple[int, Run]] = []
    for (batch, scope), found in groupby(steps, _batch_and_scope):
        if batch is None:
            program += ((scope, step.run) for step in found)
        else:
            program.append((scope, batch(found).run))
    return tuple(program)


class _Sampling:
    """Parameters that are sampled one after the other, and whose values stand in the config as they are."""

    __slots__ = ("draws",)

    def __init__(self, suggestions: Iterable[Step]) -> None:
        self.draws: list[tuple[str, Domain, int, str | int]] = [
            (step.name, step.domain, step.place.container, step.place.key)
            for step in suggestions
            if isinstance(step, Suggestion) and not isinstance(step.domain, FollowingRange)
        ]

    def run(self, draft: Draft) -> None:
        """Sample the values and put them into the config."""
        containers, trial = draft.containers, draft.trial
        # A stand-in for a trial may lack the methods that no parameter of the space asks for.
        suggest_categorical: Any = getattr(trial, "suggest_categorical", None)
        suggest_float: Any = getattr(trial, "suggest_float", None)
        suggest_int: Any = getattr(trial, "suggest_int", None)
        for name, domain, container, key in self.draws:
            if isinstance(domain, Categorical):
                value = suggest_categorical(name, domain.labels)
            elif isinstance(domain, Float):
                value = suggest_float(name, domain.low, domain.high, step=domain.step, log=domain.log)
            else:
                value = suggest_int(name, domain.low, domain.high, step=domain.step, log=domain.log)
            containers[container][key] = value


class _Copying:
    """Values that are copied one after the other."""

    __slots__ = ("moves",)

    def __init__(self, copies: Iterable[Step]) -> None:
        self.moves = [
            (step.from_place.container, step.from_place.key, step.to_place.container, step.to_place.key)
            for step in copies
            if isinstance(step, Copy)
        ]

    def run(self, draft: Draft) -> None:
        """Copy the values within the config."""
        containers = draft.containers
        for source, source_key, target, target_key in self.moves:
            containers[target][target_key] = own(containers[source][source_key])


def _batch_and_scope(step: Step) -> tuple[type[_Sampling | _Copying] | None, int]:
    if isinstance(step, Copy):
        return _Copying, step.scope
    if isinstance(step, Suggestion) and step.is_plain and not isinstance(step.domain, FollowingRange):
        return _Sampling, step.scope
    return None, step.scope
