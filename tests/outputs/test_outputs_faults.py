"""Faults at each file that a report or a run writes: what was there stays whole, and no trial is lost."""

import errno
import json
import os
import pathlib
import shutil
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
OF_A_RUN = [
    ("config.json", "full"),
    ("config.json", "forbidden"),
    ("config.json", "not moved"),
    ("best_config.yaml", "full"),
    ("trials.csv", "full"),
    ("best_configs/trial_00000.yaml", "full"),
]
OF_A_TRAINING = (
    "model.pt",
    "metrics.json",
    "history.csv",
    "config.yaml",
    "checkpoints/00000/last.pt",
    MEMORY,
)
CONFIG = """\
model:
  gcn_net:
    - {in_dim: 12, out_dim: 8, gnn_layer_type: sage}
  pooling_layer: mean
  classifier: {input_dim: 8, output_dims: [2]}
training: {seed: 3, num_epochs: 2, batch_size: 8, split: 0.6}
validation: {split: 0.2}
task: graph_classification
data: {name: causal_sets, num_graphs: 20, max_nodes: 60}
"""
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


@pytest.mark.parametrize(("name", "kind"), OF_A_RUN)
def test_a_result_that_a_run_cannot_write_ends_it_and_the_same_command_goes_on(
    tmp_path, monkeypatch, name, kind
):
    objective = '"""Its number."""\n\n\ndef score(trial, config):\n    """Return it."""\n    return {}\n'
    several = name.startswith("best_configs")
    returned = "[trial.number, trial.number]" if several else "-trial.number"
    settings = f"n_trials: 4\n{SEVERAL if several else ''}"
    tuning = write_project(tmp_path, settings, objective=objective.format(returned))
    target = runs_of(tuning) / name
    reason = os.strerror(FAULTS[kind]).lower()
    faults = Faults(monkeypatch, target, kind)
    done = qgtune(tuning, "--quiet")
    assert done.returncode == 1
    assert f"{target.name}: {reason}; the study keeps all finished trials" in done.stderr
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


@pytest.mark.parametrize("kind", FAULTS)
def test_a_picture_that_cannot_be_written_leaves_the_one_before(tmp_path, monkeypatch, kind):
    pytest.importorskip("matplotlib")
    tuning = write_project(tmp_path)
    study = made_study(tuning, ["minimize"], [(1.0,), (2.0,)])
    assert qgtune("report", tuning).returncode == 0
    target = runs_of(tuning) / "plots/history.png"
    before = content_of(target)
    study.add_trial(made_trial([0.5], 0.9))
    Faults(monkeypatch, target, kind)
    done = qgtune("report", tuning)
    reason = os.strerror(FAULTS[kind]).lower()
    assert (done.returncode, f"history.png: {reason}" in done.stderr) == (1, True)
    assert content_of(target) == before
    check_whole(runs_of(tuning))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project that was trained; nobody changes it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "some.yaml").write_text(CONFIG, encoding="utf-8")
    done = qgtune("train", "some.yaml", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", OF_A_TRAINING)
def test_what_a_training_cannot_write_is_named_and_what_was_there_stays(
    trained, tmp_path, monkeypatch, name, kind
):
    project = shutil.copytree(trained, tmp_path / "project")
    (project / "some.yaml").write_text(CONFIG.replace("seed: 3", "seed: 4"), encoding="utf-8")
    target = project / "some_trained" / name
    before = content_of(target)

    faults = Faults(monkeypatch, target, kind)
    done = qgtune("train", "some.yaml", "--again", "--quiet", cwd=project)
    assert done.returncode == 1
    assert "the training cannot go on: " in done.stderr
    assert name == MEMORY or target.name in done.stderr
    assert os.strerror(FAULTS[kind]).lower() in done.stderr
    assert "Traceback" not in done.stderr
    assert content_of(target) == before
    check_whole(project / "some_trained")

    faults.on = False
    done = qgtune("train", "some.yaml", "--again", "--quiet", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert content_of(target) != before
    check_whole(project / "some_trained")
