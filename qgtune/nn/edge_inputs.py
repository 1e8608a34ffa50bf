"""What a graph layer is given of its edges besides their ends: weights and features."""

import inspect

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path


class EdgeInputs:
    """The weights and features of edges that a layer takes.

    A layer takes those that are parameters of its forward. One whose ``edge_dim`` is None takes no features,
    as in torch_geometric; one whose ``edge_dim`` is a number cannot work without.

    Args:
        conv: the layer.
        path: where its keyword arguments stand in the config, for messages.

    Example:
        >>> from torch_geometric.nn import GATConv, GCNConv
        >>> EdgeInputs(GCNConv(3, 8)).names, EdgeInputs(GATConv(3, 8)).names
        (('edge_weight',), ())
        >>> EdgeInputs(GATConv(3, 8, edge_dim=2)).names
        ('edge_attr',)
    """

    def __init__(self, conv: torch.nn.Module, path: Path = ()) -> None:
        self.path = path
        self.edge_dim: int | None = getattr(conv, "edge_dim", None)
        parameters = inspect.signature(conv.forward).parameters
        has_features = "edge_attr" in parameters and not (hasattr(conv, "edge_dim") and self.edge_dim is None)
        candidates = {"edge_weight": "edge_weight" in parameters, "edge_attr": has_features}
        self.names = tuple(name for name, taken in candidates.items() if taken)

    def taken(self, edge_weight: Tensor | None, edge_attr: Tensor | None) -> dict[str, Tensor]:
        """Return what the layer takes of the two, by the names of its parameters.

        Args:
            edge_weight: weights of the edges, float [edges], if there are any.
            edge_attr: features of the edges, float [edges, edge_dim], if there are any.

        Raises:
            ConfigValueError: if the layer has an ``edge_dim``, and the edges do not have as many features.
        """
        if "edge_attr" in self.names and self.edge_dim is not None:
            features = 0 if edge_attr is None else edge_attr.size(1) if edge_attr.dim() == 2 else 1
            if features != self.edge_dim:
                raise ConfigValueError(
                    (*self.path, "edge_dim"),
                    "must equal the number of features that an edge of the data set has: "
                    f"{self.edge_dim} is not {features}",
                )
        given = {"edge_weight": edge_weight, "edge_attr": edge_attr}
        return {name: value for name, value in given.items() if name in self.names and value is not None}

    def example(self, edges: int) -> dict[str, Tensor]:
        """Return features of so many edges, where the layer cannot work without: float [edges, edge_dim]."""
        if "edge_attr" not in self.names or self.edge_dim is None:
            return {}
        return {"edge_attr": torch.ones(edges, self.edge_dim)}
