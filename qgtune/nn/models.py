"""The graph classifier: blocks of graph layers, a pooling over each graph, a linear head for each target."""

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
from qgtune.schema.gnn import ClassifierConfig, ModelConfig, dimension_problems, parse_model


class Classifier(torch.nn.Module):
    """Turns graph features [graphs, input_dim] into one tensor of logits for each target.

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
        factory = entry(ACTIVATIONS, config.activation, (*path, "activation"))
        widths = [config.input_dim, *config.hidden_dims]
        hidden: list[torch.nn.Module] = []
        for k, (kwargs, activation_kwargs) in enumerate(
            zip(config.backbone_kwargs, config.activation_kwargs, strict=True)
        ):
            hidden.append(_linear(widths[k], widths[k + 1], kwargs, (*path, "backbone_kwargs", k)))
            hidden.append(construct(factory, (), activation_kwargs, (*path, "activation_kwargs", k)))
        self.backbone = torch.nn.Sequential(*hidden)
        self.heads = torch.nn.ModuleList(
            _linear(widths[-1], dim, kwargs, (*path, "output_kwargs", k))
            for k, (dim, kwargs) in enumerate(zip(config.output_dims, config.output_kwargs, strict=True))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the logits of each target, float [graphs, classes]; ``x`` is float [graphs, input_dim]."""
        hidden = self.backbone(x)
        return [head(hidden) for head in self.heads]


class GraphClassifier(torch.nn.Module):
    """Turns a batch of graphs into one tensor of logits for each target.

    Args:
        blocks: the blocks of graph layers, in order.
        pooling: gathers the features of each graph's nodes.
        classifier: the head.
    """

    def __init__(
        self, blocks: Sequence[GNNBlock], pooling: PoolingFunction, classifier: torch.nn.Module
    ) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(blocks)
        self.pooling = pooling
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

    def forward(  # noqa: PLR0913 - a batch has as many parts
        self,
        x: Tensor,
        edge_index: Tensor,
        batch: Tensor,
        num_graphs: int | None = None,
        *,
        edge_weight: Tensor | None = None,
        edge_attr: Tensor | None = None,
    ) -> list[Tensor]:
        """Return the logits of each target, float [graphs, classes of that target].

        Args:
            x: features of all nodes, float [nodes, features].
            edge_index: sources and targets of all edges, int64 [2, edges].
            batch: the graph that each node belongs to, int64 [nodes].
            num_graphs: the number of graphs; by default one more than the largest of ``batch``.
            edge_weight: weights of all edges, float [edges], for the layers that take them.
            edge_attr: features of all edges, float [edges, features], for the layers with an ``edge_dim``.

        Raises:
            ConfigValueError: if a layer's ``edge_dim`` is not the number of features that the edges have.
        """
        for block in self.blocks:
            x = block(x, edge_index, batch, num_graphs, edge_weight=edge_weight, edge_attr=edge_attr)
        return cast(list[Tensor], self.classifier(self.pooling(x, batch, num_graphs)))


def build_model(config: Mapping[str, Any]) -> GraphClassifier:
    """Return the model that the ``model`` section of a config describes, with fresh weights.

    The weights come from torch's random generator: seed it for the same weights.

    Args:
        config: the whole config; only its ``model`` section is read.

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
    return model_from_config(parse_model(config["model"], names=registered_names()))


def model_from_config(config: ModelConfig) -> GraphClassifier:
    """Return the model that a typed ``model`` section describes, with fresh weights.

    Raises:
        ConfigValueError: as ``build_model``.
    """
    model = assemble_model(config)
    # Only a built layer or pooling of the user's own tells how many features it yields.
    example = pooled_example(config.pooling_layer, model.widths[-1], ("model", "pooling_layer"))
    for problem in dimension_problems(config, widths=model.widths, pooled_width=example.size(1)):
        raise problem
    return model


def assemble_model(config: ModelConfig) -> GraphClassifier:
    """Return the model that a typed ``model`` section describes, whether or not its dims meet.

    Raises:
        ConfigValueError: if a part cannot be built.
    """
    path: Path = ("model",)
    blocks = [
        GNNBlock.from_config(block, (*path, config.blocks_key, k)) for k, block in enumerate(config.gcn_net)
    ]
    pooling = make_pooling(config.pooling_layer, (*path, "pooling_layer"))
    return GraphClassifier(blocks, pooling, Classifier(config.classifier))


def _linear(in_dim: int, out_dim: int, kwargs: Mapping[str, Any], path: Path) -> torch.nn.Module:
    return cast(torch.nn.Module, construct(torch.nn.Linear, (in_dim, out_dim), kwargs, path))
