"""What a data set turns out to be when it is loaded is held against the configs before the first trial."""

import dataclasses
import os
import signal

import pytest
import torch
from own_projects import qgtune
from test_task_runs import TUNING, write_project
from torch_geometric.data import Data

from qgtune.compiler.prepare import prepare
from qgtune.core.errors import ConfigValueError
from qgtune.core.events import WorkerReady
from qgtune.data import load_and_keep, load_dataset, load_kept
from qgtune.run import run

EDGES = torch.tensor([[0, 1, 2], [1, 2, 3]])
DATA = "data: {name: causal_sets, num_graphs: 60, min_nodes: 8, max_nodes: 12}\n"
COMMON = TUNING.replace(DATA, "data: {name: torch_file, path: graphs.pt}\nmetric: f1_weighted\nn_trials: 2\n")


def graphs(features=12, classes=2, count=40):
    return [
        Data(x=torch.ones(4, features), edge_index=EDGES, y=torch.tensor([k % classes])) for k in range(count)
    ]


def project(folder, saved):
    tuning = write_project(folder, "", common=COMMON)
    torch.save(saved, folder / "graphs.pt")
    return tuning


@pytest.mark.parametrize("command", [["run"]])
@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (graphs(features=5), "base_settings.yaml:4:16: error[QG214]"),
        (graphs(classes=3), "base_settings.yaml:5:"),
        (
            graphs(count=1),
            "base_settings.yaml:12:",
        ),
        ([g.update({"y": torch.tensor([0.5])}) for g in graphs()], "error[QG409]"),
    ],
)
def test_data_that_no_trial_can_use_end_a_run_before_its_first_trial(tmp_path, command, saved, said):
    done = qgtune(*command, project(tmp_path, saved))
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert not list(tmp_path.rglob("trials.csv"))


def test_data_that_cannot_be_loaded_end_a_run_at_their_line(tmp_path):
    tuning = project(tmp_path, graphs())
    whole = (tmp_path / "graphs.pt").read_bytes()
    (tmp_path / "graphs.pt").write_bytes(whole[: len(whole) // 2])
    done = qgtune("run", tuning)
    assert done.returncode == 1
    assert "error[QG409]" in done.stdout + done.stderr


def test_data_that_fit_are_tuned_on(tmp_path):
    done = qgtune("run", project(tmp_path, graphs()), "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_label_that_is_a_text_is_named_with_its_graph(tmp_path):
    torch.save(
        [*graphs(count=2), Data(x=torch.ones(4, 12), edge_index=EDGES, y="cat")], tmp_path / "graphs.pt"
    )
    with pytest.raises(ConfigValueError, match="y must be numbers, and graph 2 has y = 'cat'"):
        load_dataset({"name": "torch_file", "path": "graphs.pt"}, base_dir=tmp_path)


FACTORY = '''\
"""Graphs at random, and a note of each call."""

import pathlib

import numpy as np
import torch
from torch_geometric.data import Data

EDGES = torch.tensor([[0, 1, 2], [1, 2, 3]])


def graphs(count):
    """Return graphs that differ from call to call."""
    with pathlib.Path(__file__).with_name("calls.txt").open("a") as calls:
        calls.write("called\\n")
    x = np.random.default_rng().random((count, 4, 12), np.float32)
    return [Data(x=torch.from_numpy(x[k]), edge_index=EDGES, y=torch.tensor([k % 2])) for k in range(count)]
'''
MADE = COMMON.replace("{name: torch_file, path: graphs.pt}", "{name: 'made.py:graphs', count: 40}")


def made_project(folder, tuning, factory=FACTORY):
    path = write_project(folder, tuning, common=MADE.replace("n_trials: 2\n", ""))
    (folder / "made.py").write_text(factory)
    return path


@pytest.mark.parametrize(("start_method", "n_processes"), [("auto", 3), ("spawn", 2)])
def test_a_factory_is_called_once_in_a_run_whatever_becomes_of_its_workers(
    tmp_path, start_method, n_processes
):
    """Also for a worker that takes the place of a dead one; and nothing of the data is left afterwards."""
    how = f"n_processes: {n_processes}\nstart_method: {start_method}\n"
    tuning = made_project(tmp_path, f"n_trials: 4\n{how}")
    killed = []

    def kill_the_first(event):
        if isinstance(event, WorkerReady) and not killed:
            killed.append(event.pid)
            os.kill(event.pid, signal.SIGKILL)

    result = run(prepare(tuning), kill_the_first)
    states = [record.state for record in result.outcome.records if not record.lost]
    assert killed
    assert states.count("complete") + states.count("pruned") == 4
    assert (tmp_path / "calls.txt").read_text() == "called\n"
    assert not list(tmp_path.rglob("*.graphs*"))


def test_equal_trainings_on_data_at_random_are_equal_in_every_worker(tmp_path):
    """All workers of a run have the same graphs."""
    extra = "n_trials: 4\nn_processes: 2\nsampler: made.py:make\nreuse_equal_configs: false\n"
    extra += "enqueue_base: false\n"
    always = "\n\nimport optuna\n\n\ndef make():\n    return optuna.samplers.PartialFixedSampler(\n"
    always += "        {'training.learning_rate': 0.01, 'model.gcn_net.0.out_dim': 8},\n"
    always += "        optuna.samplers.RandomSampler(),\n    )\n"
    tuning = made_project(tmp_path, extra, FACTORY + always)
    result = run(prepare(tuning), lambda _event: None)
    assert len({record.values for record in result.outcome.records}) == 1


def test_processes_of_a_launcher_map_the_data_of_the_run(tmp_path):
    extra = "n_trials: 2\nlauncher: {type: command, command: 'env {command}', workers: 2}\n"
    result = run(prepare(made_project(tmp_path, extra)), lambda _event: None)
    assert {record.state for record in result.outcome.records} == {"complete"}
    assert (tmp_path / "calls.txt").read_text() == "called\n"


def test_what_a_factory_made_is_the_same_in_the_file_of_the_run(tmp_path):
    """Names, targets, arrays and their kinds; a data set of a class of the user's own is not kept."""
    settings = {"name": "made.py:graphs", "count": 6, "subset": 0.5}
    (tmp_path / "made.py").write_text(FACTORY)
    store = tmp_path / "kept.graphs"
    made = load_and_keep(settings, base_dir=tmp_path, store=store)
    kept = load_kept(settings, base_dir=tmp_path, store=store)
    assert (kept.name, kept.feature_names, kept.targets) == (made.name, made.feature_names, made.targets)
    assert (kept.subset, kept.level) == (made.subset, made.level) == (0.5, "graph")
    for field in dataclasses.fields(made.arrays):
        ours, theirs = getattr(made.arrays, field.name), getattr(kept.arrays, field.name)
        assert (ours is None) == (theirs is None)
        assert ours is None or (ours.dtype == theirs.dtype and (ours == theirs).all())
    assert (tmp_path / "calls.txt").read_text() == "called\n"
    store.write_bytes(store.read_bytes()[:-1])
    assert len(load_kept(settings, base_dir=tmp_path, store=store)) == 6
    assert (tmp_path / "calls.txt").read_text() == "called\ncalled\n"
