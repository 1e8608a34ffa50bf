"""Whether the arguments that a config hands on to torch are such as the built-in layers can take.

Most of what is wrong here fails when the layer is built; but a text counts as true to torch, and YAML 1.2
reads ``no`` as a text. Nothing is said of layers, normalizers and activations of the user's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.schema.gnn.blocks import GcnBlockConfig
from qgtune.schema.gnn.heads import ClassifierConfig, GraphFeaturesNetConfig
from qgtune.schema.gnn.model import NetworkConfig
from qgtune.schema.gnn.names import ACTIVATIONS, LAYER_TYPES, NORMALIZERS


@dataclass(frozen=True, slots=True)
class ValueRule:
    """What an argument must be, in words, and whether a value is that."""

    words: str
    holds: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _one_of(*values: str) -> ValueRule:
    return ValueRule(" or ".join(map(repr, values)), lambda value: value in values)


FLAG = ValueRule("true or false", lambda value: isinstance(value, bool))
NUMBER = ValueRule("a number", _is_number)
SHARE = ValueRule("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
COUNT = ValueRule("a whole number of at least 1", _is_count)
COUNT_OR_NONE = ValueRule(
    "a whole number of at least 1, or null", lambda value: value is None or _is_count(value)
)
MOMENTUM = ValueRule("a number, or null", lambda value: value is None or _is_number(value))

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

LAYER_VALUES: Mapping[str, ValueRule] = {
    **dict.fromkeys(("heads", "hidden_channels", "decomposed_layers"), COUNT),
    **dict.fromkeys(("concat", "bias", "add_self_loops", "normalize", "root_weight", "project"), FLAG),
    **dict.fromkeys(("improved", "cached", "residual", "share_weights", "train_eps", "beta"), FLAG),
    **dict.fromkeys(("negative_slope", "eps"), NUMBER),
    "dropout": SHARE,
    "edge_dim": COUNT_OR_NONE,
    "flow": _one_of("source_to_target", "target_to_source"),
}
"""Argument of a layer -> what it must be; an aggregation and a fill value are left to the layer itself."""

NORMALIZER_VALUES: Mapping[str, ValueRule] = {
    **dict.fromkeys(("affine", "elementwise_affine", "track_running_stats", "bias"), FLAG),
    "eps": NUMBER,
    "momentum": MOMENTUM,
}
"""Argument of a normalizer -> what it must be."""

ACTIVATION_VALUES: Mapping[str, ValueRule] = {
    "inplace": FLAG,
    **dict.fromkeys(("negative_slope", "alpha", "beta", "threshold"), NUMBER),
    "approximate": _one_of("none", "tanh"),
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
        yield from _value_problems(given, rules, (*path, key))


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
            yield ConfigValueError(here, message)


def _dense_problems(
    section: ClassifierConfig | GraphFeaturesNetConfig, path: Path
) -> Iterator[ConfigValueError]:
    taken = ACTIVATIONS.get(section.activation, frozenset())
    for i, kwargs in enumerate(section.activation_kwargs):
        given = {name: value for name, value in kwargs.items() if name in taken}
        yield from _value_problems(given, ACTIVATION_VALUES, (*path, "activation_kwargs", i))
    for i, kwargs in enumerate(section.backbone_kwargs):
        yield from _value_problems(kwargs, LINEAR_VALUES, (*path, "backbone_kwargs", i))
    if isinstance(section.output_kwargs, Sequence):
        for i, kwargs in enumerate(section.output_kwargs):
            yield from _value_problems(kwargs, LINEAR_VALUES, (*path, "output_kwargs", i))
    else:
        yield from _value_problems(section.output_kwargs, LINEAR_VALUES, (*path, "output_kwargs"))


def _value_problems(
    given: Mapping[str, Any], rules: Mapping[str, ValueRule], path: Path
) -> Iterator[ConfigValueError]:
    for name, value in given.items():
        if name in rules and not rules[name].holds(value):
            yield ConfigValueError((*path, name), f"must be {rules[name].words}, not {value!r}")
