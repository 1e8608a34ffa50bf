"""Each node feature against its definition, on orders small enough to count by hand."""

import numpy as np
import pytest
from causal_examples import all_chains, small_orders
from hypothesis import given, settings

from qgtune.data.causal_features import FUTURE_FEATURES, PAST_FEATURES, causal_features
from qgtune.data.causal_orders import links, reversed_order
from qgtune.data.order_families import sprinkling
from qgtune.schema.data import CAUSAL_FEATURES, DEFAULT_CAUSAL_FEATURES


def by_definition(order, element):
    """The features of one element that look at its past, counted one by one."""
    n = range(len(order))
    link = links(order)
    past = [i for i in n if order[i, element]]
    between = [sum(order[i, k] and order[k, element] for k in n) for i in past]
    pairs = [(i, j) for i in past for j in past if i < j]
    path_2 = [(j, k) for k in n if link[k, element] for j in n if link[j, k]]
    path_3 = [i for j, _ in path_2 for i in n if link[i, j]]
    return {
        "in_degree": np.log1p(link[:, element].sum()),
        "past_size": len(past) / len(order),
        "longest_past_chain": np.log1p(max(len(c) for c in all_chains(order) if c[-1] == element) - 1),
        "past_intervals_1": np.log1p(between.count(1)),
        "past_intervals_2": np.log1p(between.count(2)),
        "past_intervals_3": np.log1p(between.count(3)),
        "past_ordering_fraction": sum(order[p] for p in pairs) / len(pairs) if pairs else 0,
        "past_two_step_paths": np.log1p(len(path_2)),
        "past_three_step_paths": np.log1p(len(path_3)),
    }


@given(small_orders(max_elements=7))
@settings(deadline=None)
def test_every_feature_of_the_past_is_what_its_definition_says(order):
    for element in range(len(order)):
        expected = by_definition(order, element)
        found = causal_features(order, list(expected))[element]
        assert found == pytest.approx(list(expected.values()), abs=1e-6)


@given(small_orders())
@settings(deadline=None)
def test_reversing_the_order_exchanges_past_and_future(order):
    past = causal_features(order, list(PAST_FEATURES))
    future = causal_features(reversed_order(order), list(FUTURE_FEATURES))
    assert np.array_equal(past, future[::-1])


def test_a_config_may_name_exactly_the_features_that_exist():
    assert set(CAUSAL_FEATURES) == {*PAST_FEATURES, *FUTURE_FEATURES}


def test_there_are_twelve_features_by_default_and_they_are_scaled_for_nets():
    x = causal_features(sprinkling(200, 2, np.random.default_rng(0)), DEFAULT_CAUSAL_FEATURES)
    assert x.shape == (200, 12)
    assert x.dtype == np.float32
    assert 0 <= x.min() <= x.max() < 8
    assert x.std(axis=0).min() > 0.1
