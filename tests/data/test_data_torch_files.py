"""Laws of data sets in files of torch."""

import pickle

import pytest
import torch
from torch_geometric.data import Data, HeteroData, InMemoryDataset

from qgtune.core.errors import ConfigValueError
from qgtune.data import load_dataset


def a_graph(nodes=3, label=0, **changes):
    given = {
        "x": torch.arange(2.0 * nodes).reshape(nodes, 2),
        "edge_index": torch.stack([torch.arange(nodes - 1), torch.arange(1, nodes)]),
        "y": torch.tensor([label]),
    }
    return Data(**{**given, **changes})


GRAPHS = [a_graph(3 + k, k % 2) for k in range(6)]


class Foreign:
    """A class that no file may name unless it is trusted."""


def load(path, content=None, **settings):
    if content is not None:
        torch.save(content, path)
    return load_dataset({"name": "torch_file", "path": path.name, **settings}, base_dir=path.parent)


def refusal(path, content=None, **settings):
    with pytest.raises(ConfigValueError) as caught:
        load(path, content, **settings)
    return caught.value


@pytest.mark.parametrize(
    "save",
    [
        lambda path: torch.save(GRAPHS, path),
        lambda path: torch.save(tuple(GRAPHS), path),
        lambda path: torch.save(GRAPHS, path, _use_new_zipfile_serialization=False),
        lambda path: torch.save(InMemoryDataset.collate(GRAPHS), path),
        lambda path: InMemoryDataset.save(GRAPHS, path),
    ],
    ids=["list", "tuple", "old format", "collated", "saved"],
)
def test_a_file_gives_the_graphs_that_were_saved_however_they_were_saved(tmp_path, save):
    path = tmp_path / "graphs.pt"
    save(path)
    dataset = load(path)
    assert (len(dataset), dataset.num_node_features, dataset.num_classes) == (6, 2, (2,))
    for loaded, graph in zip(dataset, GRAPHS, strict=True):
        assert torch.equal(loaded.x, graph.x)
        assert torch.equal(loaded.edge_index, graph.edge_index)
        assert loaded.y.item() == graph.y.item()


def test_a_single_graph_is_a_data_set_of_one(tmp_path):
    InMemoryDataset.save(GRAPHS[:1], tmp_path / "saved.pt")
    assert len(load(tmp_path / "saved.pt")) == 1
    assert len(load(tmp_path / "plain.pt", GRAPHS[0])) == 1


def test_classes_that_do_not_occur_are_counted_where_the_settings_say_so(tmp_path):
    assert load(tmp_path / "graphs.pt", GRAPHS, num_classes=[4]).targets[0].class_names == (
        "0",
        "1",
        "2",
        "3",
    )


def test_an_absolute_path_is_taken_as_it_is(tmp_path):
    torch.save(GRAPHS, tmp_path / "graphs.pt")
    settings = {"name": "torch_file", "path": str(tmp_path / "graphs.pt")}
    assert len(load_dataset(settings, base_dir=tmp_path / "elsewhere")) == 6


def test_a_missing_file_is_named_with_those_beside_it(tmp_path):
    torch.save(GRAPHS, tmp_path / "graphs.pt")
    error = refusal(tmp_path / "graph.pt")
    assert error.path == ("data", "path")
    assert error.message == f"there is no file {tmp_path / 'graph.pt'}"
    assert error.hint == f"{tmp_path} has graphs.pt"


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "graphs.pt").mkdir()
    assert "cannot be read: Is a directory" in refusal(tmp_path / "graphs.pt").message


@pytest.mark.parametrize("new_format", [True, False])
def test_a_file_cut_short_anywhere_is_refused_with_its_name(tmp_path, new_format):
    path = tmp_path / "graphs.pt"
    torch.save(GRAPHS, path, _use_new_zipfile_serialization=new_format)
    whole = path.read_bytes()
    for kept in [0, 1, 3, 10, 100, len(whole) // 2, len(whole) - 30]:
        path.write_bytes(whole[:kept])
        error = refusal(path)
        assert error.path == ("data", "path")
        assert str(path) in error.message
    path.write_bytes(whole[: len(whole) // 2])
    assert "cut short" in refusal(path).message or not new_format


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected a list of PyG Data"),
        (b"x,y\n1,2\n", "is of another kind: it begins with b'x,y\\n'; expected a list of PyG Data"),
        (
            pickle.dumps({"a": 1}, protocol=4),
            "is cut short or damaged, or a pickle that torch.save did not write; expected",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_was_expected(tmp_path, content, message):
    (tmp_path / "graphs.pt").write_bytes(content)
    assert message in refusal(tmp_path / "graphs.pt").message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"weight": torch.zeros(2), "bias": torch.zeros(1)},
            "it holds a mapping with the keys weight, bias;",
        ),
        (torch.zeros(2, 3), "it holds a tensor of the shape [2, 3];"),
        ([torch.zeros(2)], "entry 0 of its list is a tensor of the shape [2], not Data"),
        ([*GRAPHS, HeteroData()], "entry 6 of its list is a HeteroData, not Data"),
        ([], "a data set needs at least one graph"),
        ([a_graph(x=None)], "graph 0 has no x"),
        ([a_graph(), a_graph(y=None)], "graph 1 has no y"),
        (
            [a_graph(), a_graph(x=torch.tensor([[0, 0], [0, float("nan")], [0, 0]]))],
            "node 1 of graph 1 has nan",
        ),
        ([a_graph(x=torch.full((3, 1), float("inf")))], "has inf in column 0 of x"),
        ([a_graph(x=torch.zeros(3, 0))], "each node needs at least one feature"),
        ([a_graph(label=-1)], "graph 0 has y = [-1]"),
        ([a_graph(y=torch.tensor([float("nan")]))], "graph 0 has y = [nan]"),
    ],
)
def test_what_makes_no_data_set_is_refused_with_the_graph_and_the_value(tmp_path, content, message):
    error = refusal(tmp_path / "graphs.pt", content)
    assert error.path == ("data", "path")
    assert message in error.message


def test_slices_that_do_not_fit_their_data_are_refused(tmp_path):
    data, slices = InMemoryDataset.collate(GRAPHS)
    short = {**slices, "x": slices["x"][:-1]}
    assert "the same number of graphs" in refusal(tmp_path / "short.pt", (data, short)).message
    beyond = {**slices, "x": slices["x"] + torch.tensor([0] * 6 + [5])}
    assert "must cut all 33 entries of 'x', and go from 0 to 38" in (
        refusal(tmp_path / "beyond.pt", (data, beyond)).message
    )
    strange = {**slices, "z": slices["y"]}
    assert "its slices cut 'z', which its data lacks" in refusal(tmp_path / "z.pt", (data, strange)).message


def test_a_label_beyond_the_given_number_of_classes_is_refused_with_its_graph(tmp_path):
    error = refusal(tmp_path / "graphs.pt", [*GRAPHS, a_graph(label=5)], num_classes=[3])
    assert error.path == ("data", "num_classes")
    assert error.message == "the labels of a target with 3 classes are 0 to 2, and graph 6 has the label 5"
    error = refusal(tmp_path / "graphs.pt", GRAPHS, num_classes=[2, 2])
    assert "the graphs have 1 targets, and 2 numbers are given" in error.message


def test_a_number_of_node_features_that_is_not_the_files_is_refused(tmp_path):
    error = refusal(tmp_path / "graphs.pt", GRAPHS, num_node_features=3)
    assert error.path == ("data", "num_node_features")
    assert error.message == "the graphs of graphs.pt have 2 node features, not 3"
    assert load(tmp_path / "graphs.pt", num_node_features=2).num_node_features == 2


def test_a_class_of_ones_own_is_read_only_from_a_file_that_is_trusted(tmp_path):
    error = refusal(tmp_path / "graphs.pt", [Foreign()])
    assert "Foreign; only those of torch and PyG are read without running code" in error.message
    assert error.hint == "if you trust the file, write weights_only: false"
    assert "is a Foreign, not Data" in refusal(tmp_path / "graphs.pt", weights_only=False).message
