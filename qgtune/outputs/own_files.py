"""Files that we may write over, because we wrote them: what a user edited is kept beside."""

import hashlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

from qgtune.compiler.files import shown_path
from qgtune.core.files import is_special_file, write_atomically

_REMEMBERED = 8
"""Contents of each file that are known as ours; more than one, as a run may be killed between two writes."""


class OwnFiles:
    """Writes files, and never over something that somebody else wrote.

    What was written is remembered by its hash in a hidden file of the output folder, and noted before it is
    written, so that a run that is killed at any moment still knows its files. A file that holds anything else
    is moved to a name beside it first, and the user is told.

    Args:
        folder: the output folder; it must exist when the first file is written.
        say: told what was kept, and where.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._memory = folder / ".qgtune-outputs.json"
        self._say = say
        self._writing = threading.Lock()

    def write(self, path: Path, text: str | bytes) -> None:
        """Write a file, whole or not at all; one that holds this already is left alone.

        Raises:
            OSError: if it cannot be written, or what stands there cannot be kept.
        """
        with self._writing:
            if is_special_file(path):
                write_atomically(path, text)
                return
            hashed = _hash(text if isinstance(text, bytes) else text.encode())
            found = _hash(path.read_bytes()) if path.exists() else None
            known = self._read_memory()
            name = self._name(path)
            ours = known.get(name, [])
            if found is not None and found != hashed and found not in ours:
                kept = _free_name(path)
                path.replace(kept)
                self._say(f"{shown_path(path)} was edited by hand: it is kept as {kept.name}")
            if hashed not in ours:
                known[name] = [*ours, hashed][-_REMEMBERED:]
                self._remember(known, path)
            if found != hashed:
                write_atomically(path, text)

    def _name(self, path: Path) -> str:
        """Return a name for a file that stays the same where the folder with all of it is moved."""
        try:
            return Path(os.path.relpath(path, self._folder)).as_posix()
        except ValueError:  # another drive of Windows
            return path.as_posix()

    def _remember(self, known: dict[str, list[str]], path: Path) -> None:
        try:
            write_atomically(self._memory, json.dumps(known, indent=1, sort_keys=True) + "\n")
        except OSError as error:  # the file that was asked for is the one that the user knows
            raise OSError(error.errno, error.strerror, str(path)) from error

    def _read_memory(self) -> dict[str, list[str]]:
        # Read each time: a second run on the same study may write the same files.
        try:
            known = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _free_name(path: Path) -> Path:
    """Return a name beside a file that nothing has yet, such as ``best_config.edited.yaml``."""
    number = 1
    while True:
        mark = ".edited" if number == 1 else f".edited-{number}"
        free = path.with_name(f"{path.stem}{mark}{path.suffix}")
        if not os.path.lexists(free):
            return free
        number += 1
