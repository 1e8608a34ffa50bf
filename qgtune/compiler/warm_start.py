"""The study that ``warm_start`` names, and whether its file is there."""

from pathlib import Path

from qgtune.compiler.files import shown_path
from qgtune.compiler.problems import Problems
from qgtune.compiler.tuning import Tuning, read_tuning
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.wording import reason_of


def warm_start_study(tuning: Tuning, problems: Problems) -> tuple[str | None, str | Path] | None:
    """Return the name of the study that ``warm_start`` names, and its journal or the URL of its storage.

    The name is None where a journal is named, which has to hold one study. What is wrong with a file is
    reported at ``warm_start``; what is wrong within a study shows when a run opens it.

    Args:
        tuning: the tuning file.
        problems: takes the problems.

    Returns:
        None after a problem, and where the tuning file names no study.
    """
    named = tuning.settings.warm_start
    if named is None:
        return None
    path = tuning.folder / named
    name, storage, wrong = _study_at(path)
    if wrong:
        problems.error("QG420", f"warm_start: {wrong}", tuning.locate("warm_start"))
        return None
    return name, storage


def _study_at(path: Path) -> tuple[str | None, str | Path, str]:
    """Return the name and the storage of the study that a file leads to, and what is wrong with the file."""
    if path.suffix not in {".yaml", ".yml"}:
        return None, path, _wrong_with_file(path, is_journal=True)
    found: list[Diagnostic] = []
    other = read_tuning(path, found)
    if other is None:
        return None, path, f"{shown_path(path)} is no tuning file that can be read: {found[0].message}"
    storage, file = other.settings.storage_at(other.folder), other.settings.study_file(other.folder)
    if storage is None:
        return None, path, f"the study of {shown_path(path)} is in memory only, and gone"
    is_journal = other.settings.journal(other.folder) is not None
    wrong = _wrong_with_file(file, is_journal=is_journal) if file is not None else ""
    return other.settings.name(other.folder), storage, wrong


def _wrong_with_file(path: Path, *, is_journal: bool) -> str:
    """Return why no study can be read from a file; empty if one may be."""
    if path.is_dir():
        return f"a study is read from a file, but {shown_path(path)} is a folder"
    if not path.exists():
        return f"a study is read from where it is kept, but there is no file {shown_path(path)}"
    try:
        # A database is not opened: closing it would drop the locks that this process has on it.
        first = _first_byte(path) if is_journal else b""
    except OSError as error:
        return f"a study is read from where it is kept, but {shown_path(path)}: {reason_of(error)}"
    if first not in {b"", b"{"}:
        return f"a study is read from its journal, but {shown_path(path)} is a file of another kind"
    return ""


def _first_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1)
