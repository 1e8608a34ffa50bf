"""What a worker process calls for each trial: the user's own objective, or a built-in task.

The makers are sent to worker processes by name, so they stand at the top of this module, and import what
is heavy only when they are called there.
"""

import contextlib
import math
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from qgtune.compiler.linking.objects import with_objects
from qgtune.compiler.planning.checks import ConstraintError
from qgtune.compiler.planning.plan import Plan
from qgtune.core.diagnostics import Diagnostic, Location, did_you_mean
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError, TrialPruned
from qgtune.core.paths import format_path
from qgtune.core.user_code import UserCodeError, load_function
from qgtune.core.wording import reason_of
from qgtune.measuring import repeat_of, with_seed_of_repeat
from qgtune.schema.gnn.training import LoopConfig
from qgtune.space import EvaluationError
from qgtune.study import PEAK_MEMORY, PRUNED_BECAUSE, Objective, WorkerContext, params_written_together

UserFunction = Callable[[Any, dict[str, Any]], float | Sequence[float]]

_SEED: int = LoopConfig.model_fields["seed"].default

CONSTRAINTS = "constraints of the search space"
"""The name under which a sampler is told that a config breaks one."""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A built-in task and what it is given, in values that can be sent to a worker."""

    task: str
    data: dict[str, Any]
    metrics: tuple[str, ...]
    """What each value of a trial is: a metric of the task, or what it knows of a config before training."""
    folder: pathlib.Path
    """What relative paths of the data section are relative to."""
    output_dir: pathlib.Path
    on_oom: str = "fail"
    """What becomes of a trial that runs out of memory: ``fail``, ``prune`` or ``halve_batch``."""
    keeps_models: bool = False
    """Whether a trial that comes to its end leaves its model, of which the parent keeps the best ones."""
    store: pathlib.Path | None = None
    """The file that keeps the data set for as long as the run lasts, if nothing else does."""


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


def resolved(plan: Plan, trial: Any, unwritten_seed: int | None = None) -> dict[str, Any]:
    """Return a trial's config.

    Args:
        plan: of the search space.
        trial: the trial, or a repeat of it.
        unwritten_seed: the seed of a training whose config has none; None where nobody knows of one.

    Raises:
        TrialPruned: if an expression has no value for what was sampled, or if the config breaks a
            constraint; the reason is kept with the trial.
    """
    with _pruning(trial), params_written_together(trial):
        return with_seed_of_repeat(plan.resolve(trial), trial, unwritten_seed)


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
    """Return an objective that trains the config with a task and returns the metric's value.

    The worker keeps models and batches from one trial to the next, each time set back to how they were built.
    """
    from qgtune.data import load_kept
    from qgtune.training import TASKS, Recycling, SupervisedTask, late_facts, set_torch_threads

    set_torch_threads(context.n_threads)
    task = TASKS[spec.task]
    dataset = load_kept(spec.data, base_dir=spec.folder, store=spec.store)
    recycling = Recycling()
    # A task that is not one of these need not have a seed.
    unwritten_seed = _SEED if isinstance(task, SupervisedTask) else None

    def objective(trial: Any) -> float | list[float]:
        config = resolved(plan, trial, unwritten_seed)
        facts = late_facts(task, config) if plan.has_late_constraints or len(spec.metrics) > 1 else {}
        if plan.has_late_constraints:
            with _pruning(trial):
                plan.check_late(config, facts)
        told = {format_path(path): value for path, value in facts.items()}
        attempt = _TaskAttempt(trial, task, dataset, spec, context.notify, recycling, told)
        values = attempt.values(config)
        return values if len(values) > 1 else values[0]

    return objective


@dataclass(slots=True)
class _TaskAttempt:
    """The training of one trial by a task."""

    trial: Any
    task: Any
    dataset: Any
    spec: TaskSpec
    notify: Callable[[str], None]
    recycling: Any
    facts: Mapping[str, Any]
    """What the task knows of the config before training it, by name."""
    reported: int = -1
    """The latest epoch that the study knows of."""

    def values(self, config: dict[str, Any]) -> list[float]:
        """Return the value of each metric; what the trial held at most is kept with it, however it ends.

        Raises:
            OutOfMemoryError: if memory does not suffice, and the trial is to fail.
            TrialPruned: if it is to be pruned, for want of memory or of promise.
        """
        from qgtune.training import OutOfMemoryError, PeakMemory

        peak = PeakMemory(str(config.get("training", {}).get("device", "cpu")))
        try:
            return self._values(config)
        except OutOfMemoryError as error:
            if self.spec.on_oom != "prune":
                raise
            self.trial.set_user_attr(PRUNED_BECAUSE, str(error))
            raise TrialPruned(str(error)) from error
        finally:
            most = peak.read()
            if most is not None:
                self.trial.set_user_attr(PEAK_MEMORY, most)

    def _values(self, config: dict[str, Any]) -> list[float]:
        from qgtune.training import OutOfMemoryError, with_halved_batches, within_memory

        while True:
            try:
                return within_memory(partial(self._train, config), free=self.recycling.clear)
            except OutOfMemoryError as error:
                smaller = with_halved_batches(config) if self.spec.on_oom == "halve_batch" else None
                if smaller is None:
                    raise
                size = smaller["training"]["batch_size"]
                self.notify(f"trial {self.trial.number}: {error}: it begins again with batch_size {size}")
                config = smaller

    def _train(self, config: dict[str, Any]) -> list[float]:
        from qgtune.training import SupervisedTask

        # A task that is not one of these need not know of recycling.
        kept = {"recycling": self.recycling} if isinstance(self.task, SupervisedTask) else {}
        result = self.task.train(
            config,
            self.dataset,
            metric=next((name for name in self.spec.metrics if name not in self.facts), self.spec.metrics[0]),
            # Optuna neither takes reports of several objectives nor prunes such trials.
            on_epoch=self._report if len(self.spec.metrics) == 1 else None,
            on_notice=self.notify,
            # A repeat would write its checkpoints over those of the first training.
            output_dir=None if repeat_of(self.trial) else self.spec.output_dir,
            trial_number=self.trial.number,
            **kept,
        )
        if self.spec.keeps_models and not repeat_of(self.trial):
            self._save(config, result)
        if len(self.spec.metrics) == 1:
            return [float(result.value)]
        known = {**result.metrics, **self.facts}
        for index, name in enumerate(self.spec.metrics):
            if name not in known:
                message = f"the task {self.spec.task} reports no metric {name!r}"
                raise ConfigValueError(("metric", index), message, did_you_mean(name, known))
        return [checked_value(known[name], f"the metric {name}") for name in self.spec.metrics]

    def _save(self, config: dict[str, Any], result: Any) -> None:
        from qgtune.training import save_best_model

        try:
            save_best_model(config, self.spec.output_dir, self.trial.number, result)
        except OSError as error:  # the value of the trial is worth more than its weights
            self.notify(
                f"the model of trial {self.trial.number} cannot be kept: {error.filename}: {reason_of(error)}"
            )

    def _report(self, epoch: Any) -> None:
        # A trial that began again with smaller batches has reported its first epochs before.
        if epoch.epoch > self.reported:
            self.trial.report(epoch.value, epoch.epoch)
            self.reported = epoch.epoch
        if self.trial.should_prune():
            raise TrialPruned(f"pruned after epoch {epoch.epoch}")
