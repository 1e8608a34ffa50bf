"""The ``training``, ``validation`` and ``testing`` sections of each task's config."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from qgtune.schema.gnn.optimization import (
    OptimizerKwargs,
    OptimizerName,
    SchedulerKwargs,
    SchedulerName,
    missing_for_scheduler,
)
from qgtune.schema.gnn.rules import (
    MetricName,
    RegressionMetricName,
    Section,
    broken_rule,
    unit,
)


class PartConfig(Section):
    """A section that takes a part of the data."""

    split: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Share of the data set's graphs.",
        json_schema_extra=unit("share"),
    )


class LoaderConfig(PartConfig):
    """The ``validation`` or ``testing`` section: a share of the data, and how it is batched."""

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


class LoopConfig(PartConfig):
    """What the ``training`` sections of all tasks have: the loop, its end, checkpoints, the optimizer."""

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
        description="Passes over the training data, at most.",
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
    scheduler: SchedulerName | None = Field(
        default=None,
        description="The class of torch.optim.lr_scheduler that changes the learning rate; null: none does.",
    )
    scheduler_kwargs: SchedulerKwargs = Field(
        default_factory=dict, validate_default=True, description="Keyword arguments of the scheduler."
    )
    clip_grad_norm: float | None = Field(
        default=None,
        gt=0,
        description="The largest norm that the gradients together may have; null: any.",
        json_schema_extra=unit("none"),
    )
    clip_grad_value: float | None = Field(
        default=None,
        gt=0,
        description="The largest absolute value that a gradient may have; null: any.",
        json_schema_extra=unit("none"),
    )
    precision: Literal["float32", "bf16", "fp16"] = Field(
        default="float32",
        description="In which numbers the model computes where that is safe; fp16 needs a GPU.",
    )

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str) -> str:
        kind, _, index = device.partition(":")
        if device != "cpu" and (kind != "cuda" or (":" in device and not index.isdecimal())):
            raise broken_rule(f"must be cpu, cuda, or cuda: and a number, not {device!r}")
        return device

    @field_validator("precision")
    @classmethod
    def _possible_precision(cls, precision: str, info: ValidationInfo) -> str:
        if precision == "fp16" and info.data.get("device") == "cpu":
            message = (
                "fp16 needs a GPU, which keeps its small gradients by scaling, and training.device is cpu"
            )
            raise broken_rule(message, "bf16 works on a CPU")
        return precision

    @field_validator("scheduler_kwargs")
    @classmethod
    def _all_that_it_needs(cls, kwargs: dict[str, object], info: ValidationInfo) -> dict[str, object]:
        scheduler = info.data.get("scheduler")
        missing = missing_for_scheduler(scheduler, kwargs)
        if missing:
            raise broken_rule(f"must hold {' and '.join(missing)}, which {scheduler} needs, not {kwargs!r}")
        return kwargs


class TrainingConfig(LoopConfig, LoaderConfig):
    """The ``training`` section of graph classification: the loop, and how the graphs are batched."""

    early_stopping_metric: MetricName | None = Field(
        default=None,
        description="The validation metric that chooses the best epoch; null: the metric that is tuned.",
    )
    accumulate_batches: int = Field(
        default=1,
        ge=1,
        description="Batches whose gradients are gathered for one step of the optimizer.",
        json_schema_extra=unit("batches"),
    )
    split: float = Field(
        default=0.8,
        gt=0,
        lt=1,
        description="Share of the data set's graphs.",
        json_schema_extra=unit("share"),
    )
    shuffle: bool = Field(default=True, description="Whether the graphs come in a new order in each epoch.")


class RegressionTrainingConfig(TrainingConfig):
    """The ``training`` section of graph regression."""

    early_stopping_metric: RegressionMetricName | None = Field(
        default=None,
        description="The validation metric that chooses the best epoch; null: the metric that is tuned.",
    )
    loss: Literal["mse", "mae", "huber"] = Field(
        default="mse",
        description="What is minimized: the mean of the squared, of the absolute, or of the Huber errors.",
    )
    standardize_targets: bool = Field(
        default=True,
        description="Whether each target is learned with mean 0 and standard deviation 1 on the training "
        "graphs; predictions and metrics are in the data's own units.",
    )


class NodePartConfig(PartConfig):
    """The ``validation`` or ``testing`` section of node classification: a share of the nodes."""

    why_absent: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (*(key for key in LoaderConfig.model_fields if key != "split"), "accumulate_batches"),
        "node_classification trains on the whole graph at once, so that there are no batches",
    )

    split: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Share of the labelled nodes; without effect where the data set itself has parts.",
        json_schema_extra=unit("share"),
    )


class NodeTrainingConfig(LoopConfig, NodePartConfig):
    """The ``training`` section of node classification: each epoch is one step on the whole graph."""

    early_stopping_metric: MetricName | None = Field(
        default=None,
        description="The validation metric that chooses the best epoch; null: the metric that is tuned.",
    )
    split: float = Field(
        default=0.8,
        gt=0,
        lt=1,
        description="Share of the labelled nodes; without effect where the data set itself has parts.",
        json_schema_extra=unit("share"),
    )
