"""Splits of a data set into training, validation and testing parts."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from qgtune.core.errors import ConfigValueError
from qgtune.data.graph_dataset import GraphDataset
from qgtune.data.graph_store import Labels
from qgtune.schema.data_settings import Level

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Splits:
    """The numbers of the graphs (or nodes) of each part: int64 vectors, disjoint, in random order."""

    training: Indices
    validation: Indices
    testing: Indices


def split_graphs(
    labels: Labels,
    *,
    training: float = 0.8,
    validation: float = 0.1,
    testing: float = 0.0,
    seed: int = 0,
) -> Splits:
    """Return the parts of a data set, disjoint, with each class in each part in proportion.

    A class is a combination of the classes of all targets, if each such combination has at least as many
    graphs as there are parts; else it is a class of the first target. Graphs of a class with fewer members
    than parts are shared out as if they were of one class, and so are all graphs if the labels are values.
    The same arguments give the same parts.

    Args:
        labels: of each target of each graph the class, int64, or the value, float32: [graphs, T] or [graphs].
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
    return _split(labels, {"training": training, "validation": validation, "testing": testing}, seed, "graph")


def split_nodes(
    dataset: GraphDataset,
    *,
    training: float = 0.8,
    validation: float = 0.1,
    testing: float = 0.0,
    seed: int = 0,
) -> Splits:
    """Return the parts of the nodes of a data set, disjoint, without those whose label is unknown.

    If the data set says which nodes are trained on, validated and tested (``node_part``, PyG's masks), these
    are the parts, in the order of the nodes, and neither shares nor seed matter. Else the nodes are shared
    out as ``split_graphs`` does with graphs, each class in each part in proportion.

    Args:
        dataset: of labelled nodes; they are numbered through all its graphs.
        training: share of the labelled nodes to train on, above 0.
        validation: share to choose by, above 0.
        testing: share that is looked at once, at the end; 0 for none.
        seed: of the random order.

    Raises:
        ConfigValueError: at ``data`` if labels belong to graphs, at ``training.split`` (``validation.split``,
            ``testing.split``) as ``split_graphs``, or if the data set's own parts lack one.

    Example:
        >>> from pathlib import Path
        >>> from qgtune.data import load_dataset
        >>> splits = split_nodes(load_dataset({"name": "karate_club"}, base_dir=Path()), training=0.5)
        >>> len(splits.training), len(splits.validation)
        (17, 3)
    """
    if dataset.level != "node":
        rule = f"{dataset.name} has a label for each graph, and a task on nodes needs one for each node"
        raise ConfigValueError(("data",), rule)
    known: Indices = np.flatnonzero((dataset.labels >= 0).all(axis=1))
    if dataset.predicts == "values":
        known = np.arange(len(dataset.labels))
    shares = {"training": training, "validation": validation, "testing": testing}
    part = dataset.arrays.node_part
    if part is not None:
        return _masked(dataset.name, known, part[known], shares)
    of_known = _split(dataset.labels[known], shares, seed, "node")
    return Splits(*(known[each] for each in (of_known.training, of_known.validation, of_known.testing)))


def _masked(name: str, known: Indices, part: NDArray[np.int8], shares: dict[str, float]) -> Splits:
    """Return the parts that a data set has itself; ``part`` is the number of that of each known node."""
    parts = [known[part == number] for number in range(3)]
    for (section, share), nodes in zip(shares.items(), parts, strict=True):
        if share > 0 and not nodes.size:
            rule = f"the {section} part needs at least one node, and the masks of {name} give it none"
            raise ConfigValueError((section, "split"), rule, "data: {masks: false} splits by shares instead")
    return Splits(*parts)


def _split(labels: Labels, shares: dict[str, float], seed: int, level: Level) -> Splits:
    _check_shares(shares)
    ends = np.rint(np.cumsum([0.0, *shares.values()]) * len(labels)).astype(np.int64)
    for (name, share), size in zip(shares.items(), np.diff(ends), strict=True):
        if size == 0 and share > 0:
            rule = (
                f"the {name} part needs at least one {level}: a share of {share:g} of {len(labels)} is none"
            )
            raise ConfigValueError((name, "split"), rule, f"raise the share, or take more {level}s")
    parts = sum(share > 0 for share in shares.values())
    rng = np.random.default_rng(seed)
    ordered = _evenly_mixed(_strata(labels.reshape(len(labels), -1), parts), rng)
    # Neighbours in the mixed order alternate between classes: a batch should not know that.
    return Splits(*(rng.permutation(ordered[ends[k] : ends[k + 1]]) for k in range(3)))


def draw_subset(
    part: Indices, labels: Labels, subset: float | None, *, seed: int = 0, level: Level = "graph"
) -> Indices:
    """Return some of the graphs (or nodes) of a part, in their order, with each class in proportion.

    The same arguments give the same ones, and those of a smaller subset are among those of a larger one.

    Args:
        part: the numbers of the graphs, such as ``Splits.training``: int64 [part].
        labels: of each target of each graph of the data set the class, int64, or the value, float32:
            [graphs, T] or [graphs].
        subset: how much of the part: a share of it, above 0 and at most 1, or a number of graphs, 2 or more;
            None for all of it.
        seed: of the draw.
        level: what the numbers count, for messages: graphs or nodes.

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
        rule = f"a subset of the {len(part)} training {level}s must have from 1 to {len(part)}: {asked}"
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


def _strata(labels: Labels, parts: int) -> Indices:
    """Number the class of each label; -1 stands for values, and all classes too small to be shared out."""
    if labels.dtype.kind == "f":
        return np.full(len(labels), -1)
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
