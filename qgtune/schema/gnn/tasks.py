"""The tasks whose configs qgtune knows: for each the schema, the metrics, and what data it is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from qgtune.schema.data_settings import Level, Predicts
from qgtune.schema.gnn.model import ModelConfig, NetworkConfig, NodeModelConfig, RegressionModelConfig
from qgtune.schema.gnn.names import METRICS, REGRESSION_METRICS
from qgtune.schema.gnn.rules import Section
from qgtune.schema.gnn.training import (
    LoaderConfig,
    LoopConfig,
    NodePartConfig,
    NodeTrainingConfig,
    PartConfig,
    RegressionTrainingConfig,
    TrainingConfig,
)


class TaskConfig(Section):
    """What the configs of all tasks have; each task says more of the sections."""

    name: str | None = Field(default=None, description="A name for people; nothing depends on it.")
    task: Any = Field(
        default=None, description="The task that the config is for; read before this schema is."
    )
    data: Any = Field(default=None, description="The data set; read where the data set is made.")
    metric: Any = Field(default=None, description="What is tuned; read where the study is made.")
    model: NetworkConfig = Field(description="The graph neural network.")
    training: LoopConfig = Field(description="How the network is trained.")
    validation: PartConfig = Field(description="The part of the data on which each epoch is measured.")
    testing: PartConfig | None = Field(
        default=None,
        description="The part of the data on which the finished model is measured; null: none is.",
    )

    @property
    def shares(self) -> dict[str, float]:
        """The share of the data that each section takes, in the order in which they are taken."""
        shares = {"training": self.training.split, "validation": self.validation.split}
        return shares if self.testing is None else {**shares, "testing": self.testing.split}


class GraphClassificationConfig(TaskConfig):
    """The config of one graph classification trial: the model, and how it is trained and measured."""

    model: ModelConfig = Field(description="The graph neural network.")
    training: TrainingConfig = Field(description="How the network is trained.")
    validation: LoaderConfig = Field(description="The graphs on which each epoch is measured.")
    testing: LoaderConfig | None = Field(
        default=None, description="The graphs on which the finished model is measured; null: none are."
    )


class GraphRegressionConfig(TaskConfig):
    """The config of one graph regression trial: the model, and how it is trained and measured."""

    model: RegressionModelConfig = Field(description="The graph neural network.")
    training: RegressionTrainingConfig = Field(description="How the network is trained.")
    validation: LoaderConfig = Field(description="The graphs on which each epoch is measured.")
    testing: LoaderConfig | None = Field(
        default=None, description="The graphs on which the finished model is measured; null: none are."
    )


class NodeClassificationConfig(TaskConfig):
    """The config of one node classification trial: the model, and how it is trained and measured."""

    model: NodeModelConfig = Field(description="The graph neural network.")
    training: NodeTrainingConfig = Field(description="How the network is trained.")
    validation: NodePartConfig = Field(description="The nodes on which each epoch is measured.")
    testing: NodePartConfig | None = Field(
        default=None, description="The nodes on which the finished model is measured; null: none are."
    )


@dataclass(frozen=True, slots=True)
class TaskSchema:
    """What is known of a task without torch.

    Args:
        name: what a tuning file calls it.
        config: the schema of its configs.
        metrics: each metric that it reports, and the direction in which that gets better.
        level: whether a graph or a node has a label.
        predicts: whether a label is one of several classes, or a number.
    """

    name: str
    config: type[TaskConfig]
    metrics: Mapping[str, str]
    level: Level
    predicts: Predicts


TASK_SCHEMAS: Mapping[str, TaskSchema] = {
    schema.name: schema
    for schema in (
        TaskSchema("graph_classification", GraphClassificationConfig, METRICS, "graph", "classes"),
        TaskSchema("graph_regression", GraphRegressionConfig, REGRESSION_METRICS, "graph", "values"),
        TaskSchema("node_classification", NodeClassificationConfig, METRICS, "node", "classes"),
    )
}
"""Task -> what is known of it."""
