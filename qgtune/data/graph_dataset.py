"""A data set of graphs with named node features and named targets."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from qgtune.data.graph_store import GraphArrays, Labels, read_graphs, write_graphs
from qgtune.schema.data_settings import Level, Predicts


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be told about a graph or a node: a name, and the names of its classes.

    Args:
        name: of the target, for metrics and reports.
        num_classes: its labels are 0 to one less; None where a number is to be predicted.
        class_names: one for each class; none for a number.
    """

    name: str
    num_classes: int | None
    class_names: tuple[str, ...] = ()


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
        level: what has a label, ``graph`` or ``node``.

    Raises:
        ValueError: if names and arrays do not fit together, or some targets are classes and others values.

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
    level: Level = "graph"

    def __post_init__(self) -> None:
        rows = len(self.arrays.x) if self.level == "node" else len(self)
        if len(self.arrays.y) != rows:
            raise ValueError(f"each of {rows} {self.level}s needs a row of y, which has {len(self.arrays.y)}")
        if any((target.num_classes is None) != (self.predicts == "values") for target in self.targets):
            raise ValueError("the targets of a data set are all classes or all values")
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
    def num_edge_features(self) -> int:
        """Columns of edge_attr, 0 if edges have no features."""
        return 0 if self.arrays.edge_attr is None else int(self.arrays.edge_attr.shape[1])

    @property
    def num_graph_features(self) -> int:
        """Columns of graph_features, 0 if graphs have none."""
        return 0 if self.arrays.graph_features is None else int(self.arrays.graph_features.shape[1])

    @property
    def has_edge_weight(self) -> bool:
        """Whether each edge has a weight."""
        return self.arrays.edge_weight is not None

    @property
    def predicts(self) -> Predicts:
        """Whether the targets are classes or values."""
        return "values" if self.arrays.y.dtype.kind == "f" else "classes"

    @property
    def num_classes(self) -> tuple[int | None, ...]:
        """Classes of each target, T numbers; None for a value."""
        return tuple(target.num_classes for target in self.targets)

    @property
    def labels(self) -> Labels:
        """The targets: classes int64, or values float32, [graphs, T], or [nodes, T] at the level of nodes."""
        return self.arrays.y

    def __len__(self) -> int:
        return len(self.arrays.node_ptr) - 1

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
            Data with ``x`` float32 [nodes, F], ``edge_index`` int64 [2, edges], ``y`` int64 (classes) or
            float32 (values) [1, T], or [nodes, T] at the level of nodes; and where the data set has them
            ``edge_weight`` float32 [edges], ``edge_attr`` float32 [edges, K], ``graph_features`` float32
            [1, K], ``node_part`` int8 [nodes].

        Raises:
            IndexError: if there is no such graph.
        """
        count = len(self)
        if not -count <= index < count:
            raise IndexError(
                f"the data set {self.name} has {count} graphs, and none of them is number {index}"
            )
        at = int(index) % count
        arrays = self.arrays
        nodes = slice(arrays.node_ptr[at], arrays.node_ptr[at + 1])
        edges = slice(arrays.edge_ptr[at], arrays.edge_ptr[at + 1])
        here = slice(at, at + 1)
        parts = {
            "x": arrays.x[nodes],
            "edge_index": arrays.edge_index[:, edges],
            "y": arrays.y[nodes if self.level == "node" else here],
            "edge_weight": None if arrays.edge_weight is None else arrays.edge_weight[edges],
            "edge_attr": None if arrays.edge_attr is None else arrays.edge_attr[edges],
            "graph_features": None if arrays.graph_features is None else arrays.graph_features[here],
            "node_part": None if arrays.node_part is None else arrays.node_part[nodes],
        }
        return Data(**{name: torch.from_numpy(part) for name, part in parts.items() if part is not None})

    def graphs(self, indices: Iterable[int]) -> list[Data]:
        """Return the graphs with these numbers, in this order; see ``graph``."""
        return [self.graph(int(index)) for index in indices]

    def mean_features(self) -> NDArray[np.float32]:
        """Return the mean node features of each graph, what a baseline without edges sees: float32 [G, F]."""
        starts = self.arrays.node_ptr[:-1]
        counts = np.diff(self.arrays.node_ptr)
        sums = np.add.reduceat(self.arrays.x, starts, axis=0, dtype=np.float64)
        return (sums / counts[:, None]).astype(np.float32)


def with_num_classes(dataset: GraphDataset, num_classes: Sequence[int]) -> GraphDataset:
    """Return the same graphs with targets of this many classes, whether or not each of them occurs.

    Args:
        dataset: of graphs whose classes have no names but their numbers.
        num_classes: of each target, T numbers.

    Raises:
        ValueError: if the targets are values, if there is not one number for each target, or if a label does
            not lie between 0 and one less than the classes of its target; names the first graph or node that
            has one.

    Example:
        >>> from qgtune.data import dataset_from_graphs
        >>> graph = Data(x=torch.zeros(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=1)
        >>> with_num_classes(dataset_from_graphs([graph], name="paths"), [5]).num_classes
        (5,)
    """
    if dataset.predicts == "values":
        raise ValueError("numbers of classes are given, and the targets are values, not classes")
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
                f"and {dataset.level} {beyond[0]} has the label {dataset.labels[beyond[0], column]}"
            )
    names = [target.name for target in dataset.targets]
    return replace(dataset, targets=numbered_targets(names, num_classes))


def numbered_targets(names: Iterable[str], sizes: Iterable[int]) -> tuple[Target, ...]:
    """Return targets of this many classes each, which have no names but their numbers."""
    return tuple(
        Target(name, int(size), tuple(map(str, range(size)))) for name, size in zip(names, sizes, strict=True)
    )


def write_dataset(path: Path, dataset: GraphDataset, *, key: str) -> None:
    """Leave at ``path`` the whole data set in one file; see ``write_graphs``."""
    meta = {
        "name": dataset.name,
        "level": dataset.level,
        "subset": dataset.subset,
        "feature_names": dataset.feature_names,
        "targets": [asdict(target) for target in dataset.targets],
    }
    write_graphs(path, dataset.arrays, key=key, meta=meta)


def read_dataset(path: Path, *, key: str) -> GraphDataset:
    """Return the data set that ``write_dataset`` left, mapped into memory; see ``read_graphs``."""
    arrays, meta = read_graphs(path, key=key)
    targets = (_parsed_target(**target) for target in meta["targets"])
    return GraphDataset(
        meta["name"],
        tuple(meta["feature_names"]),
        tuple(targets),
        arrays,
        subset=meta.get("subset"),
        level=meta["level"],
    )


def _parsed_target(name: str, num_classes: int | None, class_names: Sequence[Any]) -> Target:
    return Target(name, num_classes, tuple(class_names))
