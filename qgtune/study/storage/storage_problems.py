"""What is wrong with a storage, in words for the user."""

import contextlib
from collections.abc import Iterator

import optuna

from qgtune.core.errors import ConfigValueError, QgtuneError
from qgtune.core.passwords import password_of, without_passwords
from qgtune.study.storage.storage_address import StorageAddress

_SERVERS = {"postgresql": "PostgreSQL", "mysql": "MySQL", "redis": "Redis", "sqlite": "SQLite"}


def missing_driver(address: StorageAddress, module: str) -> ConfigValueError:
    """Return the error for a storage whose driver is not installed."""
    return ConfigValueError(
        ("storage",),
        f"a study in {_SERVERS[address.kind]} needs its driver, which is not installed: {module}",
        f'pip install "qgtune[{address.kind}]"',
    )


def unreachable(address: StorageAddress, error: BaseException) -> ConfigValueError:
    """Return the error for a storage that cannot be opened; a password never stands in it."""
    what = "file" if address.file is not None else "server"
    return ConfigValueError(
        ("storage",),
        f"the storage {address.shown} cannot be used: {said_by(error, address)}",
        f"see that the {what} is there, and that the name, the user and the password are right"
        if what == "server"
        else "name another file, for example sqlite:///study.db",
    )


def said_by(error: BaseException, address: StorageAddress) -> str:
    """Return what an error says, in one line, without SQL and without the password."""
    error = getattr(error, "orig", None) or error
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = " ".join(line for line in lines if not line.startswith(("[SQL", "[parameters", "(Background")))
    password = password_of(address.url) if address.file is None else ""
    if len(password) > 2:
        said = said.replace(password, "***")
    return without_passwords(said) or type(error).__name__


@contextlib.contextmanager
def storage_lost_in_words(address: StorageAddress) -> Iterator[None]:
    """Turn the loss of a storage during a run into words: a server that ended, a disk that is full.

    Raises:
        QgtuneError: that the run cannot go on, and why.
    """
    try:
        yield
    except optuna.exceptions.StorageInternalError as error:
        raise _lost(address, error.__cause__ or error) from error
    except Exception as error:
        if not type(error).__module__.startswith("redis"):
            raise
        raise _lost(address, error) from error


def _lost(address: StorageAddress, error: BaseException) -> QgtuneError:
    said = said_by(error, address)
    return QgtuneError(
        f"the run cannot go on: the storage {address.shown} cannot be used any more: {said}; "
        "it keeps all finished trials, and the same command goes on"
    )
