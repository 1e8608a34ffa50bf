"""Node features of a causal set, by name.

Each feature is a float32 vector [n], one number an element, and depends on the order alone, not on how its
elements are numbered. Names with ``past`` look at what precedes the element, names with ``future`` at what
follows; reversing the order exchanges the two.

==========================  ==================================================================  ==========
name                        meaning                                                             scale
==========================  ==================================================================  ==========
in_degree, out_degree       links into the element, links out of it                             log(1 + k)
past_size, ...              elements before (after) it: the volume of its past (future)         k / n
longest_past_chain, ...     links of the longest chain that ends (starts) in it: its proper     log(1 + k)
                            time (Brightwell and Gregory, Phys. Rev. Lett. 66, 260, 1991)
past_intervals_1, _2, _3,   intervals of exactly 1, 2, 3 elements between it and one of its     log(1 + k)
...                         past (future): interval abundances, which in a sprinkling follow
                            from the dimension (Glaser and Surya, Phys. Rev. D 88, 124026,
                            2013)
past_ordering_fraction,     share of related pairs in its past (future), 0 where there is no    0 to 1
...                         pair: a local dimension (Myrheim 1978; Meyer 1988)
past_two_step_paths, ...    paths of two links that end (start) in it                           log(1 + k)
past_three_step_paths, ...  paths of three links that end (start) in it                         log(1 + k)
==========================  ==================================================================  ==========

The scales keep all values between 0 and about 8, so that nets train without a further normalization.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qgtune.data.causal_orders import (
    Order,
    interval_sizes,
    links,
    longest_past_chains,
    ordering_fraction,
    reversed_order,
)

Feature = NDArray[np.float32]


class PastStatistics:
    """The statistics of one order that features are made of.

    All look at the past of an element. Those of the future are the same of the reversed order.

    Args:
        order: boolean matrix [n, n].
        between: its ``interval_sizes``, if they are known.
    """

    def __init__(self, order: Order, between: NDArray[np.float32] | None = None) -> None:
        self.order = order
        self.between = interval_sizes(order) if between is None else between
        self.relation: NDArray[np.float32] = order.astype(np.float32)

    @cached_property
    def link(self) -> NDArray[np.float32]:
        """Links as zeros and ones: float32 [n, n]."""
        return (self.order & (self.between < 0.5)).astype(np.float32)

    def degree(self) -> Feature:
        """Logarithm of the number of links to the past."""
        return _log(self.link.sum(axis=0))

    def size(self) -> Feature:
        """Share of all elements that lie in the past."""
        share: Feature = (self.relation.sum(axis=0) / len(self.order)).astype(np.float32)
        return share

    def longest_chain(self) -> Feature:
        """Logarithm of the length of the longest chain to the past."""
        return _log(longest_past_chains(self.order))

    def intervals(self, size: int) -> Feature:
        """Logarithm of the number of intervals to the past with exactly ``size`` elements inside."""
        return _log((self.order & (self.between == size)).sum(axis=0))

    def ordering_fraction(self) -> Feature:
        """Share of the pairs of elements of the past that are related, 0 where there is no pair."""
        size = self.relation.sum(axis=0, dtype=np.float64)
        # What lies between an element of the past and here, summed over the past: each related pair once.
        related = (self.between * self.relation).sum(axis=0, dtype=np.float64)
        fraction: Feature = (related / np.maximum(size * (size - 1) / 2, 1)).astype(np.float32)
        return fraction

    def paths(self, steps: int) -> Feature:
        """Logarithm of the number of paths of ``steps`` links that end here."""
        count = np.ones(len(self.order), dtype=np.float64)
        for _ in range(steps):
            count = count @ self.link
        return _log(count)


_Recipe = Callable[[PastStatistics], Feature]

_RECIPES: Mapping[str, _Recipe] = MappingProxyType(
    {
        "longest_{}_chain": PastStatistics.longest_chain,
        "{}_size": PastStatistics.size,
        "{}_intervals_1": lambda past: past.intervals(1),
        "{}_intervals_2": lambda past: past.intervals(2),
        "{}_intervals_3": lambda past: past.intervals(3),
        "{}_ordering_fraction": PastStatistics.ordering_fraction,
        "{}_two_step_paths": lambda past: past.paths(2),
        "{}_three_step_paths": lambda past: past.paths(3),
    }
)

PAST_FEATURES: Mapping[str, _Recipe] = MappingProxyType(
    {"in_degree": PastStatistics.degree} | {name.format("past"): recipe for name, recipe in _RECIPES.items()}
)
FUTURE_FEATURES: Mapping[str, _Recipe] = MappingProxyType(
    {"out_degree": PastStatistics.degree}
    | {name.format("future"): recipe for name, recipe in _RECIPES.items()}
)


def causal_features(order: Order, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the node features of a causal set: float32 [n, len(names)].

    Args:
        order: boolean matrix [n, n], strictly upper triangular, transitive.
        names: names of the table above, one for each column.

    Example:
        >>> chain = np.triu(np.ones((3, 3), dtype=bool), k=1)
        >>> causal_features(chain, ["past_size"]).round(2).tolist()
        [[0.0], [0.33000001311302185], [0.6700000166893005]]
    """
    past = PastStatistics(order)
    future = PastStatistics(reversed_order(order), past.between[::-1, ::-1].T)
    return np.stack(
        [
            PAST_FEATURES[name](past) if name in PAST_FEATURES else FUTURE_FEATURES[name](future)[::-1]
            for name in names
        ],
        axis=1,
    )


GRAPH_FEATURES: Mapping[str, Callable[[Order], float]] = MappingProxyType(
    {
        "num_elements": lambda order: np.log1p(len(order)),
        "num_links": lambda order: np.log1p(links(order).sum()),
        "longest_chain": lambda order: np.log1p(longest_past_chains(order).max()),
        "ordering_fraction": ordering_fraction,
    }
)


def causal_graph_features(order: Order, names: Sequence[str]) -> NDArray[np.float32]:
    """Return the features of a whole causal set: float32 [len(names)].

    They are ``num_elements``, ``num_links`` and ``longest_chain`` (its links), each as log(1 + k), and
    ``ordering_fraction``, the share of pairs that are related.

    Args:
        order: boolean matrix [n, n], strictly upper triangular, transitive.
        names: one for each entry.

    Example:
        >>> chain = np.triu(np.ones((3, 3), dtype=bool), k=1)
        >>> causal_graph_features(chain, ["ordering_fraction", "num_links"]).round(2).tolist()
        [1.0, 1.100000023841858]
    """
    return np.array([GRAPH_FEATURES[name](order) for name in names], dtype=np.float32)


def _log(count: NDArray[np.generic]) -> Feature:
    scaled: Feature = np.log1p(count.astype(np.float64)).astype(np.float32)
    return scaled
