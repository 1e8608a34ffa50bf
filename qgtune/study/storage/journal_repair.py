"""Repairing what a killed run left: a half-written record, a lock.

All of it is only safe while no process of a run is alive; ``RunLock.claim`` tells.
"""

import contextlib
import glob
import json
import mmap
import os
import time
from pathlib import Path

from optuna.storages.journal._file import BaseJournalFileLock, get_lock_file

from qgtune.core.errors import ConfigValueError

_STALE_AFTER_SECONDS = 1.0


def lock_file(journal: Path) -> Path:
    """Return the file or link with which Optuna locks the journal."""
    return journal.with_name(journal.name + ".lock")


def marked(journal: Path) -> str:
    """Return an odd but equivalent spelling of the journal's path, to which only locks of ours point."""
    return f"{journal.parent}/.//{journal.name}"


def remove_own_lock(journal: Path) -> None:
    """Remove a lock that a dead process of ours left; the caller knows that no living one holds it."""
    link = lock_file(journal)
    if _is_ours(link, journal):
        link.unlink(missing_ok=True)


def _remove_renamed_locks(journal: Path) -> None:
    # Optuna gives a lock back by renaming and then removing it; a process killed between leaves the new name.
    pattern = glob.escape(lock_file(journal).name) + "*.rename"
    for link in journal.parent.glob(pattern):
        if _is_ours(link, journal):
            link.unlink(missing_ok=True)


def _is_ours(link: Path, journal: Path) -> bool:
    try:
        target = os.readlink(link)  # noqa: PTH115 - a Path would tidy the mark away
    except OSError:  # no lock at all, or a plain file, which another program uses as its lock
        return False
    return target.endswith(f"/.//{journal.name}")


def check_is_journal(path: Path) -> None:
    """Check that a file is an Optuna journal, or empty, so that nothing else is ever cut or appended to.

    Raises:
        ConfigValueError: if its first line is neither a record nor the beginning of one.
    """
    with path.open("rb") as file:
        first = file.readline(1 << 20)
    start = b'{"op_code":'
    torn_first = not first.endswith(b"\n") and (first.startswith(start) or start.startswith(first))
    if not first or _is_record(first) or torn_first:
        return
    raise ConfigValueError(
        ("storage",),
        f"a storage is the journal of a study, but {path} is a file of another kind",
        "name another file, for example study.log",
    )


def first_broken_line(path: Path) -> int | None:
    """Return the number, from 1, of the first line that is no record of a journal, or None."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not _is_record(line):
                return number
    return None


def repair_journal(path: Path, lock: BaseJournalFileLock) -> None:
    """Make a journal readable again after its writers were killed: remove a stale lock, cut a torn tail.

    Everything after the last whole record is moved to ``<name>.torn`` beside the journal.

    Args:
        path: the journal; nothing happens if there is none.
        lock: its lock. No run of ours lives, but another program may be in the middle of a record.
    """
    journal = path.resolve()
    remove_own_lock(journal)
    _remove_renamed_locks(journal)
    link = lock_file(journal)
    if os.path.lexists(link) and _outlived(link):
        link.unlink(missing_ok=True)
    if journal.exists():
        check_is_journal(path)
        with get_lock_file(lock):
            cut_torn_tail(journal)


def cut_torn_tail(path: Path) -> int:
    """Cut a journal after its last whole record, and return how many bytes went to ``<name>.torn``.

    A whole record is one line with one JSON object and a line break. The caller must hold the
    journal's lock, or know that no other process lives.
    """
    with path.open("r+b") as file:
        end = _whole_length(file.fileno())
        file.seek(end)
        torn = file.read()
        if not torn:
            return 0
        # The cut part is safe on disk before the journal loses it.
        with path.with_name(path.name + ".torn").open("ab") as keep:
            keep.write(torn if torn.endswith(b"\n") else torn + b"\n")
            keep.flush()
            os.fsync(keep.fileno())
        file.truncate(end)
        os.fsync(file.fileno())
        return len(torn)


def _whole_length(handle: int) -> int:
    """Return the length of the file up to the end of its last whole record."""
    if not os.fstat(handle).st_size:
        return 0
    with mmap.mmap(handle, 0, access=mmap.ACCESS_READ) as data:
        end = data.rfind(b"\n") + 1
        while end:
            start = data.rfind(b"\n", 0, end - 1) + 1
            if _is_record(data[start:end]):
                break
            end = start
        return end


def _is_record(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and "op_code" in record


def _outlived(lock: Path) -> bool:
    """Return whether one and the same lock stands for longer than any append takes.

    No run of ours lives, but another program (optuna-dashboard, a script) may be writing right now.
    """
    deadline = time.monotonic() + _STALE_AFTER_SECONDS
    with contextlib.suppress(FileNotFoundError):
        before = os.lstat(lock)
        while time.monotonic() < deadline:
            time.sleep(0.02)
            now = os.lstat(lock)
            if (now.st_ino, now.st_mtime_ns) != (before.st_ino, before.st_mtime_ns):
                return False
        return True
    return False
