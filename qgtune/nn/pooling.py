"""How the features of nodes become the features of their graph: one pooling, or several side by side."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.nn.construction import entry, one_line, with_values_where_needed
from qgtune.nn.layers import POOLING, PoolingFunction

_NODES = 4


class ConcatenatedPooling:
    """Turns node features [nodes, features] into what several poolings give, side by side.

    Args:
        poolings: the poolings, in order.

    Example:
        >>> both = ConcatenatedPooling([POOLING["sum"], POOLING["max"]])
        >>> both(torch.tensor([[1.0], [2.0], [5.0]]), torch.tensor([0, 0, 1]), 2).tolist()
        [[3.0, 2.0], [5.0, 5.0]]
    """

    def __init__(self, poolings: Sequence[PoolingFunction]) -> None:
        self.poolings = tuple(poolings)

    def __call__(self, x: Tensor, batch: Tensor, size: int | None = None) -> Tensor:
        """Return the features of each graph, float [graphs, the sum of what the poolings give].

        Args:
            x: node features, float [nodes, features].
            batch: the graph that each node belongs to, int64 [nodes].
            size: the number of graphs; by default one more than the largest of ``batch``.
        """
        return torch.cat([pooling(x, batch, size) for pooling in self.poolings], dim=1)


def make_pooling(pooling_layer: str | Sequence[str], path: Path) -> PoolingFunction:
    """Return the pooling that ``model.pooling_layer`` names, which stands at ``path`` of the config.

    Raises:
        ConfigValueError: if a name is unknown.
    """
    if isinstance(pooling_layer, str):
        return entry(POOLING, pooling_layer, path)
    return ConcatenatedPooling([entry(POOLING, name, (*path, i)) for i, name in enumerate(pooling_layer)])


@torch.no_grad()
def pooled_example(pooling_layer: str | Sequence[str], width: int, path: Path) -> Tensor:
    """Return what a pooling gives for one graph, float [1, features], to learn how many features that is.

    Args:
        pooling_layer: the value of ``model.pooling_layer``.
        width: features of a node.
        path: where the value stands in the config, for messages.

    Raises:
        ConfigValueError: if a name is unknown, or a pooling cannot work with features of that width, or gives
            anything else than one row for each graph.
    """
    if not isinstance(pooling_layer, str):
        parts = [pooled_example(name, width, (*path, i)) for i, name in enumerate(pooling_layer)]
        # One of them may have needed values, and then stands on the CPU.
        device = "meta" if all(part.is_meta for part in parts) else "cpu"
        return torch.cat([torch.empty_like(part, device=device) for part in parts], dim=1)
    pooling = entry(POOLING, pooling_layer, path)

    def run() -> Any:
        return pooling(torch.ones(_NODES, width), torch.zeros(_NODES, dtype=torch.int64), 1)

    try:
        out = with_values_where_needed(run)
    except Exception as error:
        message = f"{pooling_layer} cannot gather {width} features: {one_line(error)}"
        raise ConfigValueError(path, message) from error
    if not isinstance(out, Tensor) or out.dim() != 2 or out.size(0) != 1:
        shape = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        message = f"{pooling_layer} must give one row of features for each graph: {shape} of 1 graph"
        raise ConfigValueError(path, message)
    return out
