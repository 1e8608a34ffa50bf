"""Faults at each file that a report or a run writes: what was there stays whole, and no trial is lost."""

import errno
import json
import os
import pathlib
import threading

import pytest
import yaml
from made_studies import made_study, made_trial, runs_of
from own_projects import qgtune_here as qgtune
from own_projects import write_project

from qgtune import load_study
from qgtune.core import files

SEVERAL = "directions: [minimize, maximize]\n"
MEMORY = ".qgtune-outputs.json"
OF_A_REPORT = (
    "built_search_space.yaml",
    "best_trial.yaml",
    "best_config.yaml",
    "best_configs/trial_00003.yaml",
    "trials.csv",
    "best_params.json",
    "study_summary.json",
    "summary_report.md",
    "report.html",
    MEMORY,
)
OF_A_RUN = ("config.json", "best_config.yaml", "trials.csv", "best_configs/trial_00000.yaml")
FAULTS = {"full": errno.ENOSPC, "forbidden": errno.EACCES, "not moved": errno.EIO}


class Faults:
    """Makes the operating system refuse one step of writing one file, as long as it is on."""

    def __init__(self, monkeypatch, target, kind):
        self._target, self._kind = target, kind
        self._here = threading.local()
        self.on = True
        replace = files._replace

        def replace_noting_the_target(path, content):
            self._here.target = path
            try:
                replace(path, content)
            finally:
                self._here.target = None

        monkeypatch.setattr(files, "_replace", replace_noting_the_target)
        self._refuse(monkeypatch, os, "fsync", "full")
        self._refuse(monkeypatch, pathlib.Path, "open", "forbidden")
        self._refuse(monkeypatch, pathlib.Path, "replace", "not moved")

    def _refuse(self, monkeypatch, owner, name, kind):
        does = getattr(owner, name)

        def step(*words, **options):
            target = getattr(self._here, "target", None)
            if self.on and kind == self._kind and target == self._target:
                raise OSError(FAULTS[kind], os.strerror(FAULTS[kind]), str(words[0]))
            return does(*words, **options)

        monkeypatch.setattr(owner, name, step)


def content_of(file):
    return file.read_bytes() if file.exists() else None


def check_whole(runs):
    """Check that each file that is there is a whole one."""
    assert not list(runs.rglob("*.tmp"))
    for file in [*runs.glob("*.json"), runs / MEMORY]:
        json.loads(file.read_text(encoding="utf-8"))
    for file in runs.rglob("*.yaml"):
        assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", OF_A_REPORT)
def test_a_result_that_a_report_cannot_write_is_named_and_stays_as_it_was(tmp_path, monkeypatch, name, kind):
    several = name.startswith("best_configs")
    tuning = write_project(tmp_path, SEVERAL if several else "")
    directions, values = (["minimize", "maximize"], (1.0, 1.0)) if several else (["minimize"], (1.0,))
    study = made_study(tuning, directions, [values] * 3)
    assert qgtune("report", tuning, "--no-plots").returncode == 0
    target = runs_of(tuning) / name
    if name == "built_search_space.yaml":
        target.unlink()  # it would not be written: it is the first trial's
    study.add_trial(made_trial([value / 2 for value in values], 0.9))
    before = content_of(target)

    faults = Faults(monkeypatch, target, kind)
    done = qgtune("report", tuning, "--no-plots")
    assert done.returncode == 1
    assert "results cannot be written to " in done.stderr
    assert name == MEMORY or name.rpartition("/")[2] in done.stderr
    assert os.strerror(FAULTS[kind]).lower() in done.stderr
    assert "the study keeps all finished trials" in done.stderr
    assert "Traceback" not in done.stderr
    assert content_of(target) == before
    check_whole(runs_of(tuning))

    faults.on = False
    assert qgtune("report", tuning, "--no-plots").stderr == ""
    assert content_of(target) not in (None, before)
    check_whole(runs_of(tuning))


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_result_that_a_run_cannot_write_ends_it_and_the_same_command_goes_on(tmp_path, monkeypatch, name):
    objective = '"""Its number."""\n\n\ndef score(trial, config):\n    """Return it."""\n    return {}\n'
    several = name.startswith("best_configs")
    returned = "[trial.number, trial.number]" if several else "-trial.number"
    settings = f"n_trials: 4\n{SEVERAL if several else ''}"
    tuning = write_project(tmp_path, settings, objective=objective.format(returned))
    target = runs_of(tuning) / name
    faults = Faults(monkeypatch, target, "full")
    done = qgtune(tuning, "--quiet")
    assert done.returncode == 1
    assert f"{target.name}: no space left on device; the study keeps all finished trials" in done.stderr
    assert "Traceback" not in done.stderr
    assert not target.exists()
    check_whole(runs_of(tuning))

    kept = {trial.number: trial.values for trial in load_study(tuning).trials if trial.values}
    faults.on = False
    done = qgtune(tuning, "--quiet")
    assert done.returncode == 0, done.stderr
    assert target.exists()
    trials = {trial.number: trial.values for trial in load_study(tuning).trials if trial.values}
    assert {number: trials[number] for number in kept} == kept
    assert len(trials) == 4


def test_a_picture_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    tuning = write_project(tmp_path)
    study = made_study(tuning, ["minimize"], [(1.0,), (2.0,)])
    assert qgtune("report", tuning).returncode == 0
    target = runs_of(tuning) / "plots/history.png"
    before = content_of(target)
    study.add_trial(made_trial([0.5], 0.9))
    Faults(monkeypatch, target, "full")
    done = qgtune("report", tuning)
    assert (done.returncode, "history.png: no space left on device" in done.stderr) == (1, True)
    assert content_of(target) == before
    check_whole(runs_of(tuning))
