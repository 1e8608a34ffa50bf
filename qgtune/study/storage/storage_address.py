"""What the text of the setting ``storage`` means: a journal file, a database, or a Redis server."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.passwords import without_passwords

StorageKind = Literal["journal", "sqlite", "postgresql", "mysql", "redis"]

_KINDS: dict[str, StorageKind] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "redis": "redis",
    "rediss": "redis",
}
_DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql"}
_URL = re.compile(r"(?P<scheme>[A-Za-z][\w.-]*)(?:\+(?P<driver>\w+))?://(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class StorageAddress:
    """Where a study is kept; small, and can be sent to worker processes."""

    kind: StorageKind
    url: str
    """The absolute path of a journal, or the URL as the driver takes it, with its password."""
    file: Path | None = None
    """The file that holds the study; None if a server does."""

    @property
    def shown(self) -> str:
        """The address for people: without its password."""
        return str(self.file) if self.file is not None else without_passwords(self.url)

    @property
    def presence(self) -> Path:
        """The path whose ``RunLock`` tells of living runs; for a server, of those on this host."""
        if self.file is not None:
            return self.file
        name = hashlib.sha256(without_passwords(self.url).encode()).hexdigest()[:16]
        user = os.getuid() if hasattr(os, "getuid") else 0
        return Path(tempfile.gettempdir()) / f"qgtune-{user}-{name}"


def storage_address(storage: str | Path) -> StorageAddress:
    """Return what a storage's text names; relative file names are relative to the current folder.

    Args:
        storage: a file name, ``sqlite:///file.db``, ``postgresql://...``, ``mysql://...`` or ``redis://...``.

    Raises:
        ConfigValueError: at ``storage``, if the URL is of another kind or names no file.

    Example:
        >>> storage_address("postgres://me:secret@db.example/studies").shown
        'postgresql+psycopg://me:***@db.example/studies'
    """
    text = str(storage)
    match = _URL.fullmatch(text)
    if match is None:
        return StorageAddress("journal", str(_absolute(text)), _absolute(text))
    kind = _KINDS.get(match["scheme"].lower())
    if kind is None:
        raise ConfigValueError(
            ("storage",),
            "a storage is the name of a journal file, the URL of a database (sqlite, postgresql, mysql) or "
            f"of a Redis server, or null for memory only; it is {without_passwords(text)!r}",
            did_you_mean(match["scheme"].lower(), _KINDS),
        )
    if kind == "sqlite":
        return _sqlite(text, match)
    if kind == "redis":
        return StorageAddress(kind, text)
    driver = match["driver"] or _DRIVERS[kind]
    return StorageAddress(kind, f"{kind}+{driver}://{match['rest']}")


def _sqlite(text: str, match: re.Match[str]) -> StorageAddress:
    name, question, query = match["rest"].partition("?")
    if not name.startswith("/") or name in {"/", "/:memory:"}:
        raise ConfigValueError(
            ("storage",),
            f"worker processes share a storage, so SQLite needs a file; it is {text!r}",
            "write sqlite:///study.db, or null for memory only",
        )
    path = _absolute(name[1:])
    return StorageAddress("sqlite", f"sqlite:///{path}{question}{query}", path)


def _absolute(name: str) -> Path:
    # Absolute, because Optuna's lock is a link whose relative target would be looked up beside itself,
    # and because a worker may change its folder.
    return Path(name).expanduser().absolute()
