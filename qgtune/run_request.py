"""A tuning file -> the run that it asks for, in values that its workers can be sent."""

import functools
import json
import pathlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from qgtune.compiler.planning.canonical_form import canonical_form
from qgtune.compiler.prepare import Prepared
from qgtune.first_trials import params_to_try_first
from qgtune.outputs.files import OutputFiles
from qgtune.outputs.study_results import measured_settings, run_fingerprint
from qgtune.sampling import number_of_combinations, sampler_spec, total_trials

if TYPE_CHECKING:
    from qgtune.study import Launching, Objective, RunSpec, WorkerContext

TASK_MODULES = ("qgtune.training", "qgtune.data")
"""What the workers of a built-in task need, and what is loaded once for all of them."""


def requested_run(prepared: Prepared, files: OutputFiles, store: pathlib.Path | None) -> "RunSpec":
    """Return the run that a tuning file asks for.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        files: where its results go.
        store: the file that holds the run's data for all workers; None where each reads them by their name.
    """
    from qgtune.measuring import measured
    from qgtune.plugins import with_plugins
    from qgtune.study import RunSpec

    tuning, settings = prepared.tuning, prepared.tuning.settings
    is_task = settings.task is not None
    spec = RunSpec(
        study_name=settings.name(tuning.folder),
        total=total_trials(prepared),
        make_objective=_task_objective(prepared, files, store) if is_task else _own_objective(prepared),
        preload=TASK_MODULES if is_task else (),
        directions=settings.all_directions,
        metrics=settings.metric_names if is_task else (),
        sampler=sampler_spec(prepared),
        pruner=settings.chosen_pruner,
        storage=settings.storage_at(tuning.folder),
        seed=settings.seed,
        fingerprint=run_fingerprint(prepared),
        space=canonical_text(prepared),
        n_processes=settings.n_processes,
        n_jobs=settings.n_jobs,
        timeout=settings.timeout,
        target=settings.target,
        patience=settings.stop_after_trials_without_improvement,
        enqueue=params_to_try_first(prepared, with_base=number_of_combinations(prepared) is None),
        start_method=settings.start_method,
        on_worker_death=settings.on_worker_death,
        launching=_launching(prepared, store),
    )
    return with_plugins(measured(spec, prepared.compilation.plan, settings), tuning)


def _own_objective(prepared: Prepared) -> "Callable[[WorkerContext], Objective]":
    """Return what makes the user's own objective in a worker."""
    from qgtune.objectives import make_own_objective

    tuning = prepared.tuning
    return functools.partial(
        make_own_objective,
        plan=prepared.compilation.plan,
        name=tuning.settings.objective or "",
        folder=tuning.folder.resolve(),
        place=tuning.locate("objective"),
        n_values=len(tuning.settings.all_directions),
    )


def _task_objective(
    prepared: Prepared, files: OutputFiles, store: pathlib.Path | None
) -> "Callable[[WorkerContext], Objective]":
    """Return what makes the objective of a built-in task in a worker."""
    from qgtune.objectives import TaskSpec, make_task_objective

    settings, folder = prepared.tuning.settings, prepared.tuning.folder.resolve()
    task = TaskSpec(
        settings.task or "",
        dict(settings.data or {}),
        settings.metric_names,
        folder,
        files.folder.resolve(),
        settings.on_oom,
        keeps_models=settings.keep_checkpoints is not None,
        store=store,
    )
    return functools.partial(make_task_objective, plan=prepared.compilation.plan, spec=task)


def _launching(prepared: Prepared, store: pathlib.Path | None) -> "Launching | None":
    """Return how processes are started that join the run; None where its workers are its own."""
    from qgtune.study import Launching

    tuning = prepared.tuning
    choice = tuning.settings.chosen_launcher
    if choice.is_local:
        return None
    data = () if store is None else ("--data", str(store))
    command = (sys.executable, "-m", "qgtune", "run", str(tuning.path.resolve()), *data, "--join")
    return Launching(choice, command, tuning.folder.resolve())


def canonical_text(prepared: Prepared) -> str:
    """Return what a study keeps of its search space and of what is measured, as JSON."""
    form = {**canonical_form(prepared.compilation.plan), "measured": measured_settings(prepared)}
    return json.dumps(form, ensure_ascii=False)
