"""The layer of the graph isomorphism network."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.nn import GINConv

from qgtune.nn.convolutions import neighbour_sum, propagate_plainly


class GINLayer(GINConv):  # type: ignore[misc]  # torch_geometric has no types
    """Turns node features [nodes, in_channels] into [nodes, out_channels], by the sum over the neighbours.

    ``mlp((1 + eps) * x + sum of the neighbours' x)``, where the mlp has one hidden layer with a ReLU: that of
    torch_geometric's ``GINConv``, which asks for the mlp, from numbers that a config can hold. "How Powerful
    are Graph Neural Networks?", Xu et al., 2019, https://arxiv.org/abs/1810.00826.

    Args:
        in_channels: features of a node.
        out_channels: features that the layer yields for a node.
        eps: how much more a node's own features count than a neighbour's.
        train_eps: whether ``eps`` is trained; ``eps`` is then where it starts.
        hidden_channels: width of the hidden layer, at least 1; by default ``out_channels``.
        bias: whether the two linear layers have a bias.
        **kwargs: those of ``MessagePassing``, such as ``aggr``, by default ``sum``.

    Example:
        >>> GINLayer(3, 8)(torch.rand(4, 3), torch.tensor([[0, 1, 2], [1, 2, 3]])).shape
        torch.Size([4, 8])
    """

    takes_sorted_edges = True

    def __init__(  # noqa: PLR0913 - one argument for each key of a config
        self,
        in_channels: int,
        out_channels: int,
        eps: float = 0.0,
        train_eps: bool = False,
        *,
        hidden_channels: int | None = None,
        bias: bool = True,
        **kwargs: Any,
    ) -> None:
        width = out_channels if hidden_channels is None else hidden_channels
        mlp = torch.nn.Sequential(
            torch.nn.Linear(in_channels, width, bias=bias),
            torch.nn.ReLU(),
            torch.nn.Linear(width, out_channels, bias=bias),
        )
        super().__init__(mlp, eps=eps, train_eps=train_eps, **kwargs)

    def propagate(self, edge_index: Any, size: Any = None, **kwargs: Any) -> Tensor:
        """Return the sum of the neighbours' features, or what ``aggr`` says: float [nodes, in_channels]."""
        out = neighbour_sum(self, edge_index, size, kwargs["x"])
        return propagate_plainly(self, edge_index, size, kwargs) if out is None else out
