"""The registries of graph layers, normalizers, activations and poolings.

A user adds an entry with the registry's ``register``::

    @LAYERS.register("mine")
    class MyConv(MessagePassing): ...

A layer is called as ``layer(in_dim, out_dim, *args, **kwargs)`` and its forward as ``layer(x, edge_index)``.
A forward that has the parameters ``edge_weight`` [edges] or ``edge_attr`` [edges, features] is given those as
well where the graphs have them; ``edge_attr`` is not given to a layer whose attribute ``edge_dim`` is None.

A normalizer is called as ``normalizer(features, **kwargs)`` and its forward as ``normalizer(x)``. A forward
that has the parameters ``batch`` [nodes] and ``batch_size`` is given the graph of each node and the number of
graphs.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch_geometric import nn as pyg

from qgtune.core.registry import Registry
from qgtune.nn.convolutions import GCNConv, GraphConv, SAGEConv
from qgtune.nn.gin import GINLayer
from qgtune.schema import gnn as schema
from qgtune.schema.gnn import RegisteredNames

ModuleFactory = Callable[..., torch.nn.Module]
PoolingFunction = Callable[..., Tensor]
"""Called as ``pooling(x, batch, size)``: [nodes, features], int64 [nodes], graphs -> [graphs, features]."""

LAYERS: Registry[ModuleFactory] = Registry("layer")
NORMALIZERS: Registry[ModuleFactory] = Registry("normalizer")
ACTIVATIONS: Registry[ModuleFactory] = Registry("activation")
POOLING: Registry[PoolingFunction] = Registry("pooling")

LAYERS.register("sage")(SAGEConv)
LAYERS.register("gcn")(GCNConv)
LAYERS.register("gat")(pyg.GATConv)
LAYERS.register("gatv2")(pyg.GATv2Conv)
LAYERS.register("gco")(GraphConv)
LAYERS.register("gin")(GINLayer)
LAYERS.register("graph_transformer")(pyg.TransformerConv)

NORMALIZERS.register("batch_norm")(torch.nn.BatchNorm1d)
NORMALIZERS.register("layer_norm")(torch.nn.LayerNorm)
NORMALIZERS.register("graph_norm")(pyg.GraphNorm)
NORMALIZERS.register("identity")(torch.nn.Identity)

ACTIVATIONS.register("relu")(torch.nn.ReLU)
ACTIVATIONS.register("leaky_relu")(torch.nn.LeakyReLU)
ACTIVATIONS.register("sigmoid")(torch.nn.Sigmoid)
ACTIVATIONS.register("tanh")(torch.nn.Tanh)
ACTIVATIONS.register("identity")(torch.nn.Identity)
ACTIVATIONS.register("elu")(torch.nn.ELU)
ACTIVATIONS.register("selu")(torch.nn.SELU)
ACTIVATIONS.register("gelu")(torch.nn.GELU)
ACTIVATIONS.register("silu")(torch.nn.SiLU)
ACTIVATIONS.register("mish")(torch.nn.Mish)
ACTIVATIONS.register("softplus")(torch.nn.Softplus)

POOLING.register("mean")(pyg.global_mean_pool)
POOLING.register("max")(pyg.global_max_pool)
POOLING.register("sum")(pyg.global_add_pool)

# Set by the block (dims, place and type of the parameters) or fixed by it (nodes are rows).
_SET_BY_THE_BLOCK = frozenset(
    {"in_channels", "out_channels", "num_features", "normalized_shape", "node_dim", "device", "dtype"}
)


def registered_names() -> RegisteredNames:
    """Return the names that users added to the four registries, for the schema, which imports no torch."""
    return RegisteredNames(
        layer_types=frozenset(LAYERS) - frozenset(schema.LAYER_TYPES),
        normalizers=frozenset(NORMALIZERS) - frozenset(schema.NORMALIZERS),
        activations=frozenset(ACTIVATIONS) - frozenset(schema.ACTIVATIONS),
        poolings=frozenset(POOLING) - frozenset(schema.POOLINGS),
    )


def taken_kwargs(factory: ModuleFactory) -> frozenset[str] | None:
    """Return the names of the keyword arguments that a layer, normalizer or activation takes.

    Those that the block itself sets, such as the dims, are left out. A message passing layer that hands its
    further keyword arguments on takes those of ``MessagePassing`` too.

    Returns:
        The names, or None if the factory takes any keyword argument.

    Example:
        >>> sorted(taken_kwargs(torch.nn.LeakyReLU))
        ['inplace', 'negative_slope']
    """
    if inspect.isclass(factory) and factory.__init__ is torch.nn.Module.__init__:
        return frozenset()
    if factory is torch.nn.Identity:  # takes anything, and uses nothing
        return frozenset()
    parameters = inspect.signature(factory).parameters.values()
    names = frozenset(p.name for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY})
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        if not (inspect.isclass(factory) and issubclass(factory, pyg.MessagePassing)):
            return None
        names |= frozenset(inspect.signature(pyg.MessagePassing).parameters)
    return names - _SET_BY_THE_BLOCK


def without_untaken(factory: ModuleFactory, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments that ``factory`` takes; the others belong to its alternatives."""
    taken = taken_kwargs(factory)
    return {name: value for name, value in kwargs.items() if taken is None or name in taken}
