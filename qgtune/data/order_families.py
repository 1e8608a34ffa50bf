"""Random partial orders: sprinklings of Minkowski space, and families that no spacetime looks like.

Each family that is not manifold-like takes a sprinkling, its twin, and returns an order of as many elements
and of nearly the same ordering fraction: as near as the family reaches (a few wide layers cannot hold as many
relations as a sprinkling of two dimensions), and as a single relation, which may bring hundreds of others
with it, allows. Counting elements or relations therefore tells next to nothing about the class.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from qgtune.data.causal_orders import (
    Order,
    interval_sizes,
    links,
    longest_past_chains,
    ordering_fraction,
    transitive_closure,
)

TOLERANCE = 0.005
"""An ordering fraction as near as this to the twin's is near enough; the search for a nearer one ends."""

MAX_TUNING_STEPS = 12
LAYERED_CANDIDATES = 6

Family = Callable[[Order, Generator], Order]


def sprinkling(num_elements: int, dimension: int, rng: Generator) -> Order:
    """Return the causal order of points sprinkled uniformly into a causal diamond of Minkowski space.

    This is a Poisson process in an Alexandrov interval, given that it puts ``num_elements`` points there
    (Bombelli, Lee, Meyer and Sorkin, Phys. Rev. Lett. 59, 521, 1987).

    Args:
        num_elements: how many points, n.
        dimension: of the spacetime, time included; 2 or more.
        rng: source of the randomness.

    Returns:
        Boolean matrix [n, n], strictly upper triangular: elements are numbered by their time.

    Example:
        >>> sprinkling(100, 4, np.random.default_rng(0)).shape
        (100, 100)
    """
    # The diamond is two cones over a ball: the radius of its slice is distributed as a d-th root.
    radius = rng.random(num_elements) ** (1 / dimension)
    time = np.where(rng.random(num_elements) < 0.5, radius - 1, 1 - radius)
    direction = rng.standard_normal((num_elements, dimension - 1))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    distance = radius * rng.random(num_elements) ** (1 / (dimension - 1))
    by_time = np.argsort(time, kind="stable")
    time, place = time[by_time], (direction * distance[:, None])[by_time]
    elapsed = time[None, :] - time[:, None]
    squared_distance = ((place[None, :, :] - place[:, None, :]) ** 2).sum(axis=2)
    order: Order = (elapsed > 0) & (elapsed**2 > squared_distance)
    return order


def kleitman_rothschild(twin: Order, rng: Generator) -> Order:
    """Return an order of three layers, about a quarter, a half and a quarter of the elements.

    Almost all large partial orders look so (Kleitman and Rothschild, Trans. Amer. Math. Soc. 205, 1975),
    which is why causal set theory has to explain their absence. The chance of a relation between neighbouring
    layers, 1/2 in the theorem, is tuned to the twin's ordering fraction.
    """
    sizes = rng.multinomial(len(twin), [0.25, 0.5, 0.25])
    return _tuned(_between_layers(sizes, adjacent=True), ordering_fraction(twin), rng)


def layered(twin: Order, rng: Generator) -> Order:
    """Return an order of random layers that is as near to its twin as a few draws come.

    The number of layers (3 to twice the twin's height), their sizes, and whether relations may skip layers
    are drawn; the chance of a relation is tuned to the twin's ordering fraction. Of ``LAYERED_CANDIDATES``
    such orders the one is taken whose links, chains and small intervals are nearest to the twin's. (Orders of
    few layers are typical at small ordering fractions: Dhar, J. Math. Phys. 19, 1978; Proemel, Steger and
    Taraz, Comb. Probab. Comput. 10, 2001.)
    """
    target = ordering_fraction(twin)
    goal = _portrait(twin)
    candidates = [_one_layered(twin, target, rng) for _ in range(LAYERED_CANDIDATES)]
    return min(candidates, key=lambda order: float(np.abs(_portrait(order) - goal).sum()))


def percolation(twin: Order, rng: Generator) -> Order:
    """Return a transitive percolation: each pair related by chance, then closed transitively.

    The simplest classical sequential growth of causal sets (Rideout and Sorkin, Phys. Rev. D 61, 024002,
    2000). Its one parameter is tuned to the twin's ordering fraction.
    """
    return _tuned(_all_pairs(len(twin)), ordering_fraction(twin), rng)


def rewired(twin: Order, rng: Generator, *, least: float = 0.03, most: float = 0.25) -> Order:
    """Return the twin after some of its links were taken out and relations between random pairs put in.

    A share of the links, drawn between ``least`` and ``most``, is lost. Then relations that respect the
    numbering are added by chance until the ordering fraction is the twin's again. The order is nearly that of
    a sprinkling, but its locality is broken (disordered locality: Markopoulou and Smolin, Class. Quantum
    Grav. 24, 3813, 2007).
    """
    share = rng.uniform(least, most)
    kept = links(twin) & (rng.random(twin.shape) >= share)
    return _tuned(_all_pairs(len(twin)), ordering_fraction(twin), rng, base=kept)


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "kleitman_rothschild": kleitman_rothschild,
        "layered": layered,
        "percolation": percolation,
        "rewired": rewired,
    }
)
"""The families of orders that are not manifold-like, by the names that a config uses."""


def _one_layered(twin: Order, target: float, rng: Generator) -> Order:
    height = int(longest_past_chains(twin).max()) + 1
    num_layers = int(rng.integers(3, 2 * height + 2))
    # A small concentration gives a few wide layers among thin ones, a great one gives equal layers.
    concentration = float(np.exp(rng.uniform(np.log(0.5), np.log(8.0))))
    sizes = rng.multinomial(len(twin), rng.dirichlet(np.full(num_layers, concentration)))
    adjacent = bool(rng.random() < 0.5)
    return _tuned(_between_layers(sizes, adjacent=adjacent), target, rng)


def _between_layers(sizes: NDArray[np.int64], *, adjacent: bool) -> Order:
    """Mark the pairs that may be related: in neighbouring layers, or in any two."""
    layer = np.repeat(np.arange(len(sizes)), sizes)
    step = layer[None, :] - layer[:, None]
    marked: Order = step == 1 if adjacent else step > 0
    return marked


def _all_pairs(num_elements: int) -> Order:
    return np.triu(np.ones((num_elements, num_elements), dtype=bool), k=1)


def _tuned(allowed: Order, target: float, rng: Generator, base: Order | None = None) -> Order:
    """Close ``base`` and a random part of ``allowed``, as large as the ordering fraction ``target`` asks.

    One draw decides the rank of every pair; bisection then finds how many of them it takes. More pairs never
    mean fewer relations, so that the search cannot go astray.
    """
    rank = rng.random(allowed.shape)
    base = np.zeros_like(allowed) if base is None else base
    # The chances that matter span orders of magnitude: bisect in their logarithm, from a guess below all.
    low, high = 0.5 / len(allowed) ** 2, 1.0
    nearest = transitive_closure(base)
    miss = abs(ordering_fraction(nearest) - target)
    for _ in range(MAX_TUNING_STEPS):
        if miss <= TOLERANCE:
            break
        chance = (low * high) ** 0.5
        order = transitive_closure(base | ((rank < chance) & allowed))
        fraction = ordering_fraction(order)
        low, high = (chance, high) if fraction < target else (low, chance)
        if abs(fraction - target) < miss:
            nearest, miss = order, abs(fraction - target)
    return nearest


def _portrait(order: Order) -> NDArray[np.float64]:
    """Describe an order by means over its elements: links, chains, small intervals, paths of two links."""
    between = interval_sizes(order)
    link = (order & (between < 0.5)).astype(np.float32)
    per_element = (
        link.sum(axis=0),
        longest_past_chains(order),
        (order & (between == 1)).sum(axis=0),
        (link @ link).sum(axis=0),
    )
    return np.array([np.log1p(values).mean() for values in per_element], dtype=np.float64)
