"""Where the widths of a model must meet, found by building its parts on torch's meta device.

A part is built and run by itself, at the width that its own config says. So one model shows all its misfits
at once, and a part that many models share is built once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.nn.construction import one_line, with_values_where_needed
from qgtune.nn.models import assemble_model
from qgtune.nn.trial_runs import (
    NODES,
    Part,
    block_part,
    classifier_part,
    graph_features_part,
    one_graph,
    pooling_part,
    some_edges,
)
from qgtune.schema.gnn import ClassifierConfig, GcnBlockConfig, GraphFeaturesNetConfig, NetworkConfig

_MODEL: Path = ("model",)
_FEATURES_NET: Path = (*_MODEL, "graph_features_net")


@dataclass(frozen=True, slots=True)
class Junction:
    """A place where two widths of a model must meet.

    Args:
        target: the path of the config's number, such as ``model.gcn_net[1].in_dim``.
        given: that number.
        needed: the width that arrives there.
        source: what gives the width: the path of a block, or of a fact of the data set.
        beside: how much of that width is not the source's, but that of ``model.graph_features_net``.
    """

    target: Path
    given: int
    needed: int
    source: Path
    beside: int = 0

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


class Tracer:
    """Traces models, and remembers the parts that it has seen.

    Example:
        >>> block = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "gat", "heads": 2}
        >>> model = NetworkConfig(gcn_net=[block], classifier={"input_dim": 8, "output_dims": [2]})
        >>> [(j.given, j.needed) for j in Tracer().trace(model).junctions]
        [(8, 16)]
    """

    def __init__(self) -> None:
        self._parts: dict[tuple[object, ...], Part] = {}

    def trace(
        self,
        model: NetworkConfig,
        *,
        num_node_features: int | None = None,
        num_classes: Sequence[int | None] | None = None,
        num_graph_features: int | None = None,
    ) -> Trace:
        """Return the junctions and failures of a model.

        Args:
            model: the model section.
            num_node_features: features of a node in the data set, if it is known.
            num_classes: the number of classes of each target of the data set, None for a target that is a
                number; if it is known.
            num_graph_features: features of a graph in the data set, 0 for none, if it is known.
        """
        walk = _Walk()
        walk.width, walk.source = num_node_features, ("data", "num_node_features")
        for k, block in enumerate(model.gcn_net):
            path: Path = (*_MODEL, model.blocks_key, k)
            walk.meet((*path, "in_dim"), block.in_dim)
            walk.enter(path, self._block(block))
            walk.source = path
        if walk.width is not None and model.pooling is not None:
            walk.enter((*_MODEL, "pooling_layer"), self._pooling(model.pooling, walk.width))
        if model.features_net is not None:
            self._beside(walk, model.features_net, num_graph_features)
        head: Path = (*_MODEL, model.head_key)
        walk.meet((*head, "input_dim"), model.classifier.input_dim)
        walk.enter(head, self._classifier(model.classifier))
        walk.outputs((*head, "output_dims"), model.classifier.output_dims, num_classes)
        return Trace(tuple(walk.junctions), tuple(walk.failures), walk.on_meta)

    def _beside(self, walk: "_Walk", net: GraphFeaturesNetConfig, num_graph_features: int | None) -> None:
        """Put what the network of the graphs' features yields beside what has arrived."""
        pooled, source = walk.width, walk.source
        walk.width, walk.source = num_graph_features, ("data", "num_graph_features")
        walk.meet((*_FEATURES_NET, "input_dim"), net.input_dim)
        walk.enter(_FEATURES_NET, self._graph_features(net))
        walk.beside, walk.source = walk.width or 0, source
        walk.width = None if pooled is None or walk.width is None else pooled + walk.width

    def width(self, block: GcnBlockConfig) -> int | None:
        """Return how many features a block yields for each node, or None if it does not work."""
        return self._block(block).width

    def _block(self, block: GcnBlockConfig) -> Part:
        key = ("block", repr(block.model_dump(exclude={"dropout"})))
        return self._seen(key, lambda: block_part(block))

    def _pooling(self, pooling_layer: str | Sequence[str], width: int) -> Part:
        key = ("pooling", repr(pooling_layer), width)
        return self._seen(key, lambda: pooling_part(pooling_layer, width))

    def _classifier(self, config: ClassifierConfig) -> Part:
        return self._seen(("classifier", repr(config.model_dump())), lambda: classifier_part(config))

    def _graph_features(self, config: GraphFeaturesNetConfig) -> Part:
        key = ("graph features", repr(config.model_dump()))
        return self._seen(key, lambda: graph_features_part(config))

    def _seen(self, key: tuple[object, ...], look: Callable[[], Part]) -> Part:
        if key not in self._parts:
            self._parts[key] = look()
        return self._parts[key]


def push_batch(model: NetworkConfig, *, on_meta: bool = True) -> None:
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
def _run_whole(config: NetworkConfig) -> None:
    model = assemble_model(config).eval()
    edges = some_edges()
    model(
        torch.ones(NODES, config.gcn_net[0].in_dim),
        edges,
        one_graph(),
        1,
        **model.example_of_edges(edges.size(1)),
        **model.example_of_graphs(1),
    )


@dataclass(slots=True)
class _Walk:
    """One way through a model: the width that arrives, where it comes from, and what was found."""

    width: int | None = None
    source: Path = ()
    beside: int = 0
    on_meta: bool = True
    junctions: list[Junction] = field(default_factory=list)
    failures: list[ConfigValueError] = field(default_factory=list)

    def meet(self, target: Path, given: int) -> None:
        """Note that the number at ``target`` must equal the width that arrives, if that is known."""
        if self.width is not None:
            self.junctions.append(Junction(target, given, self.width, self.source, self.beside))

    def enter(self, path: Path, part: Part) -> None:
        """Go through a part of the model, the one whose config stands at ``path``."""
        self.width = part.width
        self.on_meta &= part.on_meta
        if part.failure is not None:
            error = part.failure
            self.failures.append(ConfigValueError((*path, *error.path), error.message, error.hint))
        for below, size in part.sizes:
            if part.width is not None:
                self.junctions.append(Junction((*path, *below), size, part.width, path))

    def outputs(self, path: Path, dims: Sequence[int], num_classes: Sequence[int | None] | None) -> None:
        """Note that each output must be as wide as its target has classes, or 1 where that is a number."""
        if num_classes is None:
            return
        if len(dims) != len(num_classes):
            shown = f"{list(dims)}, {len(num_classes)} targets"
            message = f"must have one entry for each target of the data set: {shown}"
            self.failures.append(ConfigValueError(path, message))
            return
        for k, (dim, classes) in enumerate(zip(dims, num_classes, strict=True)):
            needed = 1 if classes is None else classes
            self.junctions.append(Junction((*path, k), dim, needed, ("data", "num_classes")))
