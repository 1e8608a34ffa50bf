"""A journal on a Redis server: every wait has an end, and what is sent twice is written once."""

import json
import uuid
from collections.abc import Generator
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from qgtune.study.storage.shared_journal import SharedJournal
from qgtune.study.storage.storage_address import StorageAddress
from qgtune.study.storage.storage_problems import missing_driver, unreachable

SECONDS_TO_CONNECT = 10.0
SECONDS_TO_ANSWER = 20.0
"""After so long a server counts as silent; ``?socket_timeout=60`` in the URL says otherwise."""

_SECONDS_BETWEEN_CHECKS = 30
"""A connection that was idle for longer is tried before it is used: a firewall may have dropped it."""
_RETRIES = 2
_SECONDS_TO_REMEMBER = 3600
_RECORDS_AT_ONCE = 1000
_NUMBER = ":log_number"
"""The key of the number of the last record; Optuna's own, as are those of the records."""

# All records of one call, or none; and none again where an answer was lost and the call is sent once more.
_APPEND = """
if redis.call('get', KEYS[2]) == ARGV[1] then return 0 end
redis.call('setnx', KEYS[1], -1)
for i = 2, #ARGV do
  local number = redis.call('incr', KEYS[1])
  redis.call('set', string.format(':log:%d', number), ARGV[i])
end
redis.call('set', KEYS[2], ARGV[1], 'EX', SECONDS)
return #ARGV - 1
""".replace("SECONDS", str(_SECONDS_TO_REMEMBER))


class RedisJournal(BaseJournalBackend):
    """A journal on a Redis server, under the keys of Optuna's own, which reads and writes it as well.

    Optuna's can wait for ever for a server that is silent, asks for one record at a time, and keeps snapshots
    as pickles, with which whoever may write to the server can run any code here. Where records are asked
    for by the thousand, no snapshot is needed.

    Args:
        url: the server's; what its query says of a connection goes before what is said here.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connect()

    def __getstate__(self) -> dict[str, Any]:
        return {"_url": self._url}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._connect()

    def _connect(self) -> None:
        import redis
        from redis.backoff import ExponentialBackoff
        from redis.retry import Retry

        self._redis = redis.Redis.from_url(
            self._url,
            socket_connect_timeout=SECONDS_TO_CONNECT,
            socket_timeout=SECONDS_TO_ANSWER,
            socket_keepalive=True,
            health_check_interval=_SECONDS_BETWEEN_CHECKS,
            retry=Retry(ExponentialBackoff(), _RETRIES),
        )
        self._sender = uuid.uuid4().hex

    def check_can_be_written(self) -> None:
        """Check that this user may write, by appending no record.

        The two keys of ``_APPEND`` are written all the same: only a server that is asked to write refuses.

        Raises:
            redis.RedisError: if the server refuses.
        """
        self.append_logs([])

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """Yield the records from that number on, many at a time.

        Raises:
            ValueError: if one is missing, or is no record.
        """
        last = self._redis.get(_NUMBER)
        end = 0 if last is None else int(last) + 1
        for start in range(log_number_from, end, _RECORDS_AT_ONCE):
            numbers = range(start, min(start + _RECORDS_AT_ONCE, end))
            records = self._redis.mget([f":log:{number}" for number in numbers])
            for number, record in zip(numbers, records, strict=True):
                if record is None:
                    raise ValueError(f"record {number} is missing: a server that forgets keys keeps no study")
                yield json.loads(record)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append records, all of them or none."""
        keys = (_NUMBER, f":last:{self._sender}")
        call = uuid.uuid4().hex
        self._redis.eval(_APPEND, len(keys), *keys, call, *map(json.dumps, logs))


def open_redis(address: StorageAddress, *, reading: bool = False) -> SharedJournal:
    """Return the journal that a Redis server keeps.

    Args:
        address: of the server.
        reading: whether it is only read; otherwise whether it may be written to is found out now.

    Raises:
        ConfigValueError: at ``storage``, if the driver is not installed, or the server does not answer
            or refuses.
    """
    try:
        import redis
    except ImportError:
        raise missing_driver(address, "No module named 'redis'") from None
    try:
        journal = RedisJournal(address.url)
        if not reading:
            journal.check_can_be_written()
        return SharedJournal(journal)
    except (redis.RedisError, OSError, ValueError) as error:
        raise unreachable(address, error) from None
