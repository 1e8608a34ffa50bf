"""The names that the model section and the metrics may use, and the keyword arguments that each takes.

The tables stand here without torch, so that a config can be checked in milliseconds. A test holds them
against the registries of ``qgtune.nn`` and ``qgtune.training`` and the real constructor signatures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_MESSAGE_PASSING = frozenset({"aggr", "aggr_kwargs", "flow", "decomposed_layers"})
_ATTENTION = _MESSAGE_PASSING | {"heads", "concat", "dropout", "edge_dim", "bias"}
_GAT = _ATTENTION | {"negative_slope", "add_self_loops", "fill_value", "residual"}

LAYER_TYPES: Mapping[str, frozenset[str]] = {
    "sage": _MESSAGE_PASSING | {"normalize", "root_weight", "project", "bias"},
    "gcn": _MESSAGE_PASSING | {"improved", "cached", "add_self_loops", "normalize", "bias"},
    "gat": _GAT,
    "gatv2": _GAT | {"share_weights"},
    "gco": _MESSAGE_PASSING | {"bias"},
    "gin": _MESSAGE_PASSING | {"eps", "train_eps", "hidden_channels", "bias"},
    "graph_transformer": _ATTENTION | {"beta", "root_weight"},
}
"""Layer type -> the keyword arguments that it takes besides its two dims.

They stand for torch_geometric's SAGEConv, GCNConv, GATConv, GATv2Conv, GraphConv, GINConv with an mlp of one
hidden layer, and TransformerConv. ``node_dim`` is none of them: nodes are always rows.
"""

ATTENTION_LAYERS = frozenset({"gat", "gatv2", "graph_transformer"})
"""The layer types with attention heads, which they concatenate unless ``concat`` is false.

``heads`` and ``concat`` are their first positional arguments after the two dims.
"""

AGGREGATIONS = frozenset(
    {"add", "sum", "mean", "max", "min", "mul", "var", "std", "softmax", "powermean", "median", "quantile"}
    | {"multi", "lstm", "gru", "set2set", "degreescaler", "sort", "graphmultisettransformer", "attentional"}
    | {"equilibrium", "mlp", "deepsets", "settransformer", "lcm", "variancepreserving", "patchtransformer"}
)
"""How a layer may combine what the neighbours of a node send, by the shortest names that
torch_geometric knows; it also takes them as ``MeanAggregation`` or ``power_mean``, in any case of letters."""

NORMALIZERS: Mapping[str, frozenset[str]] = {
    "batch_norm": frozenset({"eps", "momentum", "affine", "track_running_stats", "bias"}),
    "layer_norm": frozenset({"eps", "elementwise_affine", "bias"}),
    "graph_norm": frozenset({"eps"}),
    "identity": frozenset(),
}
"""Normalizer -> the keyword arguments it takes, besides the number of features that it normalizes."""

ACTIVATIONS: Mapping[str, frozenset[str]] = {
    "relu": frozenset({"inplace"}),
    "leaky_relu": frozenset({"negative_slope", "inplace"}),
    "sigmoid": frozenset(),
    "tanh": frozenset(),
    "identity": frozenset(),
    "elu": frozenset({"alpha", "inplace"}),
    "selu": frozenset({"inplace"}),
    "gelu": frozenset({"approximate"}),
    "silu": frozenset({"inplace"}),
    "mish": frozenset({"inplace"}),
    "softplus": frozenset({"beta", "threshold"}),
}
"""Activation -> the keyword arguments it takes."""

POOLINGS = ("mean", "max", "sum")
"""How the features of a graph's nodes become the features of the graph."""

LINEAR_KWARGS = frozenset({"bias"})
"""The keyword arguments that a linear layer of the classifier takes, besides its two dims."""

MINIMIZE, MAXIMIZE = "minimize", "maximize"

METRICS: Mapping[str, str] = {
    "loss": MINIMIZE,
    **dict.fromkeys(
        (
            "accuracy",
            "balanced_accuracy",
            "f1_weighted",
            "f1_macro",
            "f1_micro",
            "precision_weighted",
            "precision_macro",
            "precision_micro",
            "recall_weighted",
            "recall_macro",
            "recall_micro",
            "matthews",
            "roc_auc",
        ),
        MAXIMIZE,
    ),
}
"""Metric of a classification -> the direction in which it gets better."""

REGRESSION_METRICS: Mapping[str, str] = {
    **dict.fromkeys(("loss", "mse", "rmse", "mae", "median_absolute_error", "max_error"), MINIMIZE),
    **dict.fromkeys(("r2", "explained_variance"), MAXIMIZE),
}
"""Metric of a regression -> the direction in which it gets better."""


@dataclass(frozen=True, slots=True)
class RegisteredNames:
    """Names that a user registered, legal besides those of the tables of this module.

    Give it to pydantic as the context:
    ``GraphClassificationConfig.model_validate(config, context=RegisteredNames(layer_types={"mine"}))``.
    """

    layer_types: frozenset[str] = frozenset()
    normalizers: frozenset[str] = frozenset()
    activations: frozenset[str] = frozenset()
    poolings: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()


def untaken_kwargs(layer_type: str, kwargs: Iterable[str]) -> tuple[str, ...]:
    """Return those keyword arguments that a layer type does not take, in the order given.

    They are dropped when the layer is built, so that layer types can share ``gnn_layer_kwargs`` in a search
    space. Of a layer type that is not in ``LAYER_TYPES`` nothing is known here, and nothing is returned.

    Example:
        >>> untaken_kwargs("gcn", ["normalize", "project", "root_weight"])
        ('project', 'root_weight')
    """
    taken = LAYER_TYPES.get(layer_type)
    return () if taken is None else tuple(name for name in kwargs if name not in taken)


def metric_direction(metric: str, metrics: Mapping[str, str] = METRICS) -> str | None:
    """Return ``minimize`` or ``maximize`` for a metric of a table, or None for any other name.

    A metric of one target is named ``metric/target`` and has the metric's direction.

    Example:
        >>> metric_direction("f1_weighted"), metric_direction("loss/dimension")
        ('maximize', 'minimize')
        >>> metric_direction("r2", REGRESSION_METRICS)
        'maximize'
    """
    return metrics.get(metric.partition("/")[0])
