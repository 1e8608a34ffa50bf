"""The data set ``digit_graphs``: scanned digits as graphs of pixels, ten classes.

The 1,797 images of 8 x 8 pixels come with scikit-learn (test part of the Optical Recognition of Handwritten
Digits of Alpaydin and Kaynak, UCI repository, 1998). Pixels above a threshold are nodes; edges join
neighbouring pixels, in both directions.

=================  ===============================================================================  =======
name               meaning                                                                          range
=================  ===============================================================================  =======
intensity          ink of the pixel                                                                 0 to 1
x, y               column from the left, row from the top                                           0 to 1
degree             share of the 4 or 8 possible neighbours that are nodes                           0 to 1
neighbor_mean      mean intensity of the neighbours that are nodes, 0 where there are none          0 to 1
neighbor_contrast  intensity less neighbor_mean                                                     -1 to 1
gradient_x, _y     half the difference of intensity to the right less left, to below less above     -1 to 1
=================  ===============================================================================  =======

Edges have no features unless ``edge_features`` names some: ``distance`` of the two pixels, 1 or the square
root of 2 pixels, and ``contrast``, the intensity of the target less that of the source, -1 to 1.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qgtune.core.errors import ConfigValueError
from qgtune.data.graph_dataset import GraphDataset, Target
from qgtune.data.graph_store import Graph, stack_graphs
from qgtune.schema.data import DigitGraphsSettings

SIDE = 8
Pixels = NDArray[np.float64]


def build_digit_graphs(settings: DigitGraphsSettings) -> GraphDataset:
    """Return the data set, its graphs in scikit-learn's order.

    Raises:
        ConfigValueError: if the threshold leaves an image without any node.

    Example:
        >>> build_digit_graphs(DigitGraphsSettings(name="digit_graphs", threshold=None)).graph(0).num_nodes
        64
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    adjacency = _adjacency(settings.connectivity)
    graphs = [
        _graph(image / 16, int(digit), adjacency, settings)
        for image, digit in zip(digits.images, digits.target, strict=True)
    ]
    return GraphDataset(
        name=settings.name,
        feature_names=tuple(settings.features),
        targets=(Target("digit", 10, tuple(map(str, range(10)))),),
        arrays=stack_graphs(graphs),
    )


def _graph(image: Pixels, digit: int, adjacency: NDArray[np.bool_], settings: DigitGraphsSettings) -> Graph:
    ink = image.ravel()
    kept = np.ones_like(ink, dtype=bool) if settings.threshold is None else ink > settings.threshold
    if not kept.any():
        raise ConfigValueError(
            ("data", "threshold"),
            f"each digit needs a pixel above the threshold {settings.threshold}, "
            f"and a {digit} has none above {ink.max():g}",
        )
    between_kept = adjacency & kept[:, None] & kept[None, :]
    ends = np.array(np.nonzero(between_kept))
    edges = (np.cumsum(kept) - 1)[ends]
    columns = _features(image, between_kept, settings.connectivity, settings.features)
    return Graph(
        columns[kept],
        edges.astype(np.int64),
        np.array([digit], dtype=np.int64),
        edge_attr=_edge_features(ink, ends, names) if (names := settings.edge_features) else None,
    )


def _edge_features(ink: Pixels, ends: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.float32]:
    source, target = np.stack(np.divmod(ends, SIDE), axis=-1)
    columns = {
        "distance": np.linalg.norm(source - target, axis=1),
        "contrast": ink[ends[1]] - ink[ends[0]],
    }
    return np.stack([columns[name] for name in names], axis=1).astype(np.float32)


def _features(
    image: Pixels, between_kept: NDArray[np.bool_], connectivity: int, names: Sequence[str]
) -> NDArray[np.float32]:
    ink = image.ravel()
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    neighbors = between_kept.sum(axis=1)
    mean = between_kept @ ink / np.maximum(neighbors, 1)
    padded = np.pad(image, 1)
    columns = {
        "intensity": ink,
        "x": column / (SIDE - 1),
        "y": row / (SIDE - 1),
        "degree": neighbors / connectivity,
        "neighbor_mean": mean,
        "neighbor_contrast": ink - mean,
        "gradient_x": (padded[1:-1, 2:] - padded[1:-1, :-2]).ravel() / 2,
        "gradient_y": (padded[2:, 1:-1] - padded[:-2, 1:-1]).ravel() / 2,
    }
    return np.stack([columns[name] for name in names], axis=1).astype(np.float32)


def _adjacency(connectivity: int) -> NDArray[np.bool_]:
    """Mark the pairs of the 64 pixels, row by row, that are neighbours."""
    place = np.array(list(product(range(SIDE), repeat=2)))
    step = np.abs(place[:, None, :] - place[None, :, :])
    near: NDArray[np.bool_] = step.max(axis=2) == 1 if connectivity == 8 else step.sum(axis=2) == 1
    return near
