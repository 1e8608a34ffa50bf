"""Laws that every storage obeys: files, and real servers of Debian's packages where they are installed."""

import contextlib
import functools
import json
import os
import subprocess
import sys
import urllib.request
import warnings
from pathlib import Path

import optuna
import pytest
import storage_servers
import study_objectives as objectives
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalRedisBackend
from optuna.trial import TrialState
from own_projects import LONGEST, qgtune_here, write_project

from qgtune.core.errors import ConfigValueError
from qgtune.core.events import Notice
from qgtune.study import (
    RunSpec,
    create_study,
    open_storage,
    open_study,
    params_written_together,
    run_trials,
    trial_records,
)
from qgtune.study.attributes import FAILURE, FOLLOWS, LOST, OWNER
from qgtune.study.running.retries import lose_abandoned_trials

FILES = ("journal", "sqlite")
SERVERS = ("postgresql", "mysql", "redis")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the servers are Debian's")


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    """The kind of a server that runs, and its URL."""
    reason = storage_servers.why_not(request.param)
    if reason:
        pytest.skip(reason)
    with getattr(storage_servers, request.param)() as url:
        yield request.param, url


@pytest.fixture(params=FILES)
def file(request, tmp_path):
    return {"journal": str(tmp_path / "study.log"), "sqlite": f"sqlite:///{tmp_path / 'new' / 'study.db'}"}[
        request.param
    ]


def laws(storage):
    """Check every law on one storage."""
    holds_what_a_study_says(storage)
    parameters_sampled_together_are_held_like_others(storage)
    two_processes_fill_a_study_and_a_rerun_goes_on(storage)
    optuna_opens_it_unchanged(storage)
    the_dashboard_opens_it_unchanged(storage)
    a_killed_worker_is_made_up_for(storage)
    a_dead_owners_trial_is_failed(storage)


def test_every_law_holds_for_files(file):
    laws(file)


def test_a_study_in_memory_obeys_what_holds_for_it():
    study = create_study("said", None, "maximize")
    says_what_it_was_told(study, lambda: study)
    first = run_trials(spec(None, "run", 6, n_processes=2), lambda _event: None)
    assert [(record.number, record.state) for record in first.records] == [(n, "complete") for n in range(6)]
    assert run_trials(spec(None, "run", 2), lambda _event: None).resumed_from == 0, "each run begins anew"
    a_killed_worker_is_made_up_for(None)


def test_every_law_holds_for_servers(server):
    laws(server[1])


def spec(storage, name, total, make_objective=objectives.parabola, **fields):
    return RunSpec(name, total, make_objective, storage=storage, **fields)


def holds_what_a_study_says(storage):
    study = create_study("said", storage, "maximize")
    says_what_it_was_told(study, lambda: open_study("said", storage))


def says_what_it_was_told(study, opened):
    """Check that a study that is opened again says what it was told."""
    study.set_user_attr("list", [1, "two", {"three": None}])
    trial = study.ask()
    trial.suggest_float("model.lr", 1e-6, 1.0, log=True)
    trial.suggest_categorical("model.layer", ["gat", "sage"])
    trial.set_user_attr("reason", "ä" * 3000)
    trial.report(0.25, 3)
    study.tell(trial, 0.75)
    again = opened()
    assert again.user_attrs["list"] == [1, "two", {"three": None}]
    assert trial_records(again) == trial_records(study)
    [kept] = again.get_trials()
    assert (kept.params, kept.intermediate_values, kept.value) == (trial.params, {3: 0.25}, 0.75)
    assert kept.user_attrs["reason"] == "ä" * 3000
    assert again.direction.name == "MAXIMIZE"


def parameters_sampled_together_are_held_like_others(storage):
    study = create_study("together", storage)
    trial = study.ask()
    with params_written_together(trial):
        trial.suggest_float("lr", 1e-6, 1.0, log=True)
        trial.suggest_categorical("layer", ["gat", "sage"])
        # Whoever reads in between, in the same process, finds what there is.
        assert study.get_trials()[0].params == trial.params
        trial.suggest_int("depth", 1, 4)
    [kept] = open_study("together", storage).get_trials()
    assert (kept.params, kept.distributions) == (trial.params, trial.distributions)
    other = study.ask()
    with contextlib.suppress(KeyError), params_written_together(other):
        other.suggest_int("depth", 1, 4)
        raise KeyError("stop")
    assert open_study("together", storage).get_trials()[1].params == other.params


def two_processes_fill_a_study_and_a_rerun_goes_on(storage):
    first = run_trials(spec(storage, "run", 6, n_processes=2), lambda _event: None)
    assert [(record.number, record.state) for record in first.records] == [(n, "complete") for n in range(6)]
    second = run_trials(spec(storage, "run", 7), lambda _event: None)
    assert second.resumed_from == 6
    assert second.records[:6] == first.records
    assert len(second.records) == 7


def a_killed_worker_is_made_up_for(storage):
    flag = Path(storage_servers.tempfile.mkdtemp()) / "killed"
    objective = functools.partial(objectives.kills_its_worker_once, str(flag))
    outcome = run_trials(spec(storage, "killed", 2, objective), lambda _event: None)
    states = [record.state for record in outcome.records]
    assert states.count("complete") == 2
    assert all(record.lost for record in outcome.records if record.state == "failed")
    assert "running" not in states


ASKS_AND_DIES = """
import os, signal, sys
from qgtune.study import create_study
study = create_study(sys.argv[2], sys.argv[1])
study.ask()
os.kill(os.getpid(), signal.SIGKILL)
"""


def a_dead_owners_trial_is_failed(storage):
    subprocess.run([sys.executable, "-c", ASKS_AND_DIES, storage, "dead"], check=False)
    study = create_study("dead", storage)
    mine = study.ask()
    assert lose_abandoned_trials(study, "its process was killed", retry=False) == (0,)
    kept = study.get_trials()
    assert kept[0].user_attrs[OWNER]["pid"] != os.getpid()
    assert [trial.state for trial in kept] == [TrialState.FAIL, TrialState.RUNNING]
    assert kept[0].user_attrs[LOST] == "its process was killed"
    study.tell(mine, 1.0)


def optuna_opens_it_unchanged(storage):
    """Open and go on with a storage as a user of plain Optuna does."""
    with plain(storage) as opened:
        study = optuna.load_study(study_name="run", storage=opened)
        study.optimize(lambda trial: trial.suggest_float("x", -1.0, 1.0) ** 2, n_trials=1)
        assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 8
    assert [record.state for record in trial_records(open_study("run", storage))] == ["complete"] * 8


@contextlib.contextmanager
def plain(storage):
    """Yield the storage as plain Optuna opens it."""
    if storage.startswith("redis"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            backend = JournalRedisBackend(storage)
        yield JournalStorage(backend)
    elif "://" not in storage:
        yield JournalStorage(JournalFileBackend(storage))
    else:
        url = storage.replace("postgresql:", "postgresql+psycopg:").replace("mysql:", "mysql+pymysql:")
        database = RDBStorage(url)
        yield database
        database.engine.dispose()


def the_dashboard_opens_it_unchanged(storage):
    """Start optuna-dashboard for real, and ask it for the trials that it shows; it changes nothing."""
    study = create_study("shown", storage)
    trial = study.ask()
    with params_written_together(trial):
        trial.suggest_float("model.encoder.0.dropout", 0.0, 0.5)
        trial.suggest_categorical("model.layer", ["gat", "sage"])
        trial.set_user_attr(FOLLOWS, {"model.head.input_dim": 64, "model.norm_args": [64]})
    trial.set_user_attr(FAILURE, "RuntimeError: shapes differ")
    study.tell(trial, state=TrialState.FAIL)
    before = kept_in(storage)
    shown = storage.replace("postgresql:", "postgresql+psycopg:").replace("mysql:", "mysql+pymysql:")
    command = [
        sys.executable,
        "-c",
        "from optuna_dashboard._cli import main; main()",
        shown,
        "--host",
        "127.0.0.1",
        "--port",
    ]
    address = "http://127.0.0.1:{}/api/studies"
    with storage_servers.on_a_free_port(
        lambda port: [*command, str(port)], lambda port: reads(address.format(port)) is not None
    ) as port:
        address = address.format(port)
        numbers = {each["study_name"]: each["study_id"] for each in reads(address)["study_summaries"]}
        trials = reads(f"{address}/{numbers['run']}?after=0")["trials"]
        [failed] = reads(f"{address}/{numbers['shown']}?after=0")["trials"]
    assert [trial["state"] for trial in trials] == ["Complete"] * 8
    assert all(trial["params"][0]["name"] == "x" for trial in trials)
    assert failed["state"] == "Fail"
    params = {param["name"]: param["param_external_value"] for param in failed["params"]}
    assert params == {name: str(value) for name, value in trial.params.items()}
    attributes = {attribute["key"]: attribute["value"] for attribute in failed["user_attrs"]}
    assert "RuntimeError: shapes differ" in attributes[FAILURE]
    assert json.loads(attributes[FOLLOWS]) == {"model.head.input_dim": 64, "model.norm_args": [64]}
    assert kept_in(storage) == before


def kept_in(storage):
    """Return all that a storage holds of its trials, and the bytes of a journal."""
    trials = {study.study_name: study.get_trials() for study in studies_in(storage)}
    return trials, Path(storage).read_bytes() if "://" not in storage else b""


def studies_in(storage):
    names = [study.study_name for study in open_storage(storage).get_all_studies()]
    return [open_study(name, storage) for name in names]


def reads(address):
    """Return what a server answers as JSON, or None if it does not answer."""
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=LONGEST) as answer:  # noqa: S310 - an address of our own
        return json.load(answer)
    return None


def test_parameters_sampled_together_come_into_a_journal_by_one_write(tmp_path):
    journal = tmp_path / "study.log"
    study = create_study("together", journal)
    trial = study.ask()
    before = journal.read_bytes()
    with params_written_together(trial):
        for index in range(20):
            trial.suggest_float(f"p{index}", 0.0, 1.0)
        assert journal.read_bytes() == before
    assert journal.read_bytes().count(b"\n") == before.count(b"\n") + 20
    trial.set_user_attr("said", "after")
    operations = [json.loads(line)["op_code"] for line in journal.read_text().splitlines()]
    assert operations[-21:] == [5] * 20 + [8]


def test_a_wrong_password_is_refused_without_being_shown(server):
    _, url = server
    wrong = url.replace(storage_servers.QUOTED_SECRET, "wrong-word")
    with pytest.raises(ConfigValueError, match="cannot be used") as caught:
        open_storage(wrong)
    shown = f"{caught.value} {caught.value.message} {caught.value.hint}"
    assert "wrong-word" not in shown
    assert caught.value.path == ("storage",)


def test_a_user_who_may_only_read_a_database_reads_and_is_refused_before_the_first_trial(tmp_path):
    reason = storage_servers.why_not("postgresql")
    if reason:
        pytest.skip(reason)
    import psycopg

    with storage_servers.postgresql() as url:
        with pytest.raises(ConfigValueError, match="holds none"):
            open_study("tiny", url)
        assert qgtune_here(write_project(tmp_path, f"n_trials: 2\nstorage: {url}\n")).returncode == 0
        with psycopg.connect(url) as admin:
            admin.execute("CREATE ROLE reader LOGIN PASSWORD 'word'")
            admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        reader = url.replace(f"qgtune:{storage_servers.QUOTED_SECRET}", "reader:word")
        tuning = write_project(tmp_path, f"n_trials: 3\nstorage: {reader}\n")
        assert "2 of 3 trials finished" in qgtune_here("status", tuning).stdout
        refused = qgtune_here(tuning)
        assert refused.returncode == 1
        assert "error[QG419]: storage: " in refused.stderr
        assert "permission denied" in refused.stderr
        assert len(open_study("tiny", url).trials) == 2


def test_a_server_that_is_not_there_is_told_in_words():
    ports = {"postgresql": "studies", "redis": "0", "mysql": "studies"}
    for kind, name in ports.items():
        if storage_servers.has_driver(kind):
            url = f"{kind}://me:hidden-word@127.0.0.1:{storage_servers.free_port()}/{name}"
            with pytest.raises(ConfigValueError, match="cannot be used") as caught:
                open_storage(url)
            assert "hidden-word" not in f"{caught.value.message}{caught.value.hint}"


def test_many_workers_on_sqlite_are_told_of_a_faster_way(tmp_path):
    said = []
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    run_trials(spec(storage, "study", 2, n_processes=2), said.append)
    notices = [event.text for event in said if isinstance(event, Notice)]
    assert any("SQLite lets one process write at a time" in text for text in notices)


def test_two_processes_that_make_the_tables_at_once_both_succeed(server):
    _, url = server
    code = "import sys; from qgtune.study import create_study; sys.stdin.readline(); create_study('both', sys.argv[1])"
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([sys.executable, "-c", code, url], **pipes) for _ in range(2)]
    ended = [process.communicate("\n", timeout=LONGEST) for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    assert open_study("both", url).study_name == "both"
