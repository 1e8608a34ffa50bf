"""A task of your own: of each graph an interval is told in which its value lies nine times out of ten.

The network tells the quantiles 0.05 and 0.95, and learns them by the pinball loss (R. Koenker and G. Bassett,
"Regression Quantiles", Econometrica 46, 1978).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn import SAGEConv, global_mean_pool

from qgtune.training import Context, Metric, SupervisedTask

QUANTILES = (0.05, 0.95)


class IntervalNetwork(nn.Module):
    """Rounds of messages, the mean over the nodes, and one number for each quantile.

    Args:
        num_node_features: features of a node.
        width: features of a node after each round.
        rounds: how often messages are passed.
    """

    def __init__(self, num_node_features: int, width: int, rounds: int) -> None:
        super().__init__()
        widths = [num_node_features, *[width] * rounds]
        self.rounds = nn.ModuleList(SAGEConv(*pair) for pair in pairwise(widths))
        self.head = nn.Linear(width, len(QUANTILES))

    def forward(self, batch: Any) -> Tensor:
        """Return float32 [graphs, quantiles], the lower one first."""
        x = batch.x
        for messages in self.rounds:
            x = messages(x, batch.edge_index).relu()
        lower, length = self.head(global_mean_pool(x, batch.batch, batch.num_graphs)).unbind(1)
        return torch.stack([lower, lower + nn.functional.softplus(length)], dim=1)


def pinball(errors: Tensor) -> Tensor:
    """Return the mean loss of errors [graphs, quantiles], each the true value less the quantile."""
    quantiles = errors.new_tensor(QUANTILES)
    return torch.maximum(quantiles * errors, (quantiles - 1) * errors).mean()


def interval_score(true: np.ndarray, told: np.ndarray) -> float:
    """Return the mean length of the intervals, and 20 times as much as true values lie beside them."""
    lower, upper = told.T
    beside = np.maximum(lower - true, 0) + np.maximum(true - upper, 0)
    return float((upper - lower + 20 * beside).mean())


def coverage(true: np.ndarray, told: np.ndarray) -> float:
    """Return the share of the true values that lie in their intervals; 0.9 is meant."""
    return float(((told[:, 0] <= true) & (true <= told[:, 1])).mean())


class IntervalTask(SupervisedTask):
    """Says what is learned and how it is measured; the loop, checkpoints and early stopping are qgtune's."""

    metrics: ClassVar = {
        "interval_score": Metric("minimize", interval_score),
        "coverage": Metric("maximize", coverage),
    }

    def build_model(self, config: Mapping[str, Any]) -> nn.Module:
        """Return the network that the section ``model`` describes."""
        return IntervalNetwork(**config["model"])

    def loss(self, outputs: Sequence[Tensor], batch: Any, context: Context) -> Tensor:
        """Return the pinball loss of a batch."""
        del context
        return pinball(batch.y.float() - outputs[0])


task = IntervalTask()
