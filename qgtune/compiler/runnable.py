"""A config that can be trained as it stands: the file, its task, its data, and every problem at its line."""

import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.data_facts import facts_of, fit_problem
from qgtune.compiler.load import read_data_file
from qgtune.compiler.plugins import import_plugins
from qgtune.compiler.problems import Problems
from qgtune.compiler.tuning import Tuning, read_tuning, top_of
from qgtune.core.diagnostics import Diagnostic, Location, did_you_mean, sort_diagnostics
from qgtune.core.errors import ConfigValueError, DiagnosticError
from qgtune.core.paths import Path, format_path
from qgtune.document import Document, MappingNode
from qgtune.schema.data_checks import find_data_problems
from qgtune.schema.data_paths import rebased_data
from qgtune.schema.gnn import (
    TASK_SCHEMAS,
    find_problems,
    installed_datasets,
    installed_names,
    installed_tasks,
)

TASK_KEYS = ("task", "data", "metric")
"""The keys of a config that say what it is trained for; its task reads the others."""


@dataclass(frozen=True, slots=True)
class RunnableConfig:
    """A config, and what it is trained for.

    Args:
        path: the config's file.
        document: what it says.
        config: its data.
        task: the name of the task.
        data: the settings of the data set.
        metric: the validation metric by which the best epoch is chosen; None for the task's own choice.
        folder: what relative paths of the data settings start from.
        locate: tells the place of a value, or of the nearest thing above it, in the file that gives it.
    """

    path: pathlib.Path
    document: Document
    config: dict[str, Any]
    task: str
    data: dict[str, Any]
    metric: str | None
    folder: pathlib.Path
    locate: Callable[[Path], Location]

    def diagnostic(self, error: ConfigValueError) -> Diagnostic:
        """Return the problem of a value, at its line."""
        code = {"data": "QG409", "metric": "QG410"}.get(str(error.path[0]) if error.path else "", "QG214")
        key = self.document.key_at(error.path) if error.is_key and code == "QG214" else None
        place = self.document.location(key) if key else self.locate(error.path)
        shown = format_path(error.path)
        message = error.message if not shown or shown in error.message else f"{shown}: {error.message}"
        return Diagnostic(code, message, place, error.hint)


def read_runnable(path: pathlib.Path, tuning_path: pathlib.Path | None = None) -> RunnableConfig:
    """Return the config of a file with its task and its data, after every check that needs no torch.

    Args:
        path: the config, such as a best_config.yaml.
        tuning_path: a tuning file that says task, data and metric; None if the config does.

    Raises:
        DiagnosticError: with everything that is wrong with the files.

    Example:
        >>> read_runnable(pathlib.Path("no/such/config.yaml"))
        Traceback (most recent call last):
        ...
        qgtune.core.errors.DiagnosticError: no/such/config.yaml: error[QG101]: there is no such file
    """
    document = read_data_file(path)
    problems = Problems()
    if not isinstance(document.root, MappingNode):
        problems.error("QG201", "a config is a mapping of sections", document.locate(()))
        problems.raise_errors()
    runnable = _with_purpose(path, document, tuning_path, problems)
    problems.raise_errors()
    assert runnable is not None  # noqa: S101 - whatever prevents it is an error
    found = find_data_problems(runnable.data, other_names=installed_datasets()) or _config_problems(runnable)
    if found:
        raise DiagnosticError(sort_diagnostics([runnable.diagnostic(problem) for problem in found]))
    return runnable


def with_purpose(config: dict[str, Any], tuning: Tuning, folder: pathlib.Path) -> dict[str, Any]:
    """Return the config of a trial with what it was trained for, so that it can be trained as it stands.

    The keys task, data and metric come after the others. ``subset``, by which a study trains on a part of
    its data, is left out; and of several metrics stands the one by which a training finds its best epoch.

    Args:
        config: the config of a trial of the study.
        tuning: the tuning file; for an objective of the user's own the config stays as it is.
        folder: the folder of the file that is to hold the config: its relative paths start there.
    """
    settings = tuning.settings
    if settings.task is None:
        return config
    data = {key: value for key, value in (settings.data or {}).items() if key != "subset"}
    rebased = rebased_data(data, tuning.folder, folder)
    purpose = {"task": settings.task, "data": rebased, "metric": settings.training_metric}
    return {**config, **purpose}


def _with_purpose(
    path: pathlib.Path, document: Document, tuning_path: pathlib.Path | None, problems: Problems
) -> RunnableConfig | None:
    """Return the config with its task and data, which one of the two files says; None after a report."""
    config = document.data
    if tuning_path is None:
        task, data, metric = (config.get(key) for key in TASK_KEYS)
        place, folder, objective = top_of(document), path.parent, None

        def locate(at: Path) -> Location:
            return document.locate(at)
    else:
        tuning = read_tuning(tuning_path, problems.found)
        if tuning is None:
            return None
        task, data, metric = tuning.settings.task, tuning.settings.data, tuning.settings.training_metric
        import_plugins(tuning, problems.found)
        objective = tuning.settings.objective if task is None else None
        place = top_of(tuning.document) if objective is None else tuning.locate("objective")
        folder = tuning.folder

        def locate(at: Path) -> Location:
            return (tuning.document if at[:1] and at[0] in TASK_KEYS else document).locate(at)

    if objective is not None:
        message = f"a config is trained by a task, and the trials of this file are trained by {objective}"
        hint = "call that function in a script of your own, or name a tuning file that has task and data"
        problems.error("QG406", message, place, hint)
    elif not isinstance(task, str):
        message = "a config is trained by a task, and there is no key 'task' that names one"
        hint = (
            "write task: and data: into the file, as in a tuning file, or give --tuning and a tuning file "
            "with them; what an objective of your own tuned is trained by a script of your own"
        )
        problems.error("QG406", message, place, hint)
    elif task not in (known := (*TASK_SCHEMAS, *installed_tasks())):
        hint = did_you_mean(task, known)
        problems.error("QG408", f"there is no task {task!r}", locate(("task",)), hint)
    elif data is None:
        hint = "for example data: {name: causal_sets}"
        problems.error("QG409", "a task needs data", locate(("task",)), hint)
    elif metric is not None and not isinstance(metric, str):
        problems.error("QG410", f"a metric is a name, not {metric!r}", locate(("metric",)))
    else:
        return RunnableConfig(path, document, config, task, data, metric, folder, locate)
    return None


def _config_problems(runnable: RunnableConfig) -> tuple[ConfigValueError, ...]:
    """Return what the task's schema says about the config; nothing for a task of the user's own."""
    schema = TASK_SCHEMAS.get(runnable.task)
    if schema is None:
        return ()
    facts = facts_of(runnable.data)
    if (unfit := fit_problem(runnable.data, schema, facts)) is not None:
        return (unfit,)
    found = find_problems(runnable.config, task=schema.name, **facts.for_schema())
    name = (runnable.metric or "loss").partition("/")[0]
    if name in schema.metrics or name in installed_names().metrics:
        return found
    message = f"the task reports no metric {runnable.metric!r}"
    return (*found, ConfigValueError(("metric",), message, did_you_mean(name, schema.metrics)))
