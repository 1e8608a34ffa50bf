"""The data sets that a config may name, and how one is loaded: built once, then read from the cache."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch_geometric

from qgtune.core.registry import Registry
from qgtune.data.causal_sets import build_causal_sets
from qgtune.data.digit_graphs import build_digit_graphs
from qgtune.data.flat_cache import cached_dataset, default_cache_dir, states_of
from qgtune.data.graph_dataset import GraphDataset
from qgtune.data.karate_club import build_karate_club
from qgtune.data.pyg_datasets import dataset_of_pyg, open_pyg_dataset, processed_files
from qgtune.data.torch_files import load_torch_file, torch_file_path
from qgtune.data.user_factories import call_factory, find_factory
from qgtune.data.zarr_stores import load_zarr_stores, store_files
from qgtune.schema.data import CausalSetsSettings, DigitGraphsSettings, KarateClubSettings, MadeSettings
from qgtune.schema.data_checks import find_data_problems, parse_data_settings, parse_file_settings
from qgtune.schema.data_on_disk import (
    FILE_SETTINGS,
    FileSettings,
    PygSettings,
    TorchFileSettings,
    ZarrStoreSettings,
)

DatasetFactory = Callable[..., Any]
"""Takes the settings by keyword, without the name; returns a GraphDataset or a list of PyG graphs."""

DATASETS: Registry[DatasetFactory] = Registry("data set", "dataset")
"""The names of data sets that are made; ``data.name`` may also be one of ``FILE_SETTINGS``."""


@DATASETS.register("causal_sets")
def causal_sets(**settings: Any) -> GraphDataset:
    """Return the data set ``causal_sets``; its settings are those of ``CausalSetsSettings``."""
    return build_causal_sets(CausalSetsSettings.model_validate({"name": "causal_sets", **settings}))


@DATASETS.register("digit_graphs")
def digit_graphs(**settings: Any) -> GraphDataset:
    """Return the data set ``digit_graphs``; its settings are those of ``DigitGraphsSettings``."""
    return build_digit_graphs(DigitGraphsSettings.model_validate({"name": "digit_graphs", **settings}))


@DATASETS.register("karate_club")
def karate_club(**settings: Any) -> GraphDataset:
    """Return the data set ``karate_club``; its settings are those of ``KarateClubSettings``."""
    return build_karate_club(KarateClubSettings.model_validate({"name": "karate_club", **settings}))


_BUILDERS: Mapping[str, Callable[..., GraphDataset]] = {
    "causal_sets": causal_sets,
    "digit_graphs": digit_graphs,
    "karate_club": karate_club,
}
# Raised whenever the same settings begin to give other graphs, so that old files are not taken for new ones.
BUILDER_VERSIONS = {"causal_sets": 1, "digit_graphs": 1, "karate_club": 1}
READER_VERSIONS = {"torch_file": 1, "pyg": 1, "zarr_store": 1}


def load_dataset(
    settings: Mapping[str, Any], *, base_dir: Path, cache_dir: Path | None = None
) -> GraphDataset:
    """Return the data set that a ``data`` section describes.

    A built-in data set is built, and one on disk read, at its first use and written to the cache, under a
    name that follows from its settings and files; later uses map that file into memory. Any number of
    processes may do so at once: each sees the whole file or none, and they share its pages. A data set of a
    user's own is made anew each time.

    Args:
        settings: the section as a plain dict: ``name``, one of ``DATASETS`` or of ``FILE_SETTINGS`` or
            ``file.py:factory``, and what that data set takes.
        base_dir: the folder of the tuning file; ``file.py`` and relative paths are looked for there.
        cache_dir: where data sets are kept; None for ``default_cache_dir()``. If it cannot be written,
            the data set is built in memory and a warning says so.

    Raises:
        ConfigValueError: at ``data`` or below, for the first setting that cannot be used.

    Example:
        >>> dataset = load_dataset({"name": "causal_sets", "num_graphs": 20}, base_dir=Path())
        >>> dataset.graph(0).y.shape
        torch.Size([1, 1])
    """
    for problem in find_data_problems(settings, other_names=DATASETS):
        raise problem
    whole = _whole({key: value for key, value in settings.items() if key != "subset"}, base_dir, cache_dir)
    return replace(whole, subset=settings["subset"]) if settings.get("subset") is not None else whole


def _whole(settings: Mapping[str, Any], base_dir: Path, cache_dir: Path | None) -> GraphDataset:
    name = settings["name"]
    cache_dir = default_cache_dir() if cache_dir is None else cache_dir
    if name in _BUILDERS:
        complete = _complete(parse_data_settings(settings))
        description = {"builder": BUILDER_VERSIONS[name], "settings": complete}
        return cached_dataset(name, description, partial(_BUILDERS[name], **complete), cache_dir)
    if name in FILE_SETTINGS:
        return _of_files(parse_file_settings(settings), base_dir, cache_dir)
    rest = {key: value for key, value in settings.items() if key != "name"}
    factory = DATASETS[name] if name in DATASETS else find_factory(name, base_dir=base_dir)
    return call_factory(factory, name, rest)


def _of_files(settings: FileSettings, base_dir: Path, cache_dir: Path) -> GraphDataset:
    files, read = _reader(settings, base_dir)
    states = states_of(files)
    if states is None and not _is_generated(settings):
        # What cannot be found is named by the reader; what does not say its files cannot be kept.
        return read()
    description = {
        "reader": READER_VERSIONS[settings.name],
        "torch_geometric": torch_geometric.__version__,
        "settings": _complete(settings),
        "files": states,
    }
    return cached_dataset(settings.name, description, read, cache_dir)


def _reader(settings: FileSettings, base_dir: Path) -> tuple[list[Path], Callable[[], GraphDataset]]:
    """Return the files that a data set on disk consists of, and what reads it."""
    match settings:
        case TorchFileSettings():
            return [torch_file_path(settings, base_dir)], partial(
                load_torch_file, settings, base_dir=base_dir
            )
        case PygSettings() if _is_generated(settings):
            return [], lambda: dataset_of_pyg(
                open_pyg_dataset(settings, base_dir=base_dir), settings, base_dir=base_dir
            )
        case PygSettings():
            opened = open_pyg_dataset(settings, base_dir=base_dir)
            return processed_files(opened), partial(dataset_of_pyg, opened, settings, base_dir=base_dir)
        case ZarrStoreSettings():
            return store_files(settings, base_dir), partial(load_zarr_stores, settings, base_dir=base_dir)


def _is_generated(settings: FileSettings) -> bool:
    return isinstance(settings, PygSettings) and settings.root is None


def _complete(settings: MadeSettings | FileSettings) -> dict[str, Any]:
    """Return all settings that the graphs follow from, with their defaults."""
    return settings.model_dump(mode="json", exclude={"name", "subset"})
