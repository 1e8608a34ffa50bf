"""Batches out of flat arrays are those of torch_geometric, in the same order."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import RandomSampler
from torch_geometric.loader import DataLoader

from qgtune.data.graph_dataset import GraphDataset, Target
from qgtune.data.graph_store import GraphArrays
from qgtune.schema.gnn import LoaderConfig
from qgtune.training.batching.batches import ArrayLoader, GraphBatch, collate, cut_batch
from qgtune.training.batching.loaders import GraphSubset, make_loader

PARTS = ("x", "edges", "batch", "y", "edge_weight", "edge_attr", "graph_features")


def drawn_dataset(seed, sizes, *, with_edge_parts=True, level="graph", values=False):
    """Return random graphs with so many nodes each, and up to twice as many edges, often none."""
    random = np.random.default_rng(seed)
    counts = [int(random.integers(0, 2 * size + 1)) for size in sizes]
    edges = [random.integers(0, size, (2, count)) for size, count in zip(sizes, counts, strict=True)]
    rows = sum(sizes) if level == "node" else len(sizes)
    y = random.random((rows, 1)).astype(np.float32) if values else random.integers(0, 2, (rows, 1))
    total = sum(counts)
    arrays = GraphArrays(
        x=random.random((sum(sizes), 3)).astype(np.float32),
        edge_index=np.concatenate(edges, axis=1),
        node_ptr=np.cumsum([0, *sizes]),
        edge_ptr=np.cumsum([0, *counts]),
        y=y,
        edge_weight=random.random(total).astype(np.float32) if with_edge_parts else None,
        edge_attr=random.random((total, 2)).astype(np.float32) if with_edge_parts else None,
        graph_features=random.random((len(sizes), 4)).astype(np.float32) if with_edge_parts else None,
    )
    target = Target("t", None, ()) if values else Target("t", 2, ("0", "1"))
    return GraphDataset("drawn", ("a", "b", "c"), (target,), arrays, level=level)


def assert_same_batches(ours, theirs):
    for name in PARTS:
        mine, other = getattr(ours, name), getattr(theirs, name)
        assert (mine is None) == (other is None), name
        if mine is not None:
            assert mine.dtype == other.dtype, name
            assert torch.equal(mine, other), name
    assert ours.num_graphs == theirs.num_graphs


@given(
    seed=st.integers(0, 1000),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    level=st.sampled_from(["graph", "node"]),
    parts=st.fixed_dictionaries({"values": st.booleans(), "with_edge_parts": st.booleans()}),
    data=st.data(),
)
def test_a_batch_cut_out_of_arrays_is_the_one_that_torch_geometric_collates(seed, sizes, level, parts, data):
    dataset = drawn_dataset(seed, sizes, level=level, **parts)
    chosen = data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=8))
    ours = cut_batch(dataset.arrays, np.array(chosen), labels_nodes=level == "node")
    assert_same_batches(ours, collate([dataset.graph(i) for i in chosen]))


def loader_of(dataset, notices=None, seed=7, **options):
    return make_loader(
        "training",
        LoaderConfig.model_validate(options),
        GraphSubset(dataset, np.arange(len(dataset))[::-1]),
        seed=seed,
        device=torch.device("cpu"),
        on_notice=(notices if notices is not None else []).append,
    )


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("drop_last", [True, False])
def test_epochs_come_in_the_order_of_a_loader_of_torch_geometric_with_the_same_seed(shuffle, drop_last):
    dataset = drawn_dataset(3, [2, 3, 4, 1, 5, 2, 3])
    subset = GraphSubset(dataset, np.arange(len(dataset))[::-1])
    sampler = RandomSampler(subset, generator=torch.Generator().manual_seed(7)) if shuffle else None
    theirs = DataLoader(subset, batch_size=3, sampler=sampler, drop_last=drop_last)
    ours = loader_of(dataset, batch_size=3, shuffle=shuffle, drop_last=drop_last)
    assert isinstance(ours, ArrayLoader)
    assert len(ours) == len(theirs)
    for _ in range(3):
        for mine, other in zip(ours, theirs, strict=True):
            assert_same_batches(mine, GraphBatch.of(other))


def test_a_data_set_with_its_own_way_to_make_graphs_is_asked_for_each():
    class Doubled(GraphDataset):
        def graph(self, index):
            graph = super().graph(index)
            graph.x = 2 * graph.x
            return graph

    plain = drawn_dataset(3, [2, 3])
    doubled = Doubled(plain.name, plain.feature_names, plain.targets, plain.arrays)
    [[ours], [theirs]] = list(loader_of(doubled, batch_size=2)), list(loader_of(plain, batch_size=2))
    assert torch.equal(ours.x, 2 * theirs.x)


def test_no_processes_load_what_is_cut_out_of_arrays_and_a_notice_says_so():
    notices = []
    loader_of(drawn_dataset(3, [2, 3]), notices, num_workers=3)
    [notice] = notices
    assert notice == (
        "num_workers: batches are cut out of arrays in memory, which takes less time than processes would: "
        "0 are used instead of 3"
    )
    loader_of(drawn_dataset(3, [2, 3]), notices)
    assert notices == [notice]


def test_a_batch_that_is_on_its_device_is_not_copied():
    batch = cut_batch(drawn_dataset(3, [2, 3]).arrays, np.array([0, 1]))
    assert batch.to("cpu", non_blocking=True) is batch


def test_the_parts_of_a_batch_move_together():
    batch = cut_batch(drawn_dataset(3, [2, 3]).arrays, np.array([0, 1]))
    moved = batch.to("meta")
    assert all(getattr(moved, name).is_meta for name in PARTS)
    assert moved.edge_index.is_meta
    assert moved.num_graphs == batch.num_graphs


def test_a_single_graph_is_a_batch_of_one():
    graph = drawn_dataset(3, [4]).graph(0)
    batch = GraphBatch.of(graph)
    assert batch.num_graphs == 1
    assert batch.batch.tolist() == [0, 0, 0, 0]
