"""The data set ``torch_file``: graphs of PyTorch Geometric in a file that ``torch.save`` wrote."""

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.separate import separate
from torch_geometric.data.storage import BaseStorage, EdgeStorage, GlobalStorage, NodeStorage

from qgtune.core.errors import ConfigValueError
from qgtune.data.declared_facts import as_declared
from qgtune.data.graph_dataset import GraphDataset
from qgtune.data.pyg_graphs import dataset_from_graphs
from qgtune.schema.data_on_disk import TorchFileSettings

PATH = ("data", "path")
_ZIP = b"PK\x03\x04"
EXPECTED = (
    "a list of PyG Data, or what InMemoryDataset.save(graphs, path) or InMemoryDataset.collate(graphs) "
    "makes of one"
)
# What a pickled Data consists of besides tensors; torch_geometric itself declares Data and no more.
PYG_CLASSES = (Data, DataEdgeAttr, DataTensorAttr, BaseStorage, EdgeStorage, GlobalStorage, NodeStorage)


def load_torch_file(settings: TorchFileSettings, *, base_dir: Path) -> GraphDataset:
    """Return the data set of the graphs in a ``.pt`` file.

    Args:
        settings: the file and how it is read.
        base_dir: where a relative path starts.

    Raises:
        ConfigValueError: at ``data.path``: there is no such file, it is cut short or of another kind, or its
            graphs make no data set; at ``data.num_classes`` or ``data.num_node_features``: they are not as it
            says.
    """
    path = torch_file_path(settings, base_dir)
    content = read_torch_file(path, weights_only=settings.weights_only)
    try:
        dataset = dataset_from_graphs(
            _graphs(content),
            name=path.name,
            level=settings.level,
            predicts=settings.labels_are,
            masks=settings.masks,
        )
    except (TypeError, ValueError) as error:
        raise ConfigValueError(PATH, f"{path} makes no data set: {error}") from error
    return as_declared(dataset, settings)


def holds_a_list(settings: TorchFileSettings, *, base_dir: Path) -> bool:
    """Return whether the file is a plain list of PyG Data, and not one of PyG's ways to store several as one.

    Raises:
        ConfigValueError: as ``read_torch_file``.
    """
    content = read_torch_file(torch_file_path(settings, base_dir), weights_only=settings.weights_only)
    return isinstance(content, list)


def torch_file_path(settings: TorchFileSettings, base_dir: Path) -> Path:
    """Return where the file is; a relative path starts at ``base_dir``."""
    return base_dir / Path(settings.path).expanduser()


def read_torch_file(path: Path, *, weights_only: bool = True) -> Any:
    """Return what ``torch.save`` wrote to a file; with ``weights_only`` nothing in it can run code.

    Raises:
        ConfigValueError: at ``data.path``: the file is missing, cut short, of another kind, or holds objects
            of classes other than those of torch and PyG; the message says which.
    """
    try:
        with path.open("rb") as file, torch.serialization.safe_globals(list(PYG_CLASSES)):
            start = file.read(4)
            file.seek(0)
            return torch.load(file, map_location="cpu", weights_only=weights_only)
    except OSError as error:
        raise ConfigValueError(PATH, *_absence(path, error)) from error
    except Exception as error:
        # torch tells a damaged file by whatever its reader stumbles over: a dozen kinds of exceptions.
        raise ConfigValueError(PATH, *_damage(path, start, error)) from error


def _absence(path: Path, error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        there = sorted(entry.name for entry in path.parent.glob("*.pt")) if path.parent.is_dir() else []
        hint = f"{path.parent} has {', '.join(there[:5])}" if there else ""
        return f"there is no file {path}", hint
    return f"{path} cannot be read: {error.strerror}", ""


def _damage(path: Path, start: bytes, error: Exception) -> tuple[str, str]:
    text = str(error)
    if foreign := re.search(r"Unsupported (?:global|class)[^\n]*?(?:GLOBAL )?([\w.]+) was not", text):
        rule = (
            f"{path} holds objects of {foreign[1]}; only those of torch and PyG are read without running code"
        )
        return rule, "if you trust the file, write weights_only: false"
    if isinstance(error, ImportError | AttributeError):
        return f"{path} holds objects of a class that cannot be imported here: {error}", ""
    return f"{path} {_kind_of(path, start)}; expected {EXPECTED}", ""


def _kind_of(path: Path, start: bytes) -> str:
    if not start:
        return "is empty"
    if start.startswith(_ZIP) and not zipfile.is_zipfile(path):
        return (
            f"is cut short or damaged: {path.stat().st_size} bytes of what torch.save wrote, without the end"
        )
    if start.startswith(_ZIP):
        return "is damaged, or a zip file that torch.save did not write"
    if start.startswith(b"\x80"):
        return "is cut short or damaged, or a pickle that torch.save did not write"
    return f"is of another kind: it begins with {start!r}"


def _graphs(content: Any) -> list[Data]:
    """Return the graphs in what was saved.

    Raises:
        TypeError: if it holds no graphs; says what it holds.
        ValueError: if the slices of the collated graphs do not fit them.
    """
    if isinstance(content, Data):
        return [content]
    if isinstance(content, Sequence) and content and _is_collated(content):
        return _separated(content)
    if not isinstance(content, list | tuple):
        raise TypeError(f"it holds {_described(content)}; expected {EXPECTED}")
    for index, graph in enumerate(content):
        if not isinstance(graph, Data):
            raise TypeError(f"entry {index} of its {type(content).__name__} is {_described(graph)}, not Data")
    return list(content)


def _is_collated(content: Sequence[Any]) -> bool:
    """Tell whether this is (data, slices), with perhaps sizes and the class of the graphs after them."""
    if not isinstance(content, tuple) or len(content) not in {2, 3, 4}:
        return False
    return isinstance(content[0], Data | Mapping) and (content[1] is None or isinstance(content[1], Mapping))


def _separated(content: Sequence[Any]) -> list[Data]:
    whole, slices = content[0], content[1]
    graph_class: Any = content[-1] if isinstance(content[-1], type) else Data
    if not issubclass(graph_class, Data):
        raise TypeError(
            f"its graphs are {graph_class.__name__}; expected Data, of one kind of nodes and edges"
        )
    data = whole if isinstance(whole, Data) else graph_class.from_dict(dict(whole))
    if slices is None:
        return [data]
    counts = {key: len(ends) - 1 for key, ends in slices.items()}
    if not counts or len(set(counts.values())) > 1:
        raise ValueError(
            f"its slices must cut every attribute into the same number of graphs, and cut {counts}"
        )
    for key, ends in slices.items():
        _check_slices(key, ends, data)
    cut: Callable[..., Any] = separate
    return [
        cut(cls=data.__class__, batch=data, idx=index, slice_dict=slices, decrement=False)
        for index in range(next(iter(counts.values())))
    ]


def _check_slices(key: str, ends: Any, data: Data) -> None:
    if key not in data:
        raise ValueError(f"its slices cut {key!r}, which its data lacks")
    along = data.__cat_dim__(key, data[key]) if isinstance(data[key], torch.Tensor) else None
    size = len(data[key]) if along is None else data[key].shape[along]
    borders = np.asarray(ends)
    if borders[0] != 0 or borders[-1] != size or (np.diff(borders) < 0).any():
        raise ValueError(
            f"its slices must cut all {size} entries of {key!r}, and go from {borders[0]} to {borders[-1]}"
        )


def _described(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = ", ".join(map(str, list(value)[:4]))
        return f"a mapping with the keys {keys}{', ...' if len(value) > 4 else ''}"
    if isinstance(value, torch.Tensor):
        return f"a tensor of the shape {[*value.shape]}"
    return f"a {type(value).__name__}"
