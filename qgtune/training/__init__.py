"""Training: one trial's loop, its metrics, early stopping and checkpoints, and the tasks that use them."""

from qgtune.training.early_stopping import EarlyStopping
from qgtune.training.errors import TrainingError
from qgtune.training.graph_classification import TASKS, GraphClassificationTask
from qgtune.training.metrics import METRICS, Metric
from qgtune.training.model_facts import count_parameters
from qgtune.training.task import (
    EpochResult,
    KnowsConfigs,
    LabelledGraphs,
    Target,
    Task,
    TrainingResult,
    late_facts,
)
from qgtune.training.threads import set_torch_threads
from qgtune.training.trainer import evaluate, train

__all__ = [
    "METRICS",
    "TASKS",
    "EarlyStopping",
    "EpochResult",
    "GraphClassificationTask",
    "KnowsConfigs",
    "LabelledGraphs",
    "Metric",
    "Target",
    "Task",
    "TrainingError",
    "TrainingResult",
    "count_parameters",
    "evaluate",
    "late_facts",
    "set_torch_threads",
    "train",
]
