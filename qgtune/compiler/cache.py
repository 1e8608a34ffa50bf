"""Compilations of files, kept while the files stay as they are.

``build_search_space_with_dependencies`` may be called once a trial, from many threads. A call costs one
``stat`` a file while nothing changed.
"""

import os
import pathlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

from qgtune.compiler.building.selection import Selection
from qgtune.compiler.load import compile_files
from qgtune.compiler.pipeline import Compilation

CAPACITY = 64
SETTLING_NS = 2_000_000_000
"""A file younger than this may change once more without a new time stamp, so its bytes are compared."""

_PathLike = str | os.PathLike[str]
Files = tuple[_PathLike | None, _PathLike | None, _PathLike | None]
# As texts: to hash and to compare a Path anew at every trial costs more than to look at its file.
_Names = tuple[str | None, ...]
_Key = tuple[_Names, Selection, tuple[str, ...]]
_Stamp = tuple[int, int, int, int]
_stamp_of: Callable[[os.stat_result], _Stamp] = attrgetter("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino")


@dataclass(slots=True)
class _Entry:
    compilation: Compilation
    stamps: dict[str, _Stamp | None]  # by file, those that the search space extends among them
    contents: tuple[bytes | None, ...] | None  # None once the files have settled


class CompilationCache:
    """Compiled search spaces by their files. Safe to share between threads.

    A caller never sees another caller's half-made compilation: one thread compiles while the others wait,
    and a compilation is immutable.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()

    def get(
        self, files: Files, selection: Selection, objects: tuple[str, ...] = ()
    ) -> tuple[Compilation, bool]:
        """Return the compilation of search space, dependency map and base settings, and whether it is new.

        Args:
            files: search space, dependency map and base settings; None for one that is not given.
            selection: what varies.
            objects: the Python objects that a config may name; none by default.

        Raises:
            DiagnosticError: if the files have errors. Nothing is kept then.
        """
        key = (tuple([None if file is None else os.fspath(file) for file in files]), selection, objects)
        entry = self._entries.get(key)
        if entry is not None and entry.contents is None and _have_stayed(entry.stamps):
            return entry.compilation, False
        with self._lock:
            return self._get_locked(key)

    def _get_locked(self, key: _Key) -> tuple[Compilation, bool]:
        entry = self._entries.get(key)
        if entry is not None and _is_unchanged(entry):
            return entry.compilation, False
        # Stamps are taken before the bytes are read: a change in between shows up at the next call.
        names, selection, objects = key
        stamps = {name: _stamp(name) for name in names if name is not None}
        contents: tuple[bytes | None, ...] | None = tuple(map(_content, stamps))
        space, dependencies, base = (None if name is None else pathlib.Path(name) for name in names)
        compilation = compile_files(space, dependencies, base, selection, objects)
        if compilation.extended:
            # Only the compiler knows of these, so they were not looked at before: until they have settled,
            # nothing is taken to be unchanged.
            stamps |= {str(path): _stamp(str(path)) for path in compilation.extended}
            contents = ()
        if _have_settled(stamps):
            contents = None
        self._entries[key] = _Entry(compilation, stamps, contents)
        self._entries.move_to_end(key)
        while len(self._entries) > CAPACITY:
            self._entries.popitem(last=False)
        return compilation, True


def _is_unchanged(entry: _Entry) -> bool:
    """Tell whether the files are as they were; from then on they count as settled if they are old enough."""
    if not _have_stayed(entry.stamps) or entry.contents not in (None, tuple(map(_content, entry.stamps))):
        return False
    if _have_settled(entry.stamps):
        entry.contents = None
    return True


def _have_stayed(stamps: dict[str, _Stamp | None]) -> bool:
    """Tell whether each file has the stamp that it had. Every trial asks this."""
    try:
        for name, stamp in stamps.items():
            if _stamp_of(os.stat(name)) != stamp:  # noqa: PTH116 - half the cost of Path.stat
                return False
    except OSError:
        return False
    return True


def _have_settled(stamps: dict[str, _Stamp | None]) -> bool:
    youngest = max((max(stamp[:2]) for stamp in stamps.values() if stamp), default=0)
    return time.time_ns() - youngest > SETTLING_NS


def _stamp(name: str) -> _Stamp | None:
    try:
        return _stamp_of(os.stat(name))  # noqa: PTH116 - as in _have_stayed
    except OSError:
        return None


def _content(name: str) -> bytes | None:
    try:
        return pathlib.Path(name).read_bytes()
    except OSError:
        return None
