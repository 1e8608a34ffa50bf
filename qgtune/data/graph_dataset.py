"""A data set of graphs with named node features and named targets."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from qgtune.data.graph_store import Graph, GraphArrays, read_graphs, stack_graphs, write_graphs


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be told about a graph: a name, and the names of the classes 0 to ``num_classes - 1``."""

    name: str
    num_classes: int
    class_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class GraphDataset:
    """Graphs with the same node features and the same targets; give it to a PyG loader as it is.

    Args:
        name: of the data set, for reports.
        feature_names: of the columns of x, F of them.
        targets: of the columns of y, T of them.
        arrays: all graphs in flat arrays.
        subset: how much of the training graphs is to be trained on, as ``draw_subset`` takes it; None for
            all. The data set has all graphs in any case.

    Raises:
        ValueError: if names and arrays do not fit together.

    Example:
        >>> from qgtune.data import load_dataset
        >>> dataset = load_dataset({"name": "digit_graphs"}, base_dir=Path())
        >>> len(dataset), dataset.targets[0].num_classes
        (1797, 10)
    """

    name: str
    feature_names: tuple[str, ...]
    targets: tuple[Target, ...]
    arrays: GraphArrays
    subset: float | None = None

    def __post_init__(self) -> None:
        columns = {"feature": self.arrays.x.shape[1], "target": self.arrays.y.shape[1]}
        names = {"feature": len(self.feature_names), "target": len(self.targets)}
        for kind, count in columns.items():
            if names[kind] != count:
                raise ValueError(f"each {kind} needs one name: {count} columns, {names[kind]} names")

    @property
    def num_node_features(self) -> int:
        """Columns of x, F."""
        return len(self.feature_names)

    @property
    def num_classes(self) -> tuple[int, ...]:
        """Classes of each target, T numbers."""
        return tuple(target.num_classes for target in self.targets)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each target of each graph: int64 [graphs, T]."""
        return self.arrays.y

    def __len__(self) -> int:
        return len(self.arrays.y)

    def __getitem__(self, index: int) -> Data:
        return self.graph(index)

    def __iter__(self) -> Iterator[Data]:
        return map(self.graph, range(len(self)))

    def graph(self, index: int) -> Data:
        """Return one graph.

        Its tensors are views of the flat arrays, not copies: a transform must not change them in place.

        Args:
            index: 0 to ``len(self) - 1``; negative ones count from the end.

        Returns:
            Data with ``x`` float32 [nodes, F], ``edge_index`` int64 [2, edges] and ``y`` int64 [1, T].

        Raises:
            IndexError: if there is no such graph.
        """
        count = len(self)
        if not -count <= index < count:
            raise IndexError(
                f"the data set {self.name} has {count} graphs, and none of them is number {index}"
            )
        at = int(index) % count
        nodes = slice(self.arrays.node_ptr[at], self.arrays.node_ptr[at + 1])
        edges = slice(self.arrays.edge_ptr[at], self.arrays.edge_ptr[at + 1])
        return Data(
            x=torch.from_numpy(self.arrays.x[nodes]),
            edge_index=torch.from_numpy(self.arrays.edge_index[:, edges]),
            y=torch.from_numpy(self.arrays.y[at : at + 1]),
        )

    def graphs(self, indices: Iterable[int]) -> list[Data]:
        """Return the graphs with these numbers, in this order; see ``graph``."""
        return [self.graph(int(index)) for index in indices]

    def mean_features(self) -> NDArray[np.float32]:
        """Return the mean node features of each graph, what a baseline without edges sees: float32 [G, F]."""
        starts = self.arrays.node_ptr[:-1]
        counts = np.diff(self.arrays.node_ptr)
        sums = np.add.reduceat(self.arrays.x, starts, axis=0, dtype=np.float64)
        return (sums / counts[:, None]).astype(np.float32)


def dataset_from_graphs(graphs: Iterable[Data], *, name: str) -> GraphDataset:
    """Return the data set of PyG graphs that already exist.

    Args:
        graphs: each with ``x`` [nodes, F] or [nodes], ``edge_index`` [2, edges], and ``y`` with the whole
            number of the class of each target, T entries in any shape.
        name: of the data set, for reports.

    Returns:
        A data set whose features are named ``x0``, ``x1``, ... and whose targets ``y0``, ``y1``, ...; a
        target has one class more than the greatest number that occurs, and at least two. Other attributes of
        the graphs are left out, with a warning that names them.

    Raises:
        ValueError: if there is no graph, or if one lacks something or differs from the first; says which.

    Example:
        >>> graph = Data(x=torch.zeros(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=1)
        >>> dataset_from_graphs([graph], name="paths").num_classes
        (2,)
    """
    given = list(graphs)
    rows = [_checked(graph, index) for index, graph in enumerate(given)]
    if not rows:
        raise ValueError("a data set needs at least one graph, and there is none")
    for index, (x, _, y) in enumerate(rows):
        for kind, count, first in (
            ("node features", x.shape[1], rows[0][0].shape[1]),
            ("targets", len(y), len(rows[0][2])),
        ):
            if count != first:
                raise ValueError(
                    f"all graphs need the same {kind}: graph 0 has {first}, graph {index} {count}"
                )
    unused = sorted({key for graph in given for key in graph.keys()} - {"x", "edge_index", "y", "num_nodes"})  # noqa: SIM118 - a Data object iterates over pairs
    if unused:
        warnings.warn(
            f"{name}: of each graph only x, edge_index and y are used, not {', '.join(unused)}", stacklevel=2
        )
    arrays = stack_graphs(rows)
    sizes = np.maximum(arrays.y.max(axis=0) + 1, 2)
    return GraphDataset(
        name=name,
        feature_names=tuple(f"x{column}" for column in range(arrays.x.shape[1])),
        targets=_numbered_targets((f"y{column}" for column in range(len(sizes))), sizes),
        arrays=arrays,
    )


def with_num_classes(dataset: GraphDataset, num_classes: Sequence[int]) -> GraphDataset:
    """Return the same graphs with targets of this many classes, whether or not each of them occurs.

    Args:
        dataset: of graphs whose classes have no names but their numbers.
        num_classes: of each target, T numbers.

    Raises:
        ValueError: if there is not one number for each target, or if a label does not lie between 0 and one
            less than the classes of its target; names the first graph that has one.

    Example:
        >>> graph = Data(x=torch.zeros(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=1)
        >>> with_num_classes(dataset_from_graphs([graph], name="paths"), [5]).num_classes
        (5,)
    """
    if len(num_classes) != len(dataset.targets):
        raise ValueError(
            f"each target needs one number of classes: the graphs have {len(dataset.targets)} targets, "
            f"and {len(num_classes)} numbers are given"
        )
    for column, size in enumerate(num_classes):
        beyond = np.flatnonzero(dataset.labels[:, column] >= size)
        if beyond.size:
            raise ValueError(
                f"the labels of a target with {size} classes are 0 to {size - 1}, "
                f"and graph {beyond[0]} has the label {dataset.labels[beyond[0], column]}"
            )
    names = [target.name for target in dataset.targets]
    return replace(dataset, targets=_numbered_targets(names, num_classes))


def _numbered_targets(names: Iterable[str], sizes: Iterable[int]) -> tuple[Target, ...]:
    return tuple(
        Target(name, int(size), tuple(map(str, range(size)))) for name, size in zip(names, sizes, strict=True)
    )


def _checked(graph: Data, index: int) -> Graph:
    for key in ("x", "edge_index", "y"):
        if getattr(graph, key, None) is None:
            raise ValueError(f"each graph needs x, edge_index and y, and graph {index} has no {key}")
    x = torch.as_tensor(graph.x).detach().cpu().to(torch.float32)
    if x.dim() == 0 or len(x) == 0:
        raise ValueError(f"each graph needs at least one node, and graph {index} has none")
    x = x.reshape(len(x), -1)
    _check_features(x, index)
    y = torch.as_tensor(graph.y).detach().cpu().reshape(-1)
    if not bool(torch.all((y == y.round()) & (y >= 0))):
        raise ValueError(f"each class must be a whole number from 0, and graph {index} has y = {y.tolist()}")
    edges = torch.as_tensor(graph.edge_index).detach().cpu().to(torch.int64)
    if edges.dim() != 2 or len(edges) != 2:
        raise ValueError(f"edge_index must have the shape [2, edges], and graph {index} has {[*edges.shape]}")
    if edges.numel() and not 0 <= int(edges.min()) <= int(edges.max()) < len(x):
        raise ValueError(
            f"edges must join nodes 0 to {len(x) - 1} of graph {index}, "
            f"and go from {int(edges.min())} to {int(edges.max())}"
        )
    return x.numpy(), edges.numpy(), y.to(torch.int64).numpy()


def _check_features(x: torch.Tensor, index: int) -> None:
    if x.shape[1] == 0:
        raise ValueError(f"each node needs at least one feature, and x of graph {index} has no column")
    if not bool(torch.isfinite(x).all()):
        node, column = (int(k) for k in torch.nonzero(~torch.isfinite(x))[0])
        raise ValueError(
            f"node features must be finite numbers, and node {node} of graph {index} "
            f"has {x[node, column].item()} in column {column} of x"
        )


def write_dataset(path: Path, dataset: GraphDataset, *, key: str) -> None:
    """Leave at ``path`` the whole data set in one file; see ``write_graphs``."""
    meta = {
        "name": dataset.name,
        "feature_names": dataset.feature_names,
        "targets": [asdict(target) for target in dataset.targets],
    }
    write_graphs(path, dataset.arrays, key=key, meta=meta)


def read_dataset(path: Path, *, key: str) -> GraphDataset:
    """Return the data set that ``write_dataset`` left, mapped into memory; see ``read_graphs``."""
    arrays, meta = read_graphs(path, key=key)
    targets = (_parsed_target(**target) for target in meta["targets"])
    return GraphDataset(meta["name"], tuple(meta["feature_names"]), tuple(targets), arrays)


def _parsed_target(name: str, num_classes: int, class_names: Sequence[Any]) -> Target:
    return Target(name, num_classes, tuple(class_names))
