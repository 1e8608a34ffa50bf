"""Training: the loop, tasks, metrics, checkpoints, memory, and what is kept between trials."""

from qgtune.training.learning import Context
from qgtune.training.loop.checkpoints import save_best_model
from qgtune.training.loop.early_stopping import EarlyStopping
from qgtune.training.loop.errors import TrainingError
from qgtune.training.loop.recycling import Recycling, ResetParameters
from qgtune.training.memory import (
    OutOfMemoryError,
    PeakMemory,
    free_memory,
    with_halved_batches,
    within_memory,
)
from qgtune.training.model_facts import count_parameters
from qgtune.training.model_files import ModelFileError, TrainedModel, model_bytes, read_model
from qgtune.training.scoring.metrics import METRICS, Metric, Predictions
from qgtune.training.scoring.regression_metrics import REGRESSION_METRICS
from qgtune.training.task import (
    EpochResult,
    KnowsConfigs,
    LabelledGraphs,
    Target,
    Task,
    TrainingResult,
    late_facts,
)
from qgtune.training.tasks.graph_classification import GraphClassificationTask
from qgtune.training.tasks.graph_network import GraphNetworkTask, PredictsClasses
from qgtune.training.tasks.graph_regression import GraphRegressionTask
from qgtune.training.tasks.node_classification import NodeClassificationTask
from qgtune.training.tasks.registry import BUILT_IN, TASKS, evaluate, train
from qgtune.training.tasks.supervised import SupervisedTask
from qgtune.training.threads import set_torch_threads

__all__ = [
    "BUILT_IN",
    "METRICS",
    "REGRESSION_METRICS",
    "TASKS",
    "Context",
    "EarlyStopping",
    "EpochResult",
    "GraphClassificationTask",
    "GraphNetworkTask",
    "GraphRegressionTask",
    "KnowsConfigs",
    "LabelledGraphs",
    "Metric",
    "ModelFileError",
    "NodeClassificationTask",
    "OutOfMemoryError",
    "PeakMemory",
    "Predictions",
    "PredictsClasses",
    "Recycling",
    "ResetParameters",
    "SupervisedTask",
    "Target",
    "Task",
    "TrainedModel",
    "TrainingError",
    "TrainingResult",
    "count_parameters",
    "evaluate",
    "free_memory",
    "late_facts",
    "model_bytes",
    "read_model",
    "save_best_model",
    "set_torch_threads",
    "train",
    "with_halved_batches",
    "within_memory",
]
