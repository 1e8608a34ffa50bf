"""What all tasks share whose model is the graph network that a config's ``model`` section describes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from numpy.typing import NDArray
from torch import Tensor

from qgtune.core.paths import Path as ConfigPath
from qgtune.nn import build_model, registered_names
from qgtune.schema.gnn import dimension_problems, parse_config
from qgtune.schema.gnn.tasks import TASK_SCHEMAS
from qgtune.training.learning import Context, Outputs
from qgtune.training.model_facts import PARAMS, count_parameters
from qgtune.training.scoring.metrics import METRICS, Metrics
from qgtune.training.tasks.supervised import SupervisedTask


class GraphNetworkTask(SupervisedTask):
    """A task of the schema's: its config, its model, and how the model is called.

    Args:
        name: a name in ``qgtune.schema.gnn.TASK_SCHEMAS``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def parse(self, config: Mapping[str, Any]) -> Any:
        """Return the typed config, an instance of ``TASK_SCHEMAS[name].config``.

        Raises:
            ConfigValueError: the first problem of the config, at its path.
        """
        added = frozenset(self.metrics) - frozenset(TASK_SCHEMAS[self.name].metrics)
        return parse_config(config, task=self.name, names=replace(registered_names(), metrics=added))

    def build_model(self, config: Mapping[str, Any]) -> torch.nn.Module:
        """Return the network of the ``model`` section, with fresh weights.

        Raises:
            ConfigValueError: as ``qgtune.nn.build_model``.
        """
        return build_model(config, task=self.name)

    def shaping(self, config: Mapping[str, Any]) -> Any:
        """Return the ``model`` section."""
        return config.get("model")

    def check(self, config: Any, dataset: Any) -> None:
        """Return if the dims of the model are those of the data set.

        Raises:
            ConfigValueError: at the dim that is not.
        """
        for problem in dimension_problems(
            config.model,
            num_node_features=dataset.num_node_features,
            num_classes=[target.num_classes for target in dataset.targets],
            num_edge_features=getattr(dataset, "num_edge_features", 0),
            num_graph_features=getattr(dataset, "num_graph_features", 0),
        ):
            raise problem

    def forward(self, model: torch.nn.Module, batch: Any) -> Outputs:
        """Return what the network gives for each target: [graphs, dim], or without pooling [nodes, dim]."""
        present = {key: value for key in _OPTIONAL if (value := getattr(batch, key, None)) is not None}
        outputs: Outputs = model(batch.x, batch.edge_index, batch.batch, batch.num_graphs, **present)
        return outputs

    @property
    def late_fact_paths(self) -> tuple[ConfigPath, ...]:
        """``model.params``: the number of trainable parameters."""
        return (PARAMS,)

    def late_facts(self, config: Mapping[str, Any]) -> Mapping[ConfigPath, Any]:
        """Return ``model.params`` of a config.

        Raises:
            ConfigValueError: if its model cannot be built.
        """
        return {PARAMS: count_parameters(config, task=self.name)}


_OPTIONAL = ("edge_weight", "edge_attr", "graph_features")
"""What a batch may have besides; the network passes each on to the parts that take it."""


class PredictsClasses(SupervisedTask):
    """Mixed into a task whose targets are classes: cross-entropy, and the metrics of ``METRICS``."""

    metrics: Metrics = METRICS
    every_epoch = ("loss", "accuracy")

    def loss(self, outputs: Sequence[Tensor], batch: Any, context: Context) -> Tensor:
        """Return the cross-entropy, with several targets the mean of theirs."""
        del context
        labels = self.labels(batch).T
        losses = [F.cross_entropy(logits, y) for logits, y in zip(outputs, labels, strict=True)]
        return torch.stack(losses).mean()

    def predictions(self, outputs: Sequence[Tensor]) -> tuple[NDArray[np.float64], ...]:
        """Return the logarithms of the probabilities of the classes, float64 [samples, classes]."""
        return tuple(logits.double().log_softmax(dim=1).cpu().numpy() for logits in outputs)
