"""What a worker process calls for each trial: the user's own objective, or a built-in task.

The makers are sent to worker processes by name, so they stand at the top of this module, and import what
is heavy only when they are called there.
"""

import importlib
import importlib.util
import math
import pathlib
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.plan import Plan
from qgtune.core.diagnostics import Diagnostic, Location, did_you_mean
from qgtune.core.errors import DiagnosticError, QgtuneError, TrialPruned
from qgtune.study import Objective, WorkerContext

UserFunction = Callable[[Any, dict[str, Any]], float]


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A built-in task and what it is given, in values that can be sent to a worker."""

    task: str
    data: dict[str, Any]
    metric: str
    folder: pathlib.Path
    """What relative paths of the data section are relative to."""
    output_dir: pathlib.Path


def make_own_objective(
    context: WorkerContext, *, plan: Plan, name: str, folder: pathlib.Path, place: Location
) -> Objective:
    """Return an objective that calls the user's function with the trial and its config."""
    del context
    function = load_function(name, folder, place)

    def objective(trial: Any) -> float:
        return checked_value(function(trial, plan.resolve(trial)), name)

    return objective


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


def load_function(name: str, folder: pathlib.Path, place: Location) -> UserFunction:
    """Return the function that ``file.py:function`` or ``package.module:function`` names.

    Args:
        name: the function's name in one of the two spellings.
        folder: what a file is relative to.
        place: where the name was written, for diagnostics.

    Raises:
        DiagnosticError: if the file or module cannot be imported, or has no such function.
    """
    source, _, attribute = name.rpartition(":")
    try:
        if source.endswith(".py"):
            module = _import_file(folder / source)
        else:
            _put_first(folder)
            module = importlib.import_module(source)
    except Exception as error:
        raise DiagnosticError((_import_problem(error, source, place),)) from error
    function = getattr(module, attribute, None)
    if callable(function):
        return function  # type: ignore[no-any-return]
    known = [known for known, value in vars(module).items() if callable(value) and not known.startswith("_")]
    message = f"{source} has no function {attribute!r}"
    raise DiagnosticError((Diagnostic("QG404", message, place, did_you_mean(attribute, known)),))


def _import_file(path: pathlib.Path) -> Any:
    _put_first(path.resolve().parent)  # so that the file finds the modules beside it, as a script does
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _put_first(folder: pathlib.Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _import_problem(error: Exception, source: str, place: Location) -> Diagnostic:
    """Return the problem at the line of the user's own code that failed, else where it was named."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(source)]
    message = f"importing {source} failed: {type(error).__name__}: {error}"
    if frames and frames[-1].lineno:
        line = frames[-1]
        text = line.line or ""
        here = Location(line.filename, line.lineno or 1, 1, line.lineno or 1, len(text) + 1, text)
        return Diagnostic("QG412", message, here)
    return Diagnostic("QG412", message, place)


def make_task_objective(context: WorkerContext, *, plan: Plan, spec: TaskSpec) -> Objective:
    """Return an objective that trains the config with a built-in task and returns the metric's value."""
    from qgtune.data import load_dataset
    from qgtune.training import TASKS, EpochResult, set_torch_threads

    set_torch_threads(context.n_threads)
    task = TASKS[spec.task]
    dataset = load_dataset(spec.data, base_dir=spec.folder)

    def objective(trial: Any) -> float:
        def report(epoch: EpochResult) -> None:
            trial.report(epoch.value, epoch.epoch)
            if trial.should_prune():
                raise TrialPruned(f"pruned after epoch {epoch.epoch}")

        result = task.train(
            plan.resolve(trial),
            dataset,
            metric=spec.metric,
            on_epoch=report,
            on_notice=context.notify,
            output_dir=spec.output_dir,
            trial_number=trial.number,
        )
        return result.value

    return objective
