"""Laws of storages, studies and the repair of journals."""

import gc
import logging
import os
import pickle
import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import optuna
import pytest
import study_objectives as objectives
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.storages.journal._file import BaseJournalFileLock

from qgtune.core.errors import ConfigValueError
from qgtune.study import (
    RunSpec,
    check_fingerprint,
    create_study,
    open_storage,
    open_study,
    params_written_together,
    run_trials,
    trial_records,
)
from qgtune.study.storage.journal_repair import repair_journal
from qgtune.study.storage.run_lock import RunLock, presence_file
from qgtune.study.storage.storage_address import storage_address
from qgtune.study.storage.storages import repair_storage

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def journal(tmp_path):
    """A journal with three finished trials."""
    path = tmp_path / "study.log"
    study = create_study("study", path)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    return path


def states(path):
    return [record.state for record in trial_records(open_study("study", path))]


def goes_on_to(path, total):
    run_trials(RunSpec("study", total, objectives.parabola, storage=str(path)), lambda _event: None)
    return states(path)


def test_creating_a_study_says_nothing(tmp_path, capfd):
    create_study("study", tmp_path / "a.log", "maximize", seed=1)
    create_study("study", tmp_path / "a.log", "maximize", seed=1)
    assert capfd.readouterr() == ("", "")


def test_opening_a_study_again_adds_nothing_to_its_journal(journal):
    before = journal.read_bytes()
    create_study("study", journal)
    open_study(None, journal)
    assert journal.read_bytes() == before


def test_optuna_s_log_level_is_the_user_s_own_again(tmp_path):
    level = optuna.logging.get_verbosity()
    create_study("study", tmp_path / "a.log")
    assert optuna.logging.get_verbosity() == level


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ("", "a storage is the name of a journal file"),
        ("mongodb://host/studies", "the URL of a database (sqlite, postgresql, mysql)"),
        ("postgress://host/studies", "the URL of a database (sqlite, postgresql, mysql)"),
        ("sqlite:///:memory:", "worker processes share a storage, so SQLite needs a file"),
        ("sqlite://", "worker processes share a storage, so SQLite needs a file"),
        ("sqlite:///file.txt", "cannot be used: file is not a database"),
        ("sqlite:///file.txt/study.db", "a storage must be a file that can be written"),
        (".", "a storage is a file, but"),
        ("file.txt/study.log", "a storage must be a file that can be written"),
        ("file.txt", "a storage is the journal of a study, but"),
    ],
)
def test_a_storage_that_cannot_be_used_is_refused_with_a_reason(tmp_path, monkeypatch, storage, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("my notes")
    with pytest.raises(ConfigValueError, match=re.escape(message)) as caught:
        open_storage(storage)
    assert caught.value.path == ("storage",)
    assert caught.value.hint
    assert (tmp_path / "file.txt").read_text() == "my notes"


def test_a_run_never_touches_a_file_that_is_no_journal(tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("first\nlast, without a line break")
    with pytest.raises(ConfigValueError, match="is a file of another kind"):
        goes_on_to(notes, 1)
    assert notes.read_text() == "first\nlast, without a line break"


def test_a_broken_line_inside_a_journal_is_named(journal):
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], b'{"op_co\n', *lines[2:]]))
    with pytest.raises(ConfigValueError, match="line 3 is not a whole record"):
        open_storage(journal)


def test_a_record_that_another_program_glued_to_half_a_record_is_named_and_not_lost(journal):
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], lines[2].rstrip(b"\n"), *lines[3:]]))
    with pytest.raises(ConfigValueError, match="line 3 is not a whole record"):
        open_storage(journal)


def test_a_storage_that_is_sent_on_while_parameters_wait_takes_none_of_them_along(journal):
    study = create_study("study", journal)
    trial = study.ask()
    with params_written_together(trial):
        trial.suggest_float("x", 0.0, 1.0)
        before = journal.read_bytes()
        copy = pickle.loads(pickle.dumps(study._storage))
        copy.set_trial_param(trial._trial_id, "y", 0.5, optuna.distributions.FloatDistribution(0.0, 1.0))
        assert journal.read_bytes().count(b"\n") == before.count(b"\n") + 1
    assert journal.read_bytes().count(b"\n") == before.count(b"\n") + 2
    assert open_study("study", journal).trials[-1].params == {**trial.params, "y": 0.5}


def test_a_study_keeps_its_direction(journal):
    with pytest.raises(ConfigValueError, match="begun with minimize, and is now to maximize") as caught:
        create_study("study", journal, "maximize")
    assert caught.value.path == ("direction",)
    with pytest.raises(ConfigValueError) as caught:
        create_study("study", journal, ("minimize", "maximize"))
    assert caught.value.path == ("directions",)


def test_a_direction_is_one_of_two_words():
    with pytest.raises(ConfigValueError, match="did you mean 'maximize'"):
        create_study("study", None, "maximise")
    with pytest.raises(ConfigValueError) as caught:
        create_study("study", None, ("minimize", "up"))
    assert caught.value.path == ("directions", 1)


def test_a_fingerprint_that_differs_is_refused(journal):
    study = create_study("study", journal)
    check_fingerprint(study, "one")
    check_fingerprint(create_study("study", journal), "one")
    with pytest.raises(ConfigValueError, match="another study_name or another storage"):
        check_fingerprint(create_study("study", journal), "two")


def test_reading_a_study_that_is_not_there_names_what_is(journal, tmp_path):
    with pytest.raises(ConfigValueError, match="did you mean 'study'"):
        open_study("studi", journal)
    with pytest.raises(ConfigValueError, match="there is no file"):
        open_study("study", tmp_path / "other.log")
    assert not (tmp_path / "other.log").exists()


@pytest.mark.parametrize("torn", [b'{"op_code":4,"worker_id":"a', b'{"op_code":4}', b"\0\0\0\n\0\0"])
def test_a_torn_tail_is_cut_off_and_kept_beside(journal, torn):
    whole = journal.read_bytes()
    journal.write_bytes(whole + torn)
    repair_storage(storage_address(journal))
    assert journal.read_bytes() == whole
    assert journal.with_name("study.log.torn").read_bytes().rstrip(b"\n") == torn
    assert goes_on_to(journal, 4) == ["complete"] * 4


def test_a_whole_journal_is_not_changed_by_a_repair(journal):
    whole = journal.read_bytes()
    repair_storage(storage_address(journal))
    assert journal.read_bytes() == whole
    assert names(journal.parent) == ["study.log"]


def test_a_first_record_that_was_torn_is_cut_off_too(tmp_path):
    journal = tmp_path / "study.log"
    journal.write_bytes(b'{"op_c')
    assert goes_on_to(journal, 1) == ["complete"]


@posix_only
def test_whoever_writes_next_cuts_off_what_a_killed_writer_left(journal):
    reader = open_study("study", journal)
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"worker')
    study = create_study("study", journal)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    assert len(reader.get_trials()) == 4
    assert states(journal) == ["complete"] * 4


KILLED_WRITER = """
import os, signal, sys
from qgtune.study.storage.journal_lock import JournalLock
from pathlib import Path
JournalLock(Path(sys.argv[1])).acquire()
os.kill(os.getpid(), signal.SIGKILL)
"""


@posix_only
def test_a_writer_that_was_killed_giving_back_its_lock_leaves_no_trace(journal):
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(journal)], check=False)
    Path(f"{journal}.lock").rename(f"{journal}.lock1234.rename")
    repair_storage(storage_address(journal))
    assert names(journal.parent) == ["study.log"]


@posix_only
def test_a_writer_that_was_killed_blocks_nobody(journal, caplog, monkeypatch):
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(journal)], check=False)
    assert os.path.lexists(f"{journal}.lock")
    # Optuna gives up waiting after 30 seconds, and warns when it does.
    monkeypatch.setattr(logging.getLogger("optuna"), "propagate", True)
    study = create_study("study", journal)
    with caplog.at_level(logging.WARNING, logger="optuna"):
        study.optimize(lambda _trial: 0.0, n_trials=1)
    assert caplog.messages == []
    assert not os.path.lexists(f"{journal}.lock")


FORKS_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from qgtune.study.storage.journal_lock import JournalLock
JournalLock(Path(sys.argv[1])).acquire()
if os.fork() == 0:
    print("ready", flush=True)
    os.read(0, 1)
    os._exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""


@posix_only
def test_a_child_forked_from_a_writer_that_was_killed_keeps_no_lock(journal):
    command = [sys.executable, "-c", FORKS_WHILE_WRITING, str(journal)]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"ready\n"
    parent.wait()
    create_study("study", journal).optimize(lambda _trial: 0.0, n_trials=1)
    assert not os.path.lexists(f"{journal}.lock")
    parent.communicate()


@pytest.mark.parametrize("target", ["a link", "a file"])
def test_a_stale_lock_of_another_program_is_removed_when_a_run_starts(journal, target):
    lock = journal.with_name("study.log.lock")
    if target == "a link":
        JournalFileSymlinkLock(str(journal)).acquire()
    else:
        lock.touch()
    assert goes_on_to(journal, 4) == ["complete"] * 4
    assert not os.path.lexists(lock)


@posix_only
def test_our_lock_and_plain_optuna_s_keep_each_other_out(journal):
    plain = JournalStorage(JournalFileBackend(str(journal)))
    study_id = plain.get_study_id_from_name("study")
    ours = open_storage(journal)

    def write(storage):
        for _ in range(40):
            storage.create_new_trial(study_id)

    threads = [threading.Thread(target=write, args=(storage,)) for storage in (plain, ours, ours)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(open_storage(journal).get_all_trials(study_id)) == 3 + 120


@posix_only
def test_a_claim_succeeds_only_for_the_last_one_alive(tmp_path):
    journal = tmp_path / "study.log"
    with RunLock(journal) as one, RunLock(journal) as other:
        assert one.claim()
        assert not other.claim()
        one.share()
        other.share()
        assert not one.claim()
        assert one.others_live
        other.release()
        assert one.claim()
        assert not one.others_live
    assert names(tmp_path) == []


@posix_only
@pytest.mark.parametrize("step", ["claim", "share"])
def test_who_shares_a_presence_that_was_removed_meanwhile_is_seen_by_all(tmp_path, step):
    journal = tmp_path / "study.log"
    with RunLock(journal) as one, RunLock(journal) as other:
        one.share()
        # As the last process out does, between a claim of this one that failed and its return.
        presence_file(journal).unlink()
        getattr(one, step)()
        assert not other.claim()
        one.release()
        assert other.claim()


@posix_only
def test_who_leaves_removes_nobody_else_s_presence(tmp_path):
    journal = tmp_path / "study.log"
    with RunLock(journal) as one, RunLock(journal) as other, RunLock(journal) as third:
        one.share()
        presence_file(journal).unlink()
        other.share()
        one.release()
        assert not third.claim()


@posix_only
def test_all_links_to_a_storage_have_one_presence_and_one_lock(tmp_path):
    journal, link = tmp_path / "study.log", tmp_path / "elsewhere" / "link.log"
    create_study("study", journal)
    link.parent.mkdir()
    link.symlink_to(journal)
    with RunLock(link) as one, RunLock(journal) as other:
        one.share()
        assert not other.claim()
    locked = JournalFileSymlinkLock(str(journal))
    locked.acquire()
    asked = threading.Thread(target=create_study("study", link).ask)
    asked.start()
    asked.join(0.3)
    assert asked.is_alive()
    locked.release()
    asked.join()
    assert names(link.parent) == ["link.log"]


class WriterAtWork(BaseJournalFileLock):
    """A lock that another program holds, which is in the middle of a record."""

    def __init__(self, journal, rest):
        self.journal, self.rest = journal, rest

    def acquire(self):
        with self.journal.open("ab") as file:
            file.write(self.rest)
        return True

    def release(self):
        self.rest = b""


def test_a_repair_waits_for_a_program_that_is_in_the_middle_of_a_record(journal):
    whole = journal.read_bytes()
    cut = whole.rindex(b"{") + 5
    journal.write_bytes(whole[:cut])
    repair_journal(journal, WriterAtWork(journal, whole[cut:]))
    assert journal.read_bytes() == whole
    assert names(journal.parent) == ["study.log"]


@posix_only
def test_a_child_forked_from_a_worker_does_not_keep_the_run_alive(tmp_path):
    journal = tmp_path / "study.log"
    code = (
        "import os, sys, pathlib; from qgtune.study.storage.run_lock import RunLock\n"
        "RunLock(pathlib.Path(sys.argv[1])).share()\n"
        "if os.fork() == 0: print('ready', flush=True); os.read(0, 1)\n"
        "os._exit(0)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(journal)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout.readline() == b"ready\n"
    parent.wait()
    with RunLock(journal) as lock:
        assert lock.claim()
    parent.communicate()


WITHOUT_DRIVER = """
import sys
sys.modules[sys.argv[1]] = None
from qgtune.core.errors import ConfigValueError
from qgtune.study import open_storage
try:
    open_storage(sys.argv[2])
except ConfigValueError as error:
    print(error.path, error.message, error.hint)
"""


@pytest.mark.parametrize(
    ("kind", "module"), [("postgresql", "psycopg"), ("mysql", "pymysql"), ("redis", "redis")]
)
def test_a_missing_driver_is_named_with_the_command_that_installs_it(kind, module):
    url = f"{kind}://me:secret@host/studies"
    command = [sys.executable, "-c", WITHOUT_DRIVER, module, url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.startswith("('storage',)")
    assert f'pip install "qgtune[{kind}]"' in printed
    assert "secret" not in printed


def test_the_address_for_people_is_the_file_or_the_url_without_its_password(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = {
        "study.log": str(tmp_path / "study.log"),
        "sqlite:///a/study.db?timeout=5": str(tmp_path / "a" / "study.db"),
        "postgres://me:secret@host/x": "postgresql+psycopg://me:***@host/x",
        "mariadb://me@host/x": "mysql+pymysql://me@host/x",
        "redis://:secret@host/0": "redis://:***@host/0",
    }
    assert {text: storage_address(text).shown for text in shown} == shown
    assert storage_address("sqlite:///a/study.db?timeout=5").url.endswith("/a/study.db?timeout=5")
    both = [storage_address(f"redis://:{password}@host/0").presence for password in ("one", "two")]
    assert both[0] == both[1], "the lock of a server is that of its address, whoever looks"


ADDS_A_TRIAL = """
import sys
from qgtune.study import create_study
create_study("study", sys.argv[1]).optimize(lambda trial: 1.0, n_trials=1)
"""


def test_looking_at_a_database_again_takes_no_lock_from_those_who_have_it_open(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = create_study("study", url)
    for number in (1, 2):
        open_storage(url)
        open_study("study", url)
        # This process's connection keeps the log, or else the other one removes it at its end.
        subprocess.run([sys.executable, "-c", ADDS_A_TRIAL, url], check=True)
        assert len(study.trials) == number
        study.set_user_attr("number", number)
    assert open_study("study", url).user_attrs["number"] == 2


def test_a_database_that_is_being_written_at_each_look_is_refused_and_not_read_torn(tmp_path, monkeypatch):
    path = tmp_path / "study.db"
    create_study("study", f"sqlite:///{path}")
    gc.collect()  # the last connection that is closed takes the log away
    connect = sqlite3.connect

    def connect_while_another_process_writes(name, *rest, **how):
        if str(path) in str(name):
            before = path.stat().st_mtime_ns
            os.utime(path, ns=(before, before + 1_000_000))
        return connect(name, *rest, **how)

    monkeypatch.setattr("qgtune.study.storage.sqlite_copy._ATTEMPTS", 3)
    monkeypatch.setattr(sqlite3, "connect", connect_while_another_process_writes)
    assert not path.with_name("study.db-wal").exists()
    with pytest.raises(ConfigValueError, match="it is being written"):
        open_study("study", f"sqlite:///{path}")
