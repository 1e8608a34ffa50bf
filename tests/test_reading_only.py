"""Laws of looking at a study: nothing is made or changed, and whoever may read it may look."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

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


@pytest.fixture
def open_folder():
    """A folder that everybody may read; pytest's own are its user's alone."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="qgtune-"))
    folder.chmod(0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


def contents(folder):
    """Return the bytes and the times of all files below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def as_another(*words):
    """Run the command line as a user who owns nothing here, if this one may become another."""
    who = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    if subprocess.run([sys.executable, "-c", "import qgtune.study"], check=False, **who).returncode:
        pytest.skip("another user cannot run this interpreter")
    command = [sys.executable, "-B", "-m", "qgtune", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(), timeout=300, **who
    )


@pytest.mark.parametrize("words", [("status",), ("trials",), ("show", 1)], ids=lambda words: words[0])
def test_a_study_that_cannot_be_written_can_be_looked_at(words, storage, open_folder):
    tuning = write_project(open_folder, f"n_trials: 2\nstorage: {storage}\n")
    assert qgtune_here(tuning).returncode == 0
    for path in open_folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    open_folder.chmod(0o555)
    before = contents(open_folder)
    command, *others = words
    done = as_another(command, tuning, *others)
    assert (done.returncode, done.stderr) == (0, "")
    assert SAID[command] in done.stdout
    assert contents(open_folder) == before


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
