"""The folder of flat stores: a data set is built once, and mapped into memory by every later use.

What is kept has a name that follows from all that its content follows from: settings, the version of what
builds it, and of data on disk where its files lie, how large they are and when they were written. So nothing
in the folder is ever out of date; what is no longer asked for may be deleted at any time.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from qgtune.data.graph_dataset import GraphDataset, read_dataset, write_dataset
from qgtune.data.graph_store import GraphFileError, content_key


def default_cache_dir() -> Path:
    """Return the folder of built data sets.

    It is ``$QGTUNE_CACHE``, else ``$XDG_CACHE_HOME/qgtune``, else ``~/.cache/qgtune``.
    """
    if own := os.environ.get("QGTUNE_CACHE"):
        return Path(own)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "qgtune"
    return Path("~/.cache/qgtune").expanduser()


def cached_dataset(
    name: str, description: Mapping[str, Any], build: Callable[[], GraphDataset], cache_dir: Path
) -> GraphDataset:
    """Return a data set from the cache, after building it there if it is not yet.

    Any number of processes may ask at once: one builds, the others wait for it, and all map the same file.

    Args:
        name: of the data set, the start of its file's name.
        description: all that its content follows from, JSON-like.
        build: returns the data set.
        cache_dir: the folder; if it cannot be written, the data set is built in memory and a warning says so.
    """
    key = content_key({"name": name, **description})
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
                write_dataset(path, build(), key=key)
        return read_dataset(path, key=key)
    except OSError as error:
        warnings.warn(
            f"the data set {name} stays in memory and is built again next time: "
            f"the cache folder {cache_dir} cannot be used: {error.strerror}",
            stacklevel=4,
        )
        return build()


def states_of(files: Iterable[Path]) -> list[tuple[str, int, int]] | None:
    """Return of each file its resolved path, its size in bytes and when it was written, in nanoseconds.

    Returns:
        One entry for each file, by path; None if there is no file, or one of them is not there.
    """
    try:
        states = [(str(path.resolve()), path.stat()) for path in files]
    except OSError:
        return None
    return sorted((path, state.st_size, state.st_mtime_ns) for path, state in states) or None


def _is_sound(path: Path, key: str) -> bool:
    """Tell whether another process has built the data set in the meantime."""
    try:
        read_dataset(path, key=key)
    except (OSError, GraphFileError):
        return False
    return True
