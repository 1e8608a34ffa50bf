"""One block of a graph neural network: layer, normalizer, activation, skip connection, dropout."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.nn.aggregation import plain
from qgtune.nn.construction import construct, entry, one_line, with_values_where_needed
from qgtune.nn.dropout import Dropout
from qgtune.nn.edge_inputs import EdgeInputs
from qgtune.nn.layers import ACTIVATIONS, LAYERS, NORMALIZERS, ModuleFactory
from qgtune.schema.gnn import GcnBlockConfig


class GNNBlock(torch.nn.Module):
    """Turns node features [nodes, in_dim] into [nodes, width], as QuantumGrav's block does.

    ``dropout(activation(normalizer(layer(x, edge_index))) + skip(x))``, where ``skip`` is the identity if the
    width equals ``in_dim``, and a linear projection without bias otherwise.

    The width is what the layer yields: ``out_dim``, and ``out_dim * heads`` for a layer that concatenates
    several attention heads (gat, gatv2, graph_transformer), as torch_geometric has it.

    Args:
        in_dim: features of a node before the block.
        out_dim: features that the layer yields for a node (for each head).
        dropout: share of the features that are set to zero while training, 0 <= dropout < 1.
        gnn_layer_type: a name in ``LAYERS``.
        normalizer: a name in ``NORMALIZERS``.
        activation: a name in ``ACTIVATIONS``.
        gnn_layer_args: positional arguments of the layer after its two dims.
        gnn_layer_kwargs: keyword arguments of the layer. Those it does not take are dropped, so that layer
            types can share them; so it is with the two that follow.
        norm_args: positional arguments of the normalizer; by default the width.
        norm_kwargs: keyword arguments of the normalizer.
        activation_kwargs: keyword arguments of the activation.
        residual: whether the skip connection exists.
        path: where the block stands in the config, for messages.

    Raises:
        ConfigValueError: if a name is unknown, a constructor refuses its arguments, or the normalizer or the
            layer cannot work on features of these dims.

    Example:
        >>> block = GNNBlock(3, 8, gnn_layer_type="sage", normalizer="batch_norm")
        >>> block(torch.rand(4, 3), torch.tensor([[0, 1, 2], [1, 2, 3]])).shape
        torch.Size([4, 8])
    """

    def __init__(  # noqa: PLR0913 - one argument for each key of the config
        self,
        in_dim: int,
        out_dim: int,
        *,
        dropout: float = 0.3,
        gnn_layer_type: str = "gcn",
        normalizer: str = "identity",
        activation: str = "relu",
        gnn_layer_args: Sequence[Any] = (),
        gnn_layer_kwargs: Mapping[str, Any] | None = None,
        norm_args: Sequence[Any] = (),
        norm_kwargs: Mapping[str, Any] | None = None,
        activation_kwargs: Mapping[str, Any] | None = None,
        residual: bool = True,
        path: Path = (),
    ) -> None:
        super().__init__()
        layer = entry(LAYERS, gnn_layer_type, (*path, "gnn_layer_type"))
        norm = entry(NORMALIZERS, normalizer, (*path, "normalizer"))
        act = entry(ACTIVATIONS, activation, (*path, "activation"))

        kwargs_path = (*path, "gnn_layer_kwargs")
        conv = _Tried(_maker(layer, (in_dim, out_dim, *gnn_layer_args), gnn_layer_kwargs, kwargs_path))
        self.conv = conv.module
        self.edges = _edge_inputs(self.conv, gnn_layer_type, kwargs_path)
        self.width = _probed_width(conv, self.edges, in_dim, gnn_layer_type)

        norm_path = (*path, "norm_args")
        tried = _Tried(_maker(norm, norm_args or (self.width,), norm_kwargs, norm_path))
        self.normalizer = tried.module
        parameters = inspect.signature(self.normalizer.forward).parameters
        self._norm_inputs = tuple(name for name in ("batch", "batch_size") if name in parameters)
        _check_normalizer(tried, self.width, norm_path, self._norm_inputs)

        self.activation = construct(act, (), activation_kwargs or {}, (*path, "activation_kwargs"))
        self.skip = _skip(in_dim, self.width) if residual else None
        self.dropout = Dropout(dropout)

    @classmethod
    def from_config(cls, config: GcnBlockConfig, path: Path = ()) -> "GNNBlock":
        """Return the block that one item of ``model.gcn_net`` describes.

        Raises:
            ConfigValueError: as the constructor.
        """
        return cls(
            config.in_dim,
            config.out_dim,
            dropout=config.dropout,
            gnn_layer_type=config.gnn_layer_type,
            normalizer=config.normalizer,
            activation=config.activation,
            gnn_layer_args=config.gnn_layer_args,
            gnn_layer_kwargs=config.layer_kwargs,
            norm_args=config.norm_args,
            norm_kwargs=config.norm_kwargs,
            activation_kwargs=config.activation_kwargs,
            residual=config.has_residual,
            path=path,
        )

    def forward(  # noqa: PLR0913 - a batch has as many parts
        self,
        x: Tensor,
        edge_index: Tensor,
        batch: Tensor | None = None,
        num_graphs: int | None = None,
        *,
        edge_weight: Tensor | None = None,
        edge_attr: Tensor | None = None,
    ) -> Tensor:
        """Return the new node features, float [nodes, width].

        Args:
            x: node features, float [nodes, in_dim].
            edge_index: sources and targets of the edges, int64 [2, edges].
            batch: the graph that each node belongs to, int64 [nodes], for a normalizer that looks at each
                graph by itself (graph_norm); by default all nodes are of one graph.
            num_graphs: the number of graphs; by default one more than the largest of ``batch``.
            edge_weight: weights of the edges, float [edges], for a layer that takes them (gcn, gco).
            edge_attr: features of the edges, float [edges, edge_dim], for a layer that has an ``edge_dim``.

        Raises:
            ConfigValueError: if the layer has an ``edge_dim``, and the edges do not have as many features.
        """
        inputs = self.edges.taken(edge_weight, edge_attr)
        edges = edge_index if getattr(self.conv, "takes_sorted_edges", False) else plain(edge_index)
        hidden = self._normalized(self.conv(x, edges, **inputs), batch, num_graphs)
        hidden = self.activation(hidden)
        if self.skip is not None:
            hidden = hidden + self.skip(x)
        return cast(Tensor, self.dropout(hidden))

    def _normalized(self, x: Tensor, batch: Tensor | None, num_graphs: int | None) -> Tensor:
        # torch refuses to take the statistics of one row: a last batch of one graph with one node.
        if x.size(0) == 1 and isinstance(self.normalizer, torch.nn.BatchNorm1d):
            return _batch_norm_of_one(self.normalizer, x)
        given = {"batch": batch, "batch_size": num_graphs}
        return cast(Tensor, self.normalizer(x, **{name: given[name] for name in self._norm_inputs}))


def _maker(
    factory: ModuleFactory, arguments: Sequence[Any], kwargs: Mapping[str, Any] | None, path: Path
) -> Callable[[], torch.nn.Module]:
    """Return what builds a module, and others with the same arguments."""
    return lambda: cast(torch.nn.Module, construct(factory, arguments, kwargs or {}, path))


def _edge_inputs(conv: torch.nn.Module, name: str, path: Path) -> EdgeInputs:
    """Return what a layer takes of the edges.

    Raises:
        ConfigValueError: if it keeps the edges of its first batch for all others.
    """
    if getattr(conv, "cached", False):
        raise ConfigValueError(path, f"{name} must not be cached: batches differ in their edges")
    return EdgeInputs(conv, path)


def _skip(in_dim: int, width: int) -> torch.nn.Module:
    return torch.nn.Identity() if in_dim == width else torch.nn.Linear(in_dim, width, bias=False)


def _batch_norm_of_one(norm: torch.nn.BatchNorm1d, x: Tensor) -> Tensor:
    """Return the batch norm of a single row, float [1, features], by the running statistics.

    Without running statistics the row is its own mean.
    """
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        mean, variance = x.detach()[0], torch.ones_like(x[0])
    return F.batch_norm(x, mean, variance, norm.weight, norm.bias, training=False, eps=norm.eps)


class _Tried:
    """A module on which a shape is tried; on the meta device, another one with values where that needs them.

    Args:
        make: makes the module, which is left in training mode, and others like it.
    """

    def __init__(self, make: Callable[[], torch.nn.Module]) -> None:
        self.module = make()
        self.make = make

    @torch.no_grad()
    def __call__(
        self,
        make_inputs: Callable[[], tuple[Tensor, ...]],
        make_named: Callable[[], dict[str, Any]],
    ) -> Any:
        """Return what the module gives in evaluation mode, in which no running statistics change."""
        untried = [self.module]

        def run() -> Any:
            module = untried.pop() if untried else self.make()
            module.eval()
            try:
                return module(*make_inputs(), **make_named())
            finally:
                module.train()

        return with_values_where_needed(run)


def _probed_width(conv: _Tried, edges: EdgeInputs, in_dim: int, name: str) -> int:
    """Return how many features a layer yields for each node, by running it on a triangle."""
    path = edges.path
    try:
        # Batches are not sorted by target node, and neither is this graph: an aggregation that needs that
        # fails.
        out = conv(
            lambda: (torch.ones(3, in_dim), torch.tensor([[1, 0, 2], [2, 1, 0]])),
            lambda: edges.example(3),
        )
    except Exception as error:
        raise ConfigValueError(path, f"{name} cannot work with these arguments: {one_line(error)}") from error
    if not isinstance(out, Tensor) or out.dim() != 2 or out.size(0) != 3:
        shape = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise ConfigValueError(
            path, f"{name} must yield one row of features for each node: {shape} of 3 nodes"
        )
    return out.size(1)


def _check_normalizer(norm: _Tried, width: int, path: Path, inputs: Sequence[str]) -> None:
    """Raise unless the normalizer works on rows of ``width`` features and leaves their shape as it is."""

    def of_one_graph() -> dict[str, Any]:
        given = {"batch": torch.zeros(2, dtype=torch.int64), "batch_size": 1}
        return {name: given[name] for name in inputs}

    kind = type(norm.module).__name__
    try:
        out = norm(lambda: (torch.arange(2.0).repeat_interleave(width).view(2, width),), of_one_graph)
    except Exception as error:
        message = f"must fit the {width} features that the layer yields: {kind}: {one_line(error)}"
        raise ConfigValueError(path, message) from error
    if tuple(out.shape) != (2, width):
        raise ConfigValueError(
            path, f"{kind} must keep the shape of its input: {tuple(out.shape)} is not {(2, width)}"
        )
