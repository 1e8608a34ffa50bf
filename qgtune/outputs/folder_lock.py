"""A lock on a folder: two processes that change what one file remembers take turns."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from qgtune.core.locked_files import close_and_unlock, open_to_lock

if sys.platform != "win32":
    import fcntl


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other process that asks for the same folder waiting while the block runs.

    The kernel locks the folder itself, so that no file is left behind, and drops the lock when the process
    ends, however it ends. Where folders have no locks (Windows, some network file systems), nobody waits.

    Args:
        folder: the folder; where there is none, nobody waits either.

    Example:
        >>> with alone_in(Path()):
        ...     pass  # read a file, change it, write it
    """
    handle = _locked(folder)
    try:
        yield
    finally:
        if handle is not None:
            close_and_unlock(handle)


def _locked(folder: Path) -> int | None:
    """Return the open folder with the lock on it; None where there is none to be had."""
    if sys.platform == "win32":
        return None
    try:
        handle = open_to_lock(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        close_and_unlock(handle)
        return None
    except BaseException:
        close_and_unlock(handle)
        raise
    return handle
