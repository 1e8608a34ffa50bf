"""The data sets that a config may name, and how one is loaded: built once, then read from the cache."""

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from qgtune.core.registry import Registry
from qgtune.data.causal_sets import build_causal_sets
from qgtune.data.digit_graphs import build_digit_graphs
from qgtune.data.graph_dataset import GraphDataset, read_dataset, write_dataset
from qgtune.data.graph_store import GraphFileError, content_key
from qgtune.data.karate_club import build_karate_club
from qgtune.data.pyg_datasets import load_pyg_dataset
from qgtune.data.torch_files import load_torch_file
from qgtune.data.user_factories import call_factory, find_factory
from qgtune.data.zarr_stores import load_zarr_stores
from qgtune.schema.data import CausalSetsSettings, DigitGraphsSettings, KarateClubSettings
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

DATASETS: Registry[DatasetFactory] = Registry("data set")
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


def load_dataset(
    settings: Mapping[str, Any], *, base_dir: Path, cache_dir: Path | None = None
) -> GraphDataset:
    """Return the data set that a ``data`` section describes.

    A built-in data set is built at its first use and written to the cache, under a name that follows from
    its settings; later uses map that file into memory. Any number of processes may do so at once: each sees
    the whole file or none. A data set of a user's own is made, and one on disk read, anew each time.

    Args:
        settings: the section as a plain dict: ``name``, one of ``DATASETS`` or of ``FILE_SETTINGS`` or
            ``file.py:factory``, and what that data set takes.
        base_dir: the folder of the tuning file; ``file.py`` and relative paths are looked for there.
        cache_dir: where built data sets are kept; None for ``default_cache_dir()``. If it cannot be written,
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
    if name in _BUILDERS:
        complete = parse_data_settings(settings).model_dump(mode="json", exclude={"name", "subset"})
        return _cached(name, complete, default_cache_dir() if cache_dir is None else cache_dir)
    if name in FILE_SETTINGS:
        return _read_files(parse_file_settings(settings), base_dir)
    rest = {key: value for key, value in settings.items() if key != "name"}
    factory = DATASETS[name] if name in DATASETS else find_factory(name, base_dir=base_dir)
    return call_factory(factory, name, rest)


def _read_files(settings: FileSettings, base_dir: Path) -> GraphDataset:
    match settings:
        case TorchFileSettings():
            return load_torch_file(settings, base_dir=base_dir)
        case PygSettings():
            return load_pyg_dataset(settings, base_dir=base_dir)
        case ZarrStoreSettings():
            return load_zarr_stores(settings, base_dir=base_dir)


def default_cache_dir() -> Path:
    """Return the folder of built data sets.

    It is ``$QGTUNE_CACHE``, else ``$XDG_CACHE_HOME/qgtune``, else ``~/.cache/qgtune``.
    """
    if own := os.environ.get("QGTUNE_CACHE"):
        return Path(own)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "qgtune"
    return Path("~/.cache/qgtune").expanduser()


def _cached(name: str, settings: dict[str, Any], cache_dir: Path) -> GraphDataset:
    key = content_key({"name": name, "builder": BUILDER_VERSIONS[name], "settings": settings})
    path = cache_dir / f"{name}-{key}.graphs"
    try:
        return read_dataset(path, key=key)
    except GraphFileError as error:
        warnings.warn(f"{error}; the data set is built again", stacklevel=4)
    except OSError:
        # Most often there is no such file yet. If the folder is at fault, writing to it will say so.
        pass
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        # The lock ends with its process, whatever ends that; who waited for it finds the file there.
        with FileLock(path.with_name(f".{path.stem}.lock")):
            if not _is_sound(path, key):
                write_dataset(path, _BUILDERS[name](**settings), key=key)
        return read_dataset(path, key=key)
    except OSError as error:
        warnings.warn(
            f"the data set {name} stays in memory and is built again next time: "
            f"the cache folder {cache_dir} cannot be used: {error.strerror}",
            stacklevel=4,
        )
        return _BUILDERS[name](**settings)


def _is_sound(path: Path, key: str) -> bool:
    """Tell whether another process has built the data set in the meantime."""
    try:
        read_dataset(path, key=key)
    except (OSError, GraphFileError):
        return False
    return True
