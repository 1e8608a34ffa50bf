"""What a built-in task's schema says about the values that can be sampled, each problem at its line."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from qgtune.compiler.data_facts import DataFacts, data_facts, fit_problem
from qgtune.compiler.incremental import IncrementalCheck, blocks_key_of, blocks_of
from qgtune.compiler.objective import check_function
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.problems import Problems
from qgtune.compiler.proving.probe import probe_configs
from qgtune.compiler.tuning import Tuning, top_of
from qgtune.compiler.value_places import origin_location, report_values
from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.core.wording import count
from qgtune.schema.data_checks import find_data_problems
from qgtune.schema.gnn import (
    LAYER_TYPES,
    METRICS,
    REGRESSION_METRICS,
    TASK_SCHEMAS,
    GcnBlockConfig,
    TaskSchema,
    find_problems,
    installed_datasets,
    installed_names,
    installed_tasks,
    metric_direction,
    untaken_kwargs,
)
from qgtune.schema.tuning import FACTS_AS_METRICS

TASKS = tuple(TASK_SCHEMAS)
LATE_FACTS: frozenset[Path] = frozenset({("model", "params")})
"""What a task tells of a trial's config before training it, for constraints: its number of parameters."""

MAX_WEIGHED = 20_000
"""Problems of configs that are looked at, most of them the same ones in one config after the other."""

_TAKEN_BY_SOME = frozenset().union(*LAYER_TYPES.values())
_DEFAULT_LAYER_TYPE = GcnBlockConfig.model_fields["gnn_layer_type"].default


def check_task(tuning: Tuning, compilation: Compilation | None, problems: Problems) -> None:
    """Report what is wrong with the task, its data, its metric, and every config that it would be given."""
    settings = tuning.settings
    if (settings.objective is None) == (settings.task is None):
        how = "give objective: file.py:function, or task: graph_classification with data:"
        message = "a tuning file says what a trial runs: either objective or task"
        place = top_of(tuning.document) if settings.task is None else tuning.locate("task")
        problems.error("QG406", message, place, how)
    if settings.task is None:
        for key in ("data", "metric", "keep_checkpoints"):
            if getattr(settings, key) is not None:
                message = f"{key} belongs to a built-in task; an objective of your own does not see it"
                problems.warn("QG407", message, tuning.locate(key))
        return
    schema = TASK_SCHEMAS.get(settings.task)
    if schema is None and settings.task not in installed_tasks():
        message = f"there is no task {settings.task!r}"
        known = (*TASK_SCHEMAS, *installed_tasks())
        problems.error("QG408", message, tuning.locate("task"), did_you_mean(settings.task, known))
        return
    _check_data(tuning, problems)
    _check_metrics(tuning, schema, problems)
    if schema is None:
        return  # of a task of the user's own nothing more is known before a worker imports it
    facts = data_facts(tuning)
    if (unfit := fit_problem(tuning.settings.data or {}, schema, facts)) is not None:
        problems.error("QG409", unfit.message, tuning.document.locate(unfit.path), unfit.hint)
    if compilation is not None:
        _check_configs(compilation, schema, facts, problems)


def check_loaded(tuning: Tuning, compilation: Compilation, found: DataFacts | ConfigValueError) -> None:
    """Return if the data set of a task, now that it is loaded, fits the task and every config.

    Args:
        tuning: the tuning file.
        compilation: its compiled space.
        found: what the data set is, or why it cannot be loaded.

    Raises:
        DiagnosticError: with everything that does not fit, each at its line.
    """
    problems = Problems(dict(compilation.documents))
    schema = TASK_SCHEMAS.get(str(tuning.settings.task))
    unfit = found
    if isinstance(found, DataFacts) and schema is not None:
        unfit = fit_problem(tuning.settings.data or {}, schema, found) or found
    if isinstance(unfit, ConfigValueError):
        shown = format_path(unfit.path)
        message = unfit.message if shown in ("data.name", "data.path") else f"{shown}: {unfit.message}"
        problems.error("QG409", message, tuning.document.locate(unfit.path), unfit.hint)
    elif schema is not None:  # of a task of the user's own nothing is known
        _check_configs(compilation, schema, unfit, problems)
    problems.raise_errors()


def _check_data(tuning: Tuning, problems: Problems) -> None:
    data = tuning.settings.data
    if data is None:
        hint = "for example data: {name: causal_sets}"
        problems.error("QG409", "a task needs data", tuning.locate("task"), hint)
        return
    for problem in find_data_problems(data, other_names=installed_datasets()):
        key = tuning.document.key_at(problem.path) if problem.is_key else None
        place = tuning.document.source.location(key.span) if key else tuning.document.locate(problem.path)
        problems.error("QG409", problem.message, place, problem.hint)
    if ":" in str(data.get("name")):
        place = tuning.document.locate(("data", "name"))
        check_function(str(data["name"]), tuning.folder, place, "QG409", problems.found)


def _check_metrics(tuning: Tuning, schema: TaskSchema | None, problems: Problems) -> None:
    """Report what is wrong with the metrics; of a task of the user's own only how many there are is known."""
    settings = tuning.settings
    names, directions = settings.metric_names, settings.all_directions
    if len(names) != len(directions):
        _report_counts(tuning, problems)
        return
    if all(name in FACTS_AS_METRICS for name in names):
        message = f"a training is judged by a metric of its task, and {settings.metric_name} is none"
        hint = f"for example metric: [{example_metric(schema)}, {names[0]}], with directions"
        problems.error("QG410", message, tuning.locate("metric"), hint)
        return
    if schema is not None:
        several = len(names) > 1
        for index, (name, direction) in enumerate(zip(names, directions, strict=True)):
            _check_metric(tuning, schema, (name, direction), (index,) if several else (), problems)


def example_metric(schema: TaskSchema | None) -> str:
    """Return the metric of a task where none is named; of a task of which nothing is known, the loss."""
    return "loss" if schema is None or schema.predicts == "values" else "f1_weighted"


def _report_counts(tuning: Tuning, problems: Problems) -> None:
    settings = tuning.settings
    names, directions = settings.metric_names, settings.all_directions
    if settings.metric is None:
        message = f"there are {len(directions)} directions, and no metric says what each of them is of"
        hint = "for example metric: [f1_weighted, model.params]"
        problems.error("QG403", message, tuning.locate("directions"), hint)
        return
    metrics = count(len(names), "metric")
    ways = f"{count(len(directions), 'direction')} ({', '.join(directions)})"
    message = f"each metric has one direction, but there {'are' if len(names) > 1 else 'is'} {metrics} "
    message += f"({settings.metric_name}) and {ways}"
    known = {**FACTS_AS_METRICS, **METRICS, **REGRESSION_METRICS}
    natural = [metric_direction(name, known) for name in names]
    hint = ""
    if len(names) > 1 and all(natural):
        hint = f"write directions: [{', '.join(map(str, natural))}]"
    problems.error("QG403", message, tuning.locate("metric"), hint)


def _check_metric(
    tuning: Tuning, schema: TaskSchema, aim: tuple[str, str], at: Path, problems: Problems
) -> None:
    """Report what is wrong with one metric and its direction; ``at`` is where they stand in their lists."""
    name, direction = aim
    place = tuning.document.locate(("metric", *at)) if at else tuning.locate("metric")
    known = {**schema.metrics, **FACTS_AS_METRICS}
    natural = metric_direction(name, known)
    metric, _, target = name.partition("/")
    targets = data_facts(tuning).target_names
    message = f"the task reports no metric {name!r}"
    if target and targets is not None and (target not in targets or len(targets) == 1):
        several = [f"{metric}/{each}" for each in targets] if len(targets) > 1 else []
        hint = did_you_mean(name, several) or f"with one target, {targets[0]}, leave out /{target}"
        problems.error("QG410", message, place, hint)
    elif natural is None and metric not in installed_names().metrics:
        problems.error("QG410", message, place, did_you_mean(name, known if at else schema.metrics))
    elif natural not in (None, direction):
        goes = "falls" if natural == "minimize" else "grows"
        message = f"{name} gets better as it {goes}, but the direction is {direction}"
        place = tuning.document.locate(("directions", *at)) if at else tuning.locate("direction")
        hint = f"write {natural} in its place" if at else f"write direction: {natural}"
        problems.warn("QG411", message, place, hint)


def _check_configs(
    compilation: Compilation, schema: TaskSchema, facts: DataFacts, problems: Problems
) -> None:
    """Report what is wrong with any probed config; a problem that many of them share is reported once."""
    seen: set[tuple[Path, str]] = set()
    dropped: dict[Path, dict[str, None]] = {}
    # The labels of data that the task does not take say nothing of the outputs.
    known = facts if facts.predicts in (None, schema.predicts) else replace(facts, num_classes=None)
    check = IncrementalCheck(lambda config: find_problems(config, task=schema.name, **known.for_schema()))
    looked_at: set[tuple[int, str]] = set()
    weighed = 0
    for config in probe_configs(compilation.plan):
        if weighed > MAX_WEIGHED:
            break  # a config full of mistakes shows them all at once; mend these, and the rest will show
        texts = [repr(block) for block in blocks_of(config)]
        found = check.problems(config, texts)
        weighed += len(found)
        new_ones = [problem for problem in found if (problem.path, problem.message) not in seen]
        if new_ones:
            seen.update((problem.path, problem.message) for problem in new_ones)
            report_values(new_ones, config, compilation, problems)
        new = set(enumerate(texts)) - looked_at
        looked_at |= new
        for path, layer_type in _dropped_kwargs(config, [k for k, _ in sorted(new)]):
            dropped.setdefault(path, {})[layer_type] = None
    for path, layer_types in dropped.items():
        types = ", ".join(layer_types)
        message = f"{format_path(path)} is not taken by the layer type {types}, and is dropped for it"
        if len(layer_types) > 1:
            message = f"{format_path(path)} is not taken by the layer types {types}, and is dropped for them"
        problems.warn("QG215", message, origin_location(compilation, problems, path, of_key=True))


def _dropped_kwargs(config: dict[str, Any], positions: list[int]) -> Iterator[tuple[Path, str]]:
    """Yield the arguments that a block's layer type does not take, though others do, and the layer type."""
    blocks, key = blocks_of(config), blocks_key_of(config)
    for i in positions:
        block = blocks[i]
        if not isinstance(block, dict):
            continue
        layer_type = str(block.get("gnn_layer_type", _DEFAULT_LAYER_TYPE))
        # One head is what every layer has.
        if block.get("heads", 1) not in {1, None} and untaken_kwargs(layer_type, ("heads",)):
            yield ("model", key, i, "heads"), layer_type
        kwargs = block.get("gnn_layer_kwargs")
        for name in untaken_kwargs(layer_type, kwargs) if isinstance(kwargs, dict) else ():
            if name in _TAKEN_BY_SOME:  # what no layer type takes is an error of its own
                yield ("model", key, i, "gnn_layer_kwargs", name), layer_type
