"""Knowing whether any process of a run is alive, without trusting a file that a killed one left behind.

Every process of a run, the supervisor and its workers, holds a shared lock on ``<storage>.run``. The
kernel drops the lock when the process ends, however it ends. A run that starts tries for an exclusive
one: if it gets it, nobody else lives, and what a killed run left behind may be repaired.
"""

import contextlib
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from qgtune.core.locked_files import close_and_unlock, open_to_lock

if sys.platform != "win32":
    import fcntl


def presence_file(storage: Path) -> Path:
    """Return the file that processes lock, and in which supervisors sign; one for all links to a storage."""
    file = storage.resolve()
    return file.with_name(file.name + ".run")


class RunLock:
    """The presence of this process in the runs on one journal; a context manager that ends it.

    Where there are no such locks (Windows, some network file systems) nobody can tell whether a run
    lives. Then ``claim`` never succeeds: leaving a killed run's traces is better than failing the
    trials of a run that is alive.

    Args:
        storage: the journal file.
    """

    def __init__(self, storage: Path) -> None:
        self._path = presence_file(storage)
        self._handle: int | None = None
        self.others_live = False
        """Whether the last claim met another process that is alive."""

    def claim(self) -> bool:
        """Return whether no other process of a run lives; if so, none can join before ``share``."""
        self.others_live = False
        if sys.platform == "win32":
            return False
        was_here = self._handle is not None
        if self._take(fcntl.LOCK_EX | fcntl.LOCK_NB):
            return True
        if was_here:
            self.share()  # a change that fails has dropped the lock that there was
        return False

    def share(self) -> None:
        """Join the living, after waiting for a claim of another process to end."""
        if sys.platform != "win32":
            self._take(fcntl.LOCK_SH)

    def clear(self) -> None:
        """Remove the signatures of processes that are gone; only after a claim that succeeded."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)

    def sign(self, signature: str) -> None:
        """Write a line that tells others who is here; a full disk is no reason not to run."""
        if self._handle is not None:
            with contextlib.suppress(OSError), self._path.open("a", encoding="utf-8") as file:
                file.write(f"{signature}\n")

    def release(self) -> None:
        """End this process's presence; the last one out removes the file."""
        if sys.platform == "win32" or self._handle is None:
            return
        if self._change(fcntl.LOCK_EX | fcntl.LOCK_NB) and self._is_named():
            # Whoever opened the file before this line finds another one under its name, and tries again.
            self._path.unlink(missing_ok=True)
        self._close()

    def _take(self, operation: int) -> bool:
        """Return whether the lock is held, on the file that has the name now: another one tells nobody."""
        while True:
            if self._handle is None:
                self._handle = open_to_lock(self._path, os.O_RDWR | os.O_CREAT)
            if not self._change(operation):
                self._close()
                return False
            if self._is_named():
                return True
            # Removed by the last process out, while this one waited, or was changing its own lock.
            self._close()

    def _change(self, operation: int) -> bool:
        if sys.platform == "win32" or self._handle is None:
            return False
        try:
            fcntl.flock(self._handle, operation)
        except BlockingIOError:
            self.others_live = True
            return False
        except OSError:
            # A file system without locks: nobody can tell, so a claim fails, and all may join.
            return not operation & fcntl.LOCK_NB
        return True

    def _is_named(self) -> bool:
        """Return whether the path still names the open file, and no other process has removed it."""
        try:
            return self._handle is not None and os.path.samestat(os.fstat(self._handle), self._path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        if self._handle is not None:
            close_and_unlock(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
