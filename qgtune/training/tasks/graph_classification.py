"""Graph classification: one class of each graph for each target."""

from collections.abc import Mapping
from typing import Any

from qgtune.training.batching.data_checks import check_classes, check_graphs, check_level
from qgtune.training.batching.parts import Indices, split_parts
from qgtune.training.tasks.graph_network import GraphNetworkTask, PredictsClasses


class GraphClassificationTask(PredictsClasses, GraphNetworkTask):
    """Trains a graph neural network that predicts one class of each graph for each target."""

    def __init__(self) -> None:
        super().__init__("graph_classification")

    def check_data(self, dataset: Any) -> None:
        """Return if each graph has nodes, finite features, and a class of each target.

        Raises:
            ConfigValueError: at ``data``, with the first graph that has not.
        """
        check_level(dataset, "graph")
        check_classes(dataset)
        check_graphs(dataset)

    def split(self, config: Any, dataset: Any) -> Mapping[str, Indices]:
        """Return the numbers of the graphs of each section, each class in each in proportion.

        Raises:
            ConfigValueError: if a part is empty, or has only one class of a target that has several.
        """
        return split_parts(config, dataset)
