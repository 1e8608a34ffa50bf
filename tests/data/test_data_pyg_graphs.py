"""Laws of what is told from PyG graphs: levels, values, edge weights, edge and graph features, masks."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from qgtune.data import GraphDataset, Target, dataset_from_graphs
from qgtune.data.graph_dataset import read_dataset, with_num_classes, write_dataset

EDGES = torch.tensor([[0, 1], [1, 2]])


def a_graph(**parts):
    return Data(**{"x": torch.zeros(3, 2), "edge_index": EDGES, "y": torch.tensor([1]), **parts})


def made(*graphs, **settings):
    return dataset_from_graphs(list(graphs), name="mine", **settings)


def two_of_nodes(**parts):
    """Two graphs of 3 and 2 nodes with a label for each node."""
    small = Data(x=torch.ones(2, 2), edge_index=EDGES[:, :1], y=torch.tensor([2, -1]))
    return made(a_graph(y=torch.tensor([0, 1, 2]), **parts), small)


def every_part():
    return {
        "edge_weight": torch.tensor([0.5, 2.0]),
        "edge_attr": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        "graph_features": torch.tensor([7.0, 8.0]),
    }


def test_edges_and_graphs_keep_what_they_have(tmp_path):
    built = made(a_graph(**every_part()), a_graph(**every_part()))
    write_dataset(tmp_path / "some.graphs", built, key="k")
    for dataset in (built, read_dataset(tmp_path / "some.graphs", key="k")):
        assert (dataset.has_edge_weight, dataset.num_edge_features, dataset.num_graph_features) == (
            True,
            3,
            2,
        )
        graph = dataset.graph(1)
        assert graph.edge_weight.tolist() == [0.5, 2.0]
        assert graph.edge_attr.tolist() == [[1, 2, 3], [4, 5, 6]]
        assert graph.graph_features.tolist() == [[7, 8]]
        assert {graph[key].dtype for key in every_part()} == {torch.float32}


def test_a_batch_of_pyg_stacks_the_features_of_its_graphs():
    dataset = made(a_graph(**every_part()), a_graph(**every_part()))
    batch = Batch.from_data_list(list(dataset))
    assert batch.graph_features.shape == (2, 2)
    assert batch.edge_attr.shape == (4, 3)
    assert batch.y.shape == (2, 1)


def test_what_the_graphs_lack_their_data_set_lacks():
    dataset = made(a_graph())
    assert (dataset.has_edge_weight, dataset.num_edge_features, dataset.num_graph_features) == (False, 0, 0)
    assert set(dataset.graph(0).keys()) == {"x", "edge_index", "y"}
    assert (dataset.level, dataset.predicts) == ("graph", "classes")


def test_edge_features_in_one_dimension_are_one_column():
    assert made(a_graph(edge_attr=torch.tensor([3, 4]))).graph(0).edge_attr.tolist() == [[3], [4]]


def test_graphs_without_edges_keep_the_columns_of_their_edge_features():
    alone = a_graph(edge_index=torch.zeros(2, 0, dtype=torch.int64), edge_attr=torch.zeros(0, 3))
    assert made(alone).num_edge_features == 3


def test_labels_of_floating_point_are_values_and_whole_numbers_are_classes():
    values = made(a_graph(y=0.25), a_graph(y=-3.0))
    assert (values.predicts, values.num_classes, values.labels.dtype) == ("values", (None,), np.float32)
    assert values.graph(1).y.tolist() == [[-3.0]]
    assert made(a_graph(y=3)).num_classes == (4,)
    assert made(a_graph(y=3.0), predicts="classes").num_classes == (4,)
    assert made(a_graph(y=3), predicts="values").labels.tolist() == [[3.0]]


def test_values_survive_their_file(tmp_path):
    write_dataset(tmp_path / "some.graphs", made(a_graph(y=0.25)), key="k")
    found = read_dataset(tmp_path / "some.graphs", key="k")
    assert (found.targets, found.labels.tolist()) == ((Target("y0", None),), [[0.25]])


def test_labels_of_nodes_are_told_from_those_of_graphs_by_their_shapes(tmp_path):
    dataset = two_of_nodes()
    assert (dataset.level, len(dataset), dataset.num_classes) == ("node", 2, (3,))
    assert dataset.labels.tolist() == [[0], [1], [2], [2], [-1]]
    assert dataset.graph(1).y.tolist() == [[2], [-1]]
    write_dataset(tmp_path / "some.graphs", dataset, key="k")
    assert read_dataset(tmp_path / "some.graphs", key="k").level == "node"
    assert made(a_graph(y=torch.tensor([0, 1, 2]))).level == "node"
    assert made(*[a_graph(y=torch.tensor([[0, 1, 2]]))] * 2).level == "graph"
    assert made(*[a_graph(y=torch.tensor([[0], [1], [2]]))] * 2).level == "node"


def test_labels_that_may_be_of_graphs_or_nodes_need_to_be_said_which():
    both = [a_graph(y=torch.tensor([0, 1, 2]))] * 2
    with pytest.raises(ValueError, match=r"3 entries in each graph, which also has 3 nodes.* level: node or"):
        made(*both)
    assert made(*both, level="node").labels.shape == (6, 1)
    assert made(*both, level="graph").labels.shape == (2, 3)


def masks(train, val, test):
    chosen = zip(("train_mask", "val_mask", "test_mask"), (train, val, test), strict=True)
    return {key: torch.tensor([k in nodes for k in range(3)]) for key, nodes in chosen}


def test_masks_say_the_part_of_each_node():
    graph = a_graph(y=torch.tensor([0, 1, 1]), **masks([1], [], [0]))
    assert made(graph, graph).graph(1).node_part.tolist() == [2, 0, -1]
    assert made(graph, masks=False).arrays.node_part is None


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"edge_weight": torch.ones(3)}, r"graph 0 has 2 edges and edge_weight of the shape \[3\]"),
        ({"edge_weight": torch.ones(2, 2)}, r"edge_weight must have the shape \[edges\]"),
        ({"edge_weight": torch.tensor([1, np.nan])}, "edge 1 of graph 0 has nan in column 0 of edge_weight"),
        ({"edge_attr": torch.ones(1, 2)}, r"graph 0 has 2 edges and edge_attr of the shape \[1, 2\]"),
        ({"edge_attr": torch.tensor([1, np.inf])}, "edge 1 of graph 0 has inf in column 0 of edge_attr"),
        ({"graph_features": torch.ones(2, 2)}, r"must have the shape \[features\] or \[1, features\]"),
        ({"graph_features": torch.tensor([0, np.nan])}, "graph 0 has nan in column 1 of graph_features"),
        ({"y": torch.tensor([np.nan])}, r"each value must be a finite number, and graph 0 has y = \[nan\]"),
        ({"y": torch.tensor([0, 1, -2])}, r"or -1 where it is unknown, and node 2 of graph 0 has y = \[-2\]"),
        ({"y": torch.tensor([-1, -1, -1])}, "some node needs a label, and column 0 of y has -1"),
        (
            {"y": torch.tensor([0, 1, 1]), **masks([1], [2], [1])},
            "node 1 of graph 0 is in train_mask and test_mask; masks: false",
        ),
        (
            {"y": torch.tensor([0, 1, 1]), "train_mask": torch.ones(3, 10, dtype=torch.bool)},
            r"in graph 0 it is bool \[3, 10\]: several splits, of which none is chosen",
        ),
    ],
)
def test_a_part_that_does_not_fit_is_refused_with_where_it_stands(parts, message):
    with pytest.raises(ValueError, match=message):
        made(a_graph(**parts))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"edge_weight": torch.ones(2)}, "the same edge_weight: graph 0 has none, graph 1 some"),
        ({"edge_attr": torch.ones(2, 3)}, "the same columns of edge_attr: graph 0 has none, graph 1 3"),
        ({"graph_features": torch.ones(4)}, "the same graph_features: graph 0 has none, graph 1 4"),
        ({"y": 0.5}, "graph 0 has classes .whole numbers., graph 1 values .floating point."),
    ],
)
def test_graphs_that_differ_in_what_they_have_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        made(a_graph(), a_graph(**parts))


def test_labels_of_a_level_that_does_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"graph 0 has 3 nodes and y of the shape \[1\]"):
        made(a_graph(), level="node")


def test_values_have_no_number_of_classes():
    with pytest.raises(ValueError, match="the targets are values, not classes"):
        with_num_classes(made(a_graph(y=0.5)), [2])


def test_targets_of_a_data_set_are_all_classes_or_all_values():
    arrays = made(a_graph(y=torch.tensor([[0, 1]]))).arrays
    with pytest.raises(ValueError, match="all classes or all values"):
        GraphDataset("mine", ("a", "b"), (Target("y", 2, ("0", "1")), Target("z", None)), arrays)


def test_a_data_set_of_nodes_needs_a_label_for_each():
    arrays = made(a_graph()).arrays
    with pytest.raises(ValueError, match="each of 3 nodes needs a row of y, which has 1"):
        GraphDataset("mine", ("a", "b"), (Target("y", 2, ("0", "1")),), arrays, level="node")
