"""What is known of a config's model before it is trained, and only once it is built: its size."""

from collections.abc import Mapping
from typing import Any

import torch

from qgtune.core.paths import Path
from qgtune.nn import build_model
from qgtune.schema.gnn import GRAPH_CLASSIFICATION
from qgtune.training.threads import one_torch_thread

PARAMS: Path = ("model", "params")
"""The path of the number of trainable parameters, as an expression names it: ``model.params``."""


def count_parameters(config: Mapping[str, Any], task: str = GRAPH_CLASSIFICATION) -> int:
    """Return the number of trainable parameters that a config's model will have.

    The model is built on torch's meta device, where a tensor has a shape and no memory; what cannot be built
    without values is built with them, layer by layer. No random number is used up.

    Args:
        config: the whole config; only its ``model`` section is read.
        task: a name in ``qgtune.schema.gnn.TASK_SCHEMAS``, the task that the config is for.

    Raises:
        ConfigValueError: if the model cannot be built; as ``qgtune.nn.build_model``.

    Example:
        >>> block = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "gat", "residual": False}
        >>> classifier = {"input_dim": 8, "output_dims": [2]}
        >>> count_parameters({"model": {"gcn_net": [block], "classifier": classifier}})
        66
    """
    with torch.random.fork_rng(devices=[]), one_torch_thread(), torch.device("meta"):
        model = build_model(config, task)
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
