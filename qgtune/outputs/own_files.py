"""Files that we may write over, because we wrote them: what anybody else wrote is kept beside."""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from qgtune.compiler.files import shown_path
from qgtune.core.files import is_special_file, write_atomically
from qgtune.outputs.folder_lock import alone_in
from qgtune.schema.outputs import WrittenFiles

_REMEMBERED = 8
"""Contents of each file that are known as ours; more than one, as a run may be killed between two writes."""


class OwnFiles:
    """Writes and removes files, and never one that somebody else wrote.

    What was written is remembered by its hash in a hidden file of the output folder, and noted before it is
    written, so that a run that is killed at any moment still knows its files. A file that holds anything else
    is moved to a name beside it first, and the user is told. Processes that write into one folder take turns.

    Args:
        folder: the output folder; it must exist when the first file is written.
        say: told what was kept, and where.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._memory = folder / ".qgtune-outputs.json"
        self._say = say
        self._working = threading.Lock()

    def write(self, path: Path, text: str | bytes) -> None:
        """Write a file, whole or not at all; one that holds this already is left alone.

        Raises:
            OSError: if it cannot be written, or what stands there cannot be kept.
        """
        with self._alone():
            if is_special_file(path):
                write_atomically(path, text)
                return
            hashed = _hash(text if isinstance(text, bytes) else text.encode())
            found = _hash_of(path)
            if found == hashed:
                # Not noted as ours: whoever wrote it may have done so without us.
                return
            known = self._read_memory()
            name = self._name(path)
            ours = known.get(name, [])
            if found is not None and found not in ours:
                self._set_aside(path, was_ours=bool(ours))
            if hashed not in ours:
                known[name] = [*ours, hashed][-_REMEMBERED:]
                self._remember(known, path)
            write_atomically(path, text)

    def remove(self, path: Path) -> bool:
        """Remove a file that holds what we wrote; return whether it did, and any other one stays.

        Raises:
            OSError: if it cannot be removed.
        """
        with self._alone():
            return self._removed(path, self._read_memory())

    def clear(self, path: Path) -> None:
        """Remove a file whose name must be free; one that somebody else wrote is kept beside it.

        Raises:
            OSError: if it can neither be removed nor be kept.
        """
        with self._alone():
            known = self._read_memory()
            if not self._removed(path, known) and os.path.lexists(path):
                self._set_aside(path, was_ours=self._name(path) in known)

    def is_ours(self, path: Path) -> bool:
        """Return whether a file holds what we wrote."""
        with self._alone():
            return _hash_of(path) in self._read_memory().get(self._name(path), [])

    def has_written(self, path: Path) -> bool:
        """Return whether we have ever written this file, whatever it holds now."""
        with self._alone():
            return self._name(path) in self._read_memory()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with self._working, alone_in(self._folder):
            yield

    def _removed(self, path: Path, known: dict[str, list[str]]) -> bool:
        name = self._name(path)
        if _hash_of(path) not in known.get(name, []):
            return False
        path.unlink()
        del known[name]
        self._remember(known, path)
        return True

    def _set_aside(self, path: Path, *, was_ours: bool) -> None:
        kept = _free_name(path)
        path.replace(kept)
        why = "was edited by hand" if was_ours else "was there, and not of qgtune's making"
        self._say(f"{shown_path(path)} {why}: it is kept as {kept.name}")

    def _name(self, path: Path) -> str:
        """Return a name for a file that stays the same where the folder with all of it is moved."""
        try:
            return Path(os.path.relpath(path, self._folder)).as_posix()
        except ValueError:  # another drive of Windows
            return path.as_posix()

    def _remember(self, known: dict[str, list[str]], path: Path) -> None:
        try:
            write_atomically(self._memory, WrittenFiles(files=dict(sorted(known.items()))).text())
        except OSError as error:  # the file that was asked for is the one that the user knows
            raise OSError(error.errno, error.strerror, str(path)) from error

    def _read_memory(self) -> dict[str, list[str]]:
        # Read each time: a second run on the same study may write the same files.
        try:
            found = json.loads(self._memory.read_text(encoding="utf-8"))
            if isinstance(found, dict) and "version" not in found:
                found = {"files": found}  # as it was before it had a version
            return dict(WrittenFiles.model_validate(found).files)
        except (OSError, ValueError):
            return {}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _hash_of(path: Path) -> str | None:
    """Return the hash of what a file holds; None if there is no file."""
    return _hash(path.read_bytes()) if path.exists() else None


def _free_name(path: Path) -> Path:
    """Return a name beside a file that nothing has yet, such as ``best_config.edited.yaml``."""
    number = 1
    while True:
        mark = ".edited" if number == 1 else f".edited-{number}"
        free = path.with_name(f"{path.stem}{mark}{path.suffix}")
        if not os.path.lexists(free):
            return free
        number += 1
