"""The tasks that come with qgtune, and the registry of tasks."""

from qgtune.core.registry import Registry
from qgtune.training.task import Task
from qgtune.training.tasks.graph_classification import GraphClassificationTask
from qgtune.training.tasks.graph_regression import GraphRegressionTask
from qgtune.training.tasks.node_classification import NodeClassificationTask
from qgtune.training.tasks.supervised import SupervisedTask

TASKS: Registry[Task] = Registry("task")
"""The tasks that a tuning file can name; an entry is an object whose ``train`` is called for each trial.

A package of your own adds one by an entry point of the group ``qgtune.task`` that names such an object.
"""

BUILT_IN: dict[str, SupervisedTask] = {
    "graph_classification": GraphClassificationTask(),
    "graph_regression": GraphRegressionTask(),
    "node_classification": NodeClassificationTask(),
}
"""The tasks that come with qgtune, each with the whole loop."""

for _name, _task in BUILT_IN.items():
    TASKS.register(_name)(_task)

train = BUILT_IN["graph_classification"].train
"""``train(config, dataset, metric=...)`` of graph classification."""

evaluate = BUILT_IN["graph_classification"].evaluate
"""``evaluate(config, dataset, model)`` of graph classification."""
