"""Node classification: one class of each node for each target, learned from the whole graph at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from qgtune.data.splits import split_nodes
from qgtune.training.batching.batches import GraphBatch, collate
from qgtune.training.batching.data_checks import check_classes, check_graphs, check_level
from qgtune.training.batching.parts import Indices, sections_of, shares
from qgtune.training.learning import Outputs
from qgtune.training.task import OnNotice
from qgtune.training.tasks.graph_network import GraphNetworkTask, PredictsClasses


@dataclass(frozen=True, slots=True, eq=False)
class NodePart:
    """All graphs of a data set as one batch, and the nodes of it that belong to a part.

    Args:
        whole: all nodes and all edges.
        nodes: the nodes of the part, int64 [nodes of the part].
        y: their labels, int64 [nodes of the part, targets].
    """

    whole: GraphBatch
    nodes: Tensor
    y: Tensor

    def to(self, device: torch.device, *, non_blocking: bool = False) -> "NodePart":
        """Return the same on a device."""
        moved = (part.to(device, non_blocking=non_blocking) for part in (self.nodes, self.y))
        return NodePart(self.whole.to(device, non_blocking=non_blocking), *moved)


class NodeClassificationTask(PredictsClasses, GraphNetworkTask):
    """Trains a graph neural network that predicts one class of each node for each target.

    An epoch is one step on all nodes for training, for which the network sees the whole graph.
    """

    def __init__(self) -> None:
        super().__init__("node_classification")

    def check_data(self, dataset: Any) -> None:
        """Return if each graph has nodes, finite features, and each node a class of each target, or -1.

        Raises:
            ConfigValueError: at ``data``, with the first that has not.
        """
        check_level(dataset, "node")
        check_classes(dataset, "node", least=-1)
        check_graphs(dataset)

    def split(self, config: Any, dataset: Any) -> Mapping[str, Indices]:
        """Return the numbers of the nodes of each section: the data set's own parts, or shares of the nodes.

        Raises:
            ConfigValueError: if a part is empty, or has only one class of a target that has several.
        """
        splits = split_nodes(dataset, **shares(config), seed=config.training.seed)
        return sections_of(config, splits, dataset, "node")

    def samples(self, dataset: Any) -> Indices:
        """Return the numbers of all nodes whose classes are known."""
        known: Indices = (dataset.labels >= 0).all(axis=1).nonzero()[0]
        return known

    def batches(  # noqa: PLR0913 - as the method that it stands for
        self,
        section: str,
        config: Any,
        dataset: Any,
        indices: Indices,
        *,
        device: torch.device,
        on_notice: OnNotice,
    ) -> Iterable[NodePart]:
        """Return one batch: the whole data set, and the nodes of the part; it lies on the device."""
        del section, config, on_notice
        whole = collate([dataset.graph(i) for i in range(len(dataset))])
        part = NodePart(whole, torch.as_tensor(indices), torch.as_tensor(dataset.labels[indices]))
        return [part.to(device)]

    def forward(self, model: torch.nn.Module, batch: NodePart) -> Outputs:
        """Return the logits of the nodes of the part for each target, [nodes of the part, classes]."""
        return [output[batch.nodes] for output in super().forward(model, batch.whole)]

    def num_samples(self, batch: NodePart) -> int:
        """Return how many nodes the part has."""
        return len(batch.nodes)
