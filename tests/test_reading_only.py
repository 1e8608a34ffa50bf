"""Laws of looking at a study: nothing is made or changed, and whoever may read it may look."""

import os
import shutil
import subprocess
import sys

import optuna
import pytest
from own_projects import environment, qgtune_here, start, write_project

import qgtune
from qgtune.study import create_study, open_storage, open_study

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="other rights, and other locks")

WAITS = '''\
"""Says that it has begun, and waits to be let go."""

import pathlib
import time

FOLDER = pathlib.Path(__file__).parent


def score(trial, config):
    """Return the learning rate, in the second trial not before it may."""
    trial.report(0.5, 0)
    if trial.number:
        (FOLDER / "began").touch()
        while not (FOLDER / "go").exists():
            time.sleep(0.02)
    return config["training"]["learning_rate"]
'''
SAID = {"status": "2 of 2 trials finished", "trials": "complete", "show": "trial 1: complete"}
STORAGES = {"journal": "study.log", "sqlite": "sqlite:///study.db"}


@pytest.fixture(params=STORAGES)
def storage(request):
    return STORAGES[request.param]


class Locked:
    """A folder that can be locked: then nothing in it can be written."""

    def __init__(self, folder):
        self.folder = folder

    def lock(self):
        for path in [*self.folder.rglob("*"), self.folder]:
            path.chmod(0o555 if path.is_dir() else 0o444)

    def unlock(self):
        for path in [self.folder, *self.folder.rglob("*")]:
            path.chmod(0o755)


@pytest.fixture
def locked(tmp_path):
    locked = Locked(tmp_path / "theirs")
    yield locked
    locked.unlock()


def contents(folder):
    """Return the bytes and the times of all files below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def obeying_rights(*words):
    """Run the command line as one who may write only what its mode lets them write, even if this one is root."""
    command = [sys.executable, "-B", "-m", "qgtune", *map(str, words)]
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everything, and there is no setpriv to change that")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(), timeout=300
    )


@pytest.mark.parametrize("words", [("status",), ("trials",), ("show", 1)], ids=lambda words: words[0])
def test_a_study_that_cannot_be_written_can_be_looked_at(words, storage, locked):
    tuning = write_project(locked.folder, f"n_trials: 2\nstorage: {storage}\n")
    assert qgtune_here(tuning).returncode == 0
    locked.lock()
    before = contents(locked.folder)
    command, *others = words
    done = obeying_rights(command, tuning, *others)
    assert (done.returncode, done.stderr) == (0, "")
    assert SAID[command] in done.stdout
    assert contents(locked.folder) == before


def test_looking_at_a_study_changes_no_byte_and_leaves_no_file(storage, tmp_path):
    tuning = write_project(tmp_path, f"n_trials: 3\nstorage: {storage}\n")
    assert qgtune_here(tuning).returncode == 0
    before = contents(tmp_path)
    for words in (("status", tuning), ("trials", tuning), ("show", tuning, 1)):
        assert qgtune_here(*words).returncode == 0
    assert contents(tmp_path) == before


def test_a_run_that_is_alive_is_looked_at_without_disturbing_it(storage, tmp_path):
    tuning = write_project(tmp_path, f"n_trials: 2\nstorage: {storage}\n", objective=WAITS)
    run = start(tuning, "--quiet")
    try:
        while not (tmp_path / "began").exists():
            assert run.poll() is None, run.communicate()
        kept = [path for path in tmp_path.iterdir() if path.name in {"study.log", "study.db", "study.db-wal"}]
        before = [path.read_bytes() for path in kept]
        done = qgtune_here("status", tuning)
        assert (done.returncode, done.stderr) == (0, "")
        assert "1 of 2 trials finished" in done.stdout
        assert "trial 1 runs in worker 0" in done.stdout
        assert [path.read_bytes() for path in kept] == before
    finally:
        (tmp_path / "go").touch()
        out, err = run.communicate(timeout=120)
    assert run.returncode == 0, out + err
    assert "2 of 2 trials finished" in qgtune_here("status", tuning).stdout


def test_looking_does_not_turn_a_database_of_another_program_into_one_with_a_log(tmp_path):
    database = tmp_path / "study.db"
    url = f"sqlite:///{database}"
    plain = optuna.create_study(study_name="plain", storage=url)
    plain.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=2)
    before = contents(tmp_path)
    assert len(open_study("plain", url).trials) == 2
    assert contents(tmp_path) == before


def test_a_copy_of_a_database_follows_every_commit_that_was_made_before(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = create_study("study", url)
    for number in range(1, 6):  # its connection stays open, so what it wrote stands in the log only
        study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=1)
        assert len(open_study("study", url).trials) == number


def test_a_database_without_studies_is_said_to_hold_none_and_gets_no_tables(tmp_path):
    database = tmp_path / "study.db"
    database.touch()
    with pytest.raises(qgtune.core.errors.ConfigValueError, match="no study is named"):
        open_study("study", f"sqlite:///{database}")
    assert contents(tmp_path) == {str(database): (b"", database.stat().st_mtime_ns)}


def test_a_study_that_is_loaded_in_a_script_can_be_added_to_where_it_can_be_written(storage, tmp_path):
    tuning = write_project(tmp_path, f"n_trials: 1\nstorage: {storage}\n")
    assert qgtune_here(tuning).returncode == 0
    study = qgtune.load_study(tuning)
    study.enqueue_trial({"training.learning_rate": 0.5, "training.batch_size": 16})
    study.set_user_attr("note", "mine")
    again = qgtune.load_study(tuning)
    assert (len(again.trials), again.user_attrs["note"]) == (2, "mine")


def test_a_storage_that_cannot_be_read_is_told_and_not_made(tmp_path):
    for name in ("new.log", "sqlite:///new.db", "new/study.log"):
        scheme, slashes, file = name.rpartition("///")
        with pytest.raises(qgtune.core.errors.ConfigValueError, match="there is no file"):
            open_storage(f"{scheme}{slashes}{tmp_path / file}", reading=True)
    assert list(tmp_path.iterdir()) == []
