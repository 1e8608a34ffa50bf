"""Whether the arguments that a config hands on to torch are such as the built-in layers can take.

Most of what is wrong here fails when the layer is built; but a text counts as true to torch, and YAML 1.2
reads ``no`` as a text. Nothing is said of layers, normalizers and activations of the user's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.schema.gnn.blocks import GcnBlockConfig
from qgtune.schema.gnn.heads import ClassifierConfig, GraphFeaturesNetConfig
from qgtune.schema.gnn.model import NetworkConfig
from qgtune.schema.gnn.names import ACTIVATIONS, AGGREGATIONS, LAYER_TYPES, NORMALIZERS
from qgtune.schema.gnn.values import (
    COUNT,
    COUNT_OR_NONE,
    FLAG,
    NUMBER,
    NUMBER_OR_NONE,
    SHARE,
    ValueRule,
    one_of,
    value_problems,
)

_ATTENTION = ("heads", "concat", "negative_slope", "dropout", "add_self_loops", "edge_dim", "fill_value")

LAYER_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "sage": ("aggr", "normalize", "root_weight", "project", "bias"),
    "gcn": ("improved", "cached", "add_self_loops", "normalize", "bias"),
    "gat": (*_ATTENTION, "bias", "residual"),
    "gatv2": (*_ATTENTION, "bias", "share_weights", "residual"),
    "gco": ("aggr", "bias"),
    "gin": ("eps", "train_eps"),
    "graph_transformer": ("heads", "concat", "beta", "dropout", "edge_dim", "bias", "root_weight"),
}
"""Layer type -> the names of its positional arguments after the two dims, in order."""


def _plain(name: str) -> str:
    """Return the name of an aggregation without what torch_geometric leaves out of account in one."""
    plain = name.lower().translate({ord(mark): None for mark in "-_ "})
    return plain.removesuffix("aggregation") or plain


def _is_aggregation(value: Any) -> bool:
    names = value if isinstance(value, list | tuple) and value else [value]
    return all(isinstance(name, str) and _plain(name) in AGGREGATIONS for name in names)


def _nearest_aggregation(value: Any) -> str:
    names = value if isinstance(value, list | tuple) else [value]
    wrong = next((name for name in names if not _is_aggregation(name)), None)
    return did_you_mean(_plain(wrong), sorted(AGGREGATIONS)) if isinstance(wrong, str) else ""


AGGREGATION = ValueRule(
    "the name of an aggregation, such as mean, sum or max, or a list of such",
    _is_aggregation,
    _nearest_aggregation,
)

LAYER_VALUES: Mapping[str, ValueRule] = {
    **dict.fromkeys(("heads", "hidden_channels", "decomposed_layers"), COUNT),
    **dict.fromkeys(("concat", "bias", "add_self_loops", "normalize", "root_weight", "project"), FLAG),
    **dict.fromkeys(("improved", "cached", "residual", "share_weights", "train_eps", "beta"), FLAG),
    **dict.fromkeys(("negative_slope", "eps"), NUMBER),
    "aggr": AGGREGATION,
    "dropout": SHARE,
    "edge_dim": COUNT_OR_NONE,
    "flow": one_of("source_to_target", "target_to_source"),
}
"""Argument of a layer -> what it must be; a fill value is left to the layer itself, and so is what an
aggregation needs besides its name."""

NORMALIZER_VALUES: Mapping[str, ValueRule] = {
    **dict.fromkeys(("affine", "elementwise_affine", "track_running_stats", "bias"), FLAG),
    "eps": NUMBER,
    "momentum": NUMBER_OR_NONE,
}
"""Argument of a normalizer -> what it must be."""

ACTIVATION_VALUES: Mapping[str, ValueRule] = {
    "inplace": FLAG,
    **dict.fromkeys(("negative_slope", "alpha", "beta", "threshold"), NUMBER),
    "approximate": one_of("none", "tanh"),
}
"""Argument of an activation -> what it must be."""

LINEAR_VALUES: Mapping[str, ValueRule] = {"bias": FLAG}
"""Argument of a linear layer -> what it must be."""


def argument_problems(model: NetworkConfig) -> Iterator[ConfigValueError]:
    """Yield an error for each argument in a ``model`` section that what it is for cannot take."""
    for k, block in enumerate(model.gcn_net):
        yield from _block_problems(block, ("model", model.blocks_key, k))
    if model.features_net is not None:
        yield from _dense_problems(model.features_net, ("model", "graph_features_net"))
    yield from _dense_problems(model.classifier, ("model", model.head_key))


def _block_problems(block: GcnBlockConfig, path: Path) -> Iterator[ConfigValueError]:
    yield from _positional_problems(block, path)
    tables = (
        ("gnn_layer_kwargs", LAYER_TYPES.get(block.gnn_layer_type), LAYER_VALUES),
        ("norm_kwargs", NORMALIZERS.get(block.normalizer), NORMALIZER_VALUES),
        ("activation_kwargs", ACTIVATIONS.get(block.activation), ACTIVATION_VALUES),
    )
    for key, taken, rules in tables:
        # What is not taken is dropped.
        given = {name: value for name, value in getattr(block, key).items() if name in (taken or ())}
        yield from value_problems(given, rules, (*path, key))


def _positional_problems(block: GcnBlockConfig, path: Path) -> Iterator[ConfigValueError]:
    names = LAYER_ARGUMENTS.get(block.gnn_layer_type)
    if names is None:
        return
    layer, args = block.gnn_layer_type, block.gnn_layer_args
    if len(args) > len(names):
        listed = f": {', '.join(names)}" if names else ""
        message = f"{layer} takes {len(names)} arguments after its two dims{listed}; here are {len(args)}"
        yield ConfigValueError((*path, "gnn_layer_args"), message)
    for i, (name, value) in enumerate(zip(names, args, strict=False)):
        here: Path = (*path, "gnn_layer_args", i)
        if name in block.layer_kwargs:
            other = "heads" if name == "heads" and block.heads is not None else f"gnn_layer_kwargs.{name}"
            yield ConfigValueError(here, f"is the argument {name} of {layer}, which {other} sets as well")
        elif name in LAYER_VALUES and not LAYER_VALUES[name].holds(value):
            message = (
                f"is the argument {name} of {layer}, and must be {LAYER_VALUES[name].words}, not {value!r}"
            )
            yield ConfigValueError(here, message, LAYER_VALUES[name].hint(value))


def _dense_problems(
    section: ClassifierConfig | GraphFeaturesNetConfig, path: Path
) -> Iterator[ConfigValueError]:
    taken = ACTIVATIONS.get(section.activation, frozenset())
    for i, kwargs in enumerate(section.activation_kwargs):
        given = {name: value for name, value in kwargs.items() if name in taken}
        yield from value_problems(given, ACTIVATION_VALUES, (*path, "activation_kwargs", i))
    for i, kwargs in enumerate(section.backbone_kwargs):
        yield from value_problems(kwargs, LINEAR_VALUES, (*path, "backbone_kwargs", i))
    if isinstance(section.output_kwargs, Sequence):
        for i, kwargs in enumerate(section.output_kwargs):
            yield from value_problems(kwargs, LINEAR_VALUES, (*path, "output_kwargs", i))
    else:
        yield from value_problems(section.output_kwargs, LINEAR_VALUES, (*path, "output_kwargs"))
