"""Where the widths of a model must meet, found by building its parts on torch's meta device.

A part is built and run by itself, at the width that its own config says. So one model shows all its misfits
at once, and a part that many models share is built once. A tensor on the meta device has a shape and no
memory; a part that needs values is built with them, on the CPU (see ``with_values_where_needed``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.nn.blocks import GNNBlock
from qgtune.nn.construction import entry, one_line, with_values_where_needed
from qgtune.nn.layers import POOLING
from qgtune.nn.models import Classifier, assemble_model
from qgtune.schema.graph_classification import ClassifierConfig, GcnBlockConfig, ModelConfig

NODES = 4
"""Nodes of the one graph that is pushed through a model."""

OTHER = 8
"""How much a size is changed to see whether the model still works with it."""

_MODEL: Path = ("model",)
_INPUT_DIM: Path = (*_MODEL, "classifier", "input_dim")


@dataclass(frozen=True, slots=True)
class Junction:
    """A place where two widths of a model must meet.

    Args:
        target: the path of the config's number, such as ``model.gcn_net[1].in_dim``.
        given: that number.
        needed: the width that arrives there.
        source: what gives the width: the path of a block, or of a fact of the data set.
    """

    target: Path
    given: int
    needed: int
    source: Path

    @property
    def meets(self) -> bool:
        """Whether the two are equal."""
        return self.given == self.needed


@dataclass(frozen=True, slots=True)
class Trace:
    """What building a model part by part showed: its junctions, and what cannot be built or run at all.

    ``on_meta`` tells whether the meta device could run all of it.
    """

    junctions: tuple[Junction, ...]
    failures: tuple[ConfigValueError, ...]
    on_meta: bool = True

    @property
    def is_sound(self) -> bool:
        """Whether every width meets and every part works."""
        return not self.failures and all(junction.meets for junction in self.junctions)


@dataclass(frozen=True, slots=True)
class _Part:
    """What running a part showed: the width it gives, the sizes that must equal it, why it does not work.

    ``on_meta`` tells whether the meta device could run it.
    """

    width: int | None = None
    sizes: tuple[tuple[Path, int], ...] = ()
    failure: ConfigValueError | None = None
    on_meta: bool = True


class Tracer:
    """Traces models, and remembers the parts that it has seen.

    Example:
        >>> block = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "gat", "heads": 2}
        >>> model = ModelConfig(gcn_net=[block], classifier={"input_dim": 8, "output_dims": [2]})
        >>> [(j.given, j.needed) for j in Tracer().trace(model).junctions]
        [(8, 16)]
    """

    def __init__(self) -> None:
        self._parts: dict[tuple[object, ...], _Part] = {}

    def trace(
        self,
        model: ModelConfig,
        *,
        num_node_features: int | None = None,
        num_classes: Sequence[int] | None = None,
    ) -> Trace:
        """Return the junctions and failures of a model.

        Args:
            model: the model section.
            num_node_features: features of a node in the data set, if it is known.
            num_classes: the number of classes of each target of the data set, if it is known.
        """
        walk = _Walk()
        walk.width, walk.source = num_node_features, ("data", "num_node_features")
        for k, block in enumerate(model.gcn_net):
            path: Path = (*_MODEL, "gcn_net", k)
            walk.meet((*path, "in_dim"), block.in_dim)
            walk.enter(path, self._block(block))
            walk.source = path
        if walk.width is not None:
            walk.enter((*_MODEL, "pooling_layer"), self._pooling(model.pooling_layer, walk.width))
        walk.meet(_INPUT_DIM, model.classifier.input_dim)
        walk.enter(_INPUT_DIM[:-1], self._classifier(model.classifier))
        walk.outputs(model.classifier.output_dims, num_classes)
        return Trace(tuple(walk.junctions), tuple(walk.failures), walk.on_meta)

    def width(self, block: GcnBlockConfig) -> int | None:
        """Return how many features a block yields for each node, or None if it does not work."""
        return self._block(block).width

    def _block(self, block: GcnBlockConfig) -> _Part:
        key = ("block", repr(block.model_dump(exclude={"dropout"})))
        return self._seen(key, lambda: _block_part(block))

    def _pooling(self, name: str, width: int) -> _Part:
        return self._seen(("pooling", name, width), lambda: _pooling_part(name, width))

    def _classifier(self, config: ClassifierConfig) -> _Part:
        return self._seen(("classifier", repr(config.model_dump())), lambda: _classifier_part(config))

    def _seen(self, key: tuple[object, ...], look: Callable[[], _Part]) -> _Part:
        if key not in self._parts:
            self._parts[key] = look()
        return self._parts[key]


def push_batch(model: ModelConfig, *, on_meta: bool = True) -> None:
    """Build a whole model, and push a batch of one graph through it.

    Args:
        model: the model section.
        on_meta: whether to try the meta device first; what fails there is run with values, on the CPU.

    Raises:
        ConfigValueError: if the model cannot be built, or cannot run.
    """
    try:
        with torch.device("meta" if on_meta else "cpu"):
            with_values_where_needed(lambda: _run_whole(model))
    except ConfigValueError:
        raise
    except Exception as error:
        raise ConfigValueError(_MODEL, f"the model cannot run: {one_line(error)}") from error


@torch.no_grad()
def _run_whole(config: ModelConfig) -> None:
    model = assemble_model(config).eval()
    model(torch.ones(NODES, config.gcn_net[0].in_dim), _edges(), _one_graph(), 1)


@dataclass(slots=True)
class _Walk:
    """One way through a model: the width that arrives, where it comes from, and what was found."""

    width: int | None = None
    source: Path = ()
    on_meta: bool = True
    junctions: list[Junction] = field(default_factory=list)
    failures: list[ConfigValueError] = field(default_factory=list)

    def meet(self, target: Path, given: int) -> None:
        """Note that the number at ``target`` must equal the width that arrives, if that is known."""
        if self.width is not None:
            self.junctions.append(Junction(target, given, self.width, self.source))

    def enter(self, path: Path, part: _Part) -> None:
        """Go through a part of the model, the one whose config stands at ``path``."""
        self.width = part.width
        self.on_meta &= part.on_meta
        if part.failure is not None:
            error = part.failure
            self.failures.append(ConfigValueError((*path, *error.path), error.message, error.hint))
        for below, size in part.sizes:
            if part.width is not None:
                self.junctions.append(Junction((*path, *below), size, part.width, path))

    def outputs(self, dims: Sequence[int], num_classes: Sequence[int] | None) -> None:
        """Note that each output must have as many classes as its target."""
        path: Path = (*_MODEL, "classifier", "output_dims")
        if num_classes is None:
            return
        if len(dims) != len(num_classes):
            shown = f"{list(dims)}, {len(num_classes)} targets"
            message = f"must have one entry for each target of the data set: {shown}"
            self.failures.append(ConfigValueError(path, message))
            return
        for k, (dim, classes) in enumerate(zip(dims, num_classes, strict=True)):
            self.junctions.append(Junction((*path, k), dim, classes, ("data", "num_classes")))


def _block_part(block: GcnBlockConfig) -> _Part:
    """Return what a block shows; of its sizes those count that it does not work without."""
    sizes = list(_sizes(block))
    try:
        width, on_meta = _yielded(block)
    except ConfigValueError as error:
        return _with_one_size_mended(block, sizes, error)
    follow = [(path, size) for path, size in sizes if size == width and not _works(block, path, size + OTHER)]
    return _Part(width, tuple(follow), on_meta=on_meta)


def _with_one_size_mended(
    block: GcnBlockConfig, sizes: Sequence[tuple[Path, int]], error: ConfigValueError
) -> _Part:
    """Return what a block that fails shows, where it works once one of its sizes is the layer's width."""
    try:
        width, _ = _yielded(block.model_copy(update={"normalizer": "identity"}))
    except ConfigValueError:
        return _Part(failure=error)
    for path, size in sizes:
        if size != width and _works(block, path, width):
            return _Part(width, ((path, size),))
    return _Part(width, failure=error)


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
        return cast(Tensor, module(torch.ones(NODES, block.in_dim), _edges()))

    try:
        with torch.device("meta"):
            out = with_values_where_needed(run)
    except ConfigValueError:
        raise
    except Exception as error:
        raise ConfigValueError((), f"the block cannot run: {one_line(error)}") from error
    return out.size(1), out.is_meta


@torch.no_grad()
def _pooling_part(name: str, width: int) -> _Part:
    try:
        pooling = entry(POOLING, name, ())
        with torch.device("meta"):
            out = with_values_where_needed(lambda: pooling(torch.ones(NODES, width), _one_graph(), 1))
        return _Part(out.size(1), on_meta=out.is_meta)
    except ConfigValueError as error:
        return _Part(failure=error)
    except Exception as error:  # noqa: BLE001 - a pooling of the user's own can fail in any way
        return _Part(
            failure=ConfigValueError((), f"{name} cannot gather {width} features: {one_line(error)}")
        )


@torch.no_grad()
def _classifier_part(config: ClassifierConfig) -> _Part:
    try:
        with torch.device("meta"):
            with_values_where_needed(lambda: Classifier(config, ()).eval()(torch.ones(1, config.input_dim)))
    except ConfigValueError as error:
        return _Part(failure=error)
    except Exception as error:  # noqa: BLE001 - an activation of the user's own can fail in any way
        return _Part(failure=ConfigValueError((), f"the classifier cannot run: {one_line(error)}"))
    return _Part()


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


def _edges() -> Tensor:
    # In no order: batches are not sorted by target node either.
    return torch.tensor([[1, 0, 2, 3, 0], [2, 1, 0, 0, 3]])


def _one_graph() -> Tensor:
    return torch.zeros(NODES, dtype=torch.int64)
