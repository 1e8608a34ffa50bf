"""``qgtune stop`` and ``qgtune clean``: on a study that runs, on one that is finished, and on none."""

import errno
import json
import os
import pathlib
import signal
import sys

import optuna
import pytest
from own_projects import finish, finished_trials, read_until, start, write_project
from own_projects import qgtune as qgtune_alone
from own_projects import qgtune_here as qgtune

from qgtune import load_study
from qgtune.core.files import write_atomically
from qgtune.study.storage.ownership import this_owner

TEMPORARY = f".qgtune-{'0' * 32}.tmp"


def running(process):
    """Read the output of a run up to its third trial."""
    read_until(process, "3/100000  trial")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_run_that_is_asked_to_stop_lets_its_trials_finish_and_says_how_to_go_on(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 100000\nn_processes: 2\n")
    process = start(tuning)
    running(process)
    first, second = qgtune_alone("stop", tuning), qgtune("stop", tuning)
    assert first.returncode == second.returncode == 0, first.stderr
    assert f"process {process.pid} was asked to stop; its running trials finish first" in first.stdout
    _, errors = finish(process)
    assert process.returncode == 130, errors
    assert "the same command goes on" in errors
    states = {trial.state for trial in load_study(tuning).trials}
    assert states == {optuna.trial.TrialState.COMPLETE}
    assert len(finished_trials(tmp_path / "runs/tiny")) >= 3
    assert not (tmp_path / "runs/tiny/study.log.run").exists()
    assert "no run is at work, so there is nothing to stop" in qgtune("stop", tuning).stdout


@pytest.mark.parametrize("command", ["stop", "clean"])
def test_without_a_study_it_is_said_that_there_is_none(tmp_path, command):
    done = qgtune(command, write_project(tmp_path, "n_trials: 1\n"))
    assert done.returncode == 1
    assert "error[QG419]" in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("command", ["stop", "clean"])
def test_a_study_in_memory_is_out_of_reach_and_that_is_said(tmp_path, command):
    done = qgtune(command, write_project(tmp_path, "n_trials: 1\nstorage: null\n"))
    assert (done.returncode, "memory" in done.stderr) == (1, True)


def test_a_process_that_only_has_the_number_of_a_killed_run_is_never_signalled(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 1\n")
    assert qgtune(tuning).returncode == 0
    mine = this_owner()
    left = {"study": "tiny", "host": mine.host, "machine": mine.machine, "pid": os.getpid(), "started": "1"}
    (tmp_path / "runs/tiny/study.log.run").write_text(f"{json.dumps(left)}\nno json\n[]\n")
    done = qgtune("stop", tuning)
    assert (done.returncode, "no run is at work" in done.stdout) == (0, True), done.stderr


def leave(folder):
    """Leave in an output folder what killed runs leave, and files of the user's own."""
    write_atomically(folder / "study.log.torn", "{")
    (folder / TEMPORARY).write_text("half")
    (folder / "mine.tmp").write_text("mine")


def test_what_killed_runs_have_left_is_listed_and_removed_and_nothing_else(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 2\n")
    assert qgtune(tuning).returncode == 0
    folder = tmp_path / "runs/tiny"
    before = {path.name for path in folder.iterdir()}
    assert "there is nothing to remove" in qgtune("clean", tuning).stdout
    leave(folder)
    listed = qgtune("clean", tuning, "--dry-run")
    assert "2 things would be removed, 5 B" in listed.stdout
    assert (folder / TEMPORARY).exists()
    done = qgtune("clean", tuning)
    assert done.returncode == 0, done.stderr
    assert "2 things removed, 5 B" in done.stdout
    assert {path.name for path in folder.iterdir()} == {*before, "mine.tmp"}


@pytest.mark.skipif(sys.platform == "win32", reason="whether a run is alive cannot be told there")
def test_what_a_run_may_be_writing_stays_while_it_is_alive(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 100000\n")
    process = start(tuning)
    running(process)
    leave(tmp_path / "runs/tiny")
    done = qgtune_alone("clean", tuning)
    assert done.returncode == 0, done.stderr
    assert "1 thing removed, 1 B; a run may be at work" in done.stdout
    assert (tmp_path / "runs/tiny" / TEMPORARY).exists()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = finish(process)
    assert process.returncode == 130, errors


def test_what_is_left_in_the_folders_of_pictures_and_of_a_front_is_found(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 1\n")
    assert qgtune(tuning).returncode == 0
    for name in ("plots", "best_configs"):
        (tmp_path / "runs/tiny" / name).mkdir(exist_ok=True)
        (tmp_path / "runs/tiny" / name / TEMPORARY).write_text("half")
    assert "2 things removed, 8 B" in qgtune("clean", tuning).stdout
    assert not list((tmp_path / "runs/tiny").rglob(TEMPORARY))


def test_what_cannot_be_removed_is_not_counted_as_removed(tmp_path, monkeypatch):
    tuning = write_project(tmp_path, "n_trials: 1\n")
    assert qgtune(tuning).returncode == 0
    leave(tmp_path / "runs/tiny")
    unlink = pathlib.Path.unlink

    def refuse(path, missing_ok=False):
        if path.name == TEMPORARY:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(pathlib.Path, "unlink", refuse)
    done = qgtune("clean", tuning)
    assert done.returncode == 1
    assert f"{TEMPORARY} cannot be removed: permission denied" in done.stderr
    assert "1 thing removed, 1 B" in done.stdout


def test_a_file_that_a_run_moves_away_meanwhile_is_no_problem(tmp_path, monkeypatch):
    tuning = write_project(tmp_path, "n_trials: 1\n")
    assert qgtune(tuning).returncode == 0
    leave(tmp_path / "runs/tiny")
    lstat = pathlib.Path.lstat

    def too_late(path):
        if path.name == TEMPORARY:
            path.unlink()
        return lstat(path)

    monkeypatch.setattr(pathlib.Path, "lstat", too_late)
    done = qgtune("clean", tuning)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 thing removed, 1 B" in done.stdout
