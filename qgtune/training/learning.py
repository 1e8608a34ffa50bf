"""What the trainer asks of a task: how its model, its data, its loss and its metrics are had."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from qgtune.schema.gnn import LoaderConfig, RegisteredNames, TrainingConfig
from qgtune.schema.gnn.checks import parse_as
from qgtune.schema.gnn.tasks import TaskConfig
from qgtune.training.batching.loaders import GraphSubset, make_loader
from qgtune.training.batching.parts import Indices, random_parts
from qgtune.training.scoring.metrics import Metrics, Predictions, measure
from qgtune.training.task import OnNotice

Outputs = Tensor | Sequence[Tensor]
"""What a model says of a batch: one tensor for each target, or the tensor of the only one."""


class SectionsConfig(TaskConfig):
    """The config of a task without a schema: its loop is checked, and the model section is the task's own."""

    model: Any = Field(default=None, description="The model; read by the task.")
    training: TrainingConfig = Field(description="How the model is trained.")
    validation: LoaderConfig = Field(description="The samples on which each epoch is measured.")
    testing: LoaderConfig | None = Field(
        default=None, description="The samples on which the finished model is measured; null: none are."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What is known while one model is trained or measured.

    ``config`` is the typed config of the trial, an instance of the task's schema.
    """

    config: Any
    dataset: Any
    model: torch.nn.Module
    device: torch.device


class Learning(ABC):
    """How a task learns; ``SupervisedTask``, which you subclass, adds the loop.

    Only ``build_model`` and ``loss`` must be written. An object of the class holds nothing of a trial: one
    serves all trials of a process, and it is pickled by its class.
    """

    schema: ClassVar[type[TaskConfig] | None] = None
    """The pydantic model of the whole config; None: the model section is not checked."""

    metrics: Metrics = MappingProxyType({})
    """The metrics by name. ``loss``, the mean of ``loss`` over the samples, is there without being named."""

    loss_by_target: ClassVar[bool] = False
    """Whether ``measure`` also gives ``loss/target`` for each of several targets, as a metric to tune by."""

    every_epoch: tuple[str, ...] = ("loss",)
    """The metrics that are taken after each epoch, besides the one that is tuned."""

    def parse(self, config: Mapping[str, Any]) -> Any:
        """Return the typed config.

        Raises:
            ConfigValueError: the first problem of the config, at its path.
        """
        names = RegisteredNames(metrics=frozenset({*self.metrics, "loss"}))
        return parse_as(self.schema or SectionsConfig, config, names=names)

    @abstractmethod
    def build_model(self, config: Mapping[str, Any]) -> torch.nn.Module:
        """Return a model with fresh weights, drawn from torch's random numbers.

        Args:
            config: the whole config of a trial, plain dicts and lists.

        Raises:
            ConfigValueError: if the config describes none.
        """

    def shaping(self, config: Mapping[str, Any]) -> Any:
        """Return the part of a config that ``build_model`` reads; by default all of it.

        A worker uses a model again for trials in which this, the seed and the data set are the same.
        """
        return config

    def check_data(self, dataset: Any) -> None:  # noqa: B027 - nothing to do is the usual case
        """Return if the data set can be learned from; asked once for each data set.

        Raises:
            ConfigValueError: at ``("data",)``, for what cannot be.
        """

    def check(self, config: Any, dataset: Any) -> None:  # noqa: B027 - nothing to do is the usual case
        """Return if this typed config and this data set fit; asked for each trial.

        Raises:
            ConfigValueError: at the value that does not fit.
        """

    def split(self, config: Any, dataset: Any) -> Mapping[str, Indices]:
        """Return the numbers of the samples of each section: int64 vectors, disjoint.

        By default a random share of ``len(dataset)`` samples for each section, drawn by ``training.seed``.

        Raises:
            ConfigValueError: if a part cannot be used.
        """
        return random_parts(config, len(dataset))

    def samples(self, dataset: Any) -> Indices:
        """Return the numbers of all samples of a data set: int64; by default ``len(dataset)`` of them."""
        return np.arange(len(dataset), dtype=np.int64)

    def batches(  # noqa: PLR0913 - each is one thing that batches depend on
        self,
        section: str,
        config: Any,
        dataset: Any,
        indices: Indices,
        *,
        device: torch.device,
        on_notice: OnNotice,
    ) -> Iterable[Any]:
        """Return what yields the batches of a section, each time that it is iterated over.

        By default the graphs ``dataset.graph(i)`` in the batches that the section describes. They may depend
        on nothing but the loader's keys of the section, ``training.seed``, and the other arguments: batches
        are made once for all trials that agree in these.

        Args:
            section: ``training``, ``validation`` or ``testing``.
            config: the typed config.
            dataset: the data set.
            indices: the samples.
            device: where the batches go; the trainer moves them by their ``to``.
            on_notice: told what is worth knowing.
        """
        loader: Iterable[Any] = make_loader(
            section,
            getattr(config, section),
            GraphSubset(dataset, indices),
            seed=config.training.seed,
            device=device,
            on_notice=on_notice,
        )
        return loader

    def prepare(self, context: Context, parts: Mapping[str, Indices]) -> None:  # noqa: B027 - nothing to do is the usual case
        """Set in a fresh model what it takes from the data, such as the scale of its targets.

        Only parameters and buffers may be set, and no random numbers drawn.
        """

    def forward(self, model: torch.nn.Module, batch: Any) -> Outputs:
        """Return the model's outputs for a batch; by default ``model(batch)``."""
        outputs: Outputs = model(batch)
        return outputs

    @abstractmethod
    def loss(self, outputs: Sequence[Tensor], batch: Any, context: Context) -> Tensor:
        """Return the mean loss of a batch over its samples, a tensor without dimensions.

        Args:
            outputs: one float32 tensor [samples, ...] for each target.
            batch: the batch, on the model's device.
            context: what else is known.
        """

    def num_samples(self, batch: Any) -> int:
        """Return how many samples a batch has; by default its ``num_graphs``."""
        return int(batch.num_graphs)

    def labels(self, batch: Any) -> Tensor:
        """Return the labels of a batch, [samples, targets]; by default its ``y``."""
        labels: Tensor = batch.y
        return labels

    def predictions(self, outputs: Sequence[Tensor]) -> tuple[NDArray[np.float64], ...]:
        """Return what the metrics' scores are given for each target: float64 [samples, ...].

        Args:
            outputs: of all samples, one tensor [samples, ...] for each target, on any device.
        """
        return tuple(output.double().cpu().numpy() for output in outputs)

    def target_names(self, dataset: Any) -> tuple[str, ...]:
        """Return what is predicted, a name for each target; by default those of ``dataset.targets``."""
        targets = getattr(dataset, "targets", None)
        return tuple(target.name for target in targets) if targets else ("target",)

    def measure(self, predictions: Predictions, names: Iterable[str], context: Context) -> dict[str, float]:
        """Return the named metrics; with several targets also ``metric/target`` for each."""
        del context
        return measure(predictions, names, self.metrics)
