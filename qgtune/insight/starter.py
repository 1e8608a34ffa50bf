"""A config -> a commented set of files to begin tuning it with."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.pipeline import Compilation, SpaceSources, compile_space
from qgtune.compiler.proving.probe import probe_configs
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError
from qgtune.core.paths import Path, format_path
from qgtune.document import Document, MappingNode, Source, comment_block, dump, format_scalar
from qgtune.insight.proposals import Proposal, proposals
from qgtune.schema.data import DATA_SETTINGS
from qgtune.schema.data_checks import parse_data_settings
from qgtune.schema.gnn import TASK_SCHEMAS, find_problems

BASE, SPACE, DEPENDENCIES = "base_settings.yaml", "search_space.yaml", "dependency_map.yaml"
TUNING, OBJECTIVE = "tuning.yaml", "objective.py"


@dataclass(frozen=True, slots=True)
class Starter:
    """The texts of the files beside the base settings, by name; and how much of the config they tune."""

    files: dict[str, str]
    parameters: int
    references: int
    data: str | None
    """The built-in data set that the config fits, or None: then an objective is among the files."""
    task: str | None = None
    """The built-in task that the config is for, where a data set was found for it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A built-in task that a config is legal for, and the settings of a data set that its dims fit."""

    task: str
    data: dict[str, Any]

    def problems(self, config: Any) -> tuple[ConfigValueError, ...]:
        """Return what is wrong with a config for this task and this data set."""
        settings = parse_data_settings(self.data)
        return find_problems(
            config,
            task=self.task,
            num_node_features=settings.num_node_features,
            num_classes=settings.num_classes,
            num_graphs=settings.num_graphs,
            num_edge_features=settings.num_edge_features,
            num_graph_features=settings.num_graph_features,
        )


def make_starter(config: Document) -> Starter:
    """Return a starter set for a config.

    A config of the shape of a built-in task gets that task and a data set that its dims fit. Any other gets
    an objective to be filled in.

    Args:
        config: the document of a concrete config.

    Raises:
        DiagnosticError: if it is no mapping.
    """
    if not isinstance(config.root, MappingNode):
        message = "a config is a mapping of sections, such as model: and training:"
        raise DiagnosticError((Diagnostic("QG201", message, config.locate(())),))
    fit = fitting_task(config.data)
    chosen = _sound(config, proposals(config.data), fit)
    followers = [follower for proposal in chosen for follower in proposal.followers]
    files = {
        SPACE: _space_text(config.data, chosen),
        DEPENDENCIES: _dependencies_text(chosen),
        TUNING: _tuning_text(fit),
    }
    if fit is None:
        files[OBJECTIVE] = _OBJECTIVE_TEXT
        return Starter(files, len(chosen), len(followers), None)
    return Starter(files, len(chosen), len(followers), fit.data["name"], fit.task)


def fitting_task(config: Any) -> Fit | None:
    """Return the first built-in task and data set on which a config can be trained, or None.

    A config that names its task under ``task`` gets that one, if any.
    """
    named = config.get("task") if isinstance(config, Mapping) else None
    fits = [fit for fit in _fits() if named in (None, fit.task)]
    return next((fit for fit in fits if not fit.problems(config)), None)


def _fits() -> Iterator[Fit]:
    """Yield each task with each data set that has such labels, mostly without any settings."""
    for task, schema in TASK_SCHEMAS.items():
        for data in (*({"name": name} for name in DATA_SETTINGS), _VALUES):
            settings = parse_data_settings(data)
            if (settings.level, settings.labels_are) == (schema.level, schema.predicts):
                yield Fit(task, data)


_VALUES: dict[str, Any] = {"name": "causal_sets", "targets": ["width"]}


def _sound(config: Document, found: list[Proposal], fit: Fit | None) -> list[Proposal]:
    """Return the proposals without those that would give a problem, alone or with the ones before."""
    if _is_sound(config, found, fit):
        return found
    kept: list[Proposal] = []
    for proposal in found:
        if _is_sound(config, [*kept, proposal], fit):
            kept.append(proposal)
    return kept


def _is_sound(config: Document, chosen: list[Proposal], fit: Fit | None) -> bool:
    sources = SpaceSources(
        Source(SPACE, _space_text(config.data, chosen)),
        config.source,
        Source(DEPENDENCIES, _dependencies_text(chosen)),
    )
    try:
        compilation: Compilation = compile_space(sources)
    except DiagnosticError:
        return False
    if any(problem.location.file in (SPACE, DEPENDENCIES) for problem in compilation.warnings if chosen):
        return False
    return fit is None or not any(fit.problems(probe) for probe in probe_configs(compilation.plan))


def _space_text(config: Any, chosen: list[Proposal]) -> str:
    tree, comments = _sparse(config, chosen)
    return comment_block([_SPACE_LINES]) + ("\n" + dump(tree, comments) if chosen else _NOTHING_FOUND)


def _sparse(config: Any, chosen: Iterable[Proposal]) -> tuple[dict[Any, Any], dict[Path, str]]:
    """Return the smallest data of the config's structure that holds the forms, and the comments on them."""
    tree: dict[Any, Any] = {}
    comments = {}
    for proposal in chosen:
        node: Any = tree
        there = config
        for part, following in zip(proposal.path, (*proposal.path[1:], None), strict=True):
            there = there[part]
            if following is None:
                node[part] = proposal.form
            elif isinstance(node, dict) and part not in node:
                node[part] = [{} for _ in there] if isinstance(there, list) else {}
            node = node[part]
        comments[proposal.path] = proposal.comment
    return tree, comments


def _dependencies_text(chosen: list[Proposal]) -> str:
    lines = [
        f"{format_scalar(format_path(target))}: {format_scalar(reference)}\n"
        for proposal in chosen
        for target, reference in proposal.followers
    ]
    text = comment_block([_DEPENDENCY_LINES])
    if not lines:
        return text + "#\n" + comment_block([_DEPENDENCY_EXAMPLES])
    return text + "\n" + "".join(lines)


def _tuning_text(fit: Fit | None) -> str:
    if fit is None:
        return _TUNING_TEXT.format(runs=_OBJECTIVE_KEYS)
    schema = TASK_SCHEMAS[fit.task]
    metric = "rmse" if schema.predicts == "values" else "f1_weighted"
    runs = _TASK_TEXT.format(
        task=fit.task,
        data=", ".join(f"{key}: {_in_line(value)}" for key, value in fit.data.items()),
        metric=metric,
        direction=schema.metrics[metric],
        level=schema.level,
    )
    return _TUNING_TEXT.format(runs=runs)


def _in_line(value: str | list[str]) -> str:
    """Return a setting as YAML on one line."""
    if isinstance(value, str):
        return format_scalar(value)
    return f"[{', '.join(map(format_scalar, value))}]"


_SPACE_LINES = """\
Search space: what varies. The same structure as the base settings, and sparse: what is not here stays as it
is there. Remove what you do not want to tune; add what you do. The forms:

  activation: [relu, tanh]                                 choices, where the base settings hold one value
  hidden_dims: [[32], [64, 32]]                            choices among lists, where they hold a list
  dropout: {type: float, low: 0.0, high: 0.5, step: 0.1}   a number; without step, any between low and high
  out_dim: {type: int, low: 16, high: 64, step: 16}        a whole number
  learning_rate: {type: float, low: 1.0e-4, high: 1.0e-1, log: true}   each power of ten as likely as the next
  scheme: {type: categorical, choices: {a: {x: 1}, b: {x: 2}}}         labelled choices of any value
  size: {type: fixed, value: [48, 18]}                     never sampled, whatever it looks like

In a list of layers, "- {}" leaves a layer as it is."""

_NOTHING_FOUND = """\
#
# No value with a well-known name, such as learning_rate, was found in the base settings: write below what
# varies. Until then, qgtune check warns that nothing does.
"""

_DEPENDENCY_LINES = """\
Dependency map: what follows from what. One line a value: its path, and the path whose value it has in the
same trial. A dim that must meet a tuned one belongs here. References may compute: model.net[0].dim * 2."""

_DEPENDENCY_EXAMPLES = """\
Nothing has to follow yet. Lines look so:

"model.layers[1].in_dim": model.layers[0].out_dim
"model.classifier.input_dim": model.layers[-1].out_dim      -1 is the last one"""

_TUNING_TEXT = """\
# The tuning file: what is tuned, how, and how long. Paths are relative to this file.
#   qgtune check tuning.yaml    says everything that is wrong, and what a trial would sample
#   qgtune tuning.yaml          runs; killed or not, the same command goes on

base_settings_path: base_settings.yaml # a complete config
search_space_path: search_space.yaml # what varies in it
dependency_mapping_path: dependency_map.yaml # what follows from what varies
tune_model: true # false: the section model is the base settings' own
tune_training: true # the same for the section training

{runs}
n_trials: 20
n_processes: 1 # worker processes, which share the trials and the cores
seed: 0 # with one process, the same seed gives the same trials
# timeout: 3600 # seconds after which no further trial is begun
# output_dir: results # by default runs/ and the name of the study
"""

_TASK_TEXT = """\
task: {task} # a built-in trainer
data: {{ {data} }} # or file.py:factory, a function of yours that returns PyTorch Geometric graphs
metric: {metric} # on the validation {level}s
direction: {direction}
"""

_OBJECTIVE_KEYS = """\
objective: objective.py:objective # called as objective(trial, config); returns a number
direction: minimize # or maximize
"""

_OBJECTIVE_TEXT = '''\
"""What a trial runs: train what the config describes, and return how good it is."""


def objective(trial, config):
    """Return the value of one config; the study looks for the smallest.

    Args:
        trial: Optuna's trial.
        config: the base settings with this trial's values, as plain dict and list.
    """
    # A stand-in, so that the files can be tried at once: put your training in its place. After each epoch,
    # trial.report(value, epoch) and trial.should_prune() let the study end trials that are not promising.
    return sum(value for value in trial.params.values() if isinstance(value, int | float))
'''
