"""Laws of data sets of PyTorch Geometric that are on disk."""

import pickle
import random
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse
import torch
from torch_geometric.datasets import TUDataset

from qgtune.core.errors import ConfigValueError
from qgtune.data import load_dataset, split_nodes

SIZES = (3, 4, 5, 3)


def write_tu_dataset(
    folder, *, node_labels=True, node_attributes=False, graph_attributes=False, edge_labels=False, name="TINY"
):
    """Write paths of 3, 4, 5 and 3 nodes as the raw files of a TUDataset; their classes are -1 and 1."""
    raw = folder / name / "raw"
    raw.mkdir(parents=True)
    starts = np.cumsum([1, *SIZES[:-1]])
    edges = [(a + k, a + k + 1) for a, n in zip(starts, SIZES, strict=True) for k in range(n - 1)]
    lines = {
        "A": [f"{a}, {b}" for a, b in [*edges, *((b, a) for a, b in edges)]],
        "graph_indicator": [k + 1 for k, n in enumerate(SIZES) for _ in range(n)],
        "graph_labels": [1, -1, 1, -1],
    }
    if node_labels:
        lines["node_labels"] = [k % 2 for n in SIZES for k in range(n)]
    if node_attributes:
        lines["node_attributes"] = [f"{k / 2}, 1.5" for n in SIZES for k in range(n)]
    if graph_attributes:
        lines["graph_attributes"] = [0.5, -1.25, 2.0, 0.0]
        del lines["graph_labels"]
    if edge_labels:
        lines["edge_labels"] = [k % 2 for k in range(2 * len(edges))]
    for part, values in lines.items():
        (raw / f"{name}_{part}.txt").write_text("\n".join(map(str, values)) + "\n")
    return folder


def write_planetoid(folder, name="cora"):
    """Write a ring as the raw files of Planetoid: 2 nodes to train on, 500 to validate, which it insists on."""
    raw = folder / "Cora" / "raw"
    raw.mkdir(parents=True)
    size, tested = 510, 8
    labels = np.eye(2)[np.arange(size) % 2]
    features = scipy.sparse.csr_matrix(np.ones((size, 3), dtype=np.float32))
    parts = {
        "x": features[:2],
        "allx": features[:-tested],
        "tx": features[-tested:],
        "y": labels[:2],
        "ally": labels[:-tested],
        "ty": labels[-tested:],
        "graph": {k: [(k + 1) % size, (k - 1) % size] for k in range(size)},
    }
    for part, value in parts.items():
        (raw / f"ind.{name}.{part}").write_bytes(pickle.dumps(value))
    (raw / f"ind.{name}.test.index").write_text("".join(f"{k}\n" for k in range(size - tested, size)))


def load(folder, dataset="TUDataset", root="data", **arguments):
    settings = {"name": "pyg", "dataset": dataset, "root": root}
    if arguments:
        settings["arguments"] = arguments
    return load_dataset(settings, base_dir=folder)


def refusal(folder, *args, **arguments):
    with pytest.raises(ConfigValueError) as caught:
        load(folder, *args, **arguments)
    return caught.value


def no_access(*args, **kwargs):
    raise AssertionError("a data set must not be fetched")


@pytest.fixture(autouse=True)
def _no_download(monkeypatch):
    """Make any use of the network an error of the test."""
    monkeypatch.setattr("socket.socket.connect", no_access)
    monkeypatch.setattr("torch_geometric.io.fs.cp", no_access)


def test_raw_files_give_the_graphs_that_the_class_itself_gives(tmp_path):
    write_tu_dataset(tmp_path / "data")
    dataset = load(tmp_path, name="TINY")
    assert (dataset.name, len(dataset)) == ("TUDataset(name=TINY)", 4)
    assert (dataset.num_node_features, dataset.num_classes) == (2, (2,))
    assert dataset.labels.ravel().tolist() == [1, 0, 1, 0]
    shutil.copytree(tmp_path / "data" / "TINY" / "raw", tmp_path / "other" / "TINY" / "raw")
    for ours, theirs in zip(dataset, TUDataset(tmp_path / "other", "TINY"), strict=True):
        assert ours.x.equal(theirs.x)
        assert ours.edge_index.equal(theirs.edge_index)


def test_processed_files_are_enough_without_raw_ones(tmp_path):
    write_tu_dataset(tmp_path / "data")
    load(tmp_path, name="TINY")
    shutil.rmtree(tmp_path / "data" / "TINY" / "raw")
    assert len(load(tmp_path, name="TINY")) == 4


def test_processes_that_begin_at_once_all_get_the_whole_data_set(tmp_path):
    write_tu_dataset(tmp_path / "data")
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: load(tmp_path, name="TINY"), range(4)))
    assert [len(dataset) for dataset in loaded] == [4] * 4


def test_arguments_reach_the_class(tmp_path):
    write_tu_dataset(tmp_path / "data", node_attributes=True)
    assert load(tmp_path, name="TINY", use_node_attr=True).num_node_features == 4


def test_a_data_set_that_is_not_there_says_which_files_are_missing_and_where(tmp_path):
    (tmp_path / "data").mkdir()
    error = refusal(tmp_path, name="MUTAG")
    raw = tmp_path / "data" / "MUTAG" / "raw"
    assert error.path == ("data", "root")
    assert error.message == (
        f"TUDataset(name=MUTAG) is not in {tmp_path / 'data'}: {raw} lacks MUTAG_A.txt, MUTAG_graph_indicator.txt"
    )
    assert error.hint == (
        "nothing is downloaded here; in Python, "
        "torch_geometric.datasets.TUDataset(root='data', name='MUTAG') does it"
    )
    assert not raw.exists()


def test_a_single_missing_file_is_named_alone(tmp_path):
    write_tu_dataset(tmp_path / "data")
    (tmp_path / "data/TINY/raw/TINY_A.txt").unlink()
    assert refusal(tmp_path, name="TINY").message.endswith("raw lacks TINY_A.txt")


def test_a_missing_root_is_named(tmp_path):
    assert refusal(tmp_path, name="TINY").message == f"there is no folder {tmp_path / 'data'}"


def test_a_damaged_raw_file_is_said_to_be_so(tmp_path):
    write_tu_dataset(tmp_path / "data")
    (tmp_path / "data/TINY/raw/TINY_A.txt").write_text("1, 2\nthree, 4\n")
    error = refusal(tmp_path, name="TINY")
    assert error.path == ("data", "root")
    assert "TUDataset(name=TINY) cannot be read from" in error.message
    assert "three" in error.message


def test_a_damaged_processed_file_is_said_to_be_so(tmp_path):
    write_tu_dataset(tmp_path / "data")
    load(tmp_path, name="TINY")
    processed = tmp_path / "data/TINY/processed/data.pt"
    processed.write_bytes(processed.read_bytes()[:200])
    error = refusal(tmp_path, name="TINY")
    assert "cannot be read from" in error.message
    assert "without the folder processed they are read anew" in error.hint


@pytest.mark.parametrize(
    ("dataset", "arguments", "path", "message", "hint"),
    [
        ("TUDatset", {}, ("data", "dataset"), "has no class 'TUDatset'", "did you mean 'TUDataset'?"),
        (
            "KarateClub",
            {},
            ("data", "root"),
            "KarateClub generates its graphs, and takes no root",
            "leave out root",
        ),
        (
            "TUDataset",
            {},
            ("data",),
            "needs the argument 'name', which is absent",
            "write arguments: {name: ...}",
        ),
        (
            "TUDataset",
            {"name": "TINY", "use_nod_attr": True},
            ("data", "arguments", "use_nod_attr"),
            "TUDataset takes no argument 'use_nod_attr' from a config",
            "did you mean 'use_node_attr'?",
        ),
        (
            "TUDataset",
            {"name": "TINY", "pre_filter": "small"},
            ("data", "arguments", "pre_filter"),
            "TUDataset takes no argument 'pre_filter' from a config",
            "",
        ),
    ],
)
def test_a_class_or_argument_that_cannot_be_meant_is_refused_at_its_key(
    tmp_path, dataset, arguments, *, path, message, hint
):
    (tmp_path / "data").mkdir()
    error = refusal(tmp_path, dataset, **arguments)
    assert error.path == path
    assert message in error.message
    assert hint in error.hint


def test_graphs_without_features_are_refused_with_a_way_out(tmp_path):
    write_tu_dataset(tmp_path / "data", node_labels=False)
    assert "graph 0 has no x" in refusal(tmp_path, name="TINY").message
    write_tu_dataset(tmp_path / "data", node_labels=False, node_attributes=True, name="FLAT")
    error = refusal(tmp_path, name="FLAT")
    assert "each node needs at least one feature, and x of graph 0 has no column" in error.message
    assert error.hint == "arguments: {use_node_attr: true} takes attributes"


def load_planetoid(folder, **settings):
    write_planetoid(folder / "data")
    settings = {
        "name": "pyg",
        "dataset": "Planetoid",
        "root": "data",
        "arguments": {"name": "Cora"},
    } | settings
    with warnings.catch_warnings():
        # What scipy or numpy deprecates in the old format of these files is not ours to mend.
        warnings.simplefilter("ignore")
        return load_dataset(settings, base_dir=folder)


def test_planetoid_is_a_data_set_of_labelled_nodes_with_its_public_split(tmp_path):
    dataset = load_planetoid(tmp_path)
    assert (dataset.level, len(dataset), dataset.num_classes) == ("node", 1, (2,))
    assert (dataset.num_node_features, len(dataset.labels)) == (3, 510)
    splits = split_nodes(dataset)
    assert splits.training.tolist() == [0, 1]
    assert len(splits.validation) == 500
    assert splits.testing.tolist() == list(range(502, 510))


def test_without_its_masks_a_data_set_of_nodes_is_split_by_shares(tmp_path):
    dataset = load_planetoid(tmp_path, masks=False)
    assert len(split_nodes(dataset, training=0.5, validation=0.5).training) == 255


def test_attributes_of_graphs_are_values_to_predict(tmp_path):
    write_tu_dataset(tmp_path / "data", graph_attributes=True)
    dataset = load(tmp_path, name="TINY")
    assert (dataset.predicts, dataset.num_classes) == ("values", (None,))
    assert dataset.labels.ravel().tolist() == [0.5, -1.25, 2.0, 0.0]


def test_edge_labels_are_edge_features(tmp_path):
    write_tu_dataset(tmp_path / "data", edge_labels=True)
    dataset = load(tmp_path, name="TINY")
    assert dataset.num_edge_features == 2
    assert set(map(tuple, dataset.arrays.edge_attr.tolist())) == {(1, 0), (0, 1)}


def test_the_second_load_converts_nothing_and_processed_files_that_change_are_converted_again(tmp_path):
    write_tu_dataset(tmp_path / "data")
    cache = tmp_path / "cache"
    settings = {"name": "pyg", "dataset": "TUDataset", "root": "data", "arguments": {"name": "TINY"}}
    for _ in range(2):
        first = load_dataset(settings, base_dir=tmp_path, cache_dir=cache)
    assert len(list(cache.glob("pyg-*.graphs"))) == 1
    labels = tmp_path / "data/TINY/raw/TINY_graph_labels.txt"
    labels.write_text("-1\n-1\n1\n1\n")
    shutil.rmtree(tmp_path / "data/TINY/processed")
    second = load_dataset(settings, base_dir=tmp_path, cache_dir=cache)
    assert first.labels.ravel().tolist() == [1, 0, 1, 0]
    assert second.labels.ravel().tolist() == [0, 0, 1, 1]


SMALL = {"num_graphs": 6, "num_channels": 3, "avg_num_nodes": 10}


def generated(folder, **settings):
    given = {"name": "pyg", "dataset": "FakeDataset", "arguments": SMALL}
    return load_dataset(given | settings, base_dir=folder, cache_dir=folder / "cache")


def test_graphs_that_a_class_generates_follow_from_the_seed(tmp_path):
    one, same, other = (generated(tmp_path / str(k), seed=k // 2) for k in range(3))
    assert (len(one), one.num_node_features, one.level) == (6, 3, "graph")
    assert one.arrays.x.tobytes() == same.arrays.x.tobytes() != other.arrays.x.tobytes()


def test_generating_leaves_the_generators_of_the_process_as_they_were(tmp_path):
    before = random.getstate()
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - PyG itself draws from it
    generated(tmp_path)
    assert random.getstate() == before
    assert torch.rand(1).item() == torch.rand(1, generator=torch.Generator().manual_seed(1)).item()
    assert np.random.rand() == np.random.RandomState(1).rand()  # noqa: NPY002 - PyG itself draws from it


def test_a_class_that_reads_a_folder_needs_its_root(tmp_path):
    with pytest.raises(ConfigValueError) as caught:
        generated(tmp_path, dataset="TUDataset", arguments={"name": "TINY"})
    assert (caught.value.path, caught.value.message) == (
        ("data",),
        "TUDataset reads its graphs from a folder, and root is absent",
    )


def test_arguments_that_a_class_cannot_generate_from_are_refused_with_its_reason(tmp_path):
    with pytest.raises(ConfigValueError, match="cannot be generated") as caught:
        generated(tmp_path, arguments={"num_graphs": "six"})
    assert caught.value.path == ("data", "arguments")
