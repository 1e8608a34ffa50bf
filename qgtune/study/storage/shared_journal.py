"""Journals whose trials are born with their owner: in a file, or on a Redis server."""

import json
from collections.abc import Generator
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalRedisBackend
from optuna.trial import FrozenTrial

from qgtune.study.quiet import quiet_optuna
from qgtune.study.storage.born_trials import born_with_owner
from qgtune.study.storage.journal_replay import JournalFile, Replay
from qgtune.study.storage.storage_address import StorageAddress
from qgtune.study.storage.storage_problems import missing_driver, unreachable


class SharedJournal(JournalStorage):
    """Optuna's own journal, whose trials are born with the process that runs them."""

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Add a trial and return its id; one without a template carries this process as its owner."""
        return super().create_new_trial(study_id, template_trial or born_with_owner())


class SharedJournalFile(SharedJournal):
    """The same in a file, which is read faster than Optuna does."""

    def __init__(self, journal: JournalFile) -> None:
        super().__init__(_Empty())
        self._backend = journal
        self._replay_result = Replay(self._worker_id_prefix)
        with self._thread_lock:
            self._sync_with_backend()


class _Empty(BaseJournalBackend):
    """A journal without records: what stands in the file is read with a reader of our own."""

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:  # noqa: ARG002 - theirs
        yield from ()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        raise NotImplementedError


def open_redis(address: StorageAddress) -> SharedJournal:
    """Return the journal that a Redis server keeps.

    Raises:
        ConfigValueError: at ``storage``, if the driver is not installed, or the server does not answer
            or refuses.
    """
    try:
        import redis
    except ImportError:
        raise missing_driver(address, "No module named 'redis'") from None
    try:
        with quiet_optuna():
            return SharedJournal(JournalRedisBackend(address.url))
    except (redis.RedisError, OSError, ValueError, json.JSONDecodeError) as error:
        raise unreachable(address, error) from None
