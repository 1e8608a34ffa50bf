"""Laws of the calculus of orders, and of the families that orders are drawn from."""

from itertools import combinations

import numpy as np
import pytest
from causal_examples import all_chains, is_strict_partial_order, small_orders
from hypothesis import given, settings
from hypothesis import strategies as st

from qgtune.data.causal_orders import (
    links,
    longest_past_chains,
    ordering_fraction,
    reversed_order,
    transitive_closure,
    width,
)
from qgtune.data.order_families import FAMILIES, TOLERANCE, sprinkling

DRAWS = st.tuples(st.integers(4, 40), st.integers(2, 5), st.integers(0, 2**32))


@given(small_orders())
def test_the_width_is_the_size_of_the_largest_set_of_unrelated_elements(order):
    n = len(order)
    related = order | order.T
    antichains = (
        chosen
        for size in range(1, n + 1)
        for chosen in combinations(range(n), size)
        if not related[np.ix_(chosen, chosen)].any()
    )
    assert width(order) == max(map(len, antichains))


@given(small_orders())
def test_the_links_are_the_smallest_relation_with_the_same_closure(order):
    reduction = links(order)
    assert np.array_equal(transitive_closure(reduction), order)
    for pair in zip(*np.nonzero(reduction), strict=True):
        fewer = reduction.copy()
        fewer[pair] = False
        assert not np.array_equal(transitive_closure(fewer), order)


@given(small_orders())
def test_a_link_is_a_relation_with_nothing_between(order):
    n = range(len(order))
    for i in n:
        for j in n:
            nothing_between = not any(order[i, k] and order[k, j] for k in n)
            assert links(order)[i, j] == (order[i, j] and nothing_between)


@given(small_orders(max_elements=7))
def test_chain_lengths_are_those_of_the_longest_of_all_chains(order):
    chains = all_chains(order)
    for element in range(len(order)):
        ends = max(len(chain) for chain in chains if chain[-1] == element) - 1
        starts = max(len(chain) for chain in chains if chain[0] == element) - 1
        assert longest_past_chains(order)[element] == ends
        assert longest_past_chains(reversed_order(order))[::-1][element] == starts


@given(small_orders())
def test_reversing_twice_gives_the_order_back(order):
    assert np.array_equal(reversed_order(reversed_order(order)), order)


@given(DRAWS)
@settings(max_examples=30, deadline=None)
def test_every_sprinkling_is_a_strict_partial_order_numbered_along_itself(draw):
    n, dimension, seed = draw
    order = sprinkling(n, dimension, np.random.default_rng(seed))
    assert order.shape == (n, n)
    assert is_strict_partial_order(order)
    assert not np.tril(order).any()


@pytest.mark.parametrize("family", FAMILIES)
@given(draw=DRAWS)
@settings(max_examples=15, deadline=None)
def test_every_order_of_every_family_is_a_strict_partial_order_of_its_twins_size(family, draw):
    n, dimension, seed = draw
    rng = np.random.default_rng(seed)
    order = FAMILIES[family](sprinkling(n, dimension, rng), rng)
    assert order.shape == (n, n)
    assert is_strict_partial_order(order)
    assert not np.tril(order).any()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_a_family_copies_the_ordering_fraction_of_its_twin(family, dimension):
    rng = np.random.default_rng(dimension)
    for _ in range(8):
        twin = sprinkling(100, dimension, rng)
        miss = abs(ordering_fraction(FAMILIES[family](twin, rng)) - ordering_fraction(twin))
        # A single relation can bring many others with it, so that some fractions are stepped over.
        assert miss <= 4 * TOLERANCE or (family == "layered" and dimension == 2)


def test_a_kleitman_rothschild_order_has_three_layers():
    rng = np.random.default_rng(0)
    heights = {
        int(longest_past_chains(FAMILIES["kleitman_rothschild"](sprinkling(80, d, rng), rng)).max()) + 1
        for d in (2, 3, 4)
    }
    assert heights == {3}


def test_a_rewired_sprinkling_keeps_most_links_of_its_twin():
    rng = np.random.default_rng(1)
    twin = sprinkling(120, 3, rng)
    rewired = FAMILIES["rewired"](twin, rng)
    # What is kept is still related, though a new path may run between.
    assert 0.7 < rewired[links(twin)].mean() < 1


@pytest.mark.parametrize(("dimension", "expected"), [(2, 1 / 2), (3, 8 / 35), (4, 1 / 10)])
def test_the_ordering_fraction_of_a_sprinkling_tells_its_dimension_as_myrheim_and_meyer_say(
    dimension, expected
):
    rng = np.random.default_rng(7)
    found = [ordering_fraction(sprinkling(100, dimension, rng)) for _ in range(100)]
    assert np.mean(found) == pytest.approx(expected, abs=0.01)
