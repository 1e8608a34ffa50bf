"""The ``training``, ``validation`` and ``testing`` sections, and the whole graph classification config."""

from typing import Any

from pydantic import Field, field_validator

from qgtune.schema.gnn.model import ModelConfig
from qgtune.schema.gnn.rules import (
    MetricName,
    OptimizerKwargs,
    OptimizerName,
    Section,
    broken_rule,
    unit,
)


class LoaderConfig(Section):
    """The ``validation`` or ``testing`` section: a share of the data, and how it is batched."""

    split: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Share of the data set's graphs.",
        json_schema_extra=unit("share"),
    )
    batch_size: int = Field(
        default=32, ge=1, description="Graphs in a batch.", json_schema_extra=unit("graphs")
    )
    shuffle: bool = Field(default=False, description="Whether the graphs come in a new order in each epoch.")
    drop_last: bool = Field(default=False, description="Whether a last batch that is not full is left out.")
    num_workers: int = Field(
        default=0,
        ge=0,
        description="Processes that load batches; no more are started than the trial has cores to spare.",
        json_schema_extra=unit("processes"),
    )
    persistent_workers: bool = Field(
        default=False, description="Whether loading processes outlive an epoch; without such, no effect."
    )
    prefetch_factor: int | None = Field(
        default=None,
        ge=1,
        description="Batches that each loading process prepares ahead; without such, no effect.",
        json_schema_extra=unit("batches"),
    )
    pin_memory: bool = Field(
        default=False,
        description="Whether batches are copied to the GPU from pinned memory; no effect on a CPU.",
    )


class TrainingConfig(LoaderConfig):
    """The ``training`` section: the loop, early stopping, checkpoints, the optimizer and the loader."""

    seed: int = Field(
        default=0,
        ge=0,
        lt=2**63,
        description="Seed of the split, the weights, the dropout and the batches.",
        json_schema_extra=unit("none"),
    )
    device: str = Field(default="cpu", description="Where to train: cpu, cuda, or one GPU as cuda:0.")
    num_epochs: int = Field(
        default=100,
        ge=1,
        description="Passes over the training graphs, at most.",
        json_schema_extra=unit("epochs"),
    )
    early_stopping_patience: int | None = Field(
        default=None,
        ge=1,
        description="Epochs without improvement after which training stops; null: it never does.",
        json_schema_extra=unit("epochs"),
    )
    early_stopping_window: int = Field(
        default=1,
        ge=1,
        description="Latest epochs whose mean is the value that must improve.",
        json_schema_extra=unit("epochs"),
    )
    early_stopping_tol: float = Field(
        default=0.0,
        ge=0,
        description="What an improvement must exceed.",
        json_schema_extra=unit("that of the metric"),
    )
    early_stopping_metric: MetricName | None = Field(
        default=None,
        description="The validation metric that chooses the best epoch; null: the metric that is tuned.",
    )
    checkpoint_at: int | None = Field(
        default=None,
        ge=1,
        description="A checkpoint is written each time that so many epochs are over.",
        json_schema_extra=unit("epochs"),
    )
    checkpoint_path: str | None = Field(
        default=None,
        min_length=1,
        description="Folder of the checkpoints, relative to the run's output folder.",
    )
    optimizer: OptimizerName = Field(default="Adam", description="The class of torch.optim that is used.")
    optimizer_kwargs: OptimizerKwargs = Field(
        default_factory=dict, description="Further keyword arguments of the optimizer."
    )
    learning_rate: float = Field(
        default=1e-3, gt=0, description="The optimizer's step size.", json_schema_extra=unit("none")
    )
    weight_decay: float = Field(
        default=0.0, ge=0, description="The optimizer's L2 penalty.", json_schema_extra=unit("none")
    )
    split: float = Field(
        default=0.8,
        gt=0,
        lt=1,
        description="Share of the data set's graphs.",
        json_schema_extra=unit("share"),
    )
    shuffle: bool = Field(default=True, description="Whether the graphs come in a new order in each epoch.")

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str) -> str:
        kind, _, index = device.partition(":")
        if device != "cpu" and (kind != "cuda" or (":" in device and not index.isdecimal())):
            raise broken_rule(f"must be cpu, cuda, or cuda: and a number, not {device!r}")
        return device


class GraphClassificationConfig(Section):
    """The config of one graph classification trial: the model, and how it is trained and measured."""

    name: str | None = Field(default=None, description="A name for people; nothing depends on it.")
    task: Any = Field(
        default=None, description="The task that the config is for; read before this schema is."
    )
    data: Any = Field(default=None, description="The data set; read where the data set is made.")
    metric: Any = Field(default=None, description="What is tuned; read where the study is made.")
    model: ModelConfig = Field(description="The graph neural network.")
    training: TrainingConfig = Field(description="How the network is trained.")
    validation: LoaderConfig = Field(description="The graphs on which each epoch is measured.")
    testing: LoaderConfig | None = Field(
        default=None, description="The graphs on which the finished model is measured; null: none are."
    )
