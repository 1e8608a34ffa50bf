"""``infer-dependencies``: a dependency map proposed from base settings whose dims are equal.

Equal numbers are a guess; the model's shapes are the proof. A line is proposed only where the base settings'
two numbers are equal, the built model needs them to be, and an expression was found that gives the right
width for every block that was built, also with its numbers changed one at a time.
"""

import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from qgtune.compiler.data_facts import DataFacts
from qgtune.compiler.pipeline import Compilation
from qgtune.core.errors import UsageError
from qgtune.core.paths import Path, format_path
from qgtune.core.wording import count
from qgtune.document import comment_block, dump
from qgtune.nn import Junction, registered_names
from qgtune.schema.gnn import (
    BLOCKS_KEYS,
    GRAPH_CLASSIFICATION,
    TASK_SCHEMAS,
    NetworkConfig,
    head_width,
    parse_shapes,
    pooling_width,
)
from qgtune.space import Reference, Role
from qgtune.training.proofs.architectures import Limits, Survey, has_graph_model
from qgtune.training.proofs.compiled_spaces import compile_unchecked, formula_of, node_at
from qgtune.training.proofs.width_log import WidthLog, is_head_input
from qgtune.training.threads import one_torch_thread

NO_MODEL = (
    "nothing to infer: infer-dependencies builds the models of the built-in tasks, and these settings have "
    "no model.gcn_net with a model.classifier"
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One line of a proposed dependency map.

    Args:
        target: the path that should follow.
        expression: what it should follow.
        value: the number that both have in the base settings.
        reason: why, in a few words.
        varies: whether the source varies in the search space; if not, the line is proposed as a comment.
    """

    target: Path
    expression: str
    value: int
    reason: str
    varies: bool


@dataclass(frozen=True, slots=True)
class Inference:
    """A proposed dependency map: its lines, what could not be proposed and why, and how it was found."""

    proposals: tuple[Proposal, ...]
    left_out: tuple[str, ...] = ()
    architectures: int = 0

    @property
    def text(self) -> str:
        """The map as YAML ready to paste, one line a path; what does not vary is commented out."""
        active = [proposal for proposal in self.proposals if proposal.varies]
        constant = [proposal for proposal in self.proposals if not proposal.varies]
        built = count(self.architectures, "architecture")
        text = comment_block(
            [f"What follows what: proposed by qgtune infer-dependencies, which built {built}."]
        )
        text += _lines(active) if active else comment_block(["Nothing more follows from what varies."])
        if constant:
            lines = _lines(constant).splitlines()
            text += comment_block(["", "The sources of these do not vary in the search space:", *lines])
        if self.left_out:
            text += comment_block(["", "Not proposed:", *self.left_out])
        return text


def infer_dependencies_of(path: pathlib.Path, *, seed: int = 0, limits: Limits | None = None) -> Inference:
    """Return the dependency map that is proposed for a tuning file; see ``infer_dependencies``.

    What the task's schema says of dims that do not meet is no obstacle: it is what the map is to mend.

    Raises:
        DiagnosticError: if the files cannot be read or compiled.
        UsageError: if there is no model to build.
        ConfigValueError: if the base settings' model cannot be read.
    """
    compilation, facts, task = compile_unchecked(path)
    return infer_dependencies(compilation, facts, task=task, seed=seed, limits=limits)


def infer_dependencies(
    compilation: Compilation,
    facts: DataFacts | None = None,
    *,
    task: str = GRAPH_CLASSIFICATION,
    seed: int = 0,
    limits: Limits | None = None,
) -> Inference:
    """Return the dependency map that is proposed for a compiled space.

    What the dependency map says already is not proposed again. The same space and seed give the same text.

    Args:
        compilation: the compiled space, with whatever dependency map there is.
        facts: what is known of the data set; nothing by default.
        task: the task that the configs are for, a name in ``qgtune.schema.gnn.TASK_SCHEMAS``.
        seed: of the random configs that are looked at.
        limits: how far to look into the space; ``Limits()`` by default.

    Raises:
        UsageError: if there is no model to build.
        ConfigValueError: if the base settings' model cannot be read.
    """
    survey = Survey(compilation.plan, seed=seed, limits=limits, task=task)
    with torch.random.fork_rng(devices=[]), one_torch_thread():
        search = _Search(compilation, facts or DataFacts(), _base_config(compilation), task)
        for architecture in survey:
            if architecture.model is not None and has_graph_model(architecture.config):
                search.look_at(architecture.config)
        proposals = tuple(search.proposals())
    return Inference(proposals, tuple(search.left_out), survey.architectures)


def _base_config(compilation: Compilation) -> dict[str, Any]:
    """Return the base settings, or without such the search space's first config."""
    base = compilation.documents.get(Role.BASE)
    config = base.data if base is not None else next(iter(Survey(compilation.plan))).config
    if not isinstance(config, dict) or not has_graph_model(config):
        raise UsageError(NO_MODEL)
    return config


@dataclass(slots=True)
class _Search:
    """Gathers the junctions of the base settings and of the space's architectures."""

    compilation: Compilation
    facts: DataFacts
    base: dict[str, Any]
    task: str
    log: WidthLog = field(init=False)
    junctions: dict[Path, Junction] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    arriving: dict[Path, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = WidthLog(self.facts)
        self.look_at(self.base)
        self.arriving.clear()  # what varies, varies in the space

    def look_at(self, config: Mapping[str, Any]) -> None:
        """Build a config's model part by part; the first junction at a path is kept."""
        for junction in self.log.trace(config, self._model(config)).junctions:
            self.junctions.setdefault(junction.target, junction)
            self.arriving.setdefault(junction.target, set()).add(junction.needed)

    def proposals(self) -> Iterator[Proposal]:
        """Yield what is proposed, in the order of the model; note what is not, and why."""
        for junction in sorted(self.junctions.values(), key=_place_in_the_model):
            if isinstance(node_at(self.compilation, junction.target), Reference):
                continue
            given, needed = _leaf(self.base, junction.target), self._needed_in_base(junction)
            target, source = format_path(junction.target), format_path(junction.source)
            if given is None or needed is None:
                continue
            if given != needed:
                self.left_out.append(f"{target} is {given} in the base settings, but {source} gives {needed}")
                continue
            formula = formula_of(self.compilation, self.facts, self.log, junction)
            if formula is None:
                self.left_out.append(f"{target}: no expression was found that gives what {source} gives")
                continue
            varies = len(self.arriving.get(junction.target, ())) > 1
            yield Proposal(junction.target, formula, given, _reason(junction, self.task), varies)

    def _needed_in_base(self, junction: Junction) -> int | None:
        """Return the width that arrives at a junction in the base settings, if it is a junction there too."""
        if junction.source[0] == "data":
            return junction.needed
        model = self._model(self.base)
        k = int(junction.source[2])
        width = self.log.width(model.gcn_net[k]) if k < len(model.gcn_net) else None
        return head_width(model, pooling_width(model, width)) if is_head_input(junction.target) else width

    def _model(self, config: Mapping[str, Any]) -> NetworkConfig:
        return parse_shapes(config["model"], task=self.task, names=registered_names())


def _lines(proposals: list[Proposal]) -> str:
    return dump(
        {format_path(p.target): p.expression for p in proposals},
        {(format_path(p.target),): f"{p.reason}: {p.value} in the base settings" for p in proposals},
    )


def _reason(junction: Junction, task: str) -> str:
    target, source = junction.target, format_path(junction.source)
    if junction.source[0] == "data":
        return f"a fact of the data set, {source}"
    if target[: len(junction.source)] == junction.source:
        return "the normalizer's size must be what the layer gives"
    if is_head_input(target):
        pooled = ", pooled" if TASK_SCHEMAS[task].level == "graph" else ""
        beside = ", and the graph features beside it" if junction.beside else ""
        return f"what the last block gives{pooled}{beside}"
    return f"what {source} gives"


def _place_in_the_model(junction: Junction) -> tuple[int, int, int, str]:
    """Return the sort key of a junction: block by block, each input before the sizes, then the rest."""
    target = junction.target
    if target[1] in BLOCKS_KEYS:
        return 0, int(target[2]), int(target[3] != "in_dim"), format_path(target)
    return 1, 0, int(target[2] != "input_dim"), format_path(target)


def _leaf(config: Any, path: Path) -> int | None:
    """Return the whole number that a config holds at ``path``, or None."""
    for part in path:
        try:
            config = config[part]
        except (KeyError, IndexError, TypeError):
            return None
    return config if type(config) is int else None
