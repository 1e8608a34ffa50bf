"""Functions of the user's own that a file names: ``file.py:function`` or ``package.module:function``."""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from qgtune.core.diagnostics import Location, did_you_mean


class UserCodeError(Exception):
    """A function that cannot be had: ``place`` is the line of the user's code at fault, if any."""

    def __init__(self, message: str, hint: str = "", place: Location | None = None) -> None:
        super().__init__(message, hint, place)
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        return self.message


def load_function(reference: str, folder: Path) -> Callable[..., Any]:
    """Return the function that a reference names.

    A file finds the modules that lie beside it, as a script does.

    Args:
        reference: ``file.py:function``, or ``package.module:function``.
        folder: what a file is relative to, and where modules are looked for first.

    Raises:
        UserCodeError: if the file or module cannot be imported, or has no such function.
    """
    source, _, name = reference.rpartition(":")
    module = _imported(source, folder)
    function = getattr(module, name, None)
    if not callable(function):
        public = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UserCodeError(f"{source} has no function {name!r}", did_you_mean(name, public))
    return function  # type: ignore[no-any-return]  # callable() does not narrow Any


def load_module(source: str, folder: Path) -> None:
    """Import a module once in a process, for what it registers.

    Args:
        source: ``file.py``, or ``package.module``.
        folder: what a file is relative to, and where modules are looked for first.

    Raises:
        UserCodeError: if it cannot be imported.
    """
    name = str((folder / source).resolve()) if source.endswith(".py") else source
    if name not in sys.modules:
        _imported(source, folder)


def _imported(source: str, folder: Path) -> ModuleType:
    try:
        if source.endswith(".py"):
            return _import_file(folder / source)
        _look_first_in(folder)
        return importlib.import_module(source)
    except UserCodeError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"importing {source} failed: {type(error).__name__}: {error}"
        raise UserCodeError(reason, place=failing_line(error, source)) from error


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserCodeError(f"there is no file {path}")
    _look_first_in(path.resolve().parent)
    # The name is the path: two files of one name in different folders stay two modules.
    name = str(path.resolve())
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Known before it runs, so that its dataclasses and its pickles find their module.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _look_first_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def failing_line(error: BaseException, source: str) -> Location | None:
    """Return the last line of the user's own file on the way to the error."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        column = error.offset or 1
        text = (error.text or "").rstrip("\n")
        return Location(error.filename, error.lineno, column, error.lineno, column + 1, text)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(source)]
    if not frames or frames[-1].lineno is None:
        return None
    frame, line = frames[-1], frames[-1].lineno
    text = frame.line or ""
    return Location(frame.filename, line, 1, line, len(text) + 1, text)
