"""The schemas of the tasks' configs: names, types, bounds, and which dims must meet.

Nothing here imports torch: a config is checked in milliseconds.
"""

from qgtune.schema.gnn.arguments import (
    ACTIVATION_VALUES,
    LAYER_ARGUMENTS,
    LAYER_VALUES,
    LINEAR_VALUES,
    NORMALIZER_VALUES,
)
from qgtune.schema.gnn.blocks import (
    GcnBlockConfig,
)
from qgtune.schema.gnn.checks import (
    GRAPH_CLASSIFICATION,
    drop_last_problem,
    find_problems,
    parse_config,
    parse_model,
    parse_shapes,
)
from qgtune.schema.gnn.dims import (
    block_width,
    dimension_problems,
    head_width,
    pooling_width,
)
from qgtune.schema.gnn.heads import (
    ClassifierConfig,
    GraphFeaturesNetConfig,
    RegressionHeadConfig,
)
from qgtune.schema.gnn.installed import installed_datasets, installed_names, installed_tasks
from qgtune.schema.gnn.model import (
    BLOCKS_KEYS,
    HEAD_KEYS,
    ModelConfig,
    NetworkConfig,
    NodeModelConfig,
    RegressionModelConfig,
)
from qgtune.schema.gnn.names import (
    ACTIVATIONS,
    AGGREGATIONS,
    ATTENTION_LAYERS,
    LAYER_TYPES,
    LINEAR_KWARGS,
    MAXIMIZE,
    METRICS,
    MINIMIZE,
    NORMALIZERS,
    POOLINGS,
    REGRESSION_METRICS,
    RegisteredNames,
    metric_direction,
    untaken_kwargs,
)
from qgtune.schema.gnn.optimization import (
    NEEDED_BY_SCHEDULER,
    OPTIMIZERS,
    SCHEDULERS,
    UNUSABLE_SCHEDULERS,
)
from qgtune.schema.gnn.optimization_values import (
    OPTIMIZER_VALUES,
    OWN_OPTIMIZER_VALUES,
    OWN_SCHEDULER_VALUES,
    SCHEDULER_VALUES,
)
from qgtune.schema.gnn.tasks import (
    TASK_SCHEMAS,
    GraphClassificationConfig,
    GraphRegressionConfig,
    NodeClassificationConfig,
    TaskConfig,
    TaskSchema,
)
from qgtune.schema.gnn.training import (
    LoaderConfig,
    LoopConfig,
    NodePartConfig,
    NodeTrainingConfig,
    PartConfig,
    RegressionTrainingConfig,
    TrainingConfig,
)

__all__ = [
    "ACTIVATIONS",
    "ACTIVATION_VALUES",
    "AGGREGATIONS",
    "ATTENTION_LAYERS",
    "BLOCKS_KEYS",
    "GRAPH_CLASSIFICATION",
    "HEAD_KEYS",
    "LAYER_ARGUMENTS",
    "LAYER_TYPES",
    "LAYER_VALUES",
    "LINEAR_KWARGS",
    "LINEAR_VALUES",
    "MAXIMIZE",
    "METRICS",
    "MINIMIZE",
    "NEEDED_BY_SCHEDULER",
    "NORMALIZERS",
    "NORMALIZER_VALUES",
    "OPTIMIZERS",
    "OPTIMIZER_VALUES",
    "OWN_OPTIMIZER_VALUES",
    "OWN_SCHEDULER_VALUES",
    "POOLINGS",
    "REGRESSION_METRICS",
    "SCHEDULERS",
    "SCHEDULER_VALUES",
    "TASK_SCHEMAS",
    "UNUSABLE_SCHEDULERS",
    "ClassifierConfig",
    "GcnBlockConfig",
    "GraphClassificationConfig",
    "GraphFeaturesNetConfig",
    "GraphRegressionConfig",
    "LoaderConfig",
    "LoopConfig",
    "ModelConfig",
    "NetworkConfig",
    "NodeClassificationConfig",
    "NodeModelConfig",
    "NodePartConfig",
    "NodeTrainingConfig",
    "PartConfig",
    "RegisteredNames",
    "RegressionHeadConfig",
    "RegressionModelConfig",
    "RegressionTrainingConfig",
    "TaskConfig",
    "TaskSchema",
    "TrainingConfig",
    "block_width",
    "dimension_problems",
    "drop_last_problem",
    "find_problems",
    "head_width",
    "installed_datasets",
    "installed_names",
    "installed_tasks",
    "metric_direction",
    "parse_config",
    "parse_model",
    "parse_shapes",
    "pooling_width",
    "untaken_kwargs",
]
