"""Batches of graphs: several graphs as one, cut out of the flat arrays of a data set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Batch

from qgtune.data.graph_store import GraphArrays
from qgtune.nn.aggregation import SortedEdges


@dataclass(frozen=True, eq=False)
class GraphBatch:
    """B graphs with N nodes and E edges in all, as one graph of B parts.

    Args:
        x: node features, float32 [N, F].
        edges: source and target of each edge, numbered within the batch, int64 [2, E].
        batch: the graph of each node, int64 [N], ascending.
        num_graphs: B.
        y: labels, int64 for classes and float32 for values: [B, T], or [N, T] where nodes are labelled.
        edge_weight: float32 [E], if the graphs have them.
        edge_attr: edge features, float32 [E, K], if the graphs have them.
        graph_features: float32 [B, K], if the graphs have them.
    """

    x: Tensor
    edges: Tensor
    batch: Tensor
    num_graphs: int
    y: Tensor
    edge_weight: Tensor | None = None
    edge_attr: Tensor | None = None
    graph_features: Tensor | None = None

    @classmethod
    def of(cls, batch: Any) -> Self:
        """Return the batch that one of torch_geometric is, and so a single ``Data``."""
        count = batch.num_nodes
        return cls(
            x=batch.x,
            edges=batch.edge_index,
            batch=torch.zeros(count, dtype=torch.int64) if batch.batch is None else batch.batch,
            num_graphs=getattr(batch, "num_graphs", 1),
            y=batch.y,
            edge_weight=getattr(batch, "edge_weight", None),
            edge_attr=getattr(batch, "edge_attr", None),
            graph_features=getattr(batch, "graph_features", None),
        )

    @cached_property
    def edge_index(self) -> Tensor:
        """The edges, int64 [2, E], sorted at most once for all layers that sum over neighbours."""
        return SortedEdges.of(self.edges, self.num_nodes)

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.x.size(0)

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> Self:
        """Return the batch on a device; the same object if it is there already."""
        wanted, here = torch.device(device), self.x.device
        if wanted.type == here.type and wanted.index in (None, here.index):
            return self
        moved = {name: part.to(device, non_blocking=non_blocking) for name, part in self._tensors().items()}
        return replace(self, **moved)

    def pin_memory(self) -> Self:
        """Return the batch in memory from which a GPU copies it without waiting."""
        return replace(self, **{name: part.pin_memory() for name, part in self._tensors().items()})

    def _tensors(self) -> dict[str, Any]:
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: part for name, part in parts.items() if isinstance(part, Tensor)}


def collate(graphs: Sequence[Any]) -> GraphBatch:
    """Return the batch of some of torch_geometric's graphs."""
    return GraphBatch.of(Batch.from_data_list(list(graphs)))


def cut_batch(arrays: GraphArrays, chosen: NDArray[np.int64], *, labels_nodes: bool = False) -> GraphBatch:
    """Return the batch of some graphs of a data set, in their order; the same as ``collate`` makes of them.

    Args:
        arrays: of all graphs.
        chosen: the numbers of the graphs, at least one.
        labels_nodes: whether ``arrays.y`` has a row for each node, and not for each graph.

    Example:
        >>> path = np.array([[0, 1], [1, 2]])
        >>> arrays = GraphArrays(np.zeros((6, 1), np.float32), np.hstack([path, path]), np.array([0, 3, 6]),
        ...                      np.array([0, 2, 4]), np.array([[0], [1]]))
        >>> cut_batch(arrays, np.array([1, 0])).edges.tolist()
        [[0, 1, 3, 4], [1, 2, 4, 5]]
    """
    nodes = _Pieces(arrays.node_ptr, chosen)
    edges = _Pieces(arrays.edge_ptr, chosen)
    edge_index = edges.of(arrays.edge_index, axis=1)
    edge_index += np.repeat(nodes.begins, edges.counts)
    weight, attr, features = arrays.edge_weight, arrays.edge_attr, arrays.graph_features
    return GraphBatch(
        x=torch.from_numpy(nodes.of(arrays.x)),
        edges=torch.from_numpy(edge_index),
        batch=torch.from_numpy(np.repeat(np.arange(len(chosen)), nodes.counts)),
        num_graphs=len(chosen),
        y=torch.from_numpy(nodes.of(arrays.y) if labels_nodes else arrays.y[chosen]),
        edge_weight=None if weight is None else torch.from_numpy(edges.of(weight)),
        edge_attr=None if attr is None else torch.from_numpy(edges.of(attr)),
        graph_features=None if features is None else torch.from_numpy(features[chosen]),
    )


class _Pieces:
    """Where the rows of some graphs stand, one piece for each.

    Args:
        ptr: where the rows of each graph of the data set begin, and the end of the last.
        chosen: the graphs.
    """

    def __init__(self, ptr: NDArray[np.int64], chosen: NDArray[np.int64]) -> None:
        starts, ends = ptr[chosen], ptr[chosen + 1]
        self.slices = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        self.counts = ends - starts
        self.begins = np.cumsum(self.counts) - self.counts

    def of(self, rows: NDArray[Any], *, axis: int = 0) -> NDArray[Any]:
        """Return the rows of all pieces, one after the other."""
        before = (slice(None),) * axis
        return np.concatenate([rows[(*before, piece)] for piece in self.slices], axis=axis)


class ArrayLoader:
    """Yields the batches of some graphs of a data set, once for each time that it is gone through.

    Args:
        arrays: of all graphs of the data set.
        indices: the numbers of the graphs.
        batch_sampler: yields the places in ``indices`` that make up each batch; drawn anew each time. It has
            the name that it has in torch, so that whoever saves a training finds the generator of the order.
        labels_nodes: whether ``arrays.y`` has a row for each node.
        pin_memory: whether batches stand in memory from which a GPU copies them without waiting.
    """

    def __init__(
        self,
        arrays: GraphArrays,
        indices: NDArray[np.int64],
        batch_sampler: torch.utils.data.BatchSampler,
        *,
        labels_nodes: bool = False,
        pin_memory: bool = False,
    ) -> None:
        self.arrays = arrays
        self.indices = np.asarray(indices)
        self.batch_sampler = batch_sampler
        self.labels_nodes = labels_nodes
        self.pin_memory = pin_memory

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def __iter__(self) -> Iterator[GraphBatch]:
        return map(self.batch, self.batch_sampler)

    def batch(self, places: list[int]) -> GraphBatch:
        """Return the batch of the graphs at these places of ``indices``."""
        batch = cut_batch(self.arrays, self.indices[places], labels_nodes=self.labels_nodes)
        return batch.pin_memory() if self.pin_memory else batch
