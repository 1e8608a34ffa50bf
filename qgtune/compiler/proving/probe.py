"""Probing a plan: configs at the corners of the space and at random, resolved before the first trial."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.stand_ins import CornerTrial, RandomTrial
from qgtune.space import EvaluationError

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
