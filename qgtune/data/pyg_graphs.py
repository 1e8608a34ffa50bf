"""Data sets of PyG graphs that already exist: what they hold is told from their shapes, and checked."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from qgtune.data.graph_dataset import GraphDataset, Target, numbered_targets
from qgtune.data.graph_store import Graph, GraphArrays, stack_graphs
from qgtune.data.pyg_labels import MASKS, checked_labels, found_level, found_predicts, part_of_nodes
from qgtune.schema.data_settings import Level, Predicts

_USED = {"x", "edge_index", "y", "edge_weight", "edge_attr", "graph_features", "num_nodes"}


def dataset_from_graphs(
    graphs: Iterable[Data],
    *,
    name: str,
    level: Level | None = None,
    predicts: Predicts | None = None,
    masks: bool = True,
) -> GraphDataset:
    """Return the data set of PyG graphs that already exist.

    Args:
        graphs: each with ``x`` [nodes, F] or [nodes], ``edge_index`` [2, edges], and ``y``: of each target
            the whole number of its class, or a value. A label of a graph has T entries in any shape; labels
            of nodes are [nodes] or [nodes, T], with -1 where a class is unknown. If they have it, also
            ``edge_weight`` [edges], ``edge_attr`` [edges, K] or [edges], ``graph_features`` [1, K] or [K];
            and, where nodes are labelled, the masks ``train_mask``, ``val_mask`` and ``test_mask``, of truth
            values [nodes].
        name: of the data set, for reports.
        level: what y labels, ``graph`` or ``node``; None tells it from the shapes.
        predicts: what y is, ``classes`` or ``values``; None takes whole numbers (an integer type) for
            classes, and floating point for values.
        masks: whether masks say which nodes are trained on, validated and tested; False leaves them out.

    Returns:
        A data set whose features are named ``x0``, ``x1``, ... and whose targets ``y0``, ``y1``, ...; a
        target has one class more than the greatest number that occurs, and at least two. Other attributes of
        the graphs are left out, with a warning that names them.

    Raises:
        ValueError: if there is no graph, if one lacks something or differs from the first, or if y may label
            graphs as well as nodes; says which.

    Example:
        >>> graph = Data(x=torch.zeros(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=1)
        >>> dataset_from_graphs([graph], name="paths").num_classes
        (2,)
        >>> graph.y = torch.tensor([0, 2, 1])
        >>> dataset_from_graphs([graph], name="path").level
        'node'
    """
    given = list(graphs)
    _check_complete(given)
    level = level or found_level(given)
    predicts = predicts or found_predicts(given)
    masks = masks and level == "node"
    rows = [
        _checked(graph, index, level=level, predicts=predicts, masks=masks)
        for index, graph in enumerate(given)
    ]
    _check_alike(rows)
    _warn_of_unused(given, _USED | set(MASKS) if level == "node" else _USED, name)
    arrays = stack_graphs(rows)
    return GraphDataset(
        name=name,
        feature_names=tuple(f"x{column}" for column in range(arrays.x.shape[1])),
        targets=_targets(arrays, predicts, level),
        arrays=arrays,
        level=level,
    )


def _check_complete(graphs: Sequence[Data]) -> None:
    for index, graph in enumerate(graphs):
        for key in ("x", "edge_index", "y"):
            if getattr(graph, key, None) is None:
                raise ValueError(f"each graph needs x, edge_index and y, and graph {index} has no {key}")
    if not graphs:
        raise ValueError("a data set needs at least one graph, and there is none")


def _targets(arrays: GraphArrays, predicts: Predicts, level: Level) -> tuple[Target, ...]:
    names = [f"y{column}" for column in range(arrays.y.shape[1])]
    if predicts == "values":
        return tuple(Target(name, None) for name in names)
    greatest = arrays.y.max(axis=0)
    for column, label in enumerate(greatest):
        if label < 0:
            raise ValueError(f"some {level} needs a label, and column {column} of y has -1, unknown, for all")
    return numbered_targets(names, np.maximum(greatest + 1, 2).tolist())


def _checked(graph: Data, index: int, *, level: Level, predicts: Predicts, masks: bool) -> Graph:
    x = as_floats(graph.x)
    if x.dim() == 0 or len(x) == 0:
        raise ValueError(f"each graph needs at least one node, and graph {index} has none")
    x = x.reshape(len(x), -1)
    if x.shape[1] == 0:
        raise ValueError(f"each node needs at least one feature, and x of graph {index} has no column")
    _check_finite(x, f"node features must be finite numbers, and node {{row}} of graph {index}", "x")
    edges = _checked_edges(graph, len(x), index)
    weight, attr, features = (
        getattr(graph, key, None) for key in ("edge_weight", "edge_attr", "graph_features")
    )
    return Graph(
        x=x.numpy(),
        edge_index=edges.numpy(),
        y=checked_labels(graph.y, len(x), index, level=level, predicts=predicts),
        edge_weight=None if weight is None else _of_edges(weight, edges, index, "edge_weight").numpy()[:, 0],
        edge_attr=None if attr is None else _of_edges(attr, edges, index, "edge_attr").numpy(),
        graph_features=None if features is None else _of_graph(features, index),
        node_part=part_of_nodes(graph, len(x), index) if masks else None,
    )


def _checked_edges(graph: Data, num_nodes: int, index: int) -> Tensor:
    edges = torch.as_tensor(graph.edge_index).detach().cpu().to(torch.int64)
    if edges.dim() != 2 or len(edges) != 2:
        raise ValueError(f"edge_index must have the shape [2, edges], and graph {index} has {[*edges.shape]}")
    if edges.numel() and not 0 <= int(edges.min()) <= int(edges.max()) < num_nodes:
        raise ValueError(
            f"edges must join nodes 0 to {num_nodes - 1} of graph {index}, "
            f"and go from {int(edges.min())} to {int(edges.max())}"
        )
    return edges


def _of_edges(given: Any, edges: Tensor, index: int, key: str) -> Tensor:
    """Return what each edge has, checked: float32 [edges, K]."""
    count = edges.shape[1]
    values = as_floats(given)
    fits = values.dim() in {1, 2} and len(values) == count
    if not fits or (key == "edge_weight" and values.numel() != count):
        expected = "[edges]" if key == "edge_weight" else "[edges, features] or [edges]"
        raise ValueError(
            f"{key} must have the shape {expected}, and graph {index} has {count} edges "
            f"and {key} of the shape {[*values.shape]}"
        )
    # Not -1: it cannot be told where there are no edges.
    values = values.reshape(count, values.shape[1] if values.dim() == 2 else 1)
    _check_finite(values, f"{key} must be finite numbers, and edge {{row}} of graph {index}", key)
    return values


def _of_graph(given: Any, index: int) -> Any:
    values = as_floats(given)
    if values.dim() > 2 or values.numel() == 0 or (values.dim() == 2 and len(values) != 1):
        raise ValueError(
            f"graph_features must have the shape [features] or [1, features], "
            f"and graph {index} has {[*values.shape]}"
        )
    values = values.reshape(1, -1)
    _check_finite(values, f"graph_features must be finite numbers, and graph {index}", "graph_features")
    return values.numpy()


def as_floats(given: Any) -> Tensor:
    """Return any numbers as a dense float32 tensor in main memory."""
    values = torch.as_tensor(given).detach().cpu()
    return (values if values.layout == torch.strided else values.to_dense()).to(torch.float32)


def _check_finite(values: Tensor, rule: str, key: str) -> None:
    """Raise the rule, with the row for ``{row}``, if a number of the matrix is not finite."""
    finite = torch.isfinite(values)
    if not bool(finite.all()):
        row, column = (int(k) for k in torch.nonzero(~finite)[0])
        found = values[row, column].item()
        raise ValueError(f"{rule.format(row=row)} has {found} in column {column} of {key}")


def _check_alike(rows: Sequence[Graph]) -> None:
    first = _widths(rows[0])
    for index, row in enumerate(rows):
        for (kind, count), expected in zip(_widths(row).items(), first.values(), strict=True):
            if count != expected:
                raise ValueError(
                    f"all graphs need the same {kind}: graph 0 has {expected}, graph {index} {count}"
                )


def _widths(row: Graph) -> dict[str, int | str]:
    return {
        "node features": row.x.shape[1],
        "targets": row.y.shape[-1],
        "edge_weight": "none" if row.edge_weight is None else "some",
        "columns of edge_attr": "none" if row.edge_attr is None else row.edge_attr.shape[1],
        "graph_features": "none" if row.graph_features is None else row.graph_features.shape[1],
        "masks": "none" if row.node_part is None else "some",
    }


def _warn_of_unused(graphs: Sequence[Data], used: set[str], name: str) -> None:
    unused = sorted({key for graph in graphs for key in graph.keys()} - used)  # noqa: SIM118 - a Data object iterates over pairs
    if unused:
        warnings.warn(
            f"{name}: of each graph only {', '.join(sorted(used - {'num_nodes'}))} are used, "
            f"not {', '.join(unused)}",
            stacklevel=3,
        )
