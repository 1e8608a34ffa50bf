"""The file that keeps a study, before anything is written to it or read from it."""

import errno
import os
from pathlib import Path

from qgtune.core.errors import ConfigValueError


def prepare_file(path: Path, *, is_database: bool = False) -> None:
    """Make the folder of a storage's file, and check that the file and what belongs beside it can be written.

    A file that is there stays as it is; one that is not is made, empty.

    Args:
        path: the file.
        is_database: whether it is SQLite's. Then one that is there is not even opened: to close it would drop
            the locks of every connection that this process has to it, and another process, which takes itself
            for the last one, would remove the log in which their changes stand.

    Raises:
        ConfigValueError: at ``storage``, if it is a folder, or cannot be written.
    """
    _check_no_folder(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not is_database or not path.exists():
            path.open("ab").close()
        elif not os.access(path, os.W_OK):
            raise _refused(path)
        # A lock, or SQLite's own log, stands beside the file while it is written.
        if not _is_writable(path.parent):
            raise _refused(path.parent, f"its folder {path.parent} cannot be written")
    except OSError as error:
        raise ConfigValueError(
            ("storage",),
            f"a storage must be a file that can be written, but {path} cannot: {error.strerror}",
            "name a file in a folder of your own",
        ) from error


def check_can_be_read(path: Path, *, is_database: bool = False) -> None:
    """Check that a storage's file is there and can be read; nothing is made or changed.

    Args:
        path: the file.
        is_database: whether it is SQLite's; see ``prepare_file``.

    Raises:
        ConfigValueError: at ``storage``, if it is a folder, is not there, or cannot be read.
    """
    _check_no_folder(path)
    try:
        if not is_database:
            path.open("rb").close()
        elif not os.access(path, os.R_OK):
            path.stat()
            raise _refused(path)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigValueError(
            ("storage",), f"a study is read from where it is kept, but there is no file {path}"
        ) from None
    except OSError as error:
        raise ConfigValueError(
            ("storage",),
            f"a study is read from where it is kept, but {path} cannot be read: {error.strerror}",
            "ask its owner for the right to read it",
        ) from error


def can_be_written(path: Path) -> bool:
    """Return whether a storage's file, and what belongs beside it, can be written."""
    return os.access(path, os.W_OK) and _is_writable(path.parent)


def _check_no_folder(path: Path) -> None:
    if os.path.isdir(path):  # noqa: PTH112 - a Path raises where its folder cannot be entered
        raise ConfigValueError(
            ("storage",),
            f"a storage is a file, but {path} is a folder",
            f"name a file in it, for example {path.name}/study.log",
        )


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _refused(path: Path, words: str = "") -> OSError:
    """Return what the system would say of a file that may not be opened."""
    number = errno.EROFS if _is_on_a_read_only_disk(path) else errno.EACCES
    return OSError(number, words or os.strerror(number), str(path))


def _is_on_a_read_only_disk(path: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & os.ST_RDONLY)
