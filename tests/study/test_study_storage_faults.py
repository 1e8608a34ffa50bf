"""Laws of storages on disks that are full, folders that cannot be written and servers that end."""

import contextlib
import functools
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
import storage_servers
import study_objectives as objectives
from own_projects import LONGEST

from qgtune.cli import main
from qgtune.core.errors import ConfigValueError, QgtuneError
from qgtune.study import (
    RunSpec,
    create_study,
    open_study,
    params_written_together,
    run_trials,
    trial_records,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the faults are made with Linux's own means")


@pytest.fixture
def disk(tmp_path):
    """A file system of its own; yields its folder and what changes its options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        return subprocess.run(["mount", *options, folder], check=False, capture_output=True).returncode == 0

    if not mount(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]):
        pytest.skip("file systems cannot be mounted here")
    yield folder, lambda options: mount(["-o", f"remount,{options}"])
    # Lazily: the server that forks workers may have begun in this folder.
    subprocess.run(["umount", "--lazy", folder], check=True)


def run(storage, total, make_objective=objectives.parabola):
    return run_trials(RunSpec("study", total, make_objective, storage=str(storage)), lambda _event: None)


def finished(storage):
    return [
        record for record in trial_records(open_study("study", str(storage))) if record.state == "complete"
    ]


def fill(folder):
    """Fill a disk to its last byte."""
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 512):
            pass


def test_a_full_disk_ends_the_run_and_loses_no_finished_trial(disk):
    folder, remount = disk
    journal = folder / "study.log"
    first = run(journal, 3).records
    with pytest.raises((OSError, QgtuneError), match="No space left"):
        run(journal, 400, objectives.writes_much)
    assert remount("size=8m")
    kept = finished(journal)
    assert tuple(kept[:3]) == first
    outcome = run(journal, len(kept) + 2)
    assert [record for record in outcome.records if record.state == "complete"][: len(kept)] == kept
    assert "running" not in {record.state for record in outcome.records}


def test_parameters_that_a_full_disk_did_not_take_are_written_when_there_is_room_again(disk):
    folder, _ = disk
    journal = folder / "study.log"
    trial = create_study("study", journal).ask()

    def sample():
        with params_written_together(trial):
            for index in range(20):
                trial.suggest_float(f"p{index}", 0.0, 1.0)
            fill(folder)

    with pytest.raises(OSError, match="No space left"):
        sample()
    (folder / "filler").unlink()
    trial.set_user_attr("reason", "the disk was full")
    [kept] = open_study("study", journal).trials
    assert (kept.params, kept.user_attrs["reason"]) == (trial.params, "the disk was full")
    assert len(kept.params) == 20


def test_a_full_disk_leaves_a_database_whole(disk):
    folder, remount = disk
    assert remount("size=2m")
    storage = f"sqlite:///{folder / 'study.db'}"
    study = create_study("study", storage)
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=2)
    first = trial_records(study)
    fill(folder)
    with pytest.raises(optuna.exceptions.StorageInternalError) as caught:
        study.set_user_attr("much", "x" * 1_000_000)
    assert "full" in str(caught.value.__cause__)
    (folder / "filler").unlink()
    assert finished(storage) == first


@pytest.mark.parametrize("name", ["study.log", "sqlite:///study.db", "new/study.log"])
def test_a_disk_that_cannot_be_written_is_told_before_the_first_trial(disk, name):
    folder, remount = disk
    scheme, slashes, file = name.rpartition("///")
    assert remount("ro")
    with pytest.raises(ConfigValueError, match="Read-only file system") as caught:
        run(f"{scheme}{slashes}{folder / file}", 1)
    assert caught.value.path == ("storage",)


def test_a_study_on_a_disk_that_became_read_only_is_whole_afterwards(disk):
    folder, remount = disk
    journal = folder / "study.log"
    run(journal, 3)
    before = journal.read_bytes()
    assert remount("ro")
    with pytest.raises(ConfigValueError):
        run(journal, 4)
    assert remount("rw")
    assert journal.read_bytes() == before
    assert len(run(journal, 4).records) == 4


LIMITED = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import study_objectives
from qgtune.study import RunSpec, create_study, run_trials
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    spec = RunSpec("study", 400, study_objectives.writes_much, storage=sys.argv[2])
    print(run_trials(spec, lambda event: None).stopped_early_reason)
"""


def test_a_file_that_may_not_grow_loses_no_finished_trial(tmp_path):
    journal, script = tmp_path / "study.log", tmp_path / "script.py"
    first = run(journal, 3).records
    script.write_text(LIMITED)
    folder = str(Path(objectives.__file__).parent)
    limited = [sys.executable, str(script), folder, str(journal)]
    ended = subprocess.run(limited, check=False, capture_output=True, text=True, timeout=LONGEST)
    assert "File too large" in ended.stdout + ended.stderr
    again = run(journal, len(finished(journal)) + 1)
    assert again.records[:3] == first
    assert "running" not in {record.state for record in again.records}


def test_a_server_that_ends_during_a_run_is_told_in_words(tmp_path):
    reason = storage_servers.why_not("redis")
    if reason:
        pytest.skip(reason)
    with contextlib.ExitStack() as servers:
        url = servers.enter_context(storage_servers.redis())
        stop = functools.partial(objectives.asks_to_end_the_server, str(tmp_path / "ask"))
        with pytest.raises(QgtuneError) as caught:
            run_trials(
                RunSpec("study", 9, stop, storage=url),
                lambda _event: servers.close() if (tmp_path / "ask").exists() else None,
            )
    assert "the run cannot go on" in str(caught.value)
    assert storage_servers.SECRET not in str(caught.value)
    assert storage_servers.QUOTED_SECRET not in str(caught.value)


def test_a_torn_tail_on_a_full_disk_is_not_cut_before_it_is_kept(disk):
    folder, remount = disk
    journal = folder / "study.log"
    run(journal, 2)
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"torn')
    torn = journal.read_bytes()
    fill(folder)
    with pytest.raises(OSError, match="No space left"):
        run(journal, 3)
    assert journal.read_bytes() == torn
    (folder / "filler").unlink()
    assert remount("size=8m")
    assert len(run(journal, 3).records) == 3


def test_a_result_that_cannot_be_moved_into_place_ends_the_run_and_leaves_the_others_whole(tmp_path, capsys):
    (tmp_path / "base.yaml").write_text("training: {lr: 0.5}\n")
    (tmp_path / "space.yaml").write_text("training: {lr: {type: float, low: 0.0, high: 1.0}}\n")
    (tmp_path / "objective.py").write_text(
        "import pathlib, time\n"
        "folder = pathlib.Path(__file__).parent\n"
        "def score(trial, config):\n"
        "    deadline = time.monotonic() + 300\n"
        "    if trial.number == 2:\n"
        "        while ': trial 1 is the best' not in (folder / 'best.yaml').read_text():\n"
        "            assert time.monotonic() < deadline, 'the second trial was not written'\n"
        "            time.sleep(0.01)\n"
        "        (folder / 'best.yaml').rename(folder / 'kept.yaml')\n"
        "        (folder / 'best.yaml' / 'in the way').mkdir(parents=True)\n"
        "    return -trial.number\n"
    )
    (tmp_path / "tuning.yaml").write_text(
        "objective: objective.py:score\nbase_settings_path: base.yaml\nsearch_space_path: space.yaml\n"
        "study_name: study\nstorage: study.log\nbest_config_path: best.yaml\nn_trials: 5\n"
    )
    assert main([str(tmp_path / "tuning.yaml"), "--quiet"]) != 0
    assert "results cannot be written" in capsys.readouterr().err
    # The third can only have ended; whether another one has depends on who was faster.
    records = finished(tmp_path / "study.log")
    assert [record.number for record in records[:3]] == [0, 1, 2]
    kept = (tmp_path / "kept.yaml").read_text()
    assert kept.endswith(f"training: {{lr: {records[1].params['training.lr']!r}}}\n")
    assert not list(tmp_path.glob("*.tmp"))
