"""Laws of what data a task can take."""

import pytest
import torch
from torch_geometric.data import Data

from qgtune.core.errors import ConfigValueError
from qgtune.data import check_labels_fit, dataset_from_graphs


def labelled(y):
    graph = Data(x=torch.zeros(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=y)
    return dataset_from_graphs([graph], name="mine")


GRAPHS, VALUES, NODES = torch.tensor([1]), torch.tensor([0.5]), torch.tensor([0, 1, 1])


@pytest.mark.parametrize(
    ("y", "level", "predicts"),
    [(GRAPHS, "graph", "classes"), (VALUES, "graph", "values"), (NODES, "node", "classes")],
)
def test_labels_of_the_kind_that_the_task_needs_are_taken(y, level, predicts):
    check_labels_fit(labelled(y), level=level, predicts=predicts)


@pytest.mark.parametrize(
    ("y", "needs", "message", "hint"),
    [
        (
            NODES,
            ("graph", "classes"),
            "mine has a label for each node, and the task needs one for each graph",
            "task: node_classification takes labels of nodes",
        ),
        (
            GRAPHS,
            ("node", "classes"),
            "mine has a label for each graph, and the task needs one for each node",
            "task: graph_classification and graph_regression take labels of graphs",
        ),
        (
            VALUES,
            ("graph", "classes"),
            "the labels of mine are values, numbers of any kind, and the task needs classes",
            "task: graph_regression predicts values",
        ),
        (
            GRAPHS,
            ("graph", "values"),
            "the labels of mine are classes, whole numbers from 0, and the task needs values",
            "predicts: values takes whole numbers for values",
        ),
    ],
)
def test_labels_of_another_kind_are_refused_with_a_way_out(y, needs, message, hint):
    with pytest.raises(ConfigValueError) as caught:
        check_labels_fit(labelled(y), level=needs[0], predicts=needs[1])
    assert (caught.value.path, caught.value.message) == (("data",), message)
    assert caught.value.hint.startswith(hint)
