"""Where a study is kept: in memory, or in a journal file that any number of processes share."""

import sys
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.storages.journal._file import BaseJournalFileLock

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.study.journal_lock import JournalLock
from qgtune.study.journal_repair import check_is_journal, first_broken_line
from qgtune.study.quiet import quiet_optuna


def journal_path(storage: str | Path) -> Path:
    """Return the absolute path of a journal, with its folders made and its file writable.

    Args:
        storage: a file name; relative to the current folder.

    Raises:
        ConfigValueError: at ``storage``, if it is a database URL or a folder, or cannot be written.
    """
    if not str(storage) or "://" in str(storage):
        raise ConfigValueError(
            ("storage",),
            f"a storage is the name of a journal file, or null for memory only; it is {str(storage)!r}",
            "write for example storage: study.log",
        )
    # Absolute, because Optuna's lock is a link whose relative target would be looked up beside itself,
    # and because a worker may change its folder.
    path = Path(storage).expanduser().absolute()
    if path.is_dir():
        raise ConfigValueError(
            ("storage",),
            f"a storage is a file, but {path} is a folder",
            f"name a file in it, for example {Path(storage) / 'study.log'}",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise ConfigValueError(
            ("storage",),
            f"a storage must be a file that can be written, but {path} cannot: {error.strerror}",
            "name a file in a folder of your own",
        ) from error
    return path


def open_storage(storage: str | Path | None) -> BaseStorage:
    """Return the storage that ``storage`` names.

    Args:
        storage: None for memory only, which ends with the process; otherwise the name of a journal
            file, which is made, with its folders, if there is none.

    Raises:
        ConfigValueError: at ``storage``, if it cannot be written or is not a journal.

    Example:
        >>> type(open_storage(None)).__name__
        'InMemoryStorage'
    """
    if storage is None:
        return InMemoryStorage()
    path = journal_path(storage)
    check_is_journal(path)
    try:
        return JournalStorage(JournalFileBackend(str(path), lock_obj=_lock_for(path)))
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise ConfigValueError(
            ("storage",),
            f"the journal {path} cannot be read: line {first_broken_line(path) or '?'} is not a whole record",
            "keep a copy of the file, and remove that line",
        ) from error


def open_study(study_name: str | None, storage: str | Path) -> optuna.Study:
    """Return an existing study, for reading.

    Args:
        study_name: its name; None if the journal holds only one.
        storage: the journal file.

    Raises:
        ConfigValueError: if there is no such file, or no such study in it.
    """
    if not Path(storage).expanduser().is_file():
        raise ConfigValueError(
            ("storage",), f"a study is read from a journal, but there is no file {storage}"
        )
    opened = open_storage(storage)
    names = [study.study_name for study in opened.get_all_studies()]
    if study_name is None and len(names) == 1:
        study_name = names[0]
    if study_name is None or study_name not in names:
        asked = "no study is named" if study_name is None else f"no study is named {study_name!r}"
        hint = did_you_mean(study_name or "", names) or "the journal holds no study"
        raise ConfigValueError(("study_name",), f"{asked} in {storage}", hint)
    with quiet_optuna():
        return optuna.load_study(study_name=study_name, storage=opened)


def _lock_for(path: Path) -> BaseJournalFileLock:
    # Windows lets only administrators make symbolic links, and has no flock.
    if sys.platform == "win32":
        return JournalFileOpenLock(str(path))
    return JournalLock(path)
