"""A lock on a journal that a killed process cannot leave locked.

Optuna guards each append with a symbolic link beside the journal. A process that is killed in that
moment leaves the link, and everybody else waits 30 seconds for it; if it was killed while writing,
the next record is glued to its half line and the journal cannot be read any more.
"""

import contextlib
import errno
import os
import sys
from pathlib import Path

from optuna.storages.journal import JournalFileSymlinkLock
from optuna.storages.journal._file import BaseJournalFileLock

from qgtune.study.storage.journal_repair import cut_torn_tail, marked, remove_own_lock

if sys.platform != "win32":
    import fcntl

_HELD: set[int] = set()
"""Handles of the journals that this process has locked."""


def _drop_inherited_locks() -> None:
    # The kernel's lock belongs to the open file, which a child forked by another thread shares: it would keep
    # the journal locked for as long as the child outlives this process.
    for handle in _HELD:
        os.close(handle)
    _HELD.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_drop_inherited_locks)

_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


class JournalLock(BaseJournalFileLock):
    """Optuna's own lock on a journal, inside a lock of the kernel's, which ends with its process.

    The inner link keeps other programs out (optuna-dashboard, a script with plain Optuna). The outer
    lock tells a link of ours that a dead process left from one that is in use: while we hold the
    outer lock, no living process of ours holds the link. So a leftover is removed at once, and a half
    line that a dead writer left is cut off before the next record is written.

    Args:
        path: the journal file, absolute.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._link = JournalFileSymlinkLock(marked(path))
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Return True once this process alone may write; blocks until then."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        _HELD.add(handle)
        try:
            if _lock(handle):
                remove_own_lock(self._path)
            self._link.acquire()
            try:
                self._mend(handle)
            except BaseException:
                self._link.release()
                raise
        except BaseException:
            _unlock(handle)
            raise
        self._handle = handle
        return True

    def release(self) -> None:
        """Let others write."""
        handle, self._handle = self._handle, None
        try:
            self._link.release()
        finally:
            if handle is not None:
                _unlock(handle)

    def _mend(self, handle: int) -> None:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            cut_torn_tail(self._path)


def _lock(handle: int) -> bool:
    """Return whether the kernel's lock is held; False where the file system has none."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno in _WITHOUT_LOCKS:
            return False
        raise
    return True


def _unlock(handle: int) -> None:
    _HELD.discard(handle)
    # Unlocked by name, not only by closing: a child forked meanwhile may share the open file.
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)
