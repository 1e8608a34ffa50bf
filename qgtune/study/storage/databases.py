"""Studies in databases: SQLite, PostgreSQL and MySQL."""

import os
import re
import sqlite3
import time
import weakref
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import Pool, StaticPool

from qgtune.core.errors import ConfigValueError
from qgtune.study.quiet import quiet_optuna
from qgtune.study.storage.born_trials import born_with_owner, record_runner
from qgtune.study.storage.sqlite_copy import in_memory
from qgtune.study.storage.storage_address import StorageAddress
from qgtune.study.storage.storage_problems import missing_driver, unreachable

SQLITE_SECONDS_TO_WAIT = 60.0
"""How long a process waits for another one to finish writing; SQLite admits one writer at a time."""

_ATTEMPTS_TO_MAKE_TABLES = 5
_ADD_NOTHING = "INSERT INTO studies (study_name) SELECT study_name FROM studies WHERE 1 = 0"

_engines: "weakref.WeakSet[Engine]" = weakref.WeakSet()
_pools_of_the_parent: list[Pool] = []


class DatabaseStorage(RDBStorage):
    """Optuna's own storage in a database, whose trials are born with the process that runs them."""

    def __init__(self, url: str, **options: Any) -> None:
        try:
            super().__init__(url, **options)
        except BaseException:
            if "engine" in vars(self):  # nobody else could close its connections
                self.engine.dispose()
            raise

    def _create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> FrozenTrial:
        return super()._create_new_trial(study_id, template_trial or born_with_owner())

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Write a trial's state, and who runs it if this process has just taken it; return whether it has."""
        taken = super().set_trial_state_values(trial_id, state, values)
        if taken and state == TrialState.RUNNING:
            record_runner(self, trial_id)
        return taken


def open_database(address: StorageAddress, *, reading: bool = False) -> BaseStorage:
    """Return the storage in a database, whose tables are made if there are none.

    Args:
        address: of the database.
        reading: whether it is only read: no table is made, and a file of SQLite is not opened but copied.

    Raises:
        ConfigValueError: at ``storage``, if the driver is not installed, the server does not answer or
            refuses, may not be written to, or the file is no database.
    """
    if reading and address.kind == "sqlite":
        return _CachedStorage(_in_memory(address))
    arguments = {"timeout": SQLITE_SECONDS_TO_WAIT} if address.kind == "sqlite" else {}
    # A connection that a server or a firewall has closed in a long trial is replaced, not reported.
    options: dict[str, Any] = {"connect_args": arguments, "pool_pre_ping": address.kind != "sqlite"}
    storage = _with_tables(address, options, reading=reading)
    _engines.add(storage.engine)
    # Nobody closes a storage: its connections are closed when it goes.
    weakref.finalize(storage, storage.engine.dispose)
    if address.kind == "sqlite":
        _write_ahead(storage.engine)
    elif not reading:
        _check_can_be_written(address, storage.engine)
    return _CachedStorage(storage)


def _in_memory(address: StorageAddress) -> DatabaseStorage:
    """Return a storage with all that a file of SQLite holds now."""
    assert address.file is not None  # noqa: S101 - so is every address of this kind
    try:
        copy = in_memory(address.file, SQLITE_SECONDS_TO_WAIT)
        with quiet_optuna():
            storage = DatabaseStorage(
                "sqlite://", engine_kwargs={"creator": lambda: copy, "poolclass": StaticPool}
            )
    except (sqlite3.Error, SQLAlchemyError, RuntimeError) as error:
        raise unreachable(address, error) from None
    weakref.finalize(storage, storage.engine.dispose)
    return storage


def _check_can_be_written(address: StorageAddress, engine: Engine) -> None:
    """Check that this user may write, by adding no row: a server asks for the right before that."""
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(_ADD_NOTHING)
    except SQLAlchemyError as error:
        engine.dispose()
        raise unreachable(address, error) from None


def _with_tables(address: StorageAddress, options: dict[str, Any], *, reading: bool) -> DatabaseStorage:
    for attempt in range(_ATTEMPTS_TO_MAKE_TABLES):
        try:
            with quiet_optuna():
                return DatabaseStorage(address.url, engine_kwargs=dict(options), skip_table_creation=reading)
        except ImportError as error:
            raise missing_driver(address, str(error.__cause__ or error)) from None
        except (SQLAlchemyError, optuna.exceptions.OptunaError, RuntimeError, ValueError) as raised:
            # Optuna has words of its own for whatever ends a transaction.
            cause = raised.__cause__ or raised if isinstance(raised, StorageInternalError) else raised
            if reading and isinstance(cause, ProgrammingError) and _is_missing(cause):
                raise _no_study(address) from None
            # Another run made the same tables at the same moment: then they are there now.
            if attempt + 1 == _ATTEMPTS_TO_MAKE_TABLES or not _made_twice(cause):
                raise unreachable(address, cause) from None
            time.sleep(0.1 * (attempt + 1))
    raise AssertionError("the last attempt returns or raises")


def _made_twice(error: BaseException) -> bool:
    if not isinstance(error, IntegrityError | OperationalError | ProgrammingError):
        return False
    text = str(error).lower()
    return "already exists" in text or "duplicate" in text or "unique constraint" in text


def _is_missing(error: BaseException) -> bool:
    """Return whether a table is not there, which each server says in words of its own."""
    return re.search(r"does(?: not|n't) exist", str(error)) is not None


def _no_study(address: StorageAddress) -> ConfigValueError:
    return ConfigValueError(
        ("storage",),
        f"a study is read from where it is kept, but {address.shown} holds none",
        "begin it first",
    )


def _write_ahead(engine: Engine) -> None:
    """Let readers read while a process writes: SQLite's write-ahead log."""

    def begin(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # Where the file system cannot (a network's), SQLite stays with its old journal and says so here only.
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.close()

    event.listen(engine, "connect", begin)
    engine.dispose()  # the connections until now began otherwise


def _forget_the_parents_connections() -> None:
    # A connection belongs to the process that opened it: used or closed in a
    # forked child, it breaks the parent's.
    for engine in list(_engines):
        _pools_of_the_parent.append(engine.pool)
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_parents_connections)
