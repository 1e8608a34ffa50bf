"""Laws of data sets of a user's own."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from qgtune.core.errors import ConfigValueError
from qgtune.data import DATASETS, GraphDataset, dataset_from_graphs, load_dataset

SCRIPT = """
import torch
from dataclasses import dataclass
from torch_geometric.data import Data


@dataclass
class Shape:
    nodes: int


def paths(count, nodes=3):
    shape = Shape(nodes)
    edges = torch.stack([torch.arange(nodes - 1), torch.arange(1, nodes)])
    return [Data(x=torch.ones(shape.nodes, 2), edge_index=edges, y=torch.tensor([k % 3])) for k in range(count)]


def ready():
    from pathlib import Path
    from qgtune.data import load_dataset
    return load_dataset({"name": "digit_graphs"}, base_dir=Path())


def broken():
    raise RuntimeError("no disk")


def empty():
    return []


def number():
    return 3


def part(subset):
    return []
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shapes.py").write_text(SCRIPT)
    return tmp_path


def refusal(folder, **settings):
    with pytest.raises(ConfigValueError) as caught:
        load_dataset(settings, base_dir=folder)
    return caught.value.path, str(caught.value)


def a_graph(**changes):
    given = {"x": torch.zeros(3, 2), "edge_index": torch.tensor([[0, 1], [1, 2]]), "y": 1}
    return Data(**{**given, **changes})


def test_a_factory_beside_the_tuning_file_is_called_with_the_other_settings(folder):
    dataset = load_dataset({"name": "shapes.py:paths", "count": 6, "nodes": 4}, base_dir=folder)
    assert len(dataset) == 6
    assert dataset.num_node_features == 2
    assert dataset.num_classes == (3,)
    assert dataset.labels.tolist() == [[0], [1], [2], [0], [1], [2]]
    assert dataset.graph(0).num_nodes == 4


def test_a_factory_is_not_given_the_subset_which_stands_in_the_data_set(folder):
    dataset = load_dataset({"name": "shapes.py:paths", "count": 6, "subset": 3}, base_dir=folder)
    assert (len(dataset), dataset.subset) == (6, 3)


def test_a_factory_may_return_a_data_set(folder):
    assert isinstance(load_dataset({"name": "shapes.py:ready"}, base_dir=folder), GraphDataset)


def test_a_registered_factory_goes_by_its_name(folder, monkeypatch):
    monkeypatch.setattr(DATASETS, "_entries", dict(DATASETS._entries))
    DATASETS.register("one_graph")(lambda y=1: [a_graph(y=y)])
    assert load_dataset({"name": "one_graph", "y": 4}, base_dir=folder).num_classes == (5,)


@pytest.mark.parametrize(
    ("settings", "path", "text"),
    [
        (
            {"name": "shapes.py:path", "count": 2},
            ("data", "name"),
            "no function 'path' (did you mean 'paths'?)",
        ),
        ({"name": "shape.py:paths"}, ("data", "name"), "there is no file"),
        (
            {"name": "no.such.module:paths"},
            ("data", "name"),
            "importing no.such.module failed: ModuleNotFoundError",
        ),
        (
            {"name": "shapes.py:paths", "cuont": 2},
            ("data", "cuont"),
            "takes no setting 'cuont' (did you mean 'count'?)",
        ),
        ({"name": "shapes.py:paths"}, ("data",), "needs the setting 'count', which is absent"),
        ({"name": "shapes.py:broken"}, ("data", "name"), "failed: RuntimeError: no disk"),
        ({"name": "shapes.py:empty"}, ("data", "name"), "needs at least one graph"),
        (
            {"name": "shapes.py:part", "subset": 0.5},
            ("data", "name"),
            "shapes.py:part cannot have a parameter of that name",
        ),
        ({"name": "shapes.py:number"}, ("data", "name"), "must return a GraphDataset or a list of PyG Data"),
    ],
)
def test_a_factory_that_cannot_be_used_is_refused_at_its_setting(folder, settings, path, text):
    found, shown = refusal(folder, **settings)
    assert found == path
    assert text in shown


def test_a_script_that_fails_at_import_is_refused_with_its_reason(folder):
    (folder / "bad.py").write_text("1 / 0\n")
    _, shown = refusal(folder, name="bad.py:paths")
    assert "importing bad.py failed: ZeroDivisionError" in shown


@pytest.mark.parametrize(
    ("graphs", "message"),
    [
        ([], "a data set needs at least one graph"),
        ([a_graph(y=None)], "graph 0 has no y"),
        ([a_graph(), a_graph(x=torch.zeros(3, 5))], "graph 0 has 2, graph 1 5"),
        ([a_graph(), a_graph(y=torch.tensor([0, 1]))], "the same targets: graph 0 has 1, graph 1 2"),
        ([a_graph(y=-1)], "whole number from 0"),
        ([a_graph(edge_index=torch.tensor([[0], [3]]))], "edges must join nodes 0 to 2 of graph 0"),
        ([a_graph(edge_index=torch.tensor([0, 1, 2]))], r"edge_index must have the shape \[2, edges\]"),
        ([a_graph(x=torch.zeros(0, 2))], "at least one node"),
    ],
)
def test_graphs_that_do_not_fit_are_refused_with_the_first_that_differs(graphs, message):
    with pytest.raises(ValueError, match=message):
        dataset_from_graphs(graphs, name="mine")


def test_attributes_that_are_not_used_are_named():
    with pytest.warns(
        UserWarning, match="edge_attr, edge_index, edge_weight, graph_features, x, y are used, not pos"
    ):
        dataset_from_graphs([a_graph(pos=torch.zeros(3, 2))], name="mine")


def test_a_graph_has_the_types_and_shapes_that_it_promises():
    dataset = dataset_from_graphs([a_graph(y=torch.tensor([0, 2]))] * 3, name="mine")
    graph = dataset.graph(-1)
    assert (graph.x.dtype, graph.edge_index.dtype, graph.y.dtype) == (torch.float32, torch.int64, torch.int64)
    assert (graph.x.shape, graph.edge_index.shape, graph.y.shape) == ((3, 2), (2, 2), (1, 2))
    assert dataset.labels.shape == (3, 2)
    assert len(list(dataset)) == 3
    with pytest.raises(IndexError, match="has 3 graphs, and none of them is number 3"):
        dataset.graph(3)


def test_mean_features_are_those_of_each_graph():
    graphs = [a_graph(x=torch.rand(3, 2)) for _ in range(4)]
    means = dataset_from_graphs(graphs, name="mine").mean_features()
    assert means == pytest.approx(np.stack([graph.x.mean(dim=0).numpy() for graph in graphs]))
