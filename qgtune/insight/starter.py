"""A config -> a commented set of files to begin tuning it with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.pipeline import Compilation, SpaceSources, compile_space
from qgtune.compiler.proving.probe import probe_configs
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import DiagnosticError
from qgtune.core.paths import Path, format_path
from qgtune.document import Document, MappingNode, Source, comment_block, dump, format_scalar
from qgtune.insight.proposals import Proposal, proposals
from qgtune.schema.data import DATA_SETTINGS
from qgtune.schema.data_checks import parse_data_settings
from qgtune.schema.gnn import find_problems

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
    data = fitting_data_set(config.data)
    chosen = _sound(config, proposals(config.data), data)
    followers = [follower for proposal in chosen for follower in proposal.followers]
    files = {
        SPACE: _space_text(config.data, chosen),
        DEPENDENCIES: _dependencies_text(chosen),
        TUNING: _tuning_text(data),
    }
    if data is None:
        files[OBJECTIVE] = _OBJECTIVE_TEXT
    return Starter(files, len(chosen), len(followers), data)


def fitting_data_set(config: Any) -> str | None:
    """Return the name of a built-in data set that a config can be trained on, or None."""
    return next((name for name in DATA_SETTINGS if not list(find_problems(config, **_facts(name)))), None)


def _facts(data: str) -> dict[str, Any]:
    settings = parse_data_settings({"name": data})
    return {
        "num_node_features": settings.num_node_features,
        "num_classes": settings.num_classes,
        "num_graphs": settings.num_graphs,
    }


def _sound(config: Document, found: list[Proposal], data: str | None) -> list[Proposal]:
    """Return the proposals without those that would give a problem, alone or with the ones before."""
    if _is_sound(config, found, data):
        return found
    kept: list[Proposal] = []
    for proposal in found:
        if _is_sound(config, [*kept, proposal], data):
            kept.append(proposal)
    return kept


def _is_sound(config: Document, chosen: list[Proposal], data: str | None) -> bool:
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
    return data is None or not any(
        list(find_problems(probe, **_facts(data))) for probe in probe_configs(compilation.plan)
    )


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


def _tuning_text(data: str | None) -> str:
    return _TUNING_TEXT.format(runs=_TASK_TEXT.format(data=data) if data else _OBJECTIVE_KEYS)


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
task: graph_classification # a built-in trainer
data: {{ name: {data} }} # or file.py:factory, a function of yours that returns PyTorch Geometric graphs
metric: f1_weighted # on the validation graphs
direction: maximize
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
