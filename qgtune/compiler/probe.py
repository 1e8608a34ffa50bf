"""Probing a plan: configs at the corners of the space and at random, resolved before the first trial."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.fallible import fallible_part
from qgtune.compiler.link import LinkedSpace
from qgtune.compiler.plan import Plan
from qgtune.compiler.problems import Problems
from qgtune.compiler.stand_ins import CornerTrial, RandomTrial
from qgtune.compiler.steps import Computation, ConstraintError, Draft, Suggestion
from qgtune.core.diagnostics import Location
from qgtune.core.paths import Path
from qgtune.space import EvaluationError
from qgtune.space.tree import node_at

MAX_PROBES = 1000
"""Configs that are looked at; a space with more choices than this is probed in part."""

MAX_WORK = 1_000_000
"""Steps of a plan that the corners may take together: of a space with many, fewer are looked at."""

RANDOM_PROBES = 100
"""Configs drawn at random beside the corners."""

MAX_STEPS = 2_000_000
"""Steps of a plan that its probes run in all: a very large space is probed less often."""

MIN_PROBES = 50
"""Corners, and random configs, that are looked at however large the space is."""


def probe_configs(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield configs that show every choice and every bound at least once, the others at their first value.

    A choice that makes further parameters active is followed by theirs. Random configs follow, always the
    same ones. Configs for which an expression has no value, or that break a constraint, are left out.
    """
    for trial in probe_trials(plan):
        try:
            yield plan.resolve(trial)
        except EvaluationError:
            continue


def probe_trials(plan: Plan) -> Iterator[CornerTrial | RandomTrial]:
    """Yield stand-ins for trials, corners first; each must be resolved before the next is asked for."""
    waiting: deque[dict[str, int]] = deque([{}])
    seen: set[str] = set()
    probes = 0
    affordable = max(MIN_PROBES, MAX_STEPS // (len(plan.leading) + len(plan.steps) + 1))
    while waiting and probes < min(MAX_PROBES, affordable):
        corner = waiting.popleft()
        trial = CornerTrial(corner)
        yield trial
        probes += 1
        for name, extremes in trial.asked.items():
            if name not in seen:
                seen.add(name)
                waiting.extend(corner | {name: position} for position in range(1, extremes))
    # Constant spaces have one config, and small ones are covered by their corners.
    for seed in range(min(RANDOM_PROBES, affordable) if plan.suggestions else 0):
        yield RandomTrial(seed)


@dataclass(slots=True)
class _Failures:
    """What went wrong at one place: in how many probes, and how the first of them put it."""

    count: int
    first: str


def check_expressions(plan: Plan, linked: LinkedSpace, problems: Problems) -> None:
    """Report what has no value: an error if in no probe that comes to it, a warning if only in some.

    Constraints are checked as well: one that no probe meets is an error.
    """
    if not plan.constraints and all(
        not isinstance(step, Computation) and not plan.is_conditional and not _follows(step)
        for step in plan.steps
    ):
        return
    failed: dict[Path, _Failures] = {}
    reached: dict[Path, int] = {}
    broken: dict[int, _Failures] = {}
    whole = 0
    part = fallible_part(plan, linked)
    for trial in probe_trials(part):
        draft = part.begin(trial)
        if not _fill(part, draft, failed, reached):
            continue
        whole += 1
        for number, check in enumerate(plan.constraints):
            try:
                if not check.is_late:
                    check.run(draft.config, {})
            except ConstraintError as error:
                broken.setdefault(number, _Failures(0, str(error))).count += 1
    _report(failed, reached, linked, problems)
    for number, failures in broken.items():
        if failures.count == whole:
            constraint = linked.constraints[number]
            message = (
                f"none of {whole} configs looked at satisfies the constraint; in the first, {failures.first}"
            )
            problems.error("QG313", message, problems.at(constraint.origin))


def _report(
    failed: dict[Path, _Failures], reached: dict[Path, int], linked: LinkedSpace, problems: Problems
) -> None:
    told: set[tuple[bool, Location]] = set()
    for target, failures in failed.items():
        place = problems.at(node_at(linked.root, target).origin)
        always = failures.count == reached[target]
        if (always, place) in told:
            continue  # an expression that stands for several places is wrong once
        told.add((always, place))
        if always:
            problems.error("QG309", failures.first, place)
        else:
            hint = "trials that meet such values are pruned with this reason"
            problems.warn("QG310", f"for some values of the space, {failures.first}", place, hint)


def _follows(step: object) -> bool:
    return isinstance(step, Suggestion) and bool(step.bounds)


def _fill(plan: Plan, draft: Draft, failed: dict[Path, _Failures], reached: dict[Path, int]) -> bool:
    """Run the steps of one probe; tell whether all of them came through."""
    for step in plan.steps:
        if not draft.active[step.scope]:
            continue
        reached[step.target] = reached.get(step.target, 0) + 1
        try:
            step.run(draft)
        except EvaluationError as error:
            failed.setdefault(step.target, _Failures(0, str(error))).count += 1
            return False  # what follows this value has none either
    return True
