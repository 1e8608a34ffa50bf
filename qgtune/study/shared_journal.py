"""Journals whose trials are born with their owner: in a file, or on a Redis server."""

import json

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalRedisBackend
from optuna.trial import FrozenTrial

from qgtune.study.born_trials import born_with_owner
from qgtune.study.quiet import quiet_optuna
from qgtune.study.storage_address import StorageAddress
from qgtune.study.storage_problems import missing_driver, unreachable


class SharedJournal(JournalStorage):
    """Optuna's own journal, whose trials are born with the process that runs them."""

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Add a trial and return its id; one without a template carries this process as its owner."""
        return super().create_new_trial(study_id, template_trial or born_with_owner())


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
