"""The loop over the epochs, and all that it needs in order to go on where it was ended."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from qgtune.training.batching.parts import TRAINING, VALIDATION
from qgtune.training.learning import Context, Learning
from qgtune.training.loop.assembly import Batches
from qgtune.training.loop.checkpoints import Checkpoints
from qgtune.training.loop.devices import random_state, set_random_state
from qgtune.training.loop.early_stopping import EarlyStopping, improves
from qgtune.training.loop.epochs import predict, train_epoch
from qgtune.training.loop.errors import TrainingError
from qgtune.training.loop.stepping import Stepper
from qgtune.training.scoring.metrics import LOSS, Predictions
from qgtune.training.task import EpochResult, OnEpoch, OnNotice, TrainingResult


@dataclass(frozen=True, slots=True)
class Reporting:
    """What is told of each epoch, and to whom.

    ``metric`` is tuned, and ``chosen_by`` is the metric that chooses the best epoch.
    """

    metric: str
    chosen_by: str
    on_epoch: OnEpoch | None
    on_notice: OnNotice


@dataclass(slots=True)
class Best:
    """The best epoch so far: its result, its weights, and its predictions for the validation samples."""

    result: EpochResult
    weights: dict[str, Tensor]
    predictions: Predictions

    def state(self) -> dict[str, Any]:
        """Return it in values that ``torch.load`` reads without running code."""
        result, predictions = self.result, self.predictions
        return {
            "epoch": result.epoch,
            "train_loss": result.train_loss,
            "metrics": dict(result.metrics),
            "value": result.value,
            "weights": self.weights,
            "target_names": list(predictions.target_names),
            "labels": torch.as_tensor(predictions.labels),
            "outputs": [torch.as_tensor(output) for output in predictions.outputs],
            "loss": predictions.loss,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> "Best":
        """Return what ``state`` was taken from."""
        return cls(
            EpochResult(state["epoch"], state["train_loss"], state["metrics"], state["value"]),
            state["weights"],
            Predictions(
                tuple(state["target_names"]),
                state["labels"].cpu().numpy(),
                tuple(output.cpu().numpy() for output in state["outputs"]),
                state["loss"],
            ),
        )


@dataclass(slots=True, kw_only=True)
class Fit:
    """The loop over the epochs, and what it needs in each."""

    task: Learning
    context: Context
    batches: Mapping[str, Batches]
    stepper: Stepper
    stopping: EarlyStopping
    reporting: Reporting
    checkpoints: Checkpoints | None
    best: Best | None = None
    epochs: int = 0
    """How many are over."""

    def run(self, num_epochs: int) -> TrainingResult:
        """Return the best of all epochs, with its weights, once there is no further one.

        Raises:
            TrainingError: if a loss is no longer finite, or the metric was not a number in any epoch.
        """
        while self.epochs < num_epochs and not self.stopping.should_stop:
            self._epoch(self.epochs)
        if self.best is None:
            reason = f"{self.reporting.chosen_by} was not a number in any epoch"
            raise self._failure(reason, self.epochs - 1)
        model = self.context.model
        model.load_state_dict(self.best.weights)
        model.eval()
        self._keep(self.best.result)
        return TrainingResult(
            value=self.best.result.value,
            epoch=self.best.result.epoch,
            metrics=self.task.measure(self.best.predictions, (*self.task.metrics, LOSS), self.context),
            model=model,
            epochs=self.epochs,
        )

    def _keep(self, best: EpochResult) -> None:
        """Leave the best model among the checkpoints; what was learned counts even if the disk is full."""
        if self.checkpoints is None:
            return
        try:
            self.checkpoints.best(best, self.context.model)
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            self.reporting.on_notice(f"the model cannot be kept: {error.filename}: {reason}")

    def _epoch(self, epoch: int) -> None:
        train_loss = train_epoch(self.task, self.context, self.batches[TRAINING].batches, self.stepper, epoch)
        predictions = predict(
            self.task,
            self.context,
            self.batches[VALIDATION].batches,
            self.stepper.precision,
            with_loss=LOSS not in self.task.metrics,
        )
        names = (LOSS, *self.task.every_epoch, self.reporting.metric, self.reporting.chosen_by)
        metrics = self.task.measure(predictions, names, self.context)
        if not math.isfinite(metrics[LOSS]):
            raise self._failure(f"the loss on the validation {self._level}s is {metrics[LOSS]}", epoch)
        result = EpochResult(epoch, train_loss, metrics, metrics[self.reporting.metric])
        self._compare(result, predictions)
        self.stepper.schedule.after_epoch(metrics[self.reporting.chosen_by])
        self.epochs = epoch + 1
        try:
            # Told before it is saved: a training that is killed in between tells this epoch again.
            if self.reporting.on_epoch is not None:
                self.reporting.on_epoch(result)
        finally:
            if self.checkpoints is not None and self.checkpoints.is_due(epoch):
                self.checkpoints.after_epoch(result, self._state())

    @property
    def _level(self) -> str:
        return str(getattr(self.context.dataset, "level", "graph"))

    def _compare(self, result: EpochResult, predictions: Predictions) -> None:
        """Take note of an epoch that is the best so far."""
        chosen = result.metrics[self.reporting.chosen_by]
        self.stopping.update(chosen)
        best = None if self.best is None else self.best.result.metrics[self.reporting.chosen_by]
        if improves(chosen, best, self.stopping.direction):
            state = self.context.model.state_dict()
            weights = {name: value.detach().clone() for name, value in state.items()}
            self.best = Best(result, weights, predictions)

    def _state(self) -> dict[str, Any]:
        return {
            "epoch": self.epochs - 1,
            "model": self.context.model.state_dict(),
            "optimizer": self.stepper.optimizer.state_dict(),
            "schedule": self.stepper.schedule.state(),
            "scaler": self.stepper.precision.scaler.state_dict(),
            "stopping": self.stopping.state(),
            "random": random_state(self.context.device),
            "order": {name: batches.generators_state() for name, batches in self.batches.items()},
            "best": None if self.best is None else self.best.state(),
        }

    def go_on_from(self, state: Mapping[str, Any] | None) -> None:
        """Set everything to how it was at a checkpoint; nothing, if there is none."""
        if state is None:
            return
        self.epochs = state["epoch"] + 1
        self.context.model.load_state_dict(state["model"])
        self.stepper.optimizer.load_state_dict(state["optimizer"])
        self.stepper.schedule.load(state["schedule"])
        self.stepper.precision.scaler.load_state_dict(state["scaler"])
        self.stopping.load(state["stopping"])
        set_random_state(state["random"], self.context.device)
        for name, batches in self.batches.items():
            batches.set_generators_state(state["order"][name])
        self.best = None if state["best"] is None else Best.load(state["best"])

    def _failure(self, reason: str, epoch: int) -> TrainingError:
        return TrainingError(reason, epoch, None, self.stepper.learning_rate)
