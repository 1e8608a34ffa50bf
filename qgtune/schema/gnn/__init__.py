"""The schema of a graph classification config: names, types, bounds, and which dims must meet.

Nothing here imports torch: a config is checked in milliseconds.
"""

from qgtune.schema.gnn.checks import (
    drop_last_problem,
    find_problems,
    parse_config,
    parse_model,
)
from qgtune.schema.gnn.dims import block_width, dimension_problems, pooling_width
from qgtune.schema.gnn.installed import installed_names
from qgtune.schema.gnn.model import (
    BLOCKS_KEYS,
    ClassifierConfig,
    GcnBlockConfig,
    ModelConfig,
)
from qgtune.schema.gnn.names import (
    ACTIVATIONS,
    ATTENTION_LAYERS,
    LAYER_TYPES,
    LINEAR_KWARGS,
    MAXIMIZE,
    METRICS,
    MINIMIZE,
    NORMALIZERS,
    OPTIMIZERS,
    POOLINGS,
    RegisteredNames,
    metric_direction,
    untaken_kwargs,
)
from qgtune.schema.gnn.training import (
    GraphClassificationConfig,
    LoaderConfig,
    TrainingConfig,
)

__all__ = [
    "ACTIVATIONS",
    "ATTENTION_LAYERS",
    "BLOCKS_KEYS",
    "LAYER_TYPES",
    "LINEAR_KWARGS",
    "MAXIMIZE",
    "METRICS",
    "MINIMIZE",
    "NORMALIZERS",
    "OPTIMIZERS",
    "POOLINGS",
    "ClassifierConfig",
    "GcnBlockConfig",
    "GraphClassificationConfig",
    "LoaderConfig",
    "ModelConfig",
    "RegisteredNames",
    "TrainingConfig",
    "block_width",
    "dimension_problems",
    "drop_last_problem",
    "find_problems",
    "installed_names",
    "metric_direction",
    "parse_config",
    "parse_model",
    "pooling_width",
    "untaken_kwargs",
]
