"""Where a study is kept: in memory, in a journal file, in a database, or on a Redis server."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.storages.journal import JournalFileOpenLock
from optuna.storages.journal._file import BaseJournalFileLock

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.study.quiet import quiet_optuna
from qgtune.study.storage.journal_lock import JournalLock
from qgtune.study.storage.journal_repair import check_is_journal, first_broken_line, repair_journal
from qgtune.study.storage.journal_replay import JournalFile
from qgtune.study.storage.redis_journal import open_redis
from qgtune.study.storage.shared_journal import SharedJournal
from qgtune.study.storage.storage_address import StorageAddress, storage_address
from qgtune.study.storage.storage_files import can_be_written, check_can_be_read, prepare_file


def prepare_storage(storage: str | Path | StorageAddress) -> StorageAddress:
    """Return where a study is kept that is written to: its file and folders are made; what is there stays.

    Raises:
        ConfigValueError: at ``storage``, if it is no storage, cannot be written, or is another kind of file.
    """
    address = storage if isinstance(storage, StorageAddress) else _address(storage)
    if address.file is not None:
        prepare_file(address.file, is_database=address.kind == "sqlite")
        if address.kind == "journal":
            check_is_journal(address.file)
    return address


def open_storage(storage: str | Path | StorageAddress | None, *, reading: bool = False) -> BaseStorage:
    """Return the storage that ``storage`` names.

    Args:
        storage: None for memory only, which ends with the process; the name of a journal file, which is
            made, with its folders, if there is none; or the URL of a database (``sqlite:///study.db``,
            ``postgresql://user@host/name``, ``mysql://user@host/name``) or of a Redis server
            (``redis://host``).
        reading: whether the study is only read. Then nothing is made or changed, so that a file or a folder
            that cannot be written, or a user of a server who may not write, is no obstacle. A file of SQLite
            is read once, as it is now.

    Raises:
        ConfigValueError: at ``storage``, if it cannot be written or reached, is not a journal, or its
            driver is not installed; for reading, if it cannot be read, or is not there.

    Example:
        >>> type(open_storage(None)).__name__
        'InMemoryStorage'
    """
    if storage is None:
        return InMemoryStorage()
    address = _found(storage) if reading else prepare_storage(storage)
    if address.kind == "redis":
        return open_redis(address, reading=reading)
    if address.file is None or address.kind == "sqlite":
        # SQLAlchemy takes a third of a second to import.
        from qgtune.study.storage.databases import open_database

        return open_database(address, reading=reading)
    return _open_journal(address.file)


def _found(storage: str | Path | StorageAddress) -> StorageAddress:
    """Return where a study is kept that is only read: in a file that is there, and can be read."""
    address = storage if isinstance(storage, StorageAddress) else _address(storage)
    if address.file is not None:
        check_can_be_read(address.file, is_database=address.kind == "sqlite")
        if address.kind == "journal":
            check_is_journal(address.file)
    return address


def _address(storage: str | Path) -> StorageAddress:
    if not str(storage):
        raise ConfigValueError(
            ("storage",),
            "a storage is the name of a journal file, or null for memory only; it is empty",
            "write for example storage: study.log",
        )
    return storage_address(storage)


def _open_journal(path: Path) -> BaseStorage:
    try:
        return SharedJournal(JournalFile(str(path), lock_obj=_lock_for(path)))
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise ConfigValueError(
            ("storage",),
            f"the journal {path} cannot be read: line {first_broken_line(path) or '?'} is not a whole record",
            "keep a copy of the file, and remove that line",
        ) from error


def params_written_together(trial: Any) -> AbstractContextManager[None]:
    """Return a block in which the parameters that a trial samples are written at once, where its storage can.

    Args:
        trial: an ``optuna.Trial``, or what stands for one.

    Example:
        >>> with params_written_together(optuna.create_study().ask()) as nothing:
        ...     nothing
    """
    storage = getattr(trial, "storage", None)
    return storage.written_together() if isinstance(storage, SharedJournal) else nullcontext()


def repair_storage(address: StorageAddress) -> None:
    """Make a storage whole again after its writers were killed; only while no process of a run lives.

    A journal's torn tail is cut off and kept beside it, and stale locks are removed. Databases repair
    themselves.
    """
    if address.kind == "journal" and address.file is not None:
        repair_journal(address.file, _lock_for(address.file))


def storage_advice(address: StorageAddress, writers: int) -> str:
    """Return what should be said before so many trials at a time use this storage; mostly nothing.

    Example:
        >>> storage_advice(storage_address("study.log"), 16)
        ''
    """
    if address.kind != "sqlite" or writers < 2:
        return ""
    return (
        f"SQLite lets one process write at a time, and {writers} trials at a time will wait for each other: "
        "a journal file (storage: study.log) is many times faster on one machine, PostgreSQL on several"
    )


def open_study(study_name: str | None, storage: str | Path, *, writing: bool = False) -> optuna.Study:
    """Return an existing study, for reading: nothing is made or changed.

    Args:
        study_name: its name; None if the storage holds only one.
        storage: the journal file, or a URL; see ``open_storage``.
        writing: whether it may be added to as well, where what keeps it can be written.

    Raises:
        ConfigValueError: if there is no such file, or no such study in it.
    """
    address = _found(storage)
    # Only a file of SQLite is opened in another way to be written to.
    itself = (
        writing and address.kind == "sqlite" and address.file is not None and can_be_written(address.file)
    )
    opened = open_storage(address, reading=not itself)
    names = [study.study_name for study in opened.get_all_studies()]
    if study_name is None and len(names) == 1:
        study_name = names[0]
    if study_name is None or study_name not in names:
        asked = "no study is named" if study_name is None else f"no study is named {study_name!r}"
        hint = did_you_mean(study_name or "", names) or "the storage holds no study"
        raise ConfigValueError(("study_name",), f"{asked} in {address.shown}", hint)
    with quiet_optuna():
        return optuna.load_study(study_name=study_name, storage=opened)


def _lock_for(path: Path) -> BaseJournalFileLock:
    # Whoever comes by a link to the journal, and whoever comes by its own name, must meet at one lock.
    path = path.resolve()
    # Windows lets only administrators make symbolic links, and has no flock.
    if sys.platform == "win32":
        return JournalFileOpenLock(str(path))
    return JournalLock(path)
