"""The task that comes with qgtune, graph classification, and the registry of tasks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgtune.core.paths import Path as ConfigPath
from qgtune.core.registry import Registry
from qgtune.training.model_facts import PARAMS, count_parameters
from qgtune.training.task import LabelledGraphs, OnEpoch, OnNotice, Task, TrainingResult
from qgtune.training.trainer import train

TASKS: Registry[Task] = Registry("task")
"""The tasks that a tuning file can name; an entry is an object whose ``train`` is called for each trial."""


class GraphClassificationTask:
    """Trains a graph neural network that predicts one class of each graph for each target."""

    def train(  # noqa: PLR0913 - the arguments of every task
        self,
        config: Mapping[str, Any],
        dataset: LabelledGraphs,
        *,
        metric: str,
        on_epoch: OnEpoch | None = None,
        on_notice: OnNotice | None = None,
        output_dir: Path | None = None,
        trial_number: int = 0,
    ) -> TrainingResult:
        """Return the best epoch of the training; see ``qgtune.training.train``.

        Raises:
            ConfigValueError: for a value of the config that cannot be used, alone or with this data set.
            TrainingError: if the loss is no longer finite.
            TrialPruned: if ``on_epoch`` raises it.
        """
        return train(
            config,
            dataset,
            metric=metric,
            on_epoch=on_epoch,
            on_notice=on_notice,
            output_dir=output_dir,
            trial_number=trial_number,
        )

    @property
    def late_fact_paths(self) -> tuple[ConfigPath, ...]:
        """``model.params``: the number of trainable parameters."""
        return (PARAMS,)

    def late_facts(self, config: Mapping[str, Any]) -> Mapping[ConfigPath, Any]:
        """Return ``model.params`` of a config.

        Raises:
            ConfigValueError: if its model cannot be built.
        """
        return {PARAMS: count_parameters(config)}


TASKS.register("graph_classification")(GraphClassificationTask())
