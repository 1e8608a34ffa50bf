"""A lock on a journal that a killed process cannot leave locked.

Optuna guards each append with a symbolic link beside the journal. A process that is killed in that
moment leaves the link, and everybody else waits 30 seconds for it; if it was killed while writing,
the next record is glued to its half line and the journal cannot be read any more.
"""

import errno
import os
import sys
from pathlib import Path

from optuna.storages.journal import JournalFileSymlinkLock
from optuna.storages.journal._file import BaseJournalFileLock

from qgtune.core.locked_files import close_and_unlock, open_to_lock
from qgtune.study.storage.journal_repair import cut_torn_tail, marked, remove_own_lock

if sys.platform != "win32":
    import fcntl

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
        handle = open_to_lock(self._path, os.O_RDWR | os.O_CREAT)
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
            close_and_unlock(handle)
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
                close_and_unlock(handle)

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
