"""What the value of a trial is: that of an equal config that has finished, or the mean of some trainings."""

import functools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qgtune.compiler.planning.plan import Plan
from qgtune.schema.tuning import TuningSettings
from qgtune.space import EvaluationError
from qgtune.space.domains import canonical
from qgtune.study import (
    REPEATED_VALUES,
    REUSED_FROM,
    SPREAD,
    Objective,
    RunSpec,
    WorkerContext,
    complete_trials,
    params_written_together,
)


@dataclass(frozen=True, slots=True)
class Measuring:
    """How the value of a trial is found."""

    reuses: bool = True
    """Whether a config that is equal to a finished one gets its value instead of being trained again."""
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
    finished = FinishedConfigs(plan)

    def objective(trial: Any) -> float | Sequence[float]:
        equal = finished.equal_to(trial) if measuring.reuses else None
        if equal is not None:
            number, values = equal
            trial.set_user_attr(REUSED_FROM, number)
            context.notify(
                f"the config of trial {trial.number} is that of trial {number}: its value is reused"
            )
            return values
        return train(trial) if measuring.repeats == 1 else _mean(train, trial, measuring.repeats)

    return objective


class FinishedConfigs:
    """The configs of a study's complete trials, each worked out once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._seen: set[int] = set()
        self._by_config: dict[str, tuple[int, tuple[float, ...]]] = {}

    def equal_to(self, trial: Any) -> tuple[int, tuple[float, ...]] | None:
        """Return the number and the values of the first complete trial with the same config, or None."""
        try:
            with params_written_together(trial):
                config = canonical(self._plan.resolve(trial))
        except EvaluationError:
            return None  # whoever trains it says why it has none
        for number, params, values in complete_trials(trial.study):
            if number not in self._seen:
                self._seen.add(number)
                self._note(number, params, values)
        return self._by_config.get(config)

    def _note(self, number: int, params: dict[str, Any], values: tuple[float, ...]) -> None:
        try:
            config = canonical(self._plan.config_of(params))
        except EvaluationError:
            return  # of another space, from before it was widened
        self._by_config.setdefault(config, (number, values))


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


def with_seed_of_repeat(config: dict[str, Any], trial: Any) -> dict[str, Any]:
    """Return the config of a trial, with the seed of its training moved on if this is a repeat."""
    repeat = getattr(trial, "repeat", 0)
    training = config.get("training")
    if not repeat or not isinstance(training, dict) or not isinstance(training.get("seed"), int):
        return config
    return {**config, "training": {**training, "seed": training["seed"] + repeat}}


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
