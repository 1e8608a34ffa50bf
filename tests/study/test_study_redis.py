"""Laws of a journal on a Redis server: real servers, connections that break, users who may not write."""

import contextlib
import pickle
import socket
import threading
import warnings
from urllib.parse import urlsplit

import optuna
import pytest
import storage_servers
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalRedisBackend

from qgtune.core.errors import ConfigValueError
from qgtune.study import create_study, open_storage, open_study, trial_records
from qgtune.study.storage import redis_journal

pytestmark = pytest.mark.skipif(
    bool(storage_servers.why_not("redis")), reason=storage_servers.why_not("redis")
)


@pytest.fixture(scope="module")
def url():
    with storage_servers.redis() as url:
        yield url


def plain_storage(url):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return JournalStorage(JournalRedisBackend(url))


def objective(trial):
    trial.report(0.5, 0)
    return trial.suggest_float("x", 0.0, 1.0)


@contextlib.contextmanager
def silent_server():
    """Listen on a port, take every connection, and never say a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_server_that_is_silent_is_told_and_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(redis_journal, "SECONDS_TO_ANSWER", 0.1)
    with silent_server() as url, pytest.raises(ConfigValueError, match="cannot be used") as caught:
        open_storage(url)
    assert caught.value.path == ("storage",)


def test_a_url_may_say_for_how_long_a_server_is_waited_for():
    with silent_server() as url, pytest.raises(ConfigValueError, match="cannot be used"):
        open_storage(f"{url}?socket_timeout=0.1")


def test_a_journal_of_several_hundred_records_is_read_again_whoever_wrote_it(url, monkeypatch):
    monkeypatch.setattr(redis_journal, "_RECORDS_AT_ONCE", 100)
    create_study("long", url).optimize(objective, n_trials=60)
    plain = plain_storage(url)
    # Optuna's own leaves a snapshot at the hundredth trial.
    optuna.load_study(study_name="long", storage=plain).optimize(objective, n_trials=60)
    ours = trial_records(open_study("long", url))
    theirs = trial_records(optuna.load_study(study_name="long", storage=plain_storage(url)))
    assert ours == theirs
    assert [record.number for record in ours] == list(range(120))


def test_a_storage_that_was_sent_to_another_process_goes_on(url):
    storage = open_storage(url)
    study = create_study("sent", storage)
    copy = pickle.loads(pickle.dumps(storage))
    create_study("sent", copy).optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 2


def test_a_connection_that_was_closed_meanwhile_is_made_again(url):
    import redis

    study = create_study("closed", url)
    study.optimize(objective, n_trials=1)
    redis.Redis.from_url(url).execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    study.optimize(objective, n_trials=1)
    assert len(open_study("closed", url).trials) == 2


class LosesAnswers:
    """A way to a server on which the answer to one call of a script is lost, with its connection."""

    def __init__(self, port):
        self._to = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.armed = False
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._server.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client):
        server = socket.create_connection(self._to)
        asked = threading.Event()
        threading.Thread(target=self._pass_back, args=(server, client, asked), daemon=True).start()
        with contextlib.suppress(OSError), server:
            while said := client.recv(1 << 20):
                if self.armed and b"EVAL" in said:
                    self.armed = False
                    asked.set()
                server.sendall(said)

    def _pass_back(self, server, client, asked):
        with contextlib.suppress(OSError), client:
            while answer := server.recv(1 << 20):
                if asked.is_set():
                    self.lost += 1
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(answer)


def test_a_record_whose_answer_was_lost_is_sent_again_and_written_once(url):
    parts = urlsplit(url)
    way = LosesAnswers(parts.port)
    with contextlib.closing(way):
        study = create_study("lost", url.replace(str(parts.port), str(way.port)))
        way.armed = True
        study.optimize(lambda _trial: 1.0, n_trials=1)
        study.optimize(lambda _trial: 1.0, n_trials=1)
        assert way.lost == 1
    assert [trial.state.name for trial in open_study("lost", url).trials] == ["COMPLETE"] * 2


def test_a_user_who_may_only_read_reads_and_is_refused_before_the_first_trial(url):
    import redis

    create_study("read", url).optimize(objective, n_trials=2)
    admin = redis.Redis.from_url(url)
    admin.execute_command("ACL", "SETUSER", "reader", "on", ">word", "~*", "+@read", "+@connection")
    reader = f"redis://reader:word@127.0.0.1:{urlsplit(url).port}/0"
    assert len(open_study("read", reader).trials) == 2
    with pytest.raises(ConfigValueError, match="cannot be used") as caught:
        open_storage(reader)
    assert caught.value.path == ("storage",)


def test_a_record_that_a_server_has_forgotten_is_told(url):
    import redis

    create_study("forgotten", url)
    client = redis.Redis.from_url(url)
    last = int(client.get(":log_number"))
    kept = client.get(f":log:{last}")
    client.delete(f":log:{last}")
    with pytest.raises(ConfigValueError, match=f"record {last} is missing"):
        open_study("forgotten", url)
    client.set(f":log:{last}", kept)
    assert open_study("forgotten", url).trials == []
