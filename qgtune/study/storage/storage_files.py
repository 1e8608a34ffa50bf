"""The file that keeps a study, before anything is written to it."""

import errno
import os
from pathlib import Path

from qgtune.core.errors import ConfigValueError


def prepare_file(path: Path) -> None:
    """Make the folder of a storage's file, and check that the file and what belongs beside it can be written.

    A file that is there stays as it is; one that is not is made, empty.

    Raises:
        ConfigValueError: at ``storage``, if it is a folder, or cannot be written.
    """
    if path.is_dir():
        raise ConfigValueError(
            ("storage",),
            f"a storage is a file, but {path} is a folder",
            f"name a file in it, for example {path.name}/study.log",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        # A lock, or SQLite's own log, stands beside the file while it is written.
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise _refused(path.parent)
    except OSError as error:
        raise ConfigValueError(
            ("storage",),
            f"a storage must be a file that can be written, but {path} cannot: {error.strerror}",
            "name a file in a folder of your own",
        ) from error


def _refused(folder: Path) -> PermissionError:
    return PermissionError(errno.EACCES, f"its folder {folder} cannot be written", str(folder))
