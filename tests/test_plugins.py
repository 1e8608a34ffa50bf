"""Plug-ins of a user's own are known in every process of a run: by ``plugins``, entry points and ``register``."""

import subprocess
import sys

import pytest
from own_projects import environment, qgtune, write_project
from test_task_runs import BASE, DEPENDENCIES, SPACE
from test_task_runs import write_project as write_task_project

from qgtune.study import open_study

OWN = '''\
"""A layer, a metric, a data set, a sampler, a pruner and a launcher of one's own."""

import pathlib

import numpy as np
import optuna
import torch
from torch_geometric.data import Data

import qgtune
from qgtune.study.running.launchers import LaunchedProcess


@qgtune.register("layer", "dense")
class Dense(torch.nn.Linear):
    """A layer that does not look at neighbours."""

    def forward(self, x, edge_index):
        """Return the node features, each for itself."""
        return super().forward(x)


@qgtune.register("dataset", "paths")
def paths(count):
    """Return paths of four nodes."""
    edges = torch.tensor([[0, 1, 2], [1, 2, 3]])
    rows = np.random.default_rng(0).random((count, 4, 12), np.float32)
    return [Data(x=torch.from_numpy(rows[k]), edge_index=edges, y=torch.tensor([k % 2])) for k in range(count)]


@qgtune.register("sampler", "low")
def low(seed):
    """Return a sampler that draws low learning rates."""
    return optuna.samplers.PartialFixedSampler(
        {"training.learning_rate": 0.001}, optuna.samplers.RandomSampler(seed)
    )


@qgtune.register("pruner", "never")
def never():
    """Return a pruner that prunes nothing, and says that it was there."""
    pathlib.Path(__file__).with_name("pruner").touch()
    return optuna.pruners.NopPruner()


@qgtune.register("launcher", "here")
def here(commands, environment):
    """Start each command line here."""
    return [LaunchedProcess(words, environment) for words in commands]
'''
TASK = """\
base_settings_path: base_settings.yaml
search_space_path: search_space.yaml
dependency_mapping_path: dependency_map.yaml
task: graph_classification
data: {name: paths, count: 40}
study_name: small
seed: 1
plots: false
enqueue_base: false
sampler: low
pruner: never
n_trials: 3
"""
WORKERS = {"processes": "n_processes: 2\n", "launcher": "launcher: {type: here, workers: 2}\n"}


def dense_project(folder, extra):
    base = BASE.replace("gnn_layer_type: sage", "gnn_layer_type: dense")
    return write_task_project(folder, extra, base=base, common=TASK)


def trials_of(folder):
    return open_study("small", folder / "runs/small/study.log").trials


def assert_tuned(folder):
    trials = trials_of(folder)
    assert len([trial for trial in trials if trial.state.name == "COMPLETE"]) >= 3
    assert {trial.params["training.learning_rate"] for trial in trials} == {0.001}
    assert (folder / "pruner").exists()


@pytest.mark.parametrize("workers", WORKERS)
def test_a_module_that_the_tuning_file_names_is_known_in_every_process(workers, tmp_path):
    """A layer, a data set, a sampler, a pruner and a launcher, for forked workers and for launched ones."""
    tuning = dense_project(tmp_path, "plugins: [own.py]\n" + WORKERS[workers])
    (tmp_path / "own.py").write_text(OWN)
    done = qgtune(tuning, "--quiet")
    assert (done.returncode, "warning[" in done.stderr) == (0, False), done.stdout + done.stderr
    assert_tuned(tmp_path)


def test_an_installed_package_is_known_in_every_process(tmp_path):
    """Its entry points are enough for a launched process and its two workers; nothing names its module."""
    tuning = dense_project(tmp_path, "n_processes: 2\nlauncher: {type: here, workers: 1}\n")
    (tmp_path / "own.py").write_text(OWN)
    info = tmp_path / "own-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1\n")
    points = {"layer": "dense = own:Dense", "dataset": "paths = own:paths", "sampler": "low = own:low"}
    points |= {"pruner": "never = own:never", "launcher": "here = own:here"}
    (info / "entry_points.txt").write_text("".join(f"[qgtune.{k}]\n{v}\n" for k, v in points.items()))
    path = ":".join(filter(None, [str(tmp_path), environment().get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "qgtune", tuning, "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        env={**environment(), "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert_tuned(tmp_path)


SCRIPT = '''\
"""Registers a sampler and a pruner, and runs a tuning file from Python."""

import pathlib
import sys

import optuna

import qgtune
from qgtune.compiler.prepare import prepare
from qgtune.run import run


@qgtune.register("sampler", "low")
def low(seed):
    """Return a sampler that draws low learning rates."""
    fixed = {"training.learning_rate": 0.001}
    return optuna.samplers.PartialFixedSampler(fixed, optuna.samplers.RandomSampler(seed))


@qgtune.register("pruner", "never")
def never():
    """Return a pruner that prunes nothing."""
    return optuna.pruners.NopPruner()


if __name__ == "__main__":
    run(prepare(pathlib.Path(sys.argv[1])), lambda event: None)
'''


def test_what_a_script_registers_is_known_in_the_workers_that_it_starts(tmp_path):
    """They import the script, as processes of ``multiprocessing`` do."""
    extra = "n_trials: 3\nn_processes: 2\nsampler: low\npruner: never\nenqueue_base: false\n"
    tuning = write_project(tmp_path, extra)
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", tuning],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    trials = open_study("tiny", tmp_path / "runs/tiny/study.log").trials
    assert [trial.params["training.learning_rate"] for trial in trials] == [0.001] * 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "tuning.yaml:{line}:11: error[QG412]: there is no file"),
        ("import math\nmath.half\n", "own.py:2:1: error[QG412]: importing own.py failed: AttributeError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_at_its_line(text, said, tmp_path):
    tuning = write_project(tmp_path, "plugins: [own.py]\n")
    if text is not None:
        (tmp_path / "own.py").write_text(text)
    line = tuning.read_text().splitlines().index("plugins: [own.py]") + 1
    done = qgtune("check", tuning)
    assert done.returncode == 1
    assert said.format(line=line) in done.stderr


def test_plug_ins_are_known_to_a_training_that_names_the_tuning_file(tmp_path):
    tuning = dense_project(tmp_path, "plugins: [own.py]\n")
    (tmp_path / "own.py").write_text(OWN)
    done = qgtune("train", tmp_path / "base_settings.yaml", "--tuning", tuning, "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_project_without_plug_ins_of_the_same_names_is_refused(tmp_path):
    """Nothing of one project is known in another."""
    tuning = write_task_project(
        tmp_path, "", base=BASE.replace("sage", "dense"), space=SPACE, dependencies=DEPENDENCIES, common=TASK
    )
    done = qgtune("check", tuning)
    assert done.returncode == 1
    assert {"QG214", "QG409", "QG415"} <= {
        line.partition("error[")[2][:5] for line in done.stderr.splitlines() if "error[" in line
    }
