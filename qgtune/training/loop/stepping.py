"""One step of the optimizer: gradients gathered, clipped, applied."""

import torch
from torch import Tensor

from qgtune.schema.gnn.training import LoopConfig
from qgtune.training.loop.precision import Precision
from qgtune.training.loop.refusals import refusals
from qgtune.training.loop.schedulers import Schedule


class Stepper:
    """Applies the gradients of one batch, or of several that count as one.

    Args:
        config: the training section.
        model: whose weights are learned.
        optimizer: of these weights.
        schedule: of the learning rate.
        precision: of the model.
    """

    def __init__(
        self,
        config: LoopConfig,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule,
        precision: Precision,
    ) -> None:
        self.optimizer = optimizer
        self.schedule = schedule
        self.precision = precision
        self.batches = getattr(config, "accumulate_batches", 1)
        """How many batches are gathered for a step; a task with one batch for all has no such key."""
        self._norm = config.clip_grad_norm
        self._value = config.clip_grad_value
        self._parameters = [p for p in model.parameters() if p.requires_grad]

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.optimizer.param_groups[0]["lr"])

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss to those that are gathered."""
        self.precision.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]

    def step(self) -> None:
        """Apply the gathered gradients, clipped by value first and by their norm then.

        In fp16 gradients that do not fit are not applied, and the next ones are scaled less; the schedule
        counts the steps that were taken.
        """
        scaler = self.precision.scaler
        if self._value is not None or self._norm is not None:
            scaler.unscale_(self.optimizer)
        if self._value is not None:
            torch.nn.utils.clip_grad_value_(self._parameters, self._value)
        if self._norm is not None:
            torch.nn.utils.clip_grad_norm_(self._parameters, self._norm)
        scale = scaler.get_scale()
        with refusals("optimizer_kwargs", f"{type(self.optimizer).__name__} cannot take a step"):
            scaler.step(self.optimizer)
        scaler.update()
        if scaler.get_scale() >= scale:
            self.schedule.after_step()
