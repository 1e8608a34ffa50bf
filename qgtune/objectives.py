"""What a worker process calls for each trial: the user's own objective, or a built-in task.

The makers are sent to worker processes by name, so they stand at the top of this module, and import what
is heavy only when they are called there.
"""

import contextlib
import math
import pathlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.linking.objects import with_objects
from qgtune.compiler.planning.checks import ConstraintError
from qgtune.compiler.planning.plan import Plan
from qgtune.core.diagnostics import Diagnostic, Location
from qgtune.core.errors import DiagnosticError, QgtuneError, TrialPruned
from qgtune.core.user_code import UserCodeError, load_function
from qgtune.measuring import with_seed_of_repeat
from qgtune.space import EvaluationError
from qgtune.study import PRUNED_BECAUSE, Objective, WorkerContext

UserFunction = Callable[[Any, dict[str, Any]], float | Sequence[float]]

CONSTRAINTS = "constraints of the search space"
"""The name under which a sampler is told that a config breaks one."""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A built-in task and what it is given, in values that can be sent to a worker."""

    task: str
    data: dict[str, Any]
    metric: str
    folder: pathlib.Path
    """What relative paths of the data section are relative to."""
    output_dir: pathlib.Path


def make_own_objective(  # noqa: PLR0913 - what a worker is told of the user's function
    context: WorkerContext, *, plan: Plan, name: str, folder: pathlib.Path, place: Location, n_values: int = 1
) -> Objective:
    """Return an objective that calls the user's function with the trial and its config."""
    del context
    function = _load_objective(name, folder, place)

    def objective(trial: Any) -> float | list[float]:
        config = resolved(plan, trial)
        returned = function(trial, with_objects(config) if plan.names_objects else config)
        return checked_value(returned, name) if n_values == 1 else checked_values(returned, name, n_values)

    return objective


def resolved(plan: Plan, trial: Any) -> dict[str, Any]:
    """Return a trial's config.

    Raises:
        TrialPruned: if an expression has no value for what was sampled, or if the config breaks a
            constraint; the reason is kept with the trial.
    """
    with _pruning(trial):
        return with_seed_of_repeat(plan.resolve(trial), trial)


@contextlib.contextmanager
def _pruning(trial: Any) -> Iterator[None]:
    """Prune a trial whose config has no value somewhere, or breaks a constraint, and keep the reason."""
    try:
        yield
    except EvaluationError as error:
        if isinstance(error, ConstraintError):
            # Above 0 is broken, for the samplers that keep away from such configs.
            trial.set_constraint(CONSTRAINTS, 1.0)
        trial.set_user_attr(PRUNED_BECAUSE, str(error))
        raise TrialPruned(str(error)) from error


def checked_value(value: Any, name: str) -> float:
    """Return an objective's value as a float.

    Raises:
        QgtuneError: if it is not a number, or NaN, which no study can compare.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise QgtuneError(f"{name} must return a number, but returned {value!r}") from None
    if math.isnan(number):
        raise QgtuneError(f"{name} must return a number, but returned NaN")
    return number


def checked_values(values: Any, name: str, count: int) -> list[float]:
    """Return the values of an objective that returns several, as floats.

    Raises:
        QgtuneError: if they are not so many numbers.
    """
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != count:
        raise QgtuneError(
            f"{name} must return {count} numbers, one for each direction, but returned {values!r}"
        )
    return [checked_value(value, name) for value in values]


def _load_objective(name: str, folder: pathlib.Path, place: Location) -> UserFunction:
    try:
        return load_function(name, folder)
    except UserCodeError as error:
        code = "QG404" if error.__cause__ is None else "QG412"
        raise DiagnosticError((Diagnostic(code, error.message, error.place or place, error.hint),)) from error


def make_task_objective(context: WorkerContext, *, plan: Plan, spec: TaskSpec) -> Objective:
    """Return an objective that trains the config with a built-in task and returns the metric's value."""
    from qgtune.data import load_dataset
    from qgtune.training import TASKS, EpochResult, late_facts, set_torch_threads

    set_torch_threads(context.n_threads)
    task = TASKS[spec.task]
    dataset = load_dataset(spec.data, base_dir=spec.folder)

    def objective(trial: Any) -> float:
        def report(epoch: EpochResult) -> None:
            trial.report(epoch.value, epoch.epoch)
            if trial.should_prune():
                raise TrialPruned(f"pruned after epoch {epoch.epoch}")

        config = resolved(plan, trial)
        if plan.has_late_constraints:
            with _pruning(trial):
                plan.check_late(config, late_facts(task, config))
        result = task.train(
            config,
            dataset,
            metric=spec.metric,
            on_epoch=report,
            on_notice=context.notify,
            output_dir=spec.output_dir,
            trial_number=trial.number,
        )
        return result.value

    return objective
