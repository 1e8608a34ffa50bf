"""The labels of PyG graphs: of graphs or of nodes, classes or values, and which nodes have which part."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Data

from qgtune.data.graph_store import Labels
from qgtune.schema.data_settings import Level, Predicts

MASKS: Mapping[str, int] = MappingProxyType({"train_mask": 0, "val_mask": 1, "test_mask": 2})
"""PyG's names of the masks of the parts, each with the number of the part in ``node_part``."""


def found_level(graphs: Sequence[Data]) -> Level:
    """Return what the y of these graphs labels, told from their shapes.

    Labels of nodes have one row for each node in every graph. Where all graphs have as many nodes as y has
    entries in one dimension, such a y may as well be several targets of the graph; masks, a single graph, or
    two dimensions settle it.

    Raises:
        ValueError: if both may be meant.
    """
    shapes = [tuple(_labels_of(graph.y, index).shape) for index, graph in enumerate(graphs)]
    sizes = [len(x) if (x := torch.as_tensor(graph.x)).dim() else 1 for graph in graphs]
    of_nodes = all(shape and shape[0] == size for shape, size in zip(shapes, sizes, strict=True))
    if not of_nodes or max(sizes) == 1:
        return "graph"
    one_graph, rows = len(graphs) == 1, any(len(shape) > 1 for shape in shapes)
    masked = any(key in graph for graph in graphs for key in MASKS)
    if one_graph or rows or masked or len(set(shapes)) > 1:
        return "node"
    raise ValueError(
        f"y has {sizes[0]} entries in each graph, which also has {sizes[0]} nodes: they may be a label of "
        "each node, or as many targets of the graph; say which by level: node or level: graph"
    )


def found_predicts(graphs: Sequence[Data]) -> Predicts:
    """Return what the y of these graphs is: classes if it is of whole numbers, values if of floating point.

    Raises:
        ValueError: if some graphs have the one, and some the other; names the first that differs.
    """
    floating = [_labels_of(graph.y, index).is_floating_point() for index, graph in enumerate(graphs)]
    for index, each in enumerate(floating):
        if each != floating[0]:
            kinds = ("values (floating point)", "classes (whole numbers)")
            raise ValueError(
                f"y must be classes in all graphs or values in all: "
                f"graph 0 has {kinds[not floating[0]]}, graph {index} {kinds[not each]}"
            )
    return "values" if floating[0] else "classes"


def checked_labels(given: Any, num_nodes: int, index: int, *, level: Level, predicts: Predicts) -> Labels:
    """Return the labels of one graph as its data set holds them: [T], or [nodes, T] at the level of nodes.

    Args:
        given: y of the graph.
        num_nodes: of the graph.
        index: number of the graph, for messages.
        level: what y labels.
        predicts: classes, which become int64, or values, which become float32.

    Raises:
        ValueError: if the shape does not fit the level, or a label is no class or no finite number.
    """
    y = _labels_of(given, index).detach().cpu()
    if level == "graph":
        y = y.reshape(-1)
    elif y.dim() not in {1, 2} or len(y) != num_nodes:
        raise ValueError(
            f"y must have a row for each node, and graph {index} has {num_nodes} nodes "
            f"and y of the shape {[*y.shape]}"
        )
    elif y.dim() == 1:
        y = y.reshape(-1, 1)
    if y.shape[-1] == 0:
        raise ValueError(f"each {level} needs at least one label, and y of graph {index} is empty")
    if predicts == "values":
        _check_all(y, torch.isfinite(y), index, "each value must be a finite number", level)
        values: NDArray[np.float32] = y.to(torch.float32).numpy()
        return values
    least = -1 if level == "node" else 0
    rule = "each class must be a whole number from 0" + (", or -1 where it is unknown" if least else "")
    _check_all(y, (y == y.round()) & (y >= least), index, rule, level)
    classes: NDArray[np.int64] = y.to(torch.int64).numpy()
    return classes


def _labels_of(given: Any, index: int) -> Tensor:
    try:
        return torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"y must be numbers, and graph {index} has y = {given!r}") from None


def _check_all(y: Tensor, fits: Tensor, index: int, rule: str, level: Level) -> None:
    if bool(fits.all()):
        return
    if level == "graph":
        raise ValueError(f"{rule}, and graph {index} has y = {y.tolist()}")
    node = int(torch.nonzero(~fits)[0][0])
    raise ValueError(f"{rule}, and node {node} of graph {index} has y = {y[node].tolist()}")


def part_of_nodes(graph: Data, num_nodes: int, index: int) -> NDArray[np.int8] | None:
    """Return the part of each node as its masks say: int8 [nodes], -1 for none; None without masks.

    Raises:
        ValueError: if a mask does not have one truth value for each node, or if two masks share a node.
    """
    part = np.full(num_nodes, -1, dtype=np.int8)
    found = {key: torch.as_tensor(graph[key]).cpu() for key in MASKS if key in graph}
    for key, mask in found.items():
        if mask.shape != (num_nodes,) or mask.dtype not in {torch.bool, torch.uint8}:
            several = ": several splits, of which none is chosen" if mask.dim() == 2 else ""
            raise ValueError(
                f"{key} must have one truth value for each of {num_nodes} nodes, and in graph {index} it is "
                f"{str(mask.dtype).removeprefix('torch.')} {[*mask.shape]}{several}; "
                "masks: false leaves the masks out"
            )
        chosen = mask.numpy().astype(np.bool_)
        twice = np.flatnonzero(chosen & (part >= 0))
        if twice.size:
            other = next(name for name, number in MASKS.items() if number == part[twice[0]])
            raise ValueError(
                f"a node belongs to one part, and node {twice[0]} of graph {index} is in {other} and {key}; "
                "masks: false leaves the masks out"
            )
        part[chosen] = MASKS[key]
    return part if found else None
