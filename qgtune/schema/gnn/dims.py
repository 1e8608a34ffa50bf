"""Whether the dims of a model meet: block to block, block to normalizer, model to data set."""

from collections.abc import Iterator, Sequence
from typing import Any

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.schema.gnn.blocks import GcnBlockConfig
from qgtune.schema.gnn.model import NetworkConfig
from qgtune.schema.gnn.names import ATTENTION_LAYERS, LAYER_TYPES, POOLINGS

_SIZE_KEYWORDS = {"batch_norm": "num_features", "layer_norm": "normalized_shape", "graph_norm": "in_channels"}


def block_width(block: GcnBlockConfig) -> int | None:
    """Return how many features a block yields for each node, or None for a layer type of the user's own.

    It is ``out_dim``, and ``out_dim * heads`` for an attention layer that concatenates its heads, as
    in torch_geometric; with ``concat: false`` the heads are averaged, and it is ``out_dim`` again.
    """
    if block.gnn_layer_type not in LAYER_TYPES:
        return None
    return block.out_dim * _concatenated_heads(block)


def pooling_width(model: NetworkConfig, width: int | None) -> int | None:
    """Return how many features the pooling yields for each graph, or None for a pooling of the user's own.

    Each built-in pooling yields as many as a node has, and several of them stand side by side. Where nothing
    is pooled, it is what a node has.

    Args:
        model: the model section.
        width: features of a node after the last block, None where it is not known.
    """
    if width is None or not set(model.poolings) <= set(POOLINGS):
        return None
    return width * max(1, len(model.poolings))


def head_width(model: NetworkConfig, pooled_width: int | None) -> int | None:
    """Return how many features the head is given: the pooled ones, and those of the graph features beside.

    Args:
        model: the model section.
        pooled_width: how many features the pooling yields for a graph, None where it is not known.
    """
    net = model.features_net
    return pooled_width if pooled_width is None or net is None else pooled_width + net.output_dim


def dimension_problems(  # noqa: PLR0913 - one argument for each thing that may be known
    model: NetworkConfig,
    *,
    widths: Sequence[int | None] | None = None,
    pooled_width: int | None = None,
    num_node_features: int | None = None,
    num_classes: Sequence[int | None] | None = None,
    num_edge_features: int | None = None,
    num_graph_features: int | None = None,
) -> Iterator[ConfigValueError]:
    """Yield an error for each pair of dims that do not meet; each names both ends.

    Args:
        model: the model section.
        widths: how many features each block yields, None where it is not known; by default ``block_width``.
        pooled_width: how many features the pooling yields for a graph; by default ``pooling_width``.
        num_node_features: features of a node in the data set, if it is known.
        num_classes: the number of classes of each target of the data set, None for a target that is a number;
            if it is known.
        num_edge_features: features of an edge in the data set, 0 for none, if it is known.
        num_graph_features: features of a graph in the data set, 0 for none, if it is known.
    """
    blocks, root = model.gcn_net, ("model", model.blocks_key)
    if widths is None:
        widths = [block_width(block) for block in blocks]
    if num_node_features is not None and blocks[0].in_dim != num_node_features:
        yield ConfigValueError(
            (*root, 0, "in_dim"),
            "must equal the number of features that a node of the data set has: "
            f"{blocks[0].in_dim} is not {num_node_features}",
        )
    yield from _block_problems(root, blocks, widths, num_edge_features)
    if pooled_width is None:
        pooled_width = pooling_width(model, widths[-1])
    yield from _graph_feature_problems(model, num_graph_features)
    yield from _input_problems(model, pooled_width)
    if num_classes is not None:
        yield from _output_problems(
            ("model", model.head_key, "output_dims"), model.classifier.output_dims, num_classes
        )


def _block_problems(
    root: Path, blocks: Sequence[GcnBlockConfig], widths: Sequence[int | None], num_edge_features: int | None
) -> Iterator[ConfigValueError]:
    """Yield an error for each block that does not fit its own parts, the edges, or the block before it."""
    for k, (block, width) in enumerate(zip(blocks, widths, strict=True)):
        path = (*root, k)
        yield from _edge_problems(path, block, num_edge_features)
        if width is None:
            continue
        yield from _normalizer_problems(path, block, width)
        if k + 1 < len(blocks) and (dim := blocks[k + 1].in_dim) != width:
            message = f"must equal {_source(path, block)}: {dim} is not {width}"
            yield ConfigValueError((*root, k + 1, "in_dim"), message)


def _normalizer_problems(path: Path, block: GcnBlockConfig, width: int) -> Iterator[ConfigValueError]:
    keyword = _SIZE_KEYWORDS.get(block.normalizer)
    if keyword is None or not block.norm_args:
        return
    size = block.norm_args[0]
    if size not in (width, [width]):
        yield ConfigValueError(
            (*path, "norm_args", 0),
            f"the {keyword} of {block.normalizer} must equal {_source(path, block)}: {size!r} is not {width}",
        )


def _graph_feature_problems(
    model: NetworkConfig, num_graph_features: int | None
) -> Iterator[ConfigValueError]:
    net, path = model.features_net, ("model", "graph_features_net")
    if net is None or num_graph_features in (None, net.input_dim):
        return
    if num_graph_features == 0:
        message = "needs features of the graphs, and the data set has none"
        yield ConfigValueError(
            path, message, f"leave it out, and its output_dim out of model.{model.head_key}"
        )
        return
    yield ConfigValueError(
        (*path, "input_dim"),
        "must equal the number of features that a graph of the data set has: "
        f"{net.input_dim} is not {num_graph_features}",
    )


def _input_problems(model: NetworkConfig, pooled_width: int | None) -> Iterator[ConfigValueError]:
    dim, width = model.classifier.input_dim, head_width(model, pooled_width)
    if width is None or dim == width:
        return
    source = "the number of features that model.pooling_layer yields for a graph"
    if set(model.poolings) <= set(POOLINGS):
        source = _source(("model", model.blocks_key, len(model.gcn_net) - 1), model.gcn_net[-1])
        if len(model.poolings) > 1:
            source += f" times the {len(model.poolings)} poolings of model.pooling_layer"
    if model.features_net is not None:
        source += " plus model.graph_features_net.output_dim"
    path = ("model", model.head_key, "input_dim")
    yield ConfigValueError(path, f"must equal {source}: {dim} is not {width}")


def _edge_problems(
    path: Path, block: GcnBlockConfig, num_edge_features: int | None
) -> Iterator[ConfigValueError]:
    edge_dim = block.gnn_layer_kwargs.get("edge_dim")
    # Of a layer type that takes no edge_dim it is dropped.
    takes_it = "edge_dim" in LAYER_TYPES.get(block.gnn_layer_type, ())
    if num_edge_features is not None and takes_it and edge_dim not in (None, num_edge_features):
        yield ConfigValueError(
            (*path, "gnn_layer_kwargs", "edge_dim"),
            "must equal the number of features that an edge of the data set has: "
            f"{edge_dim!r} is not {num_edge_features}",
        )


def _output_problems(
    path: Path, output_dims: Sequence[int], num_classes: Sequence[int | None]
) -> Iterator[ConfigValueError]:
    if len(output_dims) != len(num_classes):
        yield ConfigValueError(
            path,
            f"must have one entry for each target of the data set: {len(output_dims)} entries "
            f"({list(output_dims)}), {len(num_classes)} targets",
        )
        return
    for k, (dim, classes) in enumerate(zip(output_dims, num_classes, strict=True)):
        if classes is None and dim != 1:
            yield ConfigValueError((*path, k), f"must be 1, since target {k} is one number, not {dim}")
        elif classes not in (None, dim):
            yield ConfigValueError(
                (*path, k), f"must equal the number of classes of target {k}: {dim} is not {classes}"
            )


def _source(path: Path, block: GcnBlockConfig) -> str:
    heads = _concatenated_heads(block)
    factor = f" times its {heads} concatenated heads" if heads > 1 else ""
    return f"{format_path(path)}.out_dim{factor}"


def _concatenated_heads(block: GcnBlockConfig) -> int:
    if block.gnn_layer_type not in ATTENTION_LAYERS:
        return 1
    positional = dict(zip(("heads", "concat"), block.gnn_layer_args, strict=False))
    given: dict[str, Any] = {**block.layer_kwargs, **positional}
    heads = given.get("heads", 1)
    return heads if given.get("concat", True) and isinstance(heads, int) else 1
