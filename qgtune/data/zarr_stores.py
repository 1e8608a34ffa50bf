"""The data set ``zarr_store``: causal sets in the zarr stores that QuantumGrav writes.

A store holds, in one group, arrays whose first axis counts the G causal sets, padded to the largest of them:

================  =================  ====================================================
array             shape              meaning
================  =================  ====================================================
adjacency_matrix  [G, nodes, nodes]  which elements precede which, or are linked
cset_size         [G]                how many elements there are; the rest is padding
any feature       [G, nodes]         a number for each element, such as max_pathlens_past
any target        [G]                a class, such as manifold_like, or a value
================  =================  ====================================================
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path as ConfigPath
from qgtune.data.declared_facts import as_declared
from qgtune.data.graph_dataset import GraphDataset
from qgtune.data.pyg_graphs import dataset_from_graphs
from qgtune.schema.data_on_disk import ZarrStoreSettings

ADJACENCY, SIZE = "adjacency_matrix", "cset_size"
_MARKS = (".zarray", "zarr.json")


def load_zarr_stores(settings: ZarrStoreSettings, *, base_dir: Path) -> GraphDataset:
    """Return the data set of the causal sets in one or more stores, in their order.

    Args:
        settings: the stores, and what of them is used.
        base_dir: where relative paths start.

    Raises:
        ConfigValueError: at ``data.paths``, ``data.group``, ``data.features``, ``data.targets`` or
            ``data.num_classes``: something is not there, does not fit, or is no class or finite number; at
            ``data.name``: the package zarr is not installed.
    """
    stores = [
        _opened(base_dir / Path(path).expanduser(), settings, ("data", "paths", index))
        for index, path in enumerate(settings.paths)
    ]
    return dataset_of_arrays(stores, settings)


def store_files(settings: ZarrStoreSettings, base_dir: Path) -> list[Path]:
    """Return the files of all arrays that are used of the stores; none if something is not there."""
    names = (ADJACENCY, SIZE, *settings.features, *settings.targets)
    stores = [base_dir / Path(path).expanduser() / (settings.group or "") for path in settings.paths]
    folders = [store / name for store in stores for name in names]
    if not all(folder.is_dir() for folder in folders):
        return []
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def dataset_of_arrays(stores: Sequence[Mapping[str, Any]], settings: ZarrStoreSettings) -> GraphDataset:
    """Return the data set of the causal sets in the arrays of one or more stores; see ``graphs_of_arrays``.

    Raises:
        ConfigValueError: at ``data.paths`` or ``data.num_classes``: something does not fit, or is no class or
            finite number.
    """
    graphs: list[Data] = []
    for index, arrays in enumerate(stores):
        path = ("data", "paths", index)
        try:
            graphs.extend(graphs_of_arrays(arrays, settings, path))
        except ConfigValueError:
            raise
        except Exception as error:
            # Chunks are read only here; a damaged one shows as whatever its codec stumbles over.
            rule = f"the arrays of the store cannot be read: {type(error).__name__}: {error}"
            raise ConfigValueError(path, rule, "chunks may be cut short or of another kind") from error
    try:
        dataset = dataset_from_graphs(graphs, name="zarr_store", level="graph", predicts=settings.labels_are)
    except ValueError as error:
        hint = "fill_nan: 0.0 puts 0 for NaN, as QuantumGrav does" if "finite" in str(error) else ""
        raise ConfigValueError(("data", "paths"), str(error), hint) from error
    named = zip(dataset.targets, settings.targets, strict=True)
    targets = tuple(replace(target, name=name) for target, name in named)
    return as_declared(replace(dataset, feature_names=settings.features, targets=targets), settings)


def graphs_of_arrays(
    arrays: Mapping[str, Any], settings: ZarrStoreSettings, path: ConfigPath = ("data", "paths")
) -> Iterator[Data]:
    """Yield the graph of each causal set in the arrays of one store.

    Args:
        arrays: by name, of the shapes in the table above; numpy's, zarr's or any that are indexed alike.
        settings: which features and targets are used, and how.
        path: what the store is called in the config, for messages.

    Raises:
        ConfigValueError: at ``path``: shapes do not fit together, or a size is out of range.
    """
    adjacency = arrays[ADJACENCY]
    if len(adjacency.shape) != 3 or adjacency.shape[1] != adjacency.shape[2]:
        rule = f"{ADJACENCY} must have the shape [graphs, nodes, nodes], not {[*adjacency.shape]}"
        raise ConfigValueError(path, rule)
    count, most = adjacency.shape[:2]
    shapes = {
        SIZE: (count,),
        **dict.fromkeys(settings.features, (count, most)),
        **dict.fromkeys(settings.targets, (count,)),
    }
    for name, shape in shapes.items():
        if tuple(arrays[name].shape) != shape:
            rule = f"{name} must have the shape {[*shape]}, as {ADJACENCY} has {[*adjacency.shape]}"
            raise ConfigValueError(path, f"{rule}, and has {[*arrays[name].shape]}")
    sizes = np.asarray(arrays[SIZE][:])
    labels = [np.asarray(arrays[name][:]) for name in settings.targets]
    # Whether a graph is like a manifold is stored as a truth value, which is class 0 or 1.
    labels = [each.astype(np.int64) if each.dtype.kind in "biu" else each for each in labels]
    rows = np.stack(labels, axis=1)
    for k, size in enumerate(sizes):
        if not 1 <= size <= most:
            rule = f"{SIZE} must lie between 1 and {most}, and graph {k} has {size}"
            raise ConfigValueError(path, rule)
        yield _graph(arrays, settings, k, int(size), rows[k])


def _graph(arrays: Mapping[str, Any], settings: ZarrStoreSettings, k: int, size: int, labels: Any) -> Data:
    matrix = np.asarray(arrays[ADJACENCY][k])[:size, :size]
    edges = np.stack(np.nonzero(matrix.T if settings.transposed else matrix))
    columns = [np.asarray(arrays[name][k], dtype=np.float32)[:size] for name in settings.features]
    x = np.stack(columns, axis=1)
    if settings.fill_nan is not None:
        x = np.where(np.isnan(x), np.float32(settings.fill_nan), x)
    return Data(
        x=torch.from_numpy(x),
        edge_index=torch.from_numpy(edges.astype(np.int64)),
        y=torch.from_numpy(labels),
    )


def _opened(store: Path, settings: ZarrStoreSettings, path: ConfigPath) -> dict[str, Any]:
    """Open the arrays that are used, each by its own folder: stores of Julia need not declare their group."""
    if not store.is_dir():
        kind = "is not a folder, as a zarr store is" if store.exists() else "does not exist"
        raise ConfigValueError(path, f"the store {store} {kind}")
    folder = store if settings.group is None else store / settings.group
    if not folder.is_dir():
        there = sorted(entry.name for entry in store.iterdir() if entry.is_dir())
        rule = f"the store {store} has no group {settings.group!r}"
        raise ConfigValueError(("data", "group"), rule, did_you_mean(str(settings.group), there))
    there = sorted(entry.parent.name for mark in _MARKS for entry in folder.glob(f"*/{mark}"))
    wanted: dict[str, ConfigPath] = {ADJACENCY: path, SIZE: path}
    wanted |= {name: ("data", "features", k) for k, name in enumerate(settings.features)}
    wanted |= {name: ("data", "targets", k) for k, name in enumerate(settings.targets)}
    for name, at in wanted.items():
        if name not in there:
            raise ConfigValueError(at, f"{folder} has no array {name!r}", did_you_mean(name, there))
    zarr = _zarr()
    try:
        return {name: zarr.open_array(str(folder / name), mode="r") for name in wanted}
    except Exception as error:
        # Each version of zarr has exceptions of its own for files that are not what they should be.
        rule = f"the store {store} cannot be read: {type(error).__name__}: {error}"
        raise ConfigValueError(path, rule) from error


def _zarr() -> Any:
    try:
        return importlib.import_module("zarr")
    except ImportError as error:
        rule = "zarr_store needs the package zarr, which is not installed"
        raise ConfigValueError(("data", "name"), rule, 'pip install "qgtune[zarr]" installs it') from error
