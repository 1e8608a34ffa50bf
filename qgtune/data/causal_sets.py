"""The data set ``causal_sets``: does this partial order look like a spacetime, and of which dimension?

Class 1 are sprinklings into a causal diamond of Minkowski space. Class 0 are orders of four families that no
spacetime looks like (``qgtune.data.order_families``). Each of them copies the number of elements and the
ordering fraction of a sprinkling that was drawn for it, its twin, so that neither counting elements nor
counting relations tells the classes apart; half of them are sprinklings with a small share of rewired links,
which keep the numbers of links and chains nearly as well. So a linear classifier of the mean node features
finds some of the truth, and a graph network nearly all; ``benchmarks/causal_sets.py`` measures both. With the
twelve default features most of what a network needs stands at the nodes, so that it does nearly as well
without edges; with few of them (``features: [in_degree, out_degree]``) messages along links matter more.

The edges of a graph are the links of the order, its transitive reduction. A message of a graph network only
runs along an edge, so that by default each link is stored twice: first all from past to future, then all from
future to past. The features tell past from future (``qgtune.data.causal_features``).

The target ``width`` is a value for tasks of regression: the share of the elements that the longest antichain
has, the widest slice of space. It is no sum over elements, so that degrees alone tell next to nothing of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # it ships no types

from qgtune.data.causal_features import causal_features, causal_graph_features
from qgtune.data.causal_orders import Order, links, width
from qgtune.data.graph_dataset import GraphDataset, Target
from qgtune.data.graph_store import Graph, Labels, stack_graphs
from qgtune.data.order_families import FAMILIES, rewired, sprinkling
from qgtune.schema.data import VALUES, CausalFamily, CausalSetsSettings


@dataclass(frozen=True, eq=False)
class CausalSet:
    """One order of the data set, where it comes from, and the dimension of that spacetime (0: none)."""

    order: Order
    family: str
    dimension: int


def build_causal_sets(settings: CausalSetsSettings) -> GraphDataset:
    """Return the data set; the same settings give the same bytes, and graph i follows from seed and i alone.

    Example:
        >>> dataset = build_causal_sets(CausalSetsSettings(name="causal_sets", num_graphs=10))
        >>> dataset.graph(0).x.shape[1]
        12
    """
    # The matrices are small: BLAS threads would wait for each other most of the time.
    with threadpool_limits(limits=1, user_api="blas"):
        arrays = stack_graphs(_graph(settings, index) for index in range(settings.num_graphs))
    return GraphDataset(
        name=settings.name,
        feature_names=tuple(settings.features),
        targets=tuple(_target(name, settings) for name in settings.targets),
        arrays=arrays,
    )


def draw_causal_set(settings: CausalSetsSettings, index: int) -> CausalSet:
    """Return the order of graph ``index``.

    The class follows from the index, so that the first n graphs have both classes in proportion for every n;
    the number of elements is uniform from ``min_nodes`` to ``max_nodes``, the dimension uniform over
    ``dimensions``, the family drawn as the weights say.

    Example:
        >>> settings = CausalSetsSettings(name="causal_sets")
        >>> draw_causal_set(settings, 1).family
        'sprinkling'
    """
    rng = np.random.default_rng([settings.seed, index])
    num_elements = int(rng.integers(settings.min_nodes, settings.max_nodes + 1))
    dimension = int(rng.choice(settings.dimensions))
    twin = sprinkling(num_elements, dimension, rng)
    if int((index + 1) * settings.balance) > int(index * settings.balance):
        return CausalSet(twin, "sprinkling", dimension)
    family = _drawn_family(settings.families, rng)
    return CausalSet(_recipe(family, settings)(twin, rng), family, 0)


def _drawn_family(weights: Mapping[CausalFamily, float], rng: Generator) -> CausalFamily:
    # Sorted: the order of the keys in a file means nothing.
    names = sorted(weights)
    shares = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _recipe(family: str, settings: CausalSetsSettings) -> Callable[[Order, Generator], Order]:
    if family == "rewired":
        least, most = settings.rewiring
        return partial(rewired, least=least, most=most)
    return FAMILIES[family]


def _graph(settings: CausalSetsSettings, index: int) -> Graph:
    drawn = draw_causal_set(settings, index)
    return Graph(
        causal_features(drawn.order, settings.features),
        _edges(drawn.order, both=settings.edges == "both"),
        _labels(drawn, settings),
        graph_features=causal_graph_features(drawn.order, names)
        if (names := settings.graph_features)
        else None,
    )


def _labels(drawn: CausalSet, settings: CausalSetsSettings) -> Labels:
    if settings.labels_are == "values":
        values = {"width": width(drawn.order) / len(drawn.order)}
        return np.array([values[target] for target in settings.targets], dtype=np.float32)
    classes = {
        "manifold_like": int(drawn.dimension > 0),
        "dimension": (0, *settings.dimensions).index(drawn.dimension),
    }
    return np.array([classes[target] for target in settings.targets], dtype=np.int64)


def _edges(order: Order, *, both: bool) -> NDArray[np.int64]:
    to_future = np.array(np.nonzero(links(order)), dtype=np.int64)
    return np.concatenate([to_future, to_future[::-1]], axis=1) if both else to_future


def _target(name: str, settings: CausalSetsSettings) -> Target:
    if name in VALUES:
        return Target(name, None)
    class_names: tuple[str, ...] = ("not manifold-like", "manifold-like")
    if name == "dimension":
        class_names = ("none", *map(str, settings.dimensions))
    return Target(name, len(class_names), class_names)
