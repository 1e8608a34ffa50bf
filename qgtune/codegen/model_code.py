"""The model class of a script: each layer by its class in torch or torch_geometric."""

from collections.abc import Mapping, Sequence
from typing import Any

from qgtune.codegen.contents import ScriptContents
from qgtune.codegen.source import WIDTH, Imports, arguments, block, call, statement
from qgtune.schema.gnn import (
    ACTIVATIONS,
    LAYER_ARGUMENTS,
    LAYER_TYPES,
    NORMALIZERS,
    ClassifierConfig,
    GcnBlockConfig,
    GraphFeaturesNetConfig,
    block_width,
)

_LAYER_CLASSES = {
    "sage": "SAGEConv",
    "gcn": "GCNConv",
    "gat": "GATConv",
    "gatv2": "GATv2Conv",
    "gco": "GraphConv",
    "gin": "GINConv",
    "graph_transformer": "TransformerConv",
}
_NORMALIZER_CLASSES = {"batch_norm": "BatchNorm1d", "layer_norm": "LayerNorm", "graph_norm": "GraphNorm"}
_ACTIVATION_CLASSES = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "identity": "Identity",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "softplus": "Softplus",
}
_POOLING_FUNCTIONS = {"mean": "global_mean_pool", "max": "global_max_pool", "sum": "global_add_pool"}
_TAKE_WEIGHTS = frozenset({"gcn", "gco"})
_LEVELS = 2**16


def model_code(contents: ScriptContents, imports: Imports) -> list[str]:
    """Return the lines of the class ``Model``; layers are made in the order in which qgtune draws them."""
    imports.name("torch", "Tensor")
    imports.name("torch", "nn")
    model = contents.config.model
    lines = ["class Model(nn.Module):", '    """The graph neural network of the config."""', ""]
    lines += block(["def __init__(self) -> None:", "    super().__init__()"])
    for k, layers in enumerate(model.gcn_net, 1):
        lines += block(_block_layers(k, layers, contents, imports), 2)
    if model.features_net is not None:
        lines += block(_features_net(model.features_net), 2)
    lines += block(_head_layers(model.classifier, contents), 2)
    if contents.standardizes:
        lines += block(_target_buffers(len(contents.data.target_names)), 2)
    returned = "list[Tensor]" if contents.several_targets else "Tensor"
    lines += ["", f"    def forward(self, data: Data) -> {returned}:"]
    imports.name("torch_geometric.data", "Data")
    return lines + block(_forward(contents, imports), 2)


def batch_fields(contents: ScriptContents) -> tuple[str, ...]:
    """Return what the model reads of a graph besides ``x`` and ``edge_index``."""
    model = contents.config.model
    weights = contents.data.has_edge_weight and any(b.gnn_layer_type in _TAKE_WEIGHTS for b in model.gcn_net)
    features = any(_edge_dim(b) is not None for b in model.gcn_net)
    used = {
        "edge_weight": weights,
        "edge_attr": features,
        "graph_features": model.features_net is not None,
    }
    return tuple(name for name, is_used in used.items() if is_used)


def _drops(layers: GcnBlockConfig) -> bool:
    """Whether a block has a dropout that sets anything to zero."""
    return round(layers.dropout * _LEVELS) > 0


def _has_masks(layers: GcnBlockConfig) -> bool:
    """Whether a block's dropout has masks of its own; where it keeps less than they can tell, torch's has."""
    return 0 < round(layers.dropout * _LEVELS) < _LEVELS


def _block_layers(k: int, layers: GcnBlockConfig, contents: ScriptContents, imports: Imports) -> list[str]:
    width = block_width(layers)
    made = statement(f"self.conv{k} = {_conv_class(layers, imports)}(", _conv_arguments(layers))
    if layers.normalizer != "identity":
        name = _normalizer_class(layers.normalizer, contents, imports)
        kwargs = _taken(layers.norm_kwargs, NORMALIZERS[layers.normalizer])
        made.append(f"self.norm{k} = {call(name, arguments(layers.norm_args or (width,), kwargs))}")
    if layers.activation != "identity":
        made.append(f"self.activation{k} = {_activation(layers.activation, layers.activation_kwargs)}")
    if layers.has_residual and layers.in_dim != width:
        made.append(f"self.skip{k} = nn.Linear({layers.in_dim}, {width}, bias=False)")
    if _drops(layers):
        kind = "Dropout" if _has_masks(layers) else "nn.Dropout"
        made.append(f"self.dropout{k} = {kind}({layers.dropout!r})")
    return made


def _normalizer_class(normalizer: str, contents: ScriptContents, imports: Imports) -> str:
    name = _NORMALIZER_CLASSES[normalizer]
    if normalizer == "graph_norm":
        return imports.name("torch_geometric.nn", name)
    own = normalizer == "batch_norm" and contents.data.has_single_nodes
    return name if own else f"nn.{name}"


def _conv_class(layers: GcnBlockConfig, imports: Imports) -> str:
    return imports.name("torch_geometric.nn", _LAYER_CLASSES[layers.gnn_layer_type])


def _conv_kwargs(layers: GcnBlockConfig) -> dict[str, Any]:
    """Return all arguments of a block's layer after its two dims, by name."""
    positional = zip(LAYER_ARGUMENTS[layers.gnn_layer_type], layers.gnn_layer_args, strict=False)
    return {**dict(positional), **_taken(layers.layer_kwargs, LAYER_TYPES[layers.gnn_layer_type])}


def _conv_arguments(layers: GcnBlockConfig) -> list[str]:
    kwargs = _conv_kwargs(layers)
    if layers.gnn_layer_type != "gin":
        return arguments((layers.in_dim, layers.out_dim), kwargs)
    hidden = kwargs.pop("hidden_channels", None) or layers.out_dim
    bias = "" if kwargs.pop("bias", True) else ", bias=False"
    first = f"nn.Linear({layers.in_dim}, {hidden}{bias})"
    second = f"nn.Linear({hidden}, {layers.out_dim}{bias})"
    return [f"nn.Sequential({first}, nn.ReLU(), {second})", *arguments((), kwargs)]


def _edge_dim(layers: GcnBlockConfig) -> int | None:
    edge_dim: int | None = _conv_kwargs(layers).get("edge_dim")
    return edge_dim


def _taken(given: Mapping[str, Any], taken: frozenset[str]) -> dict[str, Any]:
    """Return the keyword arguments that are taken; the others stand by for other layer types."""
    return {name: value for name, value in given.items() if name in taken}


def _activation(name: str, kwargs: Mapping[str, Any]) -> str:
    return call(f"nn.{_ACTIVATION_CLASSES[name]}", arguments((), _taken(kwargs, ACTIVATIONS[name])))


def _backbone(config: ClassifierConfig | GraphFeaturesNetConfig) -> list[str]:
    """Return the hidden layers of a section that has such."""
    widths = [config.input_dim, *config.hidden_dims]
    made: list[str] = []
    for k, kwargs in enumerate(config.backbone_kwargs):
        made.append(_linear(widths[k], widths[k + 1], kwargs))
        made.append(_activation(config.activation, config.activation_kwargs[k]))
    return made


def _linear(in_dim: int, out_dim: int, kwargs: Mapping[str, Any]) -> str:
    return call("nn.Linear", arguments((in_dim, out_dim), kwargs))


def _features_net(config: GraphFeaturesNetConfig) -> list[str]:
    width = [config.input_dim, *config.hidden_dims][-1]
    layers = [*_backbone(config), _linear(width, config.output_dim, config.output_kwargs)]
    return statement("self.graph_features_net = nn.Sequential(", layers)


def _head_layers(config: ClassifierConfig, contents: ScriptContents) -> list[str]:
    made: list[str] = []
    if config.hidden_dims:
        made += statement("self.hidden = nn.Sequential(", _backbone(config))
    width = [config.input_dim, *config.hidden_dims][-1]
    heads = [
        _linear(width, dim, kwargs)
        for dim, kwargs in zip(config.output_dims, config.output_kwargs, strict=True)
    ]
    if contents.several_targets:
        return made + statement("self.heads = nn.ModuleList([", heads, "])")
    return [*made, f"self.head = {heads[0]}"]


def _target_buffers(targets: int) -> list[str]:
    return [
        "# Set from the training graphs, so that the outputs are in the units of the data.",
        f'self.register_buffer("target_mean", torch.zeros({targets}))',
        f'self.register_buffer("target_std", torch.ones({targets}))',
    ]


def _forward(contents: ScriptContents, imports: Imports) -> list[str]:
    model = contents.config.model
    lines = ["x = data.x"]
    for k, layers in enumerate(model.gcn_net, 1):
        lines += _block_forward(k, layers, contents)
    if model.poolings:
        pooled = [
            f"{imports.name('torch_geometric.nn', _POOLING_FUNCTIONS[p])}(x, data.batch)"
            for p in model.poolings
        ]
        lines += (
            [f"x = {pooled[0]}"] if len(pooled) == 1 else statement("x = torch.cat([", pooled, "], dim=1)")
        )
    if model.features_net is not None:
        lines.append("x = torch.cat([x, self.graph_features_net(data.graph_features)], dim=1)")
    if model.classifier.hidden_dims:
        lines.append("x = self.hidden(x)")
    return lines + _outputs(contents)


def _block_forward(k: int, layers: GcnBlockConfig, contents: ScriptContents) -> list[str]:
    given = ["x", "data.edge_index"]
    if layers.gnn_layer_type in _TAKE_WEIGHTS and contents.data.has_edge_weight:
        given.append("data.edge_weight")
    if _edge_dim(layers) is not None:
        given.append("edge_attr=data.edge_attr")
    value = call(f"self.conv{k}", given)
    if layers.normalizer != "identity":
        value = call(f"self.norm{k}", [value, *(["data.batch"] if layers.normalizer == "graph_norm" else [])])
    if layers.activation != "identity":
        value = f"self.activation{k}({value})"
    if layers.has_residual:
        value += " + x" if layers.in_dim == block_width(layers) else f" + self.skip{k}(x)"
    lines = [f"x = {value}"]
    return [*lines, f"x = self.dropout{k}(x)"] if _drops(layers) else lines


def _outputs(contents: ScriptContents) -> list[str]:
    as_float = ".float()" if contents.predicts_values and contents.half_precision else ""
    value = f"head(x).squeeze(1){as_float}" if contents.predicts_values else "head(x)"
    scaled = f"{value} * self.target_std[k] + self.target_mean[k]" if contents.standardizes else value
    if not contents.several_targets:
        return [f"return self.{scaled.replace('[k]', '[0]')}"]
    items = "k, head in enumerate(self.heads)" if contents.standardizes else "head in self.heads"
    line = f"return [{scaled} for {items}]"
    return [line] if len(line) <= WIDTH - 8 else ["return [", f"    {scaled}", f"    for {items}", "]"]


def own_modules(contents: ScriptContents) -> Sequence[Sequence[str]]:
    """Return the classes that stand before the model, those of them that it needs."""
    blocks = contents.config.model.gcn_net
    made: list[Sequence[str]] = []
    if any(map(_has_masks, blocks)):
        made.append(_DROPOUT_GPU if contents.may_use_gpu else _DROPOUT)
    if contents.data.has_single_nodes and any(b.normalizer == "batch_norm" for b in blocks):
        made.append(_BATCH_NORM)
    return made


_DROPOUT_HEAD = '''\
class Dropout(nn.Dropout):
    """Sets a share of the elements to zero while training, as torch's, by masks that qgtune draws.

    16 random bits decide an element on a CPU, which is faster than torch's draw of a double for each. With
    ``nn.Dropout`` in its place the model learns as well, from other random numbers.
    """

    def forward(self, x: Tensor) -> Tensor:
'''
_DROPOUT_TAIL = """\
        kept = 2**16 - round(self.p * 2**16)
        words = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        draws = words.view(torch.int16)[: x.numel()].view(x.shape)
        return x * ((draws >= 2**15 - kept).float() * (2**16 / kept)).to(x.dtype)
"""
_DROPOUT = f"{_DROPOUT_HEAD}        if not self.training:\n            return x\n{_DROPOUT_TAIL}".splitlines()
_DROPOUT_GPU = (
    f'{_DROPOUT_HEAD}        if not self.training or x.device.type != "cpu":\n'
    f"            return super().forward(x)\n{_DROPOUT_TAIL}"
).splitlines()
_BATCH_NORM = '''\
class BatchNorm1d(nn.BatchNorm1d):
    """Normalizes a single row, of which torch takes no statistics, by the running ones."""

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > 1:
            return super().forward(x)
        mean, variance = self.running_mean, self.running_var
        if mean is None:
            mean, variance = x.detach()[0], torch.ones_like(x[0])
        return F.batch_norm(x, mean, variance, self.weight, self.bias, training=False, eps=self.eps)
'''.splitlines()
