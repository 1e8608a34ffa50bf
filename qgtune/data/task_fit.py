"""Whether the labels of a data set are of the kind that a task needs."""

from qgtune.core.errors import ConfigValueError
from qgtune.data.graph_dataset import GraphDataset
from qgtune.schema.data_settings import Level, Predicts

_KINDS = {"classes": "classes, whole numbers from 0", "values": "values, numbers of any kind"}


def check_labels_fit(dataset: GraphDataset, *, level: Level, predicts: Predicts) -> None:
    """Refuse a data set whose labels a task cannot take.

    Args:
        dataset: any.
        level: what the task labels, graphs or nodes.
        predicts: what it predicts, classes or values.

    Raises:
        ConfigValueError: at ``data``: labels belong to nodes and the task needs those of graphs, or the
            reverse; or they are values and the task needs classes, or the reverse.

    Example:
        >>> from pathlib import Path
        >>> from qgtune.data import load_dataset
        >>> check_labels_fit(
        ...     load_dataset({"name": "digit_graphs"}, base_dir=Path()), level="graph", predicts="classes"
        ... )
    """
    if dataset.level != level:
        rule = f"{dataset.name} has a label for each {dataset.level}, and the task needs one for each {level}"
        hint = (
            "task: node_classification takes labels of nodes"
            if dataset.level == "node"
            else "task: graph_classification and graph_regression take labels of graphs"
        )
        raise ConfigValueError(("data",), rule, hint)
    if dataset.predicts != predicts:
        rule = f"the labels of {dataset.name} are {_KINDS[dataset.predicts]}, and the task needs {predicts}"
        hint = (
            "task: graph_regression predicts values; predicts: classes takes whole numbers of floating point "
            "for classes"
            if predicts == "classes"
            else "predicts: values takes whole numbers for values"
        )
        raise ConfigValueError(("data",), rule, hint)
