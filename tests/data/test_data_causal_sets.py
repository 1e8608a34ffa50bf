"""Laws of the data set causal_sets: its seeds, its matching, its difficulty."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from qgtune.data import load_dataset
from qgtune.data.causal_orders import links, longest_past_chains, ordering_fraction, width
from qgtune.data.causal_sets import build_causal_sets, draw_causal_set
from qgtune.schema.data import CausalSetsSettings

SMALL = {"name": "causal_sets", "num_graphs": 12, "min_nodes": 10, "max_nodes": 30}


def build(**settings):
    return build_causal_sets(CausalSetsSettings.model_validate({**SMALL, **settings}))


@pytest.fixture(scope="module")
def moderate():
    """600 causal sets of the default kind."""
    return build_causal_sets(CausalSetsSettings(name="causal_sets", num_graphs=600))


@pytest.fixture(scope="module")
def drawn():
    """The orders themselves of the first 300."""
    settings = CausalSetsSettings(name="causal_sets")
    return [draw_causal_set(settings, index) for index in range(300)]


def test_the_same_settings_give_the_same_bytes():
    for name in ("x", "edge_index", "node_ptr", "edge_ptr", "y"):
        assert getattr(build().arrays, name).tobytes() == getattr(build().arrays, name).tobytes()


def test_another_seed_gives_other_graphs():
    assert build().arrays.x.tobytes() != build(seed=1).arrays.x.tobytes()


def test_graph_i_follows_from_seed_and_i_alone():
    few, many = build(num_graphs=5), build(num_graphs=12)
    for index in range(5):
        a, b = few.graph(index), many.graph(index)
        assert a.x.equal(b.x)
        assert a.edge_index.equal(b.edge_index)
        assert a.y.equal(b.y)


def test_the_order_of_families_in_a_file_means_nothing():
    weights = {"percolation": 1.0, "layered": 2.0}
    backwards = dict(reversed(weights.items()))
    assert build(families=weights).arrays.x.tobytes() == build(families=backwards).arrays.x.tobytes()


@pytest.mark.parametrize("balance", [0.5, 0.25, 0.7])
def test_the_share_of_manifold_like_orders_is_the_balance_for_any_number_of_graphs(balance):
    classes = build(num_graphs=40, balance=balance).labels[:, 0]
    for count in (10, 20, 40):
        assert abs(classes[:count].sum() - balance * count) < 1


def test_every_number_of_nodes_lies_between_the_bounds():
    sizes = np.diff(build(num_graphs=60).arrays.node_ptr)
    assert sizes.min() >= 10
    assert sizes.max() <= 30


def test_edges_run_along_the_links_and_by_default_back_again():
    settings = CausalSetsSettings.model_validate(SMALL)
    for index in range(5):
        link = links(draw_causal_set(settings, index).order)
        both = build().graph(index).edge_index.numpy()
        future = build(edges="future").graph(index).edge_index.numpy()
        assert set(map(tuple, future.T)) == set(zip(*np.nonzero(link), strict=True))
        assert np.array_equal(both, np.concatenate([future, future[::-1]], axis=1))


def test_targets_say_class_and_dimension_in_the_order_asked_for():
    dataset = build(targets=["dimension", "manifold_like"], dimensions=[4, 2])
    assert [t.class_names for t in dataset.targets] == [
        ("none", "4", "2"),
        ("not manifold-like", "manifold-like"),
    ]
    settings = CausalSetsSettings.model_validate({**SMALL, "dimensions": [4, 2]})
    for index, (dimension, manifold_like) in enumerate(dataset.labels):
        expected = draw_causal_set(settings, index).dimension
        assert (0, 4, 2)[dimension] == expected
        assert manifold_like == (expected > 0)


def test_the_settings_know_the_facts_of_the_data_set_before_it_is_built():
    settings = CausalSetsSettings.model_validate(
        {**SMALL, "features": ["past_size", "in_degree"], "targets": ["manifold_like", "dimension"]}
    )
    dataset = build_causal_sets(settings)
    assert settings.num_node_features == dataset.num_node_features == dataset.graph(0).x.shape[1]
    assert settings.num_classes == dataset.num_classes


def test_the_features_and_targets_that_are_added_leave_the_rest_of_the_graphs_as_they_are():
    plain = build()
    more = build(graph_features=["num_links", "ordering_fraction"], targets=["width"])
    for name in ("x", "edge_index", "node_ptr", "edge_ptr"):
        assert getattr(plain.arrays, name).tobytes() == getattr(more.arrays, name).tobytes()
    assert (plain.num_graph_features, more.num_graph_features) == (0, 2)


def test_the_bytes_of_the_data_set_have_not_changed_since_it_was_published():
    digest = hashlib.sha256()
    for name in ("x", "edge_index", "node_ptr", "edge_ptr", "y"):
        digest.update(getattr(build().arrays, name).tobytes())
    assert digest.hexdigest()[:16] == "3c5adec9bc90823c"


def test_graph_features_are_those_of_the_whole_order():
    settings = CausalSetsSettings.model_validate(SMALL)
    found = build(graph_features=["num_elements", "num_links", "longest_chain", "ordering_fraction"])
    for index in range(5):
        order = draw_causal_set(settings, index).order
        counts = [len(order), links(order).sum(), longest_past_chains(order).max()]
        expected = [*np.log1p(counts), ordering_fraction(order)]
        assert found.graph(index).graph_features[0].tolist() == pytest.approx(expected)


def test_the_width_is_a_value_to_predict_as_a_share_of_the_elements():
    settings = CausalSetsSettings.model_validate({**SMALL, "targets": ["width"]})
    dataset = build_causal_sets(settings)
    assert (dataset.predicts, dataset.num_classes, settings.num_classes) == ("values", (None,), (None,))
    for index in range(5):
        order = draw_causal_set(settings, index).order
        assert dataset.labels[index, 0] == pytest.approx(width(order) / len(order))


def test_degrees_alone_tell_next_to_nothing_of_the_width():
    features = ["in_degree", "out_degree"]
    dataset = build_causal_sets(
        CausalSetsSettings(name="causal_sets", num_graphs=150, targets=("width",), features=features)
    )
    model = make_pipeline(StandardScaler(), Ridge())
    explained = cross_val_score(model, dataset.mean_features(), dataset.labels[:, 0], cv=5, scoring="r2")
    assert explained.mean() < 0.3


def test_features_are_columns_in_the_order_asked_for():
    one = build(features=["past_size", "in_degree"]).arrays.x
    other = build(features=["in_degree", "past_size"]).arrays.x
    assert np.array_equal(one, other[:, ::-1])


def test_the_classes_are_matched_in_size_relations_links_and_height(drawn):
    """Of each statistic the classes' means differ by less than a third of its spread."""
    rows = np.array(
        [
            (
                len(d.order),
                ordering_fraction(d.order),
                np.log(links(d.order).sum() / len(d.order)),
                np.log(longest_past_chains(d.order).max() + 1),
            )
            for d in drawn
        ]
    )
    manifold_like = np.array([d.dimension > 0 for d in drawn])
    gap = np.abs(rows[manifold_like].mean(axis=0) - rows[~manifold_like].mean(axis=0))
    assert (gap < rows.std(axis=0) / 3).all()


def test_each_family_takes_part(drawn):
    families = {d.family for d in drawn}
    assert families == {"sprinkling", "kleitman_rothschild", "layered", "percolation", "rewired"}


def test_a_linear_classifier_of_the_mean_features_finds_only_some_of_the_truth(moderate):
    """Not a toy (no feature gives the class away), and not noise either."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    truth = moderate.labels[:, 0]
    predicted = cross_val_predict(model, moderate.mean_features(), truth, cv=5)
    assert 0.6 < f1_score(truth, predicted, average="weighted") < 0.8


def test_a_default_causal_sets_has_twelve_features(tmp_path):
    dataset = load_dataset({"name": "causal_sets", "num_graphs": 4}, base_dir=Path(), cache_dir=tmp_path)
    assert dataset.num_node_features == 12
    assert dataset.num_classes == (2,)
