"""Whether a data set can be learned from, said before the first epoch."""

from typing import Any

import numpy as np
import torch

from qgtune.core.errors import ConfigValueError
from qgtune.training.task import LabelledGraphs

DATA = ("data",)


def check_graphs(dataset: LabelledGraphs) -> None:
    """Return if every graph has nodes, and nothing but finite numbers for features.

    Raises:
        ConfigValueError: at ``data``, with the first graph that has not.
    """
    for index in range(len(dataset)):
        graph = dataset.graph(index)
        if len(graph.x) == 0:
            raise ConfigValueError(DATA, f"every graph must have a node: graph {index} has none")
        for key, called in _FEATURES.items():
            values = getattr(graph, key, None)
            if values is not None and not torch.isfinite(values).all():
                bad = values[~torch.isfinite(values)][0].item()
                raise ConfigValueError(DATA, f"{called} must be finite: graph {index} has {bad}")


_FEATURES = {
    "x": "node features",
    "edge_weight": "edge weights",
    "edge_attr": "edge features",
    "graph_features": "graph features",
}


def check_level(dataset: Any, level: str) -> None:
    """Return if it is the graphs, or the nodes, of a data set that have labels.

    Raises:
        ConfigValueError: at ``data``, if it is the other.
    """
    has = getattr(dataset, "level", "graph")
    if has != level:
        raise ConfigValueError(
            DATA, f"the task needs a label for each {level}, and the data set has one for each {has}"
        )


def check_classes(dataset: LabelledGraphs, level: str = "graph", *, least: int = 0) -> None:
    """Return if all labels are classes of their targets.

    Args:
        dataset: the data set.
        level: what has a label, for messages.
        least: the least legal label: 0, or -1 where one may be unknown.

    Raises:
        ConfigValueError: at ``data``, with the first label that is none.
    """
    labels = dataset.labels
    rows = len(dataset) if level == "graph" else len(labels)
    _check_shape(dataset, rows, level)
    for k, target in enumerate(dataset.targets):
        if target.num_classes is None:
            raise ConfigValueError(
                DATA,
                f"the task predicts classes, and {target.name!r} is a number",
                "take graph_regression, or write predicts: classes if the labels are whole numbers",
            )
        wrong = np.flatnonzero((labels[:, k] < least) | (labels[:, k] >= target.num_classes))
        if len(wrong):
            raise ConfigValueError(
                DATA,
                f"labels of {target.name!r} must be from 0 to {target.num_classes - 1}: "
                f"{level} {wrong[0]} has {labels[wrong[0], k]}",
            )


def check_values(dataset: LabelledGraphs) -> None:
    """Return if all labels are finite numbers.

    Raises:
        ConfigValueError: at ``data``, with the first label that is none.
    """
    _check_shape(dataset, len(dataset), "graph")
    for k, target in enumerate(dataset.targets):
        if target.num_classes is not None:
            raise ConfigValueError(
                DATA,
                f"the task predicts numbers, and {target.name!r} is a class",
                "take graph_classification",
            )
        wrong = np.flatnonzero(~np.isfinite(dataset.labels[:, k]))
        if len(wrong):
            raise ConfigValueError(
                DATA,
                f"values of {target.name!r} must be finite: graph {wrong[0]} has "
                f"{dataset.labels[wrong[0], k]}",
            )


def _check_shape(dataset: LabelledGraphs, rows: int, level: str) -> None:
    shape = (rows, len(dataset.targets))
    if dataset.labels.shape != shape:
        raise ConfigValueError(
            DATA,
            f"labels must have one row for each {level} and one column for each target: "
            f"their shape is {dataset.labels.shape}, not {shape}",
        )
