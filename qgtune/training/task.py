"""What a study asks of a task: the one call that turns a config and a data set into a result.

Most tasks subclass ``qgtune.training.SupervisedTask``, which has this call and the whole loop behind it. Any
other object with this ``train`` will do as well, registered under a name::

    class Clustering:
        def train(self, config, dataset, *, metric, on_epoch, on_notice, output_dir, trial_number): ...


    TASKS.register("clustering")(Clustering())

A task that can tell something of a config before it trains, such as the size of its model, has what
``KnowsConfigs`` has besides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from numpy.typing import NDArray

from qgtune.core.paths import Path as ConfigPath


class Target(Protocol):
    """One thing to predict of each graph."""

    @property
    def name(self) -> str:
        """What it is called, for people."""
        ...

    @property
    def num_classes(self) -> int | None:
        """How many classes it has, its labels are 0 to num_classes - 1; None for a number."""
        ...


class LabelledGraphs(Protocol):
    """What the trainer asks of a data set; ``qgtune.data.GraphDataset`` has all of it."""

    @property
    def targets(self) -> Sequence[Target]:
        """What is to be predicted of each graph."""
        ...

    @property
    def num_node_features(self) -> int:
        """How many features each node has."""
        ...

    @property
    def labels(self) -> NDArray[Any]:
        """The classes, int64, or numbers, float32: [graphs, targets], or of node tasks [nodes, targets]."""
        ...

    @property
    def subset(self) -> float | None:
        """How much of the training graphs is trained on, as ``draw_subset`` takes it; None for all."""
        ...

    def __len__(self) -> int: ...

    def graph(self, index: int, /) -> Any:
        """Return a graph as ``torch_geometric.data.Data``.

        ``x``: float32 [nodes, features], ``edge_index``: int64 [2, edges], ``y``: [1, targets], and where
        they exist ``edge_weight``: float32 [edges], ``edge_attr`` and ``graph_features``: float32, in rows.
        """
        ...


@dataclass(frozen=True, slots=True)
class EpochResult:
    """What one epoch came to; epochs count from 0.

    ``train_loss`` is the mean over the samples of the epoch. ``metrics`` are taken on the validation samples,
    and ``value`` is the one that is tuned.
    """

    epoch: int
    train_loss: float
    metrics: Mapping[str, float]
    value: float


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training came to: its best epoch.

    ``model`` has the weights of ``epoch``, ``metrics`` are all metrics on the validation samples at that
    epoch, ``value`` is the one that is tuned, and ``epochs`` is how many epochs were trained.
    """

    value: float
    epoch: int
    metrics: Mapping[str, float]
    model: torch.nn.Module
    epochs: int


OnEpoch = Callable[[EpochResult], None]
OnNotice = Callable[[str], None]


class Task(Protocol):
    """Something that can be tuned."""

    def train(  # noqa: PLR0913 - what a study knows of a trial, each by its name
        self,
        config: Mapping[str, Any],
        dataset: Any,
        *,
        metric: str,
        on_epoch: OnEpoch | None,
        on_notice: OnNotice | None,
        output_dir: Path | None,
        trial_number: int,
    ) -> TrainingResult:
        """Return what training under ``config`` on ``dataset`` came to.

        Args:
            config: the whole config of the trial, plain dicts and lists.
            dataset: what the task learns from.
            metric: the name of the validation metric that is tuned.
            on_epoch: called after each epoch; may raise TrialPruned, which must pass through.
            on_notice: called with each thing worth knowing that stops nothing; the same text each time.
            output_dir: the folder of the run, or None if nothing shall be written.
            trial_number: the trial's number in the study.

        Raises:
            ConfigValueError: for a value of the config that cannot be used.
            TrainingError: if the training diverges.
            TrialPruned: if ``on_epoch`` raises it.
        """
        ...


@runtime_checkable
class KnowsConfigs(Protocol):
    """A task that can tell facts of a config late: once it is resolved, and before it is trained."""

    @property
    def late_fact_paths(self) -> tuple[ConfigPath, ...]:
        """The paths under which expressions name these facts, such as ``("model", "params")``."""
        ...

    def late_facts(self, config: Mapping[str, Any]) -> Mapping[ConfigPath, Any]:
        """Return the facts of a config by path; a value for each of ``late_fact_paths``.

        Args:
            config: the whole config of a trial, plain dicts and lists.

        Raises:
            ConfigValueError: for a value of the config that cannot be used.
        """
        ...


def late_facts(task: Task, config: Mapping[str, Any]) -> Mapping[ConfigPath, Any]:
    """Return what a task can tell of a config before it trains, by path; nothing for a task that cannot.

    Raises:
        ConfigValueError: for a value of the config that cannot be used.

    Example:
        ``late_facts(TASKS["graph_classification"], config)`` gives ``{("model", "params"): 142792}``.
    """
    return task.late_facts(config) if isinstance(task, KnowsConfigs) else {}
