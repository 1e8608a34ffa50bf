"""What the value of a trial is: that of an equal config that has ended, or the mean of some trainings."""

import functools
import hashlib
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qgtune.compiler.planning.plan import Plan
from qgtune.core.errors import TrialPruned
from qgtune.schema.tuning import TuningSettings
from qgtune.space import EvaluationError
from qgtune.space.domain_texts import canonical
from qgtune.study import (
    CONFIG,
    FOLLOWS,
    PRUNED_BECAUSE,
    REPEATED_VALUES,
    REUSED_FROM,
    SPREAD,
    EqualTrials,
    Objective,
    RunSpec,
    WorkerContext,
    params_written_together,
)


@dataclass(frozen=True, slots=True)
class Measuring:
    """How the value of a trial is found."""

    reuses: bool = True
    """Whether a config that is equal to one that has ended, or is being trained, gets the other one's end."""
    repeats: int = 1
    """How often each config is trained, each time with another seed; a trial's value is the mean."""


def make_measured_objective(
    context: WorkerContext,
    *,
    make: Callable[[WorkerContext], Objective],
    plan: Plan,
    measuring: Measuring,
) -> Objective:
    """Return an objective that asks the one that ``make`` makes only where a training is needed."""
    train = make(context)
    equals = EqualTrials(functools.partial(_stored_key, plan), context.notify)

    def objective(trial: Any) -> float | Sequence[float]:
        trial.repeat = 0  # an objective of the user's own may ask which of the trainings this is
        key = _published_key(plan, trial, reuses=measuring.reuses)
        equal = None if key is None else equals.ended_like(trial, key)
        if equal is None:
            return train(trial) if measuring.repeats == 1 else _mean(train, trial, measuring.repeats)
        same = f"the config of trial {trial.number} is that of trial {equal.number}"
        if equal.values is None:
            context.notify(f"{same}, which was pruned: so is this one, without a training")
            reason = f"its config is that of trial {equal.number}, which was pruned"
            trial.set_user_attr(PRUNED_BECAUSE, reason)
            raise TrialPruned(reason)
        trial.set_user_attr(REUSED_FROM, equal.number)
        context.notify(f"{same}: its value is reused")
        return equal.values

    return objective


def _published_key(plan: Plan, trial: Any, *, reuses: bool) -> str | None:
    """Sample a trial, keep with it what follows from its parameters, and return the key of its config.

    None where equal configs are all trained, or where the trial has no config: whoever trains it says why.
    """
    with params_written_together(trial):
        try:
            draft = plan.filled(trial)
            config = plan.checked(draft)
        except EvaluationError:
            return None
        followed = plan.followed(draft)
        if followed:
            trial.set_user_attr(FOLLOWS, followed)
        if not reuses:
            return None
        key = _key_of(config)
        trial.set_user_attr(CONFIG, key)
    return key


def _key_of(config: dict[str, Any]) -> str:
    """Return 32 hexadecimal digits that name a config."""
    return hashlib.sha256(canonical(config).encode()).hexdigest()[:32]


def _stored_key(plan: Plan, params: dict[str, Any]) -> str | None:
    """Return the key of the config that stored parameters give; None if they are of another space."""
    try:
        return _key_of(plan.config_of(params))
    except EvaluationError:
        return None


class RepeatOfTrial:
    """A trial that is trained once more: it has the same values, but neither reports nor is pruned.

    Args:
        trial: the trial itself.
        repeat: which repeat it is, from 1; added to the seed of its training.
    """

    def __init__(self, trial: Any, repeat: int) -> None:
        self._trial = trial
        self.repeat = repeat

    def report(self, value: float, step: int) -> None:
        """Report nothing: the study has the first training's values at these steps."""

    def should_prune(self) -> bool:
        """Return False: the first training was not pruned."""
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trial, name)


def repeat_of(trial: Any) -> int:
    """Return which of its trial's trainings this is, from 0."""
    return int(getattr(trial, "repeat", 0))


def with_seed_of_repeat(config: dict[str, Any], trial: Any, unwritten: int | None = None) -> dict[str, Any]:
    """Return the config of a trial, with the seed of its training moved on if this is a repeat.

    Args:
        config: of the trial.
        trial: the trial, or a repeat of it.
        unwritten: the seed of a training whose config has none; None where nobody knows of such a seed, and
            the config stays as it is.
    """
    repeat = repeat_of(trial)
    training = config.get("training")
    if not repeat or not isinstance(training, dict):
        return config
    seed = training.get("seed", unwritten)
    return {**config, "training": {**training, "seed": seed + repeat}} if isinstance(seed, int) else config


def _mean(train: Objective, trial: Any, repeats: int) -> list[float]:
    """Return the mean of the values of several trainings, and keep all of them with the trial."""
    rows: list[list[float]] = []
    for repeat in range(repeats):
        attempt: Any = RepeatOfTrial(trial, repeat) if repeat else trial
        returned = train(attempt)
        rows.append(list(map(float, returned)) if isinstance(returned, Sequence) else [float(returned)])
    columns = list(zip(*rows, strict=True))
    trial.set_user_attr(REPEATED_VALUES, rows if len(columns) > 1 else list(columns[0]))
    spreads = [
        statistics.stdev(column) if all(map(math.isfinite, column)) else math.inf for column in columns
    ]
    trial.set_user_attr(SPREAD, spreads if len(columns) > 1 else spreads[0])
    return [math.fsum(column) / repeats for column in columns]


def measured(spec: RunSpec, plan: Plan, settings: TuningSettings) -> RunSpec:
    """Return a run whose objective is asked only where a training is needed, and as often as is set."""
    measuring = Measuring(settings.reuse_equal_configs, settings.repeats)
    make = functools.partial(
        make_measured_objective, make=spec.make_objective, plan=plan, measuring=measuring
    )
    return replace(spec, make_objective=make)
