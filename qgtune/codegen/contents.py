"""What a script is written from: a typed config, and what is known of its data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qgtune.schema.gnn import TASK_SCHEMAS, metric_direction
from qgtune.schema.gnn.names import MAXIMIZE


@dataclass(frozen=True, slots=True)
class SavedGraphs:
    """Graphs in a file beside the script: a list of dicts of tensors."""

    file: str


@dataclass(frozen=True, slots=True)
class PygClass:
    """Graphs of a class of torch_geometric.datasets; a relative ``root`` starts from the script's folder."""

    name: str
    root: str | None
    arguments: Mapping[str, Any]
    seed: int


@dataclass(frozen=True, slots=True)
class TorchFile:
    """Graphs in a file that ``torch.save`` wrote, a list of PyG Data; relative to the script's folder."""

    path: str


@dataclass(frozen=True, slots=True)
class Factory:
    """Graphs that a function of the user's own returns; its module is found from a folder."""

    folder: str
    module: str
    function: str
    settings: Mapping[str, Any]


GraphSource = SavedGraphs | PygClass | TorchFile | Factory

Strata = Literal["values", "first", "combined"]
"""What is shared out in proportion: nothing, the classes of the first target, or those of all together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """What is known of the graphs, once they have been loaded.

    Args:
        source: where a script gets them.
        num_graphs: how many there are.
        num_node_features: columns of x.
        target_names: what is predicted.
        has_edge_weight: whether edges have weights.
        has_single_nodes: whether a graph may be one node, of which batch norm can take no statistics.
        strata: what a split shares out in proportion.
        has_small_classes: whether a class has fewer members than there are parts.
        has_masks: whether the graphs say which nodes belong to which part.
        has_unknown_labels: whether nodes are without a class, -1.
    """

    source: GraphSource
    num_graphs: int
    num_node_features: int
    target_names: tuple[str, ...]
    has_edge_weight: bool
    has_single_nodes: bool
    strata: Strata
    has_small_classes: bool
    has_masks: bool
    has_unknown_labels: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptContents:
    """All that a script is written from.

    Args:
        config_name: the name of the config's file.
        task: one of ``TASK_SCHEMAS``.
        config: the typed config, an instance of the task's schema.
        metric: the metric that a study would tune.
        data: what is known of the graphs.
    """

    config_name: str
    task: str
    config: Any
    metric: str
    data: DataFacts

    @property
    def on_nodes(self) -> bool:
        """Whether nodes are what is labelled."""
        return TASK_SCHEMAS[self.task].level == "node"

    @property
    def predicts_values(self) -> bool:
        """Whether numbers are predicted, and not classes."""
        return TASK_SCHEMAS[self.task].predicts == "values"

    @property
    def standardizes(self) -> bool:
        """Whether targets are learned with mean 0 and standard deviation 1."""
        return self.predicts_values and bool(self.config.training.standardize_targets)

    @property
    def several_targets(self) -> bool:
        """Whether more than one thing is predicted."""
        return len(self.data.target_names) > 1

    @property
    def half_precision(self) -> str:
        """The type of torch in which the model computes, or an empty text for float32."""
        types = {"bf16": "torch.bfloat16", "fp16": "torch.float16"}
        return types.get(self.config.training.precision, "")

    @property
    def may_use_gpu(self) -> bool:
        """Whether the config asks for a GPU."""
        return str(self.config.training.device) != "cpu"

    @property
    def chosen_by(self) -> str:
        """The metric that chooses the best epoch."""
        return self.config.training.early_stopping_metric or self.metric

    @property
    def maximizes(self) -> bool:
        """Whether the metric that chooses the best epoch gets better as it grows."""
        return metric_direction(self.chosen_by, TASK_SCHEMAS[self.task].metrics) == MAXIMIZE

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that the script takes, without a target's name."""
        named = [name.partition("/")[0] for name in (self.metric, self.chosen_by)]
        return tuple(dict.fromkeys(["loss", *([] if self.predicts_values else ["accuracy"]), *named]))

    @property
    def sections(self) -> tuple[str, ...]:
        """The parts of the data that the config names."""
        return ("training", "validation", *(("testing",) if self.config.testing is not None else ()))
