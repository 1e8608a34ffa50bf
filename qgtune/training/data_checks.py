"""Whether a config and a data set fit, said before the first epoch."""

import numpy as np
import torch

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn import GraphClassificationConfig, dimension_problems
from qgtune.training.task import LabelledGraphs


def check_fit(config: GraphClassificationConfig, dataset: LabelledGraphs) -> None:
    """Return if the model can be trained on the data set.

    Raises:
        ConfigValueError: for dims that do not meet, labels out of range, graphs without nodes, or
            features that are not finite.
    """
    num_classes = [target.num_classes for target in dataset.targets]
    for problem in dimension_problems(
        config.model, num_node_features=dataset.num_node_features, num_classes=num_classes
    ):
        raise problem
    _check_labels(dataset)
    for index in range(len(dataset)):
        x = dataset.graph(index).x
        if len(x) == 0:
            raise ConfigValueError(("data",), f"every graph must have a node: graph {index} has none")
        if not torch.isfinite(x).all():
            bad = x[~torch.isfinite(x)][0].item()
            raise ConfigValueError(("data",), f"node features must be finite: graph {index} has {bad}")


def _check_labels(dataset: LabelledGraphs) -> None:
    labels = dataset.labels
    shape = (len(dataset), len(dataset.targets))
    if labels.shape != shape:
        raise ConfigValueError(
            ("data",),
            f"labels must have one row for each graph and one column for each target: "
            f"their shape is {labels.shape}, not {shape}",
        )
    for k, target in enumerate(dataset.targets):
        wrong = np.flatnonzero((labels[:, k] < 0) | (labels[:, k] >= target.num_classes))
        if len(wrong):
            raise ConfigValueError(
                ("data",),
                f"labels of {target.name!r} must be from 0 to {target.num_classes - 1}: "
                f"graph {wrong[0]} has {labels[wrong[0], k]}",
            )
