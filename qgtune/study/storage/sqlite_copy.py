"""A study in SQLite as it is now, read without leaving a trace beside the file."""

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

_ATTEMPTS = 20
_WRITE_AHEAD = 2
"""What the file says of itself, at this place, if it has been written with a write-ahead log."""
_READ_VERSION_AT = 19


def in_memory(path: Path, seconds_to_wait: float) -> sqlite3.Connection:
    """Return a connection to a copy, in memory, of the database in a file.

    SQLite makes files of its own beside one with a write-ahead log, even to read it, and refuses where it
    may not. Where no process has it open there is nothing beside it, and the file alone is whole: it is read
    as one that does not change. Whether it did change meanwhile is looked at, and then it is read again.

    Args:
        path: the file.
        seconds_to_wait: for a process that writes, where the file has no write-ahead log.

    Raises:
        sqlite3.Error: if it is no database, cannot be read, or changes each time that it is read.
    """
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    for attempt in range(_ATTEMPTS):
        before = _state(path)
        alone = _is_write_ahead(path) and not _log_of(path).exists()
        how = "immutable=1" if alone else "mode=ro"
        try:
            source = sqlite3.connect(f"file:{quote(str(path))}?{how}", timeout=seconds_to_wait, uri=True)
            with contextlib.closing(source):
                source.backup(copy)
        except sqlite3.Error:
            if _state(path) == before or attempt + 1 == _ATTEMPTS:
                copy.close()
                raise
        else:
            if not alone or _state(path) == before:
                return copy
        time.sleep(0.01 * attempt)
    copy.close()
    raise sqlite3.OperationalError("it is being written, each time that it is read: try again")


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _is_write_ahead(path: Path) -> bool:
    handle = _handle(path)
    os.lseek(handle, _READ_VERSION_AT, os.SEEK_SET)
    return os.read(handle, 1) == bytes([_WRITE_AHEAD])


_handles: dict[tuple[int, int], int] = {}


def _handle(path: Path) -> int:
    """Return a handle that stays open: to close it would drop the locks that this process has on the file."""
    status = path.stat()
    which = (status.st_dev, status.st_ino)
    if which not in _handles:
        _handles[which] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return _handles[which]


def _state(path: Path) -> tuple[int, int, bool]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, _log_of(path).exists()
