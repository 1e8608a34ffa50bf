"""Laws of what a report makes again: pictures, the pickled study, and what is told of the repository."""

import json
import pickle
import shutil
import subprocess
import webbrowser

import pytest
from made_studies import made_study, made_trial, runs_of
from own_projects import qgtune_here, write_project

from qgtune.compiler.prepare import prepare
from qgtune.outputs.machine_files import run_config_text
from qgtune.outputs.study_results import results_of

SEVERAL = "directions: [minimize, maximize]\n"


def test_the_page_is_opened_where_that_is_asked_for(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    tuning = write_project(tmp_path)
    made_study(tuning, ["minimize"], [(1.0,)])
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    assert opened == []
    assert qgtune_here("report", tuning, "--no-plots", "--open").returncode == 0
    assert opened == [(runs_of(tuning) / "report.html").resolve().as_uri()]


def test_the_front_is_drawn_and_pictures_that_are_not_drawn_any_more_are_removed_if_they_are_ours(tmp_path):
    pytest.importorskip("matplotlib")
    tuning = write_project(tmp_path, SEVERAL)
    made_study(tuning, ["minimize", "maximize"], [(1.0, 1.0), (2.0, 2.0)])
    assert qgtune_here("report", tuning).returncode == 0
    plots = runs_of(tuning) / "plots"
    assert (plots / "pareto_front.png").read_bytes().startswith(b"\x89PNG")

    (plots / "mine.png").write_bytes(b"mine")
    (runs_of(tuning) / "study.log").unlink()
    write_project(tmp_path, "")
    made_study(tuning, ["minimize"], [(1.0,), (2.0,)])
    assert qgtune_here("report", tuning).returncode == 0
    drawn = {path.name for path in plots.iterdir()}
    assert "pareto_front.png" not in drawn
    assert {"history.png", "mine.png"} <= drawn


def test_a_pickled_study_that_was_asked_for_once_is_kept_up_to_date_by_reports_and_runs(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 3\n")
    study = made_study(tuning, ["minimize"], [(1.0,)])
    pickled = runs_of(tuning) / "study.pkl"

    def trials():
        return len(pickle.loads(pickled.read_bytes()).trials)

    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    assert not pickled.exists()
    done = qgtune_here("report", tuning, "--no-plots", "--pickle")
    assert done.returncode == 0
    assert f"  {pickled}\n" in done.stdout
    assert trials() == 1
    study.add_trial(made_trial([0.5], 0.9))
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    assert trials() == 2
    assert qgtune_here(tuning, "--quiet").returncode == 0
    assert trials() == 3

    pickled.write_bytes(b"mine")
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    assert pickled.read_bytes() == b"mine"


def test_a_report_does_not_tell_of_a_run_that_it_did_not_see(tmp_path):
    """config.json has the versions and the commit of a run."""
    tuning = write_project(tmp_path)
    made_study(tuning, ["minimize"], [(1.0,)])
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    assert not (runs_of(tuning) / "config.json").exists()


def test_files_that_a_killed_run_did_not_finish_are_removed_from_every_folder_of_its_results(tmp_path):
    tuning = write_project(tmp_path, SEVERAL)
    made_study(tuning, ["minimize", "maximize"], [(1.0, 1.0)])
    assert qgtune_here("report", tuning, "--no-plots").returncode == 0
    (runs_of(tuning) / "plots").mkdir()
    for folder in ("", "plots", "best_configs"):
        (runs_of(tuning) / folder / f".qgtune-{0:032}.tmp").write_text("half")
    done = qgtune_here("clean", tuning)
    assert "3 things removed" in done.stdout, done.stderr
    assert not list(runs_of(tuning).rglob("*.tmp"))
    assert (runs_of(tuning) / "best_configs/trial_00000.yaml").exists()


def git_state(tuning):
    prepared = prepare(tuning)
    return json.loads(run_config_text(prepared, results_of(prepared, [])))["git"]


def test_the_settings_of_a_run_name_the_commit_and_whether_files_differ_from_it(tmp_path, monkeypatch):
    if shutil.which("git") is None:
        pytest.skip("no git is installed here")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    tuning = write_project(tmp_path / "project")

    def git(*words):
        who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        command = ["git", *who, *words]
        return subprocess.run(
            command, cwd=tuning.parent, check=True, capture_output=True, text=True
        ).stdout.strip()

    assert git_state(tuning) is None
    git("init", "--quiet")
    assert git_state(tuning) is None
    git("add", ".")
    git("commit", "--quiet", "--message", "A study.")
    commit = git("rev-parse", "HEAD")
    assert git_state(tuning) == {"commit": commit, "changed": False}
    (tuning.parent / "new.txt").write_text("not under version control")
    assert git_state(tuning) == {"commit": commit, "changed": False}
    with tuning.open("a") as file:
        file.write("# a comment\n")
    assert git_state(tuning) == {"commit": commit, "changed": True}
