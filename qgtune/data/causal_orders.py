"""The calculus of partial orders: closure, links, chains, intervals.

An order on n elements is a boolean matrix ``order`` [n, n] with ``order[i, j]`` true where element i lies in
the past of element j. Elements are numbered along the order (a natural labelling), so the matrix is strictly
upper triangular.

All counts go through products of float32 matrices of zeros and ones. They are whole numbers far below 2**24,
so that they are exact, whatever the order of summation.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

Order: TypeAlias = NDArray[np.bool_]
Counts: TypeAlias = NDArray[np.int64]


def transitive_closure(relation: Order) -> Order:
    """Return the smallest order that contains ``relation``.

    Args:
        relation: boolean matrix [n, n], strictly upper triangular.

    Example:
        >>> chain = np.eye(4, k=1, dtype=bool)
        >>> int(transitive_closure(chain).sum())
        6
    """
    closed = relation.astype(np.float32)
    count = int(closed.sum())
    while True:
        # Each round doubles the length of the chains that are closed.
        closed = ((closed + closed @ closed) > 0.5).astype(np.float32)
        previous, count = count, int(closed.sum())
        if count == previous:
            return closed > 0.5


def interval_sizes(order: Order) -> NDArray[np.float32]:
    """Return how many elements lie strictly between each pair: float32 [n, n], whole numbers.

    Only entries of related pairs mean anything; a related pair with nothing between is a link.
    """
    related = order.astype(np.float32)
    return related @ related


def links(order: Order) -> Order:
    """Return the links (covering relations) of an order, its transitive reduction: boolean matrix [n, n].

    Example:
        >>> chain = np.triu(np.ones((4, 4), dtype=bool), k=1)
        >>> int(links(chain).sum())
        3
    """
    return order & (interval_sizes(order) < 0.5)


def ordering_fraction(order: Order) -> float:
    """Return the share of pairs of elements that are related, 0 to 1.

    For a sprinkling of a causal diamond it tells the dimension (Myrheim 1978; Meyer 1988): on average 1/2 in
    two dimensions, 8/35 in three, 1/10 in four.

    Example:
        >>> ordering_fraction(np.triu(np.ones((4, 4), dtype=bool), k=1))
        1.0
    """
    n = len(order)
    return float(order.sum()) / (n * (n - 1) / 2) if n > 1 else 0.0


def longest_past_chains(order: Order) -> Counts:
    """Return for each element the length, in links, of the longest chain that ends in it: int64 [n].

    In a sprinkling the length grows as the proper time from the past (Brightwell and Gregory 1991).

    Example:
        >>> longest_past_chains(np.triu(np.ones((3, 3), dtype=bool), k=1)).tolist()
        [0, 1, 2]
    """
    length = np.zeros(len(order), dtype=np.int64)
    waits_for = order.sum(axis=0)
    front = np.flatnonzero(waits_for == 0)
    level = 0
    # Peel off the minimal elements, again and again: an element leaves after its longest chain.
    while front.size:
        length[front] = level
        waits_for -= order[front].sum(axis=0)
        waits_for[front] = -1
        front = np.flatnonzero(waits_for == 0)
        level += 1
    return length


def width(order: Order) -> int:
    """Return the number of elements of the longest antichain, a set of elements none of which are related.

    By Dilworth's theorem it is the least number of chains that cover the order, which is n less a maximum
    matching of elements with one of their future each (Dilworth 1950; Fulkerson 1956). An antichain is what a
    slice of space is in a spacetime.

    Example:
        >>> width(np.triu(np.ones((4, 4), dtype=bool), k=1)), width(np.zeros((4, 4), dtype=bool))
        (1, 4)
    """
    partner = maximum_bipartite_matching(csr_array(order), perm_type="column")
    return len(order) - int((partner >= 0).sum())


def reversed_order(order: Order) -> Order:
    """Return the order with past and future exchanged, its elements numbered from the last to the first."""
    reverse: Order = order[::-1, ::-1].T
    return reverse
