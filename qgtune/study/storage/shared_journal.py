"""Journals whose trials are born with their owner: in a file, or on a Redis server."""

import contextlib
import io
import json
from collections.abc import Generator, Iterator
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalRedisBackend
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import FrozenTrial

from qgtune.study.quiet import quiet_optuna
from qgtune.study.storage.born_trials import born_with_owner
from qgtune.study.storage.journal_replay import JournalFile, Replay
from qgtune.study.storage.storage_address import StorageAddress
from qgtune.study.storage.storage_problems import missing_driver, unreachable


class SharedJournal(JournalStorage):
    """Optuna's own journal, whose trials are born with the process that runs them.

    What is sampled for a trial and said of it can be written together: each record costs a lock and a wait
    for the disk.
    """

    _gathering = 0
    """How many threads are within ``written_together``."""
    _gathered: tuple[dict[str, Any], ...] = ()
    """Records that wait; whatever this process reads or writes next takes them along."""

    @contextlib.contextmanager
    def written_together(self) -> Iterator[None]:
        """Write what is sampled and said of a trial within this block at once, at its end at the latest.

        A process that is killed before that leaves a trial without them.
        """
        with self._thread_lock:
            self._gathering += 1
        try:
            yield
        finally:
            with self._thread_lock:
                self._gathering -= 1
                self._sync_with_backend()

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Write a parameter of a trial, or have it wait for the others."""
        with self._thread_lock:
            if self._gathering:
                fields = {
                    "param_name": param_name,
                    "param_value_internal": param_value_internal,
                    "distribution": distribution_to_json(distribution),
                }
                self._gather(JournalOperation.SET_TRIAL_PARAM, trial_id, fields)
                return
        super().set_trial_param(trial_id, param_name, param_value_internal, distribution)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Write an attribute of a trial, or have it wait for the parameters."""
        with self._thread_lock:
            if self._gathering:
                self._gather(JournalOperation.SET_TRIAL_USER_ATTR, trial_id, {"user_attr": {key: value}})
                return
        super().set_trial_user_attr(trial_id, key, value)

    def _gather(self, op_code: int, trial_id: int, fields: dict[str, Any]) -> None:
        record = {"op_code": op_code, "worker_id": self._replay_result.worker_id, "trial_id": trial_id}
        self._gathered += ({**record, **fields},)

    def _write_log(self, op_code: int, extra_fields: dict[str, Any]) -> None:
        self._write_gathered()
        super()._write_log(op_code, extra_fields)

    def _sync_with_backend(self) -> None:
        self._write_gathered()
        super()._sync_with_backend()

    def _write_gathered(self) -> None:
        records, self._gathered = self._gathered, ()
        if records:
            self._backend.append_logs(list(records))

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
    """A journal without records: what stands in the file is read by our own reader, right after."""

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:  # noqa: ARG002 - theirs
        yield from ()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:  # noqa: ARG002 - theirs
        raise io.UnsupportedOperation("nothing is written before the journal is read")


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
