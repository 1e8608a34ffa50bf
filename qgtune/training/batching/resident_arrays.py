"""A data set that lies on the device of its training: a batch is cut out of it there, and never copied.

On a GPU the copy of each batch from the host costs more than cutting it, and many data sets of graphs are
small beside the memory of a GPU.
"""

import weakref
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qgtune.data.graph_store import GraphArrays
from qgtune.training.batching.batches import ArrayLoader, GraphBatch

SHARE_OF_FREE_MEMORY = 0.5
"""How much of a GPU's free memory a data set may take; the rest is the model's and the batches'."""


@dataclass(frozen=True, eq=False)
class ResidentArrays:
    """The flat arrays of a data set on a device; see ``GraphArrays`` for what each of them is.

    ``node_ptr`` and ``edge_ptr`` stay on the host, which counts what is cut.
    """

    x: Tensor
    edge_index: Tensor
    y: Tensor
    edge_weight: Tensor | None
    edge_attr: Tensor | None
    graph_features: Tensor | None
    node_ptr: NDArray[np.int64]
    edge_ptr: NDArray[np.int64]

    @classmethod
    def of(cls, arrays: GraphArrays, device: torch.device) -> Self:
        """Return the arrays on the device; as long as they are used, the same object for the same arrays."""
        known = _resident.setdefault(arrays, weakref.WeakValueDictionary())
        found = known.get(str(device))
        if found is None:
            moved: dict[str, Any] = {
                name: None if array is None else torch.from_numpy(array).to(device)
                for name, array in _on_device(arrays).items()
            }
            found = known[str(device)] = cls(**moved, node_ptr=arrays.node_ptr, edge_ptr=arrays.edge_ptr)
        return found  # type: ignore[return-value]  # the dictionary holds only what this method put there

    def cut(self, chosen: NDArray[np.int64], *, labels_nodes: bool = False) -> GraphBatch:
        """Return the batch of some graphs, on the device; what ``cut_batch`` cuts on the host.

        Args:
            chosen: the numbers of the graphs, at least one.
            labels_nodes: whether ``y`` has a row for each node, and not for each graph.
        """
        nodes = _Rows(self.node_ptr, chosen, self.x.device)
        edges = _Rows(self.edge_ptr, chosen, self.x.device)
        graphs = torch.from_numpy(chosen).to(self.x.device)
        return GraphBatch(
            x=self.x[nodes.numbers],
            edges=self.edge_index[:, edges.numbers] + edges.spread(nodes.begins),
            batch=nodes.spread(torch.arange(len(chosen), device=self.x.device)),
            num_graphs=len(chosen),
            y=self.y[nodes.numbers if labels_nodes else graphs],
            edge_weight=None if self.edge_weight is None else self.edge_weight[edges.numbers],
            edge_attr=None if self.edge_attr is None else self.edge_attr[edges.numbers],
            graph_features=None if self.graph_features is None else self.graph_features[graphs],
        )


_resident: weakref.WeakKeyDictionary[GraphArrays, weakref.WeakValueDictionary[str, ResidentArrays]] = (
    weakref.WeakKeyDictionary()
)


class _Rows:
    """The numbers of the rows of some graphs, one graph after the other, on a device.

    Args:
        ptr: where the rows of each graph of the data set begin, and the end of the last.
        chosen: the graphs.
        device: where the numbers are wanted.
    """

    def __init__(self, ptr: NDArray[np.int64], chosen: NDArray[np.int64], device: torch.device) -> None:
        starts, counts = ptr[chosen], ptr[chosen + 1] - ptr[chosen]
        begins = np.cumsum(counts) - counts
        # The host knows how many there are, so that the device need not be asked, and waited for.
        self._total = int(counts.sum())
        self._counts = torch.from_numpy(counts).to(device)
        self.begins = torch.from_numpy(begins).to(device)
        self.numbers = self.spread(torch.from_numpy(starts - begins).to(device))
        self.numbers += torch.arange(self._total, device=device)

    def spread(self, of_graphs: Tensor) -> Tensor:
        """Return a value of each graph for each of its rows."""
        return torch.repeat_interleave(of_graphs, self._counts, output_size=self._total)


class ResidentLoader(ArrayLoader):
    """Yields batches as ``ArrayLoader`` does, cut on the device where the data set lies.

    Args:
        loader: what tells the graphs and their order.
        device: where the data set shall lie.
    """

    def __init__(self, loader: ArrayLoader, device: torch.device) -> None:
        super().__init__(
            loader.arrays, loader.indices, loader.batch_sampler, labels_nodes=loader.labels_nodes
        )
        self._resident = ResidentArrays.of(loader.arrays, device)

    def batch(self, places: list[int]) -> GraphBatch:
        """Return the batch of the graphs at these places of ``indices``, on the device."""
        return self._resident.cut(self.indices[places], labels_nodes=self.labels_nodes)


def fits(arrays: GraphArrays, device: torch.device) -> bool:
    """Tell whether a data set may lie on a device: on a GPU with room for it, and never on the host's CPU."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    size = sum(array.nbytes for array in _on_device(arrays).values() if array is not None)
    return size <= SHARE_OF_FREE_MEMORY * free


def _on_device(arrays: GraphArrays) -> dict[str, NDArray[np.generic] | None]:
    """Return the arrays that a batch is cut out of, by name."""
    names = {field.name for field in fields(ResidentArrays)} - {"node_ptr", "edge_ptr"}
    return {name: getattr(arrays, name) for name in names}
