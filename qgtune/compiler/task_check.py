"""What a built-in task's schema says about the values that can be sampled, each problem at its line."""

from collections.abc import Iterator
from typing import Any

from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.plan import Plan
from qgtune.compiler.problems import Problems
from qgtune.compiler.tuning import Tuning, top_of
from qgtune.core.diagnostics import Location, Related, did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.schema.data import DATA_SETTINGS, find_data_problems, parse_data_settings
from qgtune.schema.graph_classification import (
    METRICS,
    GcnBlockConfig,
    find_problems,
    metric_direction,
    untaken_kwargs,
)
from qgtune.space import Categorical, Mapping, Origin, Parameter, Reference, Sequence, SpaceNode

TASKS = ("graph_classification",)
_DEFAULT_LAYER_TYPE = GcnBlockConfig.model_fields["gnn_layer_type"].default
MAX_PROBES = 1000
"""Configs that are looked at; a space with more choices than this is probed in part."""


def check_task(tuning: Tuning, compilation: Compilation | None, problems: Problems) -> None:
    """Report what is wrong with the task, its data, its metric, and every config that it would be given."""
    settings = tuning.settings
    if (settings.objective is None) == (settings.task is None):
        how = "give objective: file.py:function, or task: graph_classification with data:"
        message = "a tuning file says what a trial runs: either objective or task"
        place = top_of(tuning.document) if settings.task is None else tuning.locate("task")
        problems.error("QG406", message, place, how)
    if settings.task is None:
        for key in ("data", "metric"):
            if getattr(settings, key) is not None:
                message = f"{key} belongs to a built-in task; an objective of your own does not see it"
                problems.warn("QG407", message, tuning.locate(key))
        return
    if settings.task not in TASKS:
        message = f"there is no task {settings.task!r}"
        problems.error("QG408", message, tuning.locate("task"), did_you_mean(settings.task, TASKS))
        return
    facts = _check_data(tuning, problems)
    _check_metric(tuning, problems)
    if compilation is not None:
        _check_configs(compilation, facts, problems)


def _check_data(tuning: Tuning, problems: Problems) -> dict[str, Any]:
    """Report problems of the data section; return the facts of the data set that are known from it."""
    data = tuning.settings.data
    if data is None:
        hint = "for example data: {name: causal_sets}"
        problems.error("QG409", "a task needs data", tuning.locate("task"), hint)
        return {}
    found = find_data_problems(data)
    for problem in found:
        problems.error("QG409", problem.message, tuning.document.locate(problem.path), problem.hint)
    if found or data.get("name") not in DATA_SETTINGS:
        return {}
    parsed = parse_data_settings(data)
    return {
        "num_node_features": parsed.num_node_features,
        "num_classes": parsed.num_classes,
        "num_graphs": parsed.num_graphs,
    }


def _check_metric(tuning: Tuning, problems: Problems) -> None:
    settings = tuning.settings
    natural = metric_direction(settings.metric_name)
    if natural is None:
        hint = did_you_mean(settings.metric_name, METRICS)
        message = f"the task reports no metric {settings.metric_name!r}"
        problems.error("QG410", message, tuning.locate("metric"), hint)
    elif natural != settings.direction:
        message = f"{settings.metric_name} gets better as it grows, but the direction is {settings.direction}"
        if natural == "minimize":
            message = f"{settings.metric_name} gets better as it falls, but the direction is maximize"
        problems.warn("QG411", message, tuning.locate("direction"), f"write direction: {natural}")


def _check_configs(compilation: Compilation, facts: dict[str, Any], problems: Problems) -> None:
    """Report what is wrong with any probed config; a problem that many of them share is reported once."""
    seen: set[tuple[Path, str]] = set()
    dropped: dict[Path, dict[str, None]] = {}
    for config in probe_configs(compilation.plan):
        for problem in find_problems(config, **facts):
            if (problem.path, problem.message) not in seen:
                seen.add((problem.path, problem.message))
                _report(problem, config, compilation, problems)
        for path, layer_type in _dropped_kwargs(config):
            dropped.setdefault(path, {})[layer_type] = None
    for path, layer_types in dropped.items():
        types = ", ".join(layer_types)
        message = f"{format_path(path)} is not taken by the layer type {types}, and is dropped for it"
        if len(layer_types) > 1:
            message = f"{format_path(path)} is not taken by the layer types {types}, and is dropped for them"
        problems.warn("QG215", message, origin_location(compilation, problems, path, of_key=True))


def probe_configs(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield configs that show every choice and every bound at least once, the others at their first value."""
    first = {s.name: _extremes(s.domain)[0] for s in plan.suggestions}
    yield plan.config_of(first)
    probes = 1
    for suggestion in plan.suggestions:
        for value in _extremes(suggestion.domain)[1:]:
            if probes == MAX_PROBES:
                return
            probes += 1
            yield plan.config_of(first | {suggestion.name: value})


def _extremes(domain: Any) -> list[Any]:
    return list(domain.labels) if isinstance(domain, Categorical) else [domain.low, domain.high]


def _dropped_kwargs(config: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    model = config.get("model")
    blocks = model.get("gcn_net") if isinstance(model, dict) else None
    for i, block in enumerate(blocks if isinstance(blocks, list) else ()):
        if isinstance(block, dict) and isinstance(kwargs := block.get("gnn_layer_kwargs"), dict):
            layer_type = str(block.get("gnn_layer_type", _DEFAULT_LAYER_TYPE))
            for name in untaken_kwargs(layer_type, kwargs):
                yield ("model", "gcn_net", i, "gnn_layer_kwargs", name), layer_type


def _report(
    problem: ConfigValueError, config: dict[str, Any], compilation: Compilation, problems: Problems
) -> None:
    shown = format_path(problem.path)
    message = problem.message if shown in problem.message else f"{shown}: {problem.message}"
    related: tuple[Related, ...] = ()
    node = _nearest(compilation.space.root, problem.path)[0]
    if isinstance(node, Reference):
        source = compilation.space.sources.get(problem.path, node.source)
        place = origin_location(compilation, problems, source)
        related = (Related(place, f"it follows {format_path(source)}"),)
    choice = _choice_location(problem.path, config, node, problems)
    place = choice or origin_location(compilation, problems, problem.path)
    problems.error("QG214", message, place, problem.hint, *related)


def _choice_location(
    path: Path, config: dict[str, Any], node: SpaceNode, problems: Problems
) -> Location | None:
    """Return where the choice that the config holds at ``path`` was written, if it is a choice."""
    if not isinstance(node, Parameter) or not isinstance(node.domain, Categorical):
        return None
    value: Any = config
    for part in path:
        value = value[part]
    position = next(
        (i for i, choice in enumerate(node.domain.choices) if choice is value or choice == value), None
    )
    document = problems.documents[node.origin.role]
    for below in ((), ("choices",), ("values",)):
        written = (*node.origin.path, *below, position)
        if position is not None and document.find(written) is not None:
            return document.locate(written)
    return None


def origin_location(
    compilation: Compilation, problems: Problems, path: Path, *, of_key: bool = False
) -> Location:
    """Return where the value at ``path`` of a config was written, or the nearest thing above it."""
    node, rest = _nearest(compilation.space.root, path)
    origin = (
        Origin(node.origin.role, (*node.origin.path, *rest))
        if not isinstance(node, Parameter)
        else node.origin
    )
    return problems.at_key(origin) if of_key else problems.at(origin)


def _nearest(node: SpaceNode, path: Path) -> tuple[SpaceNode, Path]:
    """Return the deepest node on the way to ``path``, and what is left of the path there."""
    for depth, part in enumerate(path):
        if isinstance(node, Mapping) and part in node.entries:
            node = node.entries[part]
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            return node, path[depth:]
    return node, ()
