"""What of a config is commonly tuned, and which of its dims follow others: proposals to begin with.

Ranges and choices always hold the config's own value.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgtune.core.paths import Path, format_path
from qgtune.schema.gnn import ACTIVATIONS, LAYER_TYPES, NORMALIZERS, OPTIMIZERS, POOLINGS, untaken_kwargs


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value to tune: its form in the search space, why, and what has to follow it (path -> reference)."""

    path: Path
    form: Any
    comment: str
    followers: tuple[tuple[Path, str], ...] = ()


_NOT_TUNED = frozenset({"validation", "testing", "val", "test", "eval", "evaluation", "data", "dataset"})
"""Sections that say how a trial is measured: what varies there would change the yardstick."""

_LR, _DECAY = ("learning_rate", "lr"), ("weight_decay", "l2")
_EPOCHS = ("num_epochs", "epochs", "n_epochs", "max_epochs")
_WIDTHS = ("hidden_dim", "hidden_size", "hidden_channels", "hidden_features")
_LAYERS = ("num_layers", "n_layers")
_LISTS = ("hidden_dims", "hidden_sizes", "hidden_layers", "hidden_layer_sizes")

_OUT_OF = {
    "in_dim": "out_dim",
    "in_features": "out_features",
    "in_channels": "out_channels",
    "in_size": "out_size",
}
"""Key of what a layer takes -> key of what the layer before it yields."""

_INPUTS = (*_OUT_OF, "input_dim", "input_size", "input_features")


def proposals(config: Mapping[str | int, Any]) -> list[Proposal]:
    """Return what may be tuned in a config, in its order; nothing if no name in it is well known.

    Example:
        >>> [proposal.form for proposal in proposals({"training": {"dropout": 0.2}})]
        [{'type': 'float', 'low': 0.0, 'high': 0.5, 'step': 0.1}]
    """
    found: list[Proposal] = []
    for path, key, value, around in _values(config, ()):
        if key in _OUT_OF.values():
            found += _width_of_layer(config, path, key, around)
        elif key in _MAKERS:
            made = _MAKERS[key](value, around)
            if made is not None:
                found.append(Proposal(path, *made))
    return found


def _values(node: Any, path: Path) -> Iterator[tuple[Path, str, Any, Mapping[Any, Any]]]:
    """Yield the values of all mappings that a sparse search space can reach: path, key, value, mapping."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(key, str) and key not in _NOT_TUNED and not key.endswith("_kwargs"):
                yield (*path, key), key, value, node
                yield from _values(value, (*path, key))
    elif isinstance(node, list) and all(isinstance(item, Mapping) for item in node):
        for i, item in enumerate(node):
            yield from _values(item, (*path, i))


_Made = tuple[Any, str] | None
_Maker = Callable[[Any, Mapping[Any, Any]], _Made]


def _rate(decades: int) -> _Maker:
    """Return a maker of ranges on a logarithmic scale, some powers of ten around the value."""

    def make(value: Any, _: Mapping[Any, Any]) -> _Made:
        """Return the range around a rate."""
        if not _is_number(value) or value < 0:
            return None
        if value == 0:
            return {"type": "float", "low": 0.0, "high": 0.01}, "any number between low and high"
        low, high = (float(f"{value * 10.0**power:.2g}") for power in (-decades, decades))
        form = {"type": "float", "low": min(low, value), "high": max(high, value), "log": True}
        return form, "log: each power of ten is as likely as the next"

    return make


def _dropout(value: Any, _: Mapping[Any, Any]) -> _Made:
    if not _is_number(value) or not 0 <= value < 1:
        return None
    high = max(0.5, float(value))
    if math.isclose(value * 10, round(value * 10)):
        return {"type": "float", "low": 0.0, "high": high, "step": 0.1}, "low, low + step, ..., high"
    return {"type": "float", "low": 0.0, "high": high}, "any number between low and high"


def _around(value: Any, _: Mapping[Any, Any]) -> _Made:
    """Return a grid from half the value to its double."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        return None
    step = value // 2 if value % 2 == 0 else value
    return {"type": "int", "low": step, "high": max(2 * value, step), "step": step}, "whole numbers"


def _few(value: Any, _: Mapping[Any, Any]) -> _Made:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        return None
    return {"type": "int", "low": max(1, value - 1), "high": value + 2}, "whole numbers"


def _lists(value: Any, _: Mapping[Any, Any]) -> _Made:
    sizes = isinstance(value, list) and value and all(type(v) is int and v > 1 for v in value)
    if not sizes:
        return None
    choices = [value, [2 * size for size in value]]
    if all(size % 2 == 0 for size in value):
        choices.insert(0, [size // 2 for size in value])
    return choices, "a list over a list: choices among lists"


def _one_of(names: Sequence[str], blocked_by: Sequence[str] = ()) -> _Maker:
    """Return a maker of choices: the value, and the usual ones beside it."""

    def make(value: Any, around: Mapping[Any, Any]) -> _Made:
        """Return the choices, unless the config has what they cannot go with."""
        legal = {*ACTIVATIONS, *NORMALIZERS, *POOLINGS, *OPTIMIZERS}
        if not isinstance(value, str) or value not in legal or any(around.get(key) for key in blocked_by):
            return None
        return list(dict.fromkeys([value, *names])), "choices: one of these"

    return make


def _layer_type(value: Any, around: Mapping[Any, Any]) -> _Made:
    """Return the layer types that take every argument which the config gives."""
    kwargs = around.get("gnn_layer_kwargs") or {}
    if not isinstance(value, str) or value not in LAYER_TYPES or not isinstance(kwargs, Mapping):
        return None
    if around.get("heads") or around.get("gnn_layer_args") or untaken_kwargs(value, kwargs):
        return None
    names = [name for name in ("sage", "gcn", "gat", "gco") if not untaken_kwargs(name, kwargs)]
    if len(names) < 2 or kwargs.get("heads"):
        return None
    return list(dict.fromkeys([value, *names])), "choices: those that take all of this layer's arguments"


_MAKERS: dict[str, _Maker] = {
    **dict.fromkeys(_LR, _rate(1)),
    **dict.fromkeys(_DECAY, _rate(2)),
    **dict.fromkeys(("dropout", "dropout_rate"), _dropout),
    **dict.fromkeys(("batch_size", *_EPOCHS, *_WIDTHS), _around),
    **dict.fromkeys(_LAYERS, _few),
    **dict.fromkeys(_LISTS, _lists),
    **dict.fromkeys(("gnn_layer_type", "layer_type"), _layer_type),
    "activation": _one_of(("relu", "leaky_relu", "tanh")),
    "normalizer": _one_of(("batch_norm", "layer_norm"), ("norm_kwargs",)),
    **dict.fromkeys(("pooling_layer", "pooling"), _one_of(("mean", "max", "sum"))),
    "optimizer": _one_of(("Adam", "AdamW"), ("optimizer_kwargs",)),
}
"""Key -> what makes the form for its value, or None where the value is not of the usual kind."""


def _width_of_layer(config: Any, path: Path, key: str, around: Mapping[Any, Any]) -> Iterator[Proposal]:
    """Yield a proposal for what a layer yields, if the layer stands in a list and what reads it is known."""
    value = around[key]
    if len(path) < 2 or not isinstance(path[-2], int) or (made := _around(value, around)) is None:
        return
    *above, position, _ = path
    siblings = _at(config, tuple(above))
    taken = next(name for name, other in _OUT_OF.items() if other == key)
    here = (*above, position)
    width = _width(here, key, around)
    if int(position) + 1 < len(siblings):
        followers = _following(config, [(*above, int(position) + 1, taken)], width)
    else:
        gathered = _gathered(_at(config, tuple(above[:-1])), tuple(above[:-1]), width)
        followers = _following(config, _inputs_after(config, tuple(above)), gathered)
    if len(followers) != 1:
        return
    norm_args = around.get("norm_args")
    if isinstance(norm_args, list) and norm_args and type(norm_args[0]) is int and norm_args[0] in width:
        followers.append(((*here, "norm_args", 0), width[norm_args[0]]))
    form, _ = made
    yield Proposal(path, form, "what reads it follows: see dependency_map.yaml", tuple(followers))


def _following(config: Any, readers: Sequence[Path], width: Mapping[Any, str]) -> list[tuple[Path, str]]:
    """Return each reader whose dim is one of the widths, with the reference that gives it."""
    dims = {reader: _at(config, reader) for reader in readers}
    return [(reader, width[dim]) for reader, dim in dims.items() if type(dim) is int and dim in width]


def _gathered(mapping: Mapping[Any, Any], path: Path, width: Mapping[Any, str]) -> dict[Any, str]:
    """Return what a graph's features may be wide, given what the last layer may yield for a node.

    Several poolings stand side by side, and beside them what a network makes of the graph's own features.
    """
    poolings, net = mapping.get("pooling_layer"), mapping.get("graph_features_net")
    times = len(poolings) if isinstance(poolings, list) and poolings else 1
    plus = net.get("output_dim") if isinstance(net, Mapping) else None
    factor = f" * {times}" if times > 1 else ""
    if type(plus) is not int:
        return {dim * times: f"{reference}{factor}" for dim, reference in width.items()}
    added = format_path((*path, "graph_features_net", "output_dim"))
    return {dim * times + plus: f"{reference}{factor} + {added}" for dim, reference in width.items()}


def _width(layer: Path, key: str, around: Mapping[Any, Any]) -> dict[Any, str]:
    """Return what a layer may yield, as number -> reference: its own dim, or that times its heads."""
    own = format_path((*layer, key))
    kwargs = around.get("gnn_layer_kwargs")
    for place, heads in (
        (("gnn_layer_kwargs", "heads"), kwargs.get("heads") if isinstance(kwargs, Mapping) else None),
        (("heads",), around.get("heads")),
    ):
        if type(heads) is int and heads > 1:
            times = format_path((*layer, *place))
            return {around[key] * heads: f"{own} * {times}", around[key]: own}
    return {around[key]: own}


def _inputs_after(config: Any, layers: Path) -> list[Path]:
    """Return the first input dim that stands behind a list of layers, in the mapping that holds the list."""
    mapping = _at(config, layers[:-1])
    behind = list(mapping)[list(mapping).index(layers[-1]) + 1 :]
    for name in behind:
        if name == "graph_features_net":
            continue  # it is given the graph's own features, and stands beside the layers
        if name in _INPUTS:
            return [(*layers[:-1], name)]
        if isinstance(mapping[name], Mapping):
            found = next((key for key in _INPUTS if key in mapping[name]), None)
            if found is not None:
                return [(*layers[:-1], name, found)]
    return []


def _at(config: Any, path: Path) -> Any:
    for part in path:
        if isinstance(config, Mapping) and part not in config:
            return None
        config = config[part]
    return config


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
