"""A data set that lies on a device gives the batches that are cut on the host."""

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_training_batches import assert_same_batches, drawn_dataset

from qgtune.schema.gnn import LoaderConfig
from qgtune.training.batching.batches import cut_batch
from qgtune.training.batching.loaders import GraphSubset, make_loader
from qgtune.training.batching.resident_arrays import ResidentArrays, ResidentLoader, fits

HOST = torch.device("cpu")


@given(
    seed=st.integers(0, 1000),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    level=st.sampled_from(["graph", "node"]),
    parts=st.fixed_dictionaries({"values": st.booleans(), "with_edge_parts": st.booleans()}),
    data=st.data(),
)
def test_a_batch_cut_on_a_device_is_the_one_cut_on_the_host(seed, sizes, level, parts, data):
    dataset = drawn_dataset(seed, sizes, level=level, **parts)
    chosen = np.array(data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=8)))
    is_node = level == "node"
    here = cut_batch(dataset.arrays, chosen, labels_nodes=is_node)
    there = ResidentArrays.of(dataset.arrays, HOST).cut(chosen, labels_nodes=is_node)
    assert_same_batches(there, here)


def test_a_data_set_lies_on_a_device_once_and_leaves_it_with_its_last_user():
    """Two loaders share the arrays; nothing keeps them once both are gone."""
    arrays = drawn_dataset(0, [3, 4]).arrays
    first = ResidentArrays.of(arrays, HOST)
    assert ResidentArrays.of(arrays, HOST) is first
    seen = weakref.ref(first)
    del first
    gc.collect()
    assert seen() is None


def test_the_order_of_the_batches_is_that_of_the_host():
    """A resident loader goes through the graphs as the loader that it is made of."""
    dataset = drawn_dataset(1, [3, 4, 2, 5, 1])
    config = LoaderConfig(batch_size=2, shuffle=True)

    def loader():
        subset = GraphSubset(dataset, np.arange(5))
        return make_loader("training", config, subset, seed=3, device=HOST, on_notice=print)

    host, resident = loader(), ResidentLoader(loader(), HOST)
    for _ in range(3):
        for there, here in zip(resident, host, strict=True):
            assert_same_batches(there, here)


def test_nothing_is_copied_on_a_cpu():
    """On a CPU the arrays are where they should be already."""
    assert not fits(drawn_dataset(0, [3]).arrays, HOST)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
def test_batches_lie_on_the_gpu():
    """On a GPU with room a loader gives batches that need no copy."""
    dataset = drawn_dataset(2, [3, 4, 2])
    device = torch.device("cuda:0")
    subset = GraphSubset(dataset, np.arange(3))
    loader = make_loader(
        "training", LoaderConfig(batch_size=2), subset, seed=0, device=device, on_notice=print
    )
    assert isinstance(loader, ResidentLoader)
    for batch in loader:
        assert batch.x.device == device
        assert batch.to(device) is batch
