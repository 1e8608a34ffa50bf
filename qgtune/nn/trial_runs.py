"""Trial runs of a model's parts, each by itself, on torch's meta device.

A tensor on the meta device has a shape and no memory. A part that needs values is built with them, on the CPU
(see ``with_values_where_needed``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.nn.blocks import GNNBlock
from qgtune.nn.construction import one_line, with_values_where_needed
from qgtune.nn.models import Classifier, GraphFeaturesNet
from qgtune.nn.pooling import pooled_example
from qgtune.schema.gnn import NORMALIZERS as BUILT_IN_NORMALIZERS
from qgtune.schema.gnn import ClassifierConfig, GcnBlockConfig, GraphFeaturesNetConfig

NODES = 4
"""Nodes of the one graph that is pushed through a model."""

OTHER = 8
"""How much a size is changed to see whether the model still works with it."""


@dataclass(frozen=True, slots=True)
class Part:
    """What running a part showed: the width it gives, the sizes that must equal it, why it does not work.

    ``on_meta`` tells whether the meta device could run it.
    """

    width: int | None = None
    sizes: tuple[tuple[Path, int], ...] = ()
    failure: ConfigValueError | None = None
    on_meta: bool = True


def block_part(block: GcnBlockConfig) -> Part:
    """Return what a block shows; of its sizes those count that it does not work without."""
    sizes = list(_sizes(block))
    try:
        width, on_meta = _yielded(block)
    except ConfigValueError as error:
        return _with_one_size_mended(block, sizes, error)
    follow = [(path, size) for path, size in sizes if size == width and _needs_width(block, path, width)]
    return Part(width, tuple(follow), on_meta=on_meta)


def _with_one_size_mended(
    block: GcnBlockConfig, sizes: Sequence[tuple[Path, int]], error: ConfigValueError
) -> Part:
    """Return what a block that fails shows, where it works once one of its sizes is the layer's width."""
    try:
        width, _ = _yielded(block.model_copy(update={"normalizer": "identity"}))
    except ConfigValueError:
        return Part(failure=error)
    for path, size in sizes:
        if size != width and _works(block, path, width) and _needs_width(block, path, width):
            return Part(width, ((path, size),))
    return Part(width, failure=error)


def _needs_width(block: GcnBlockConfig, path: Path, width: int) -> bool:
    """Tell whether the size at ``path`` has to be the layer's width, and is not so by coincidence.

    Another size must fail, and where the layer is twice as wide, its width then must work. The built-in
    normalizers have one size only, so that the first is enough.
    """
    if _works(block, path, width + OTHER):
        return False
    if block.normalizer in BUILT_IN_NORMALIZERS:
        return True
    wider = block.model_copy(update={"out_dim": 2 * block.out_dim})
    try:
        twice, _ = _yielded(wider.model_copy(update={"normalizer": "identity"}))
    except ConfigValueError:
        return True  # a layer that takes no other width does not tell
    return _works(wider, path, twice)


def _works(block: GcnBlockConfig, path: Path, size: int) -> bool:
    [key, *below] = path
    changed = with_leaf(getattr(block, str(key)), below, size)
    try:
        _yielded(block.model_copy(update={str(key): changed}))
    except ConfigValueError:
        return False
    return True


@torch.no_grad()
def _yielded(block: GcnBlockConfig) -> tuple[int, bool]:
    """Return how many features a block yields for each node, and whether the meta device could tell.

    Raises:
        ConfigValueError: if it cannot be built, or cannot run; its path is relative to the block.
    """

    def run() -> Tensor:
        module = GNNBlock.from_config(block).eval()
        edges = some_edges()
        return cast(
            Tensor,
            module(
                torch.ones(NODES, block.in_dim), edges, one_graph(), 1, **module.edges.example(edges.size(1))
            ),
        )

    try:
        with torch.device("meta"):
            out = with_values_where_needed(run)
    except ConfigValueError:
        raise
    except Exception as error:
        raise ConfigValueError((), f"the block cannot run: {one_line(error)}") from error
    return out.size(1), out.is_meta


@torch.no_grad()
def pooling_part(pooling_layer: str | Sequence[str], width: int) -> Part:
    """Return what one pooling, or several side by side, show for nodes of ``width`` features."""
    try:
        with torch.device("meta"):
            out = pooled_example(pooling_layer, width, ())
    except ConfigValueError as error:
        return Part(failure=error)
    return Part(out.size(1), on_meta=out.is_meta)


@torch.no_grad()
def classifier_part(config: ClassifierConfig) -> Part:
    """Return what a classifier shows at its own input dim; it gives no width."""
    try:
        with torch.device("meta"):
            with_values_where_needed(lambda: Classifier(config, ()).eval()(torch.ones(1, config.input_dim)))
    except ConfigValueError as error:
        return Part(failure=error)
    except Exception as error:  # noqa: BLE001 - an activation of the user's own can fail in any way
        return Part(failure=ConfigValueError((), f"the classifier cannot run: {one_line(error)}"))
    return Part()


@torch.no_grad()
def graph_features_part(config: GraphFeaturesNetConfig) -> Part:
    """Return what a network of graph features shows at its own input dim."""

    def run() -> Tensor:
        return cast(Tensor, GraphFeaturesNet(config, ()).eval()(torch.ones(1, config.input_dim)))

    try:
        with torch.device("meta"):
            out = with_values_where_needed(run)
    except ConfigValueError as error:
        return Part(failure=error)
    except Exception as error:  # noqa: BLE001 - an activation of the user's own can fail in any way
        return Part(failure=ConfigValueError((), f"the network cannot run: {one_line(error)}"))
    return Part(out.size(1), on_meta=out.is_meta)


def _sizes(block: GcnBlockConfig) -> Iterator[tuple[Path, int]]:
    """Yield the whole numbers among the arguments of a block's normalizer, with their paths in the block."""
    yield from _whole_numbers(block.norm_args, ("norm_args",))
    yield from _whole_numbers(block.norm_kwargs, ("norm_kwargs",))


def _whole_numbers(value: Any, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _whole_numbers(item, (*path, key))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _whole_numbers(item, (*path, i))


def with_leaf(value: Any, path: Sequence[str | int], leaf: int) -> Any:
    """Return a copy of nested data in which ``leaf`` stands at ``path``."""
    if not path:
        return leaf
    [key, *below] = path
    changed: Any = dict(value) if isinstance(value, Mapping) else list(value)
    changed[key] = with_leaf(value[key], below, leaf)
    return changed


def some_edges() -> Tensor:
    """Return the edges of the one graph, int64 [2, 5]."""
    # In no order: batches are not sorted by target node either.
    return torch.tensor([[1, 0, 2, 3, 0], [2, 1, 0, 0, 3]])


def one_graph() -> Tensor:
    """Return the graph that each node belongs to, int64 [NODES]: the same for all."""
    return torch.zeros(NODES, dtype=torch.int64)
