"""torch_geometric's layers that add up their neighbours, by sorted edges where that gives the same.

Each is the class of torch_geometric whose name it has: the same arguments, the same weights under the same
names, the same results up to rounding. What ``can_aggregate`` refuses goes torch_geometric's own way.
"""

from typing import Any, cast

from torch import Tensor
from torch_geometric import nn as pyg

from qgtune.nn.aggregation import SortedEdges, aggregate, can_aggregate, plain


def neighbour_sum(
    layer: pyg.MessagePassing, edge_index: Any, size: Any, x: Any, weights: Tensor | None = None
) -> Tensor | None:
    """Return what a layer's ``propagate`` gives, float [nodes, F], or None if sorted edges cannot tell.

    Args:
        layer: which adds up the features of the neighbours, each times the weight of its edge.
        edge_index: sources and targets, int64 [2, edges].
        size: as ``propagate`` takes it.
        x: features of the nodes, float [nodes, F], or a pair of those of sources and targets.
        weights: of the edges, float [edges], or None.
    """
    sources, targets = x if isinstance(x, tuple) else (x, x)
    if size is not None or sources is not targets or not can_aggregate(layer, edge_index, sources, weights):
        return None
    return aggregate(sources, SortedEdges.of(edge_index, sources.size(0)), layer.aggr, weights)


def propagate_plainly(layer: pyg.MessagePassing, edge_index: Any, size: Any, given: dict[str, Any]) -> Tensor:
    """Return what torch_geometric's own message passing gives, which also explains layers and calls hooks."""
    return cast(Tensor, pyg.MessagePassing.propagate(layer, plain(edge_index), size=size, **given))


# Each class has to define ``propagate`` itself: torch_geometric writes one into a class that only inherits
# one.


class SAGEConv(pyg.SAGEConv):  # type: ignore[misc]  # torch_geometric has no types
    """Turns node features [nodes, in_channels] into [nodes, out_channels], as torch_geometric's ``SAGEConv``.

    "Inductive Representation Learning on Large Graphs", Hamilton, Ying and Leskovec, 2017,
    https://arxiv.org/abs/1706.02216.

    Example:
        >>> import torch
        >>> SAGEConv(3, 8)(torch.rand(4, 3), torch.tensor([[0, 1, 2], [1, 2, 3]])).shape
        torch.Size([4, 8])
    """

    takes_sorted_edges = True

    def propagate(self, edge_index: Any, size: Any = None, **kwargs: Any) -> Tensor:
        """Return the mean of the neighbours' features, or what ``aggr`` says: float [nodes, in_channels]."""
        out = neighbour_sum(self, edge_index, size, kwargs["x"])
        return propagate_plainly(self, edge_index, size, kwargs) if out is None else out


class GraphConv(pyg.GraphConv):  # type: ignore[misc]
    """Turns node features [nodes, in_channels] into [nodes, out_channels], as in torch_geometric.

    "Weisfeiler and Leman Go Neural", Morris et al., 2019, https://arxiv.org/abs/1810.02244.

    Example:
        >>> import torch
        >>> GraphConv(3, 8)(torch.rand(4, 3), torch.tensor([[0, 1, 2], [1, 2, 3]])).shape
        torch.Size([4, 8])
    """

    takes_sorted_edges = True

    def propagate(self, edge_index: Any, size: Any = None, **kwargs: Any) -> Tensor:
        """Return the weighted sum of the neighbours' features, or what ``aggr`` says: float [nodes, F]."""
        out = neighbour_sum(self, edge_index, size, kwargs["x"], kwargs.get("edge_weight"))
        return propagate_plainly(self, edge_index, size, kwargs) if out is None else out


class GCNConv(pyg.GCNConv):  # type: ignore[misc]
    """Turns node features [nodes, in_channels] into [nodes, out_channels], as torch_geometric's ``GCNConv``.

    The normalized weights of the edges are found once for a batch, and not by each layer. "Semi-supervised
    Classification with Graph Convolutional Networks", Kipf and Welling, 2017,
    https://arxiv.org/abs/1609.02907.

    Example:
        >>> import torch
        >>> GCNConv(3, 8)(torch.rand(4, 3), torch.tensor([[0, 1, 2], [1, 2, 3]])).shape
        torch.Size([4, 8])
    """

    takes_sorted_edges = True

    def forward(self, x: Any, edge_index: Any, edge_weight: Tensor | None = None) -> Tensor:
        """Return the new node features, float [nodes, out_channels].

        Args:
            x: node features, float [nodes, in_channels].
            edge_index: sources and targets of the edges, int64 [2, edges].
            edge_weight: weights of the edges, float [edges]; by default 1.
        """
        if self.cached or not self.normalize or not can_aggregate(self, edge_index, x, edge_weight):
            return cast(Tensor, super().forward(x, edge_index, edge_weight))
        edges, weights = SortedEdges.of(edge_index, x.size(0)).gcn_normalized(
            edge_weight, improved=self.improved, add_self_loops=self.add_self_loops, dtype=x.dtype
        )
        out = self.propagate(edges, x=self.lin(x), edge_weight=weights)
        return out if self.bias is None else out + self.bias

    def propagate(self, edge_index: Any, size: Any = None, **kwargs: Any) -> Tensor:
        """Return the weighted sum of the neighbours' features, or what ``aggr`` says: float [nodes, F]."""
        out = neighbour_sum(self, edge_index, size, kwargs["x"], kwargs.get("edge_weight"))
        return propagate_plainly(self, edge_index, size, kwargs) if out is None else out
