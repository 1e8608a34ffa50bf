"""Splits of a data set into training, validation and testing parts."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from qgtune.core.errors import ConfigValueError

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Splits:
    """The numbers of the graphs of each part: int64 vectors, disjoint, in random order."""

    training: Indices
    validation: Indices
    testing: Indices


def split_graphs(
    labels: NDArray[np.int64],
    *,
    training: float = 0.8,
    validation: float = 0.1,
    testing: float = 0.0,
    seed: int = 0,
) -> Splits:
    """Return the parts of a data set, disjoint, with each class in each part in proportion.

    A class is a combination of the classes of all targets, if each such combination has at least as many
    graphs as there are parts; else it is a class of the first target. Graphs of a class with fewer members
    than parts are shared out as if they were of one class. The same arguments give the same parts.

    Args:
        labels: the class of each target of each graph, int64 [graphs, T] or [graphs].
        training: share of the graphs to train on, above 0.
        validation: share to choose by, above 0.
        testing: share that is looked at once, at the end; 0 for none.
        seed: of the random order.

    Returns:
        Parts of ``round(share * graphs)`` graphs, give or take one; shares that sum to less than 1 leave
        graphs unused.

    Raises:
        ConfigValueError: at ``training.split`` (``validation.split``, ``testing.split``), if a share is not
            between 0 and 1, if the shares sum to more than 1, or if a part would be empty.

    Example:
        >>> splits = split_graphs(np.arange(100) % 2, training=0.8, validation=0.1, testing=0.1)
        >>> len(splits.training), len(splits.validation), len(splits.testing)
        (80, 10, 10)
    """
    shares = {"training": training, "validation": validation, "testing": testing}
    _check_shares(shares)
    ends = np.rint(np.cumsum([0.0, *shares.values()]) * len(labels)).astype(np.int64)
    for (name, share), size in zip(shares.items(), np.diff(ends), strict=True):
        if size == 0 and share > 0:
            rule = f"the {name} part needs at least one graph: a share of {share:g} of {len(labels)} is none"
            raise ConfigValueError((name, "split"), rule, "raise the share, or take more graphs")
    parts = sum(share > 0 for share in shares.values())
    rng = np.random.default_rng(seed)
    ordered = _evenly_mixed(_strata(labels.reshape(len(labels), -1), parts), rng)
    # Neighbours in the mixed order alternate between classes: a batch should not know that.
    return Splits(*(rng.permutation(ordered[ends[k] : ends[k + 1]]) for k in range(3)))


def draw_subset(part: Indices, labels: NDArray[np.int64], subset: float | None, *, seed: int = 0) -> Indices:
    """Return some of the graphs of a part, in their order, with each class in proportion.

    The same arguments give the same graphs, and those of a smaller subset are among those of a larger one.

    Args:
        part: the numbers of the graphs, such as ``Splits.training``: int64 [part].
        labels: the class of each target of each graph of the data set, int64 [graphs, T] or [graphs].
        subset: how much of the part: a share of it, above 0 and at most 1, or a number of graphs, 2 or more;
            None for all of it.
        seed: of the draw.

    Raises:
        ConfigValueError: at ``data.subset``, if that is none of the graphs, or more than there are.

    Example:
        >>> labels = np.arange(100) % 2
        >>> len(draw_subset(split_graphs(labels).training, labels, 0.25))
        20
    """
    if subset is None:
        return part
    size = round(subset * len(part)) if subset <= 1 else int(subset)
    if not 0 < size <= len(part):
        asked = f"a share of {subset:g} is none of them" if subset <= 1 else f"{size} are more"
        rule = f"a subset of the {len(part)} training graphs must have from 1 to {len(part)}: {asked}"
        raise ConfigValueError(("data", "subset"), rule)
    strata = _strata(labels.reshape(len(labels), -1)[part], parts=1)
    # A stream of its own: drawing must not depend on what else the seed has been used for.
    mixed = _evenly_mixed(strata, np.random.default_rng((seed, 1)))
    return part[np.sort(mixed[:size])]


def _check_shares(shares: dict[str, float]) -> None:
    for name, share in shares.items():
        if not (0 < share <= 1 or (share == 0 and name == "testing")):
            allowed = "from 0 to 1" if name == "testing" else "above 0 and at most 1"
            raise ConfigValueError((name, "split"), f"the share of the data must be {allowed}, not {share:g}")
    total = sum(shares.values())
    # Shares are decimal fractions, so their sum may miss 1 by a rounding error.
    if total > 1 + 1e-9:
        shown = " + ".join(f"{name} {share:g}" for name, share in shares.items())
        raise ConfigValueError(
            ("training", "split"), f"the shares of the data must not exceed 1: {shown} = {total:g}"
        )


def _strata(labels: NDArray[np.int64], parts: int) -> Indices:
    """Number the class of each graph; -1 stands for all classes that are too small to be shared out."""
    for columns in (labels, labels[:, :1]):
        _, stratum, sizes = np.unique(columns, axis=0, return_inverse=True, return_counts=True)
        if sizes.min() >= parts:
            break
    stratum = stratum.reshape(-1).astype(np.int64)
    return np.where(sizes[stratum] >= parts, stratum, -1)


def _evenly_mixed(strata: Indices, rng: Generator) -> Indices:
    """Order the graphs so that every stretch holds each class very nearly in proportion."""
    place = np.empty(len(strata), dtype=np.float64)
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        # Systematic sampling: equal steps from a random start.
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return np.argsort(place, kind="stable").astype(np.int64)
