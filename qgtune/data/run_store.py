"""The data set of one run: loaded once, by one process, and mapped into memory by all workers of the run.

Built-in data sets and those on disk have their place in the cache. What a function of the user's own returns
follows from nothing that could be asked, so it is kept for as long as the run lasts and no longer.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgtune.data.datasets import load_dataset
from qgtune.data.graph_dataset import GraphDataset, read_dataset, write_dataset
from qgtune.data.graph_store import GraphFileError, content_key, is_mapped, is_storable
from qgtune.data.user_factories import find_factory


def load_and_keep(settings: Mapping[str, Any], *, base_dir: Path, store: Path) -> GraphDataset:
    """Return a data set, and leave at ``store`` what no file holds yet.

    Where that cannot be written, or would not be the same when it is read, nothing is left: then each
    worker loads the data set.

    Args:
        settings: the ``data`` section.
        base_dir: the folder of the tuning file.
        store: a file of the run.

    Raises:
        ConfigValueError: as ``load_dataset`` does.
    """
    dataset = load_dataset(settings, base_dir=base_dir)
    # A class of the user's own may do more than its arrays say.
    if type(dataset) is GraphDataset and not is_mapped(dataset.arrays) and is_storable(dataset.arrays):
        with contextlib.suppress(OSError):
            write_dataset(store, dataset, key=_key(settings))
    return dataset


def load_kept(settings: Mapping[str, Any], *, base_dir: Path, store: Path | None) -> GraphDataset:
    """Return the data set that ``load_and_keep`` has left, or else what ``load_dataset`` returns.

    The module of the user's own function is imported in any case: it may register layers and other things.

    Args:
        settings: the ``data`` section.
        base_dir: the folder of the tuning file.
        store: the file of the run; None if it has none. On another machine it need not be there.

    Raises:
        ConfigValueError: as ``load_dataset`` does.
    """
    kept = None
    if store is not None:
        with contextlib.suppress(OSError, GraphFileError):
            kept = read_dataset(store, key=_key(settings))
    if kept is None:
        return load_dataset(settings, base_dir=base_dir)
    if ":" in settings["name"]:
        find_factory(settings["name"], base_dir=base_dir)
    return kept if settings.get("subset") is None else replace(kept, subset=settings["subset"])


def _key(settings: Mapping[str, Any]) -> str:
    return content_key({"data": {name: value for name, value in settings.items() if name != "subset"}})
