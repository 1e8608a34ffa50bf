"""Open files that carry a lock of the kernel's, which forked children do not share."""

import contextlib
import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_HELD: set[int] = set()


def _drop_inherited() -> None:
    # A lock belongs to the open file, which a forked child (a DataLoader's worker, say) shares: it would
    # hold the lock for as long as the child outlives this process.
    for handle in _HELD:
        os.close(handle)
    _HELD.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_drop_inherited)


def open_to_lock(path: Path, flags: int) -> int:
    """Return an open file, or folder, that children forked from now on do not share.

    Args:
        path: what is opened; a file is made if ``flags`` say so.
        flags: those of ``os.open``.

    Raises:
        OSError: if it cannot be opened.

    Example:
        >>> close_and_unlock(open_to_lock(Path(), os.O_RDONLY))
    """
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o666)
    _HELD.add(handle)
    return handle


def close_and_unlock(handle: int) -> None:
    """Close what ``open_to_lock`` returned, and give back the lock on it, if there is one."""
    if handle not in _HELD:
        return  # closed already, in a forked child
    _HELD.remove(handle)
    # Unlocked by name, not only by closing: a child that was forked by other means may share the open file.
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)
