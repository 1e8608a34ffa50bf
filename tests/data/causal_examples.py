"""Orders to test with, and plain definitions to hold the fast code against."""

from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from qgtune.data.causal_orders import transitive_closure


@st.composite
def small_orders(draw, max_elements=9):
    """Any partial order of a few elements, numbered along the order."""
    n = draw(st.integers(1, max_elements))
    related = draw(st.sets(st.sampled_from(list(combinations(range(n), 2))))) if n > 1 else set()
    relation = np.zeros((n, n), dtype=bool)
    for pair in related:
        relation[pair] = True
    return transitive_closure(relation)


def is_strict_partial_order(order):
    n = range(len(order))
    irreflexive = not any(order[i, i] for i in n)
    antisymmetric = not any(order[i, j] and order[j, i] for i in n for j in n)
    transitive = all(order[i, k] for i in n for j in n if order[i, j] for k in n if order[j, k])
    return irreflexive and antisymmetric and transitive


def all_chains(order):
    """Every chain, of one element or more, as a tuple of elements."""
    found = [(i,) for i in range(len(order))]
    for chain in found:
        found.extend((*chain, k) for k in range(len(order)) if order[chain[-1], k])
    return found
