"""Relative paths in the settings of a data set: what they start from, when the settings move elsewhere."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from qgtune.schema.data_on_disk import FILE_SETTINGS

_ONE_PATH, _SEVERAL_PATHS = ("path", "root"), ("paths",)


def rebased_data(data: Mapping[str, Any], old: Path, new: Path) -> dict[str, Any]:
    """Return the settings of a data set as a file in another folder would write them.

    Only what qgtune itself takes for a path changes: ``path``, ``root`` and ``paths`` of a data set on disk,
    and the file of ``file.py:factory``. Absolute paths, those below ``~``, and what a factory of the user's
    own is given stay as they are.

    Args:
        data: the ``data`` section, with relative paths that start from ``old``.
        old: the folder that holds the file with the section.
        new: the folder that the returned section's relative paths start from.

    Example:
        >>> rebased_data({"name": "make.py:graphs", "size": 3}, Path("/a"), Path("/a/runs"))
        {'name': '../make.py:graphs', 'size': 3}
    """
    moved = dict(data)
    name = str(data.get("name", ""))
    source, colon, function = name.rpartition(":")
    if colon and source.endswith(".py"):
        moved["name"] = f"{_rebased(source, old, new)}:{function}"
    if name in FILE_SETTINGS:
        moved |= {key: _rebased(data[key], old, new) for key in _ONE_PATH if key in data}
        moved |= {
            key: [_rebased(path, old, new) for path in data[key]] for key in _SEVERAL_PATHS if key in data
        }
    return moved


def _rebased(path: str, old: Path, new: Path) -> str:
    if path.startswith("~") or PurePath(path).is_absolute():
        return path
    try:
        return Path(os.path.relpath(old / path, new)).as_posix()
    except ValueError:  # on Windows there is no way from one drive to another
        return str((old / path).resolve())
