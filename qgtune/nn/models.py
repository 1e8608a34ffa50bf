"""The model of every task: blocks of graph layers, a pooling of each graph, a linear head for each target."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.nn.blocks import GNNBlock
from qgtune.nn.construction import construct, entry
from qgtune.nn.layers import ACTIVATIONS, PoolingFunction, registered_names
from qgtune.nn.pooling import make_pooling, pooled_example
from qgtune.schema.gnn import (
    GRAPH_CLASSIFICATION,
    ClassifierConfig,
    GraphFeaturesNetConfig,
    NetworkConfig,
    dimension_problems,
    parse_model,
)


class Classifier(torch.nn.Module):
    """Turns features [rows, input_dim] into one tensor for each target: logits of classes, or a number.

    Hidden linear layers, each followed by the activation, are shared by the output layers.

    Args:
        config: the ``model.classifier`` section.
        path: where it stands in the config, for messages.

    Raises:
        ConfigValueError: if a layer cannot be built from its arguments.

    Example:
        >>> head = Classifier(ClassifierConfig(input_dim=8, hidden_dims=[4], output_dims=[2, 3]))
        >>> [tuple(logits.shape) for logits in head(torch.rand(5, 8))]
        [(5, 2), (5, 3)]
    """

    def __init__(self, config: ClassifierConfig, path: Path = ("model", "classifier")) -> None:
        super().__init__()
        self.backbone, width = _backbone(config, path)
        self.heads = torch.nn.ModuleList(
            _linear(width, dim, kwargs, (*path, "output_kwargs", k))
            for k, (dim, kwargs) in enumerate(zip(config.output_dims, config.output_kwargs, strict=True))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return what each target is given, float [rows, output_dim]; ``x`` is float [rows, input_dim]."""
        hidden = self.backbone(x)
        return [head(hidden) for head in self.heads]


class GraphFeaturesNet(torch.nn.Module):
    """Turns the features that a data set has of each graph into those that stand beside the pooled ones.

    Hidden linear layers, each followed by the activation, then a linear output layer.

    Args:
        config: the ``model.graph_features_net`` section.
        path: where it stands in the config, for messages.

    Raises:
        ConfigValueError: if a layer cannot be built from its arguments.

    Example:
        >>> net = GraphFeaturesNet(GraphFeaturesNetConfig(input_dim=3, hidden_dims=[4], output_dim=2))
        >>> tuple(net(torch.rand(5, 3)).shape)
        (5, 2)
    """

    def __init__(self, config: GraphFeaturesNetConfig, path: Path = ("model", "graph_features_net")) -> None:
        super().__init__()
        self.input_dim = config.input_dim
        self.path = path
        self.backbone, width = _backbone(config, path)
        self.output = _linear(width, config.output_dim, config.output_kwargs, (*path, "output_kwargs"))

    def forward(self, graph_features: Tensor | None) -> Tensor:
        """Return float [graphs, output_dim]; ``graph_features`` is float [graphs, input_dim].

        Raises:
            ConfigValueError: if the graphs have no features, or not as many.
        """
        given = 0 if graph_features is None else graph_features.size(1)
        if graph_features is None or given != self.input_dim:
            raise ConfigValueError(
                (*self.path, "input_dim"),
                "must equal the number of features that a graph of the data set has: "
                f"{self.input_dim} is not {given}",
            )
        return cast(Tensor, self.output(self.backbone(graph_features)))


class GraphModel(torch.nn.Module):
    """Turns a batch of graphs into one tensor for each target: a row for each graph, or for each node.

    Args:
        blocks: the blocks of graph layers, in order.
        pooling: gathers the features of each graph's nodes; None for a task on nodes.
        graph_features_net: turns the graphs' own features into some beside the pooled ones, or None.
        classifier: the head.
    """

    def __init__(
        self,
        blocks: Sequence[GNNBlock],
        pooling: PoolingFunction | None,
        graph_features_net: GraphFeaturesNet | None,
        classifier: torch.nn.Module,
    ) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(blocks)
        self.pooling = pooling
        self.graph_features_net = graph_features_net
        self.classifier = classifier

    @property
    def widths(self) -> tuple[int, ...]:
        """How many features each block yields for each node."""
        return tuple(cast(GNNBlock, block).width for block in self.blocks)

    def example_of_edges(self, edges: int) -> dict[str, Tensor]:
        """Return features of so many edges, where a block cannot work without: float [edges, edge_dim]."""
        found: dict[str, Tensor] = {}
        for block in self.blocks:
            found = found or cast(GNNBlock, block).edges.example(edges)
        return found

    def example_of_graphs(self, graphs: int) -> dict[str, Tensor]:
        """Return features of so many graphs, where the model has a network for them: float [graphs, K]."""
        net = self.graph_features_net
        return {} if net is None else {"graph_features": torch.ones(graphs, net.input_dim)}

    def forward(  # noqa: PLR0913 - a batch has as many parts
        self,
        x: Tensor,
        edge_index: Tensor,
        batch: Tensor | None = None,
        num_graphs: int | None = None,
        *,
        edge_weight: Tensor | None = None,
        edge_attr: Tensor | None = None,
        graph_features: Tensor | None = None,
    ) -> list[Tensor]:
        """Return what the model says of each target: logits of its classes, or a number.

        Float [graphs, output_dim]; without a pooling float [nodes, output_dim].

        Args:
            x: features of all nodes, float [nodes, features].
            edge_index: sources and targets of all edges, int64 [2, edges].
            batch: the graph that each node belongs to, int64 [nodes]; by default all are of one graph.
            num_graphs: the number of graphs; by default one more than the largest of ``batch``.
            edge_weight: weights of all edges, float [edges], for the layers that take them.
            edge_attr: features of all edges, float [edges, features], for the layers with an ``edge_dim``.
            graph_features: features of all graphs, float [graphs, features], for ``graph_features_net``.

        Raises:
            ConfigValueError: if a layer's ``edge_dim`` is not the number of features that the edges have, or
                ``graph_features_net.input_dim`` not that of the graphs.
        """
        for block in self.blocks:
            x = block(x, edge_index, batch, num_graphs, edge_weight=edge_weight, edge_attr=edge_attr)
        if self.pooling is not None:
            if batch is None:
                batch, num_graphs = x.new_zeros(x.size(0), dtype=torch.int64), 1
            x = self.pooling(x, batch, num_graphs)
        if self.graph_features_net is not None:
            x = torch.cat([x, self.graph_features_net(graph_features)], dim=1)
        return cast(list[Tensor], self.classifier(x))


def build_model(config: Mapping[str, Any], task: str = GRAPH_CLASSIFICATION) -> GraphModel:
    """Return the model that the ``model`` section of a config describes, with fresh weights.

    The weights come from torch's random generator: seed it for the same weights.

    Args:
        config: the whole config; only its ``model`` section is read.
        task: a name in ``qgtune.schema.gnn.TASK_SCHEMAS``, the task that the config is for.

    Raises:
        ConfigValueError: if a key, a name, a value or an argument is wrong, or if two dims do not meet.

    Example:
        >>> block = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "sage"}
        >>> classifier = {"input_dim": 8, "output_dims": [2]}
        >>> model = build_model({"model": {"gcn_net": [block], "classifier": classifier}})
        >>> edge_index, batch = torch.tensor([[0, 2], [1, 3]]), torch.tensor([0, 0, 1, 1])
        >>> [tuple(logits.shape) for logits in model(torch.rand(4, 3), edge_index, batch)]
        [(2, 2)]
    """
    if "model" not in config:
        raise ConfigValueError(("model",), "the key 'model' is required, and is absent")
    return model_from_config(parse_model(config["model"], task=task, names=registered_names()))


def model_from_config(config: NetworkConfig) -> GraphModel:
    """Return the model that a typed ``model`` section describes, with fresh weights.

    Raises:
        ConfigValueError: as ``build_model``.
    """
    model = assemble_model(config)
    # Only a built layer or pooling of the user's own tells how many features it yields.
    width = model.widths[-1]
    if config.pooling is not None:
        width = pooled_example(config.pooling, width, ("model", "pooling_layer")).size(1)
    for problem in dimension_problems(config, widths=model.widths, pooled_width=width):
        raise problem
    return model


def assemble_model(config: NetworkConfig) -> GraphModel:
    """Return the model that a typed ``model`` section describes, whether or not its dims meet.

    Raises:
        ConfigValueError: if a part cannot be built.
    """
    path: Path = ("model",)
    blocks = [
        GNNBlock.from_config(block, (*path, config.blocks_key, k)) for k, block in enumerate(config.gcn_net)
    ]
    pooling = None if config.pooling is None else make_pooling(config.pooling, (*path, "pooling_layer"))
    net = None if config.features_net is None else GraphFeaturesNet(config.features_net)
    return GraphModel(blocks, pooling, net, Classifier(config.classifier, (*path, config.head_key)))


def _backbone(
    config: ClassifierConfig | GraphFeaturesNetConfig, path: Path
) -> tuple[torch.nn.Sequential, int]:
    """Return the hidden layers of a section that has such, and how many features they yield."""
    factory = entry(ACTIVATIONS, config.activation, (*path, "activation"))
    widths = [config.input_dim, *config.hidden_dims]
    hidden: list[torch.nn.Module] = []
    for k, (kwargs, activation_kwargs) in enumerate(
        zip(config.backbone_kwargs, config.activation_kwargs, strict=True)
    ):
        hidden.append(_linear(widths[k], widths[k + 1], kwargs, (*path, "backbone_kwargs", k)))
        hidden.append(construct(factory, (), activation_kwargs, (*path, "activation_kwargs", k)))
    return torch.nn.Sequential(*hidden), widths[-1]


def _linear(in_dim: int, out_dim: int, kwargs: Mapping[str, Any], path: Path) -> torch.nn.Module:
    return cast(torch.nn.Module, construct(torch.nn.Linear, (in_dim, out_dim), kwargs, path))
