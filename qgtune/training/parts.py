"""The parts of a data set: which graphs train, which validate, which test."""

import numpy as np
from numpy.typing import NDArray

from qgtune.core.errors import ConfigValueError
from qgtune.data.splits import draw_subset, split_graphs
from qgtune.schema.gnn import GraphClassificationConfig
from qgtune.training.task import LabelledGraphs

Indices = NDArray[np.int64]
TRAINING, VALIDATION, TESTING = "training", "validation", "testing"


def split_parts(config: GraphClassificationConfig, dataset: LabelledGraphs) -> dict[str, Indices]:
    """Return the numbers of the graphs of each section, stratified by the labels, drawn by training.seed.

    Raises:
        ConfigValueError: if a part is empty, or has only one class of a target that has several.
    """
    splits = split_graphs(
        dataset.labels,
        training=config.training.split,
        validation=config.validation.split,
        testing=config.testing.split if config.testing is not None else 0.0,
        seed=config.training.seed,
    )
    training = draw_subset(splits.training, dataset.labels, dataset.subset, seed=config.training.seed)
    parts = {TRAINING: training, VALIDATION: splits.validation}
    if config.testing is not None:
        parts[TESTING] = splits.testing
    for section, indices in parts.items():
        _check_classes(section, indices, dataset)
    return parts


def _check_classes(section: str, indices: Indices, dataset: LabelledGraphs) -> None:
    for k, target in enumerate(dataset.targets):
        present = np.unique(dataset.labels[indices, k])
        if target.num_classes > 1 and len(present) == 1:
            raise ConfigValueError(
                (section, "split"),
                f"must hold graphs of at least two classes of {target.name!r}: all {len(indices)} graphs "
                f"of {len(dataset)} are of class {present[0]}",
                "raise the share, or take more graphs",
            )
