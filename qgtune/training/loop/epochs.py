"""One pass over batches: to learn from them, or to predict their samples."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.training.learning import Context, Learning
from qgtune.training.loop.errors import TrainingError
from qgtune.training.loop.precision import Precision
from qgtune.training.loop.stepping import Stepper
from qgtune.training.scoring.metrics import Predictions


def train_epoch(
    task: Learning, context: Context, batches: Iterable[Any], stepper: Stepper, epoch: int
) -> float:
    """Train the model on each batch once and return the mean loss over the samples.

    Raises:
        TrainingError: at the first batch whose loss is not finite.
        ConfigValueError: if the task gives no batch.
    """
    context.model.train()
    total, samples, step = 0.0, 0, 0
    for group in _groups(batches, stepper.batches):
        on_device = [batch.to(context.device, non_blocking=True) for batch in group]
        sizes = [task.num_samples(batch) for batch in on_device]
        stepper.optimizer.zero_grad()
        for batch, size in zip(on_device, sizes, strict=True):
            loss = _loss(task, context, batch, stepper.precision)
            value = loss.item()
            if not math.isfinite(value):
                raise TrainingError(f"the loss is {value}", epoch, step, stepper.learning_rate)
            # The mean over the samples of the group, as if they were one batch.
            stepper.backward(loss if len(group) == 1 else loss * (size / sum(sizes)))
            total += value * size
            samples += size
            step += 1
        stepper.step()
    if not samples:
        raise ConfigValueError(("training",), "there must be a batch to train on, and the task gives none")
    return total / samples


@torch.no_grad()
def predict(
    task: Learning, context: Context, batches: Iterable[Any], precision: Precision, *, with_loss: bool
) -> Predictions:
    """Return what the model, in evaluation mode, predicts for the samples of the batches.

    Args:
        task: how it learns.
        context: the model, and what it is measured on.
        batches: of at least one sample.
        precision: of the model.
        with_loss: whether the mean of ``task.loss`` is taken as well.

    Raises:
        ConfigValueError: if there is no batch.
    """
    context.model.eval()
    outputs: list[list[Tensor]] = []
    labels: list[Tensor] = []
    total, samples = 0.0, 0
    for cpu_batch in batches:
        batch = cpu_batch.to(context.device, non_blocking=True)
        outputs.append(_outputs(task, context, batch, precision))
        labels.append(task.labels(batch))
        if with_loss:
            size = task.num_samples(batch)
            total += task.loss(outputs[-1], batch, context).item() * size
            samples += size
    if not labels:
        raise ConfigValueError(("data",), "there must be a batch to measure on, and the task gives none")
    return Predictions(
        task.target_names(context.dataset),
        torch.cat(labels).cpu().numpy(),
        task.predictions([torch.cat(parts) for parts in zip(*outputs, strict=True)]),
        total / samples if with_loss else None,
    )


def _outputs(task: Learning, context: Context, batch: Any, precision: Precision) -> list[Tensor]:
    with precision.autocast():
        outputs = task.forward(context.model, batch)
    return precision.as_float32(outputs)


def _loss(task: Learning, context: Context, batch: Any, precision: Precision) -> Tensor:
    return task.loss(_outputs(task, context, batch, precision), batch, context)


def _groups(batches: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(batches)
    while group := list(islice(iterator, size)):
        yield group
