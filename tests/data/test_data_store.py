"""Laws of the cache: built once, whole or not at all, never trusted blindly."""

import mmap
import os
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from qgtune.core.errors import ConfigValueError
from qgtune.data import default_cache_dir, load_dataset
from qgtune.data.graph_store import (
    Graph,
    GraphArrays,
    GraphFileError,
    content_key,
    read_graphs,
    stack_graphs,
    write_graphs,
)

SETTINGS = {"name": "causal_sets", "num_graphs": 6, "min_nodes": 8, "max_nodes": 16}
KEY = content_key({"test": 1})


def load(cache_dir, **settings):
    return load_dataset({**SETTINGS, **settings}, base_dir=Path(), cache_dir=cache_dir)


def some_arrays(value=0.0, num_graphs=3):
    graph = Graph(np.full((4, 2), value, np.float32), np.array([[0, 1, 2], [1, 2, 3]]), np.array([1]))
    return stack_graphs([graph] * num_graphs)


def test_a_file_gives_back_what_was_written(tmp_path):
    path = tmp_path / "some.graphs"
    arrays = some_arrays(0.5)
    write_graphs(path, arrays, key=KEY, meta={"name": "some"})
    found, meta = read_graphs(path, key=KEY)
    assert meta == {"name": "some"}
    for name, dtype in (("x", np.float32), ("edge_index", np.int64), ("y", np.int64), ("node_ptr", np.int64)):
        assert np.array_equal(getattr(found, name), getattr(arrays, name))
        assert getattr(found, name).dtype == dtype


def test_the_second_load_reads_the_file_that_the_first_one_wrote(tmp_path):
    first = load(tmp_path)
    [path] = tmp_path.glob("*.graphs")
    written = path.stat()
    second = load(tmp_path)
    assert path.stat().st_mtime_ns == written.st_mtime_ns
    assert path.stat().st_ino == written.st_ino
    assert np.array_equal(first.arrays.x, second.arrays.x)
    assert (first.name, first.feature_names, first.targets) == (
        second.name,
        second.feature_names,
        second.targets,
    )


def test_a_loaded_graph_is_a_view_of_the_mapped_file(tmp_path):
    load(tmp_path)
    dataset = load(tmp_path)
    x, edge_index = dataset.graph(2).x, dataset.graph(2).edge_index
    assert np.shares_memory(x.numpy(), dataset.arrays.x)
    assert np.shares_memory(edge_index.numpy(), dataset.arrays.edge_index)
    assert isinstance(dataset.arrays.x.base, np.ndarray)


def test_writing_to_a_loaded_graph_changes_no_file(tmp_path):
    load(tmp_path)
    [path] = tmp_path.glob("*.graphs")
    before = path.read_bytes()
    load(tmp_path).graph(0).x.zero_()
    assert path.read_bytes() == before


def test_settings_that_mean_the_same_share_a_file_and_others_do_not(tmp_path):
    load(tmp_path)
    load(tmp_path, seed=0, edges="both")
    assert len(list(tmp_path.glob("*.graphs"))) == 1
    load(tmp_path, seed=1)
    assert len(list(tmp_path.glob("*.graphs"))) == 2


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_named_and_built_again(tmp_path, share):
    expected = load(tmp_path).arrays.x.copy()
    [path] = tmp_path.glob("*.graphs")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.warns(UserWarning, match=f"{path.name} is not the expected file of graphs: it.* should"):
        dataset = load(tmp_path)
    assert np.array_equal(dataset.arrays.x, expected)
    assert path.read_bytes() == whole


def test_a_foreign_file_is_named_and_built_again(tmp_path):
    load(tmp_path)
    [path] = tmp_path.glob("*.graphs")
    path.write_bytes(b"PK\x03\x04 something else altogether")
    with pytest.warns(UserWarning, match="it should begin with"):
        load(tmp_path)
    load(tmp_path)


def test_a_file_of_another_key_is_refused_with_both_keys(tmp_path):
    path = tmp_path / "some.graphs"
    write_graphs(path, some_arrays(), key=KEY, meta={})
    with pytest.raises(GraphFileError, match=f"it should have the key other, and has {KEY}"):
        read_graphs(path, key="other")


def test_a_damaged_header_is_refused(tmp_path):
    path = tmp_path / "some.graphs"
    write_graphs(path, some_arrays(), key=KEY, meta={})
    damaged = bytearray(path.read_bytes())
    damaged[24] = ord("?")
    path.write_bytes(damaged)
    with pytest.raises(GraphFileError, match="its header should be JSON"):
        read_graphs(path, key=KEY)


def test_a_cache_that_cannot_be_written_is_named_and_the_data_are_built_in_memory(tmp_path):
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file, not a folder")
    with pytest.warns(UserWarning, match=r"the data set causal_sets stays in memory .*cache folder"):
        dataset = load(in_the_way)
    assert np.array_equal(dataset.arrays.x, load(tmp_path / "good").arrays.x)


def test_a_failed_write_leaves_what_was_there_and_no_litter(tmp_path):
    path = tmp_path / "some.graphs"
    write_graphs(path, some_arrays(1.0), key=KEY, meta={})
    before = path.read_bytes()
    torn = GraphArrays(**{**vars(some_arrays(2.0)), "y": "no array of numbers"})
    with pytest.raises(ValueError, match="no array of numbers"):
        write_graphs(path, torn, key=KEY, meta={})
    with pytest.raises(TypeError):
        write_graphs(path, some_arrays(2.0), key=KEY, meta={"not": {"JSON"}})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["some.graphs"]


def test_no_reader_ever_sees_half_a_file_while_several_write(tmp_path):
    path = tmp_path / "some.graphs"
    write_graphs(path, some_arrays(0.0, 500), key=KEY, meta={"value": 0.0})

    def write(value):
        for _ in range(30):
            write_graphs(path, some_arrays(value, 500), key=KEY, meta={"value": value})

    writers = [threading.Thread(target=write, args=(value,)) for value in (1.0, 2.0)]
    for writer in writers:
        writer.start()
    reads = 0
    while reads == 0 or any(writer.is_alive() for writer in writers):
        arrays, meta = read_graphs(path, key=KEY)
        assert (arrays.x == meta["value"]).all()
        reads += 1
    for writer in writers:
        writer.join()
    assert [p.name for p in tmp_path.iterdir()] == ["some.graphs"]


def test_the_default_cache_follows_the_environment(monkeypatch):
    monkeypatch.setenv("QGTUNE_CACHE", "own")
    monkeypatch.setenv("XDG_CACHE_HOME", "shared")
    assert default_cache_dir() == Path("own")
    monkeypatch.delenv("QGTUNE_CACHE")
    assert default_cache_dir() == Path("shared/qgtune")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache_dir() == Path.home() / ".cache" / "qgtune"


def test_loading_from_a_good_cache_is_silent(tmp_path):
    built = load(tmp_path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        read = load(tmp_path)
    assert said == []
    assert np.array_equal(built.arrays.x, read.arrays.x)


def save_graphs(folder, label=1):
    graph = Data(x=torch.ones(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=torch.tensor([label]))
    torch.save([graph] * 4, folder / "graphs.pt")


def load_file(folder, **settings):
    given = {"name": "torch_file", "path": "graphs.pt", **settings}
    return load_dataset(given, base_dir=folder, cache_dir=folder / "cache")


def is_mapped(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return isinstance(array, np.memmap) or isinstance(array.base, mmap.mmap)


def test_data_on_disk_are_mapped_from_the_cache_like_those_that_are_made(tmp_path, monkeypatch):
    save_graphs(tmp_path)
    assert is_mapped(load_file(tmp_path).arrays.x)
    monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("the file is read a second time"))
    assert load_file(tmp_path).labels.tolist() == [[1]] * 4
    assert len(list((tmp_path / "cache").glob("torch_file-*.graphs"))) == 1


def test_data_on_disk_that_have_changed_are_read_again(tmp_path):
    save_graphs(tmp_path, label=1)
    load_file(tmp_path)
    before = (tmp_path / "graphs.pt").stat()
    save_graphs(tmp_path, label=0)
    # As a file system with coarse times may have it: written later by no more than a nanosecond.
    os.utime(tmp_path / "graphs.pt", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert load_file(tmp_path).labels.tolist() == [[0]] * 4


def test_other_settings_of_the_same_file_are_another_entry_of_the_cache(tmp_path):
    save_graphs(tmp_path)
    assert load_file(tmp_path, num_classes=[5]).num_classes == (5,)
    assert load_file(tmp_path).num_classes == (2,)
    assert load_file(tmp_path, subset=0.5).subset == 0.5
    assert len(list((tmp_path / "cache").glob("*.graphs"))) == 2


def test_data_on_disk_that_are_refused_leave_nothing_in_the_cache(tmp_path):
    save_graphs(tmp_path)
    with pytest.raises(ConfigValueError, match="not 7"):
        load_file(tmp_path, num_node_features=7)
    assert list((tmp_path / "cache").glob("*.graphs")) == []


def test_data_of_a_users_own_are_made_anew_each_time(tmp_path):
    (tmp_path / "own.py").write_text(
        "import torch\nfrom torch_geometric.data import Data\n"
        "def made():\n    return [Data(x=torch.ones(1, 1), edge_index=torch.zeros(2, 0), y=1)]\n"
    )
    load_dataset({"name": "own.py:made"}, base_dir=tmp_path, cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
