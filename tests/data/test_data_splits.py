"""Laws of the splits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgtune.core.errors import ConfigValueError
from qgtune.data import GraphDataset, Target, draw_subset, split_graphs, split_nodes
from qgtune.data.graph_store import GraphArrays

PARTS = ("training", "validation", "testing")


def parts(splits):
    return [getattr(splits, name) for name in PARTS]


@given(
    st.integers(20, 300),
    st.integers(1, 6),
    st.integers(0, 2**32),
    st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.25, 0.25), (0.3, 0.1, 0.2), (0.7, 0.3, 0.0), (0.1, 0.1, 0.1)]),
)
def test_parts_are_disjoint_and_as_large_as_their_shares(count, classes, seed, shares):
    labels = np.random.default_rng(seed).integers(0, classes, (count, 1))
    splits = split_graphs(labels, training=shares[0], validation=shares[1], testing=shares[2], seed=seed)
    together = np.concatenate(parts(splits))
    assert len(set(together.tolist())) == len(together)
    assert set(together.tolist()) <= set(range(count))
    for part, share in zip(parts(splits), shares, strict=True):
        assert abs(len(part) - share * count) <= 1
        assert part.dtype == np.int64


@given(st.lists(st.integers(10, 80), min_size=2, max_size=5), st.integers(0, 2**32))
def test_every_class_is_in_every_part_in_proportion(sizes, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    splits = split_graphs(labels, training=0.6, validation=0.2, testing=0.2, seed=seed)
    for part, share in zip(parts(splits), (0.6, 0.2, 0.2), strict=True):
        found = np.bincount(labels[part], minlength=len(sizes))
        assert (np.abs(found - share * np.array(sizes)) <= 3).all()
        assert (found > 0).all() or min(sizes) < 15


def test_combinations_of_several_targets_are_kept_in_proportion():
    labels = np.array([(a, b) for a in range(2) for b in range(3) for _ in range(50)])
    splits = split_graphs(labels, training=0.8, validation=0.1, testing=0.1)
    for part, expected in zip(parts(splits), (40, 5, 5), strict=True):
        _, counts = np.unique(labels[part], axis=0, return_counts=True)
        assert len(counts) == 6
        assert (np.abs(counts - expected) <= 2).all()


def test_classes_too_small_to_share_out_take_part_all_the_same():
    labels = np.array([0] * 50 + [1] + [2] * 2 + [3])
    splits = split_graphs(labels, training=0.6, validation=0.2, testing=0.2)
    assert sorted(np.concatenate(parts(splits)).tolist()) == list(range(54))


def test_the_same_seed_gives_the_same_parts_and_another_seed_others():
    labels = np.arange(200) % 3
    one, same, other = (split_graphs(labels, seed=seed) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(parts(one), parts(same), strict=True))
    assert not np.array_equal(one.training, other.training)


def test_neighbours_in_a_part_do_not_alternate_between_classes():
    labels = np.arange(1000) % 2
    training = labels[split_graphs(labels).training]
    assert 0.4 < (training[1:] != training[:-1]).mean() < 0.6


def test_there_is_no_testing_part_unless_it_is_asked_for():
    assert len(split_graphs(np.zeros((50, 1), np.int64)).testing) == 0


@pytest.mark.parametrize(
    ("shares", "path", "message"),
    [
        (
            {"validation": 0.01},
            ("validation", "split"),
            "the validation part needs at least one graph: a share of 0.01 of 20 is none",
        ),
        (
            {"training": 0.0},
            ("training", "split"),
            "the share of the data must be above 0 and at most 1, not 0",
        ),
        ({"testing": -0.1}, ("testing", "split"), "the share of the data must be from 0 to 1, not -0.1"),
        (
            {"training": 0.8, "validation": 0.3},
            ("training", "split"),
            "the shares of the data must not exceed 1: training 0.8 + validation 0.3 + testing 0 = 1.1",
        ),
    ],
)
def test_shares_that_make_no_parts_are_refused_at_their_key(shares, path, message):
    with pytest.raises(ConfigValueError) as caught:
        split_graphs(np.zeros((20, 1), np.int64), **shares)
    assert (caught.value.path, caught.value.message) == (path, message)


@given(
    st.lists(st.integers(20, 60), min_size=2, max_size=4),
    st.integers(0, 2**32),
    st.one_of(st.floats(0.05, 1.0), st.integers(2, 30)),
)
def test_a_subset_is_that_much_of_a_part_in_its_order_with_each_class_in_proportion(sizes, seed, subset):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    part = split_graphs(labels, seed=seed).training
    drawn = draw_subset(part, labels, subset, seed=seed)
    expected = round(subset * len(part)) if subset <= 1 else subset
    assert len(drawn) == expected
    assert [graph for graph in part if graph in set(drawn)] == drawn.tolist()
    of_part, of_drawn = (np.bincount(labels[graphs], minlength=len(sizes)) for graphs in (part, drawn))
    assert (np.abs(of_drawn - expected / len(part) * of_part) <= 2).all()


@given(st.integers(0, 2**32), st.floats(0.1, 1.0), st.floats(0.1, 1.0))
def test_a_smaller_subset_is_part_of_a_larger_one(seed, one, other):
    labels, part = np.arange(120) % 3, np.arange(20, 120)
    small, large = (draw_subset(part, labels, size, seed=seed) for size in sorted((one, other)))
    assert set(small) <= set(large)


def test_the_same_seed_gives_the_same_subset_and_none_is_all():
    labels = np.arange(200) % 3
    part = split_graphs(labels).training
    one, same, other = (draw_subset(part, labels, 0.2, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert draw_subset(part, labels, None) is part
    assert np.array_equal(draw_subset(part, labels, 1.0), part)


@pytest.mark.parametrize(
    ("subset", "asked"), [(0.01, "a share of 0.01 is none of them"), (17, "17 are more")]
)
def test_a_subset_that_cannot_be_drawn_is_refused_with_what_there_is(subset, asked):
    with pytest.raises(ConfigValueError) as caught:
        draw_subset(np.arange(16), np.zeros((20, 1), np.int64), subset)
    assert caught.value.path == ("data", "subset")
    assert caught.value.message == f"a subset of the 16 training graphs must have from 1 to 16: {asked}"


@given(st.integers(20, 200), st.integers(0, 2**32))
def test_values_are_split_and_drawn_like_one_class(count, seed):
    values = np.random.default_rng(seed).normal(size=(count, 1)).astype(np.float32)
    ones = np.zeros((count, 1), np.int64)
    of_values, of_one = (split_graphs(labels, testing=0.1, seed=seed) for labels in (values, ones))
    assert all(np.array_equal(a, b) for a, b in zip(parts(of_values), parts(of_one), strict=True))
    drawn = [draw_subset(of_one.training, labels, 0.5, seed=seed) for labels in (values, ones)]
    assert np.array_equal(*drawn)


def nodes(labels, node_part=None, level="node"):
    """One graph without edges, with these labels of its nodes."""
    labels = np.asarray(labels).reshape(-1, 1)
    ends = np.array([0, len(labels)]) if level == "node" else np.arange(len(labels) + 1)
    arrays = GraphArrays(
        x=np.zeros((len(labels), 1), np.float32),
        edge_index=np.zeros((2, 0), np.int64),
        node_ptr=ends,
        edge_ptr=np.zeros_like(ends),
        y=labels,
        node_part=None if node_part is None else np.array(node_part, np.int8),
    )
    return GraphDataset("dots", ("x0",), (Target("y0", 3, ("0", "1", "2")),), arrays, level=level)


@given(st.integers(30, 200), st.integers(0, 2**32))
def test_nodes_are_split_in_proportion_and_those_of_unknown_class_belong_to_no_part(count, seed):
    labels = np.random.default_rng(seed).integers(-1, 3, count)
    known = np.flatnonzero(labels >= 0)
    splits = split_nodes(nodes(labels), training=0.5, validation=0.3, testing=0.2, seed=seed)
    assert sorted(np.concatenate(parts(splits)).tolist()) == known.tolist()
    of_known = split_graphs(labels[known], training=0.5, validation=0.3, testing=0.2, seed=seed)
    for part, expected in zip(parts(splits), parts(of_known), strict=True):
        assert np.array_equal(part, known[expected])


def test_the_parts_that_a_data_set_itself_says_are_taken_whatever_the_shares():
    dataset = nodes([0, 1, 0, -1, 1, 1], node_part=[0, 2, 1, 0, -1, 0])
    splits = split_nodes(dataset, training=0.1, seed=3)
    assert [part.tolist() for part in parts(splits)] == [[0, 5], [2], [1]]


def test_parts_of_a_data_set_without_one_to_validate_are_refused_with_a_way_out():
    with pytest.raises(ConfigValueError) as caught:
        split_nodes(nodes([0, 1, 0], node_part=[0, 0, 2]))
    assert caught.value.path == ("validation", "split")
    assert caught.value.message == (
        "the validation part needs at least one node, and the masks of dots give it none"
    )
    assert caught.value.hint == "data: {masks: false} splits by shares instead"


def test_a_part_to_test_is_asked_of_the_data_set_only_where_it_is_wanted():
    dataset = nodes([0, 1, 0, 1], node_part=[0, 0, 1, 1])
    assert len(split_nodes(dataset).testing) == 0
    with pytest.raises(ConfigValueError, match="the testing part needs at least one node"):
        split_nodes(dataset, testing=0.1)


def test_labels_of_graphs_are_not_split_by_nodes():
    with pytest.raises(ConfigValueError, match="dots has a label for each graph, and a task on nodes needs"):
        split_nodes(nodes([0, 1, 0], level="graph"))


def test_a_subset_of_nodes_is_spoken_of_as_such():
    with pytest.raises(ConfigValueError, match="a subset of the 5 training nodes must have from 1 to 5"):
        draw_subset(np.arange(5), np.zeros(9, np.int64), 7, level="node")
