"""Graphs in a file that anyone with torch can read."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch_geometric.data import Data

from qgtune.core.files import write_atomically
from qgtune.data.graph_dataset import GraphDataset
from qgtune.data.pyg_labels import MASKS


def save_graphs(path: Path, dataset: GraphDataset, fields: Sequence[str]) -> None:
    """Leave at ``path`` all graphs of a data set, as a list of dicts of tensors.

    ``[Data(**graph) for graph in torch.load(path)]`` reads them, and runs no code that the file holds. Equal
    graphs give equal bytes.

    Args:
        path: where the file shall stand; its folder must exist.
        dataset: the graphs.
        fields: what is saved of each: names of its tensors, and of the masks ``train_mask``, ``val_mask`` and
            ``test_mask``, bool [nodes], that its ``node_part`` stands for.

    Raises:
        OSError: if the file cannot be written.

    Example:
        >>> import tempfile
        >>> from qgtune.data import load_dataset
        >>> club = load_dataset({"name": "karate_club"}, base_dir=Path())
        >>> path = Path(tempfile.mkdtemp()) / "graphs.pt"
        >>> save_graphs(path, club, ["x", "edge_index", "y"])
        >>> [graph["y"].shape for graph in torch.load(path)]
        [torch.Size([34, 1])]
    """
    write_atomically(path, graphs_content(dataset, fields))


def graphs_content(dataset: GraphDataset, fields: Sequence[str]) -> bytes:
    """Return what ``save_graphs`` writes."""
    content = io.BytesIO()
    # Copies: a view would be saved with all that it is a view of.
    torch.save([{name: _tensor(graph, name).clone() for name in fields} for graph in dataset], content)
    return content.getvalue()


def _tensor(graph: Data, name: str) -> torch.Tensor:
    value: Any = graph.node_part == MASKS[name] if name in MASKS else graph[name]
    tensor: torch.Tensor = value
    return tensor
