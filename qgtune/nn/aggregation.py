"""Sums and means over the neighbours of each node, by edges that are sorted once for all layers.

A layer of torch_geometric copies the features of the source of each edge into a row of its own, and adds the
rows to those of the targets. With the edges sorted by target no such row is needed: each node adds up the
features of its neighbours where they stand. The gradient is the same sum over edges sorted by source.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor
from torch_geometric.nn.conv.gcn_conv import gcn_norm

SUMS = frozenset({"sum", "add"})
MEANS = frozenset({"mean"})
_FLOATS = frozenset({torch.float32, torch.float64, torch.bfloat16})


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each of N nodes the nodes at the other end of its edges.

    Args:
        ptr: where the neighbours of each node begin in ``nodes``, and the end of the last, int64 [N + 1].
        nodes: the neighbours, int64 [E].
        order: the number of the edge that each neighbour comes from, int64 [E].
    """

    ptr: Tensor
    nodes: Tensor
    order: Tensor

    @classmethod
    def sorted_from(cls, ends: Tensor, others: Tensor, num_nodes: int) -> Self:
        """Return the neighbours ``others`` of the nodes ``ends``, both int64 [E]."""
        order = torch.argsort(ends, stable=True)
        ptr = ends.new_zeros(num_nodes + 1)
        torch.cumsum(torch.bincount(ends, minlength=num_nodes), 0, out=ptr[1:])
        return cls(ptr, others[order], order)

    @cached_property
    def counts(self) -> Tensor:
        """How many neighbours each node has, and 1 for none, as a column: int64 [N, 1]."""
        return self.ptr.diff().clamp_(min=1).unsqueeze(1)

    def sums(self, x: Tensor, weights: Tensor | None) -> Tensor:
        """Return the sum of ``x`` [nodes, F] over the neighbours of each node, weighted by edge: [N, F]."""
        if weights is not None:
            weights = weights[self.order].to(x.dtype)
        return F.embedding_bag(
            self.nodes, x, self.ptr, mode="sum", per_sample_weights=weights, include_last_offset=True
        )


class SortedEdges(Tensor):
    """Edges int64 [2, E], as any layer takes them, that also know the neighbours of each node.

    What is computed from it is a plain tensor. The neighbours are found when they are first asked for, unless
    whoever makes the batch knows them already.

    Example:
        >>> edges = SortedEdges.of(torch.tensor([[0, 2, 1], [1, 1, 0]]), 3)
        >>> edges.into.ptr.tolist(), edges.into.nodes.tolist()
        ([0, 1, 3, 3], [1, 0, 2])
    """

    # That of Parameter does not spread to what is computed either.
    __torch_function__ = torch.nn.Parameter.__torch_function__
    num_nodes: int
    neighbours: dict[str, Neighbours]
    normalized: dict[tuple[Any, ...], tuple[Tensor | None, "SortedEdges", Tensor]]

    @classmethod
    def of(
        cls,
        edge_index: Tensor,
        num_nodes: int,
        *,
        into: Neighbours | None = None,
        out_of: Neighbours | None = None,
    ) -> "SortedEdges":
        """Return the edges ``edge_index`` of ``num_nodes`` nodes.

        Args:
            edge_index: sources and targets, int64 [2, E].
            num_nodes: nodes of the graph, or of all graphs of a batch.
            into: the sources of the edges into each node, if they are known.
            out_of: the targets of the edges out of each node, if they are known.
        """
        if isinstance(edge_index, SortedEdges) and edge_index.num_nodes == num_nodes:
            return edge_index
        edges = edge_index.as_subclass(cls)
        edges.num_nodes = num_nodes
        known = {"into": into, "out_of": out_of}
        edges.neighbours = {side: found for side, found in known.items() if found is not None}
        edges.normalized = {}
        return edges

    @property
    def into(self) -> Neighbours:
        """The sources of the edges into each node."""
        return self._side("into", self[1], self[0])

    @property
    def out_of(self) -> Neighbours:
        """The targets of the edges out of each node."""
        return self._side("out_of", self[0], self[1])

    def _side(self, side: str, ends: Tensor, others: Tensor) -> Neighbours:
        if side not in self.neighbours:
            self.neighbours[side] = Neighbours.sorted_from(ends, others, self.num_nodes)
        return self.neighbours[side]

    def gcn_normalized(
        self, weight: Tensor | None, *, improved: bool, add_self_loops: bool, dtype: torch.dtype
    ) -> tuple["SortedEdges", Tensor]:
        """Return the edges and weights that torch_geometric's ``gcn_norm`` gives, the same for all layers."""
        key = (id(weight), improved, add_self_loops, dtype)
        if key not in self.normalized:
            found, weights = gcn_norm(
                plain(self), weight, self.num_nodes, improved, add_self_loops, "source_to_target", dtype
            )
            # The weight is kept with the result, so that its id stays its own.
            self.normalized[key] = (weight, SortedEdges.of(found, self.num_nodes), weights)
        return self.normalized[key][1:]


def plain(edge_index: Any) -> Any:
    """Return sorted edges as the plain tensor int64 [2, E] that they are, and anything else as it is."""
    return edge_index.as_subclass(Tensor) if isinstance(edge_index, SortedEdges) else edge_index


class _NeighbourSum(torch.autograd.Function):
    """The sum over the neighbours of each node; its gradient is the sum over the edges the other way."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, edges: SortedEdges, side: str, weights: Tensor | None) -> Tensor:
        ctx.edges, ctx.side, ctx.weights = edges, side, weights
        neighbours = edges.into if side == "into" else edges.out_of
        # What needs a gradient would be summed in a slower way, which prepares a gradient of its own.
        return neighbours.sums(x.detach(), weights)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        other = "out_of" if ctx.side == "into" else "into"
        grad = _NeighbourSum.apply(grads[0].contiguous(), ctx.edges, other, ctx.weights)  # type: ignore[no-untyped-call]
        return grad, None, None, None


def aggregate(x: Tensor, edges: SortedEdges, aggr: str, weights: Tensor | None = None) -> Tensor:
    """Return what arrives at each node, float [nodes, F], the same as torch_geometric's scatter.

    Args:
        x: features of the nodes, float [nodes, F].
        edges: of these nodes.
        aggr: ``sum``, ``add`` or ``mean``.
        weights: of the edges, float [E], which need no gradient; by default 1.

    Example:
        >>> edges = SortedEdges.of(torch.tensor([[0, 2, 1], [1, 1, 0]]), 3)
        >>> aggregate(torch.tensor([[1.0], [2.0], [4.0]]), edges, "mean").tolist()
        [[2.0], [2.5], [0.0]]
    """
    total: Tensor = _NeighbourSum.apply(x.contiguous(), edges, "into", weights)  # type: ignore[no-untyped-call]
    return total / edges.into.counts.to(x.dtype) if aggr in MEANS else total


def can_aggregate(layer: Any, edge_index: Any, x: Any, weights: Tensor | None = None) -> bool:
    """Return whether ``aggregate`` gives what the layer's own message passing would.

    It does for sums and means from source to target on a CPU, while nobody explains the layer or listens to
    its messages, and no weight of an edge is learned.
    """
    return (
        isinstance(x, Tensor)
        and x.dim() == 2
        and x.dtype in _FLOATS
        and x.device.type == "cpu"
        and isinstance(edge_index, Tensor)
        and edge_index.layout == torch.strided
        and edge_index.dtype == torch.int64
        and edge_index.device == x.device
        and (weights is None or (weights.dim() == 1 and not weights.requires_grad))
        and isinstance(layer.aggr, str)
        and layer.aggr in SUMS | MEANS
        and layer.flow == "source_to_target"
        and layer.node_dim == -2
        and layer.decomposed_layers == 1
        and not layer.explain
        and not _has_listeners(layer)
    )


def _has_listeners(layer: Any) -> bool:
    return bool(
        layer._propagate_forward_pre_hooks  # noqa: SLF001 - torch_geometric has no other way to ask
        or layer._propagate_forward_hooks  # noqa: SLF001
        or layer._message_forward_pre_hooks  # noqa: SLF001
        or layer._message_forward_hooks  # noqa: SLF001
        or layer._aggregate_forward_pre_hooks  # noqa: SLF001
        or layer._aggregate_forward_hooks  # noqa: SLF001
    )
