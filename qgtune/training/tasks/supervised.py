"""The task that you subclass: say how it learns, and the whole loop is yours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from qgtune.training.learning import Learning
from qgtune.training.loop.recycling import Recycling
from qgtune.training.loop.trainer import Asked, evaluate, train
from qgtune.training.task import OnEpoch, OnNotice, TrainingResult


class SupervisedTask(Learning):
    """A task with the whole loop: epochs, schedules, early stopping, precision, checkpoints, reports.

    Example::

        class Separation(SupervisedTask):
            def build_model(self, config):
                return torch.nn.Linear(**config["model"])

            def forward(self, model, batch):
                return model(batch.x)

            def loss(self, outputs, batch, context):
                return F.mse_loss(outputs[0], batch.y)


        TASKS.register("separation")(Separation())
    """

    def train(  # noqa: PLR0913 - what a study knows of a trial, each by its name
        self,
        config: Mapping[str, Any],
        dataset: Any,
        *,
        metric: str,
        on_epoch: OnEpoch | None = None,
        on_notice: OnNotice | None = None,
        output_dir: Path | None = None,
        trial_number: int = 0,
        resume: bool = False,
        save: bool = False,
        recycling: Recycling | None = None,
    ) -> TrainingResult:
        """Return the best epoch of the training, with its weights; arguments as of ``loop.trainer.Asked``.

        Raises:
            ConfigValueError: for a value of the config that cannot be used, alone or with this data set.
            TrainingError: if the loss is no longer finite.
            TrialPruned: if ``on_epoch`` raises it.
        """
        asked = Asked(
            metric=metric,
            on_epoch=on_epoch,
            on_notice=on_notice,
            output_dir=output_dir,
            trial_number=trial_number,
            resume=resume,
            save=save,
            recycling=recycling,
        )
        return train(self, config, dataset, asked)

    def evaluate(
        self,
        config: Mapping[str, Any],
        dataset: Any,
        model: torch.nn.Module,
        *,
        section: str | None = "testing",
        on_notice: OnNotice | None = None,
    ) -> dict[str, float]:
        """Return every metric of a trained model on one section; see ``loop.trainer.evaluate``.

        Raises:
            ConfigValueError: if the config has no such section, or cannot be used with this data set.
        """
        return evaluate(self, config, dataset, model, section=section, on_notice=on_notice)
