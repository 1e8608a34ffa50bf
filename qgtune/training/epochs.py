"""One pass over a loader: to learn from its batches, or to predict their graphs."""

import math

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader

from qgtune.training.errors import TrainingError
from qgtune.training.metrics import Predictions


def train_epoch(
    model: torch.nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer, epoch: int
) -> float:
    """Train the model on each batch once and return the mean loss over the graphs.

    The loss is the cross-entropy, and with several targets the mean of theirs.

    Raises:
        TrainingError: at the first batch whose loss is not finite.
    """
    model.train()
    device = _device_of(model)
    total, graphs = 0.0, 0
    for step, cpu_batch in enumerate(loader):
        batch = cpu_batch.to(device, non_blocking=True)
        optimizer.zero_grad()
        losses = [
            F.cross_entropy(logits, y) for logits, y in zip(_logits(model, batch), batch.y.T, strict=True)
        ]
        loss = torch.stack(losses).mean()
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingError(f"the loss is {value}", epoch, step, optimizer.param_groups[0]["lr"])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += value * batch.num_graphs
        graphs += batch.num_graphs
    return total / graphs


@torch.no_grad()
def predict(model: torch.nn.Module, loader: DataLoader, target_names: tuple[str, ...]) -> Predictions:
    """Return what the model, in evaluation mode, predicts for the graphs of a loader."""
    model.eval()
    device = _device_of(model)
    logits: list[list[Tensor]] = []
    labels: list[Tensor] = []
    for cpu_batch in loader:
        batch = cpu_batch.to(device, non_blocking=True)
        logits.append(_logits(model, batch))
        labels.append(batch.y)
    of_targets = [torch.cat(parts).double().log_softmax(dim=1) for parts in zip(*logits, strict=True)]
    return Predictions(
        target_names, torch.cat(labels).cpu().numpy(), tuple(each.cpu().numpy() for each in of_targets)
    )


def _logits(model: torch.nn.Module, batch: Batch) -> list[Tensor]:
    logits: list[Tensor] = model(batch.x, batch.edge_index, batch.batch, batch.num_graphs)
    return logits


def _device_of(model: torch.nn.Module) -> torch.device:
    return next(model.parameters()).device
