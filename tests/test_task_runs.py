"""Runs of a built-in task: several metrics, best configs that are trained as they stand, checkpoints."""

import csv
import json
import os
import signal

import pytest
import torch
import yaml
from own_projects import qgtune as qgtune_alone
from own_projects import qgtune_here as qgtune
from own_projects import read_until, start

from qgtune import load_study
from qgtune.compiler.prepare import prepare
from qgtune.core.errors import DiagnosticError

BASE = """\
# A small network.
model:
  gcn_net:
    - {in_dim: 12, out_dim: 16, gnn_layer_type: sage, normalizer: identity, residual: false}
  classifier: {input_dim: 16, output_dims: [2]}
training:
  seed: 1
  learning_rate: 0.01   # tuned
  batch_size: 16
  num_epochs: 2
  split: 0.6
validation: {batch_size: 16, split: 0.2}
testing: {batch_size: 16, split: 0.2}
"""
SPACE = """\
model: {gcn_net: [{out_dim: [8, 16, 32]}]}
training:
  learning_rate: {type: float, low: 1.0e-4, high: 0.1, log: true}
"""
DEPENDENCIES = 'model: {classifier: {input_dim: "model.gcn_net[-1].out_dim"}}\n'
TUNING = """\
base_settings_path: base_settings.yaml
search_space_path: search_space.yaml
dependency_mapping_path: dependency_map.yaml
task: graph_classification
data: {name: causal_sets, num_graphs: 60, min_nodes: 8, max_nodes: 12}
study_name: small
seed: 1
plots: false
"""
SEVERAL = "metric: [f1_weighted, model.params]\ndirections: [maximize, minimize]\n"


def write_project(folder, tuning, *, base=BASE, space=SPACE, dependencies=DEPENDENCIES, common=TUNING):
    """Write a project of a built-in task; return its tuning file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "base_settings.yaml").write_text(base)
    (folder / "search_space.yaml").write_text(space)
    (folder / "dependency_map.yaml").write_text(dependencies)
    (folder / "tuning.yaml").write_text(common + tuning)
    return folder / "tuning.yaml"


def validated(config):
    """Train a config as it stands; return its metrics on the validation part."""
    done = qgtune("train", config, "--quiet")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((config.with_name(f"{config.stem}_trained") / "metrics.json").read_text())
    return metrics["metrics"]["validation"]


def problems(tuning):
    """Return code, line and message of each problem of a tuning file."""
    try:
        found = prepare(tuning).warnings
    except DiagnosticError as error:
        found = error.diagnostics
    return [(problem.code, problem.location.line, problem.message, problem.hint or "") for problem in found]


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    """A run that weighs a metric of the task against the size of its model."""
    folder = tmp_path_factory.mktemp("front")
    done = qgtune_alone(write_project(folder, f"{SEVERAL}n_trials: 4\n"))
    assert done.returncode == 0, done.stderr
    return folder, done


def test_each_value_of_a_trial_is_called_by_its_metric(front):
    folder, done = front
    rows = list(csv.DictReader((folder / "runs/small/trials.csv").read_text().splitlines()))
    assert all({"f1_weighted", "model.params"} <= row.keys() for row in rows)
    params = {8: 218.0, 16: 434.0, 32: 866.0}
    sizes = [float(row["model.params"]) for row in rows]
    assert sizes == [params[int(row["model.gcn_net.0.out_dim"])] for row in rows]
    summary = json.loads((folder / "runs/small/study_summary.json").read_text())
    assert summary["metrics"] == ["f1_weighted", "model.params"]
    assert "maximize f1_weighted, minimize model.params" in done.stdout
    assert done.stdout.count("no trial is pruned") + done.stderr.count("no trial is pruned") == 1
    table = qgtune_alone(
        "trials", folder / "tuning.yaml", "--sort", "model.params", "--format", "json"
    ).stdout
    assert [row["model.params"] for row in json.loads(table)] == sorted(sizes)
    study = load_study(folder / "tuning.yaml")
    assert study.metric_names == ["f1_weighted", "model.params"]


def test_each_config_of_the_front_is_trained_to_its_own_values(front):
    folder, _ = front
    summary = json.loads((folder / "runs/small/study_summary.json").read_text())
    best = {trial["number"]: trial["values"] for trial in summary["best"]}
    files = sorted((folder / "runs/small/best_configs").glob("*.yaml"))
    assert [int(file.stem.removeprefix("trial_")) for file in files] == sorted(best)
    for file in files[:1]:
        number = int(file.stem.removeprefix("trial_"))
        assert yaml.safe_load(file.read_text())["metric"] == "f1_weighted"
        assert validated(file)["f1_weighted"] == best[number][0]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SEVERAL, []),
        (
            "metric: [f1_weighted, model.params]\n",
            [
                (
                    "QG403",
                    9,
                    "there are 2 metrics (f1_weighted, model.params) and 1 direction",
                    "[maximize, minimize]",
                )
            ],
        ),
        (
            "directions: [maximize, minimize]\n",
            [("QG403", 9, "there are 2 directions, and no metric", "metric:")],
        ),
        (
            "metric: loss\ndirections: [minimize, minimize]\n",
            [("QG403", 9, "there is 1 metric (loss) and 2 directions", "")],
        ),
        (
            "metric: [f1_wieghted, model.param]\ndirections: [maximize, minimize]\n",
            [("QG410", 9, "'f1_wieghted'", "f1_weighted"), ("QG410", 9, "'model.param'", "model.params")],
        ),
        (
            "metric: [f1_weighted, model.params]\ndirections: [minimize, maximize]\n",
            [
                ("QG411", 10, "f1_weighted gets better as it grows", "maximize"),
                ("QG411", 10, "as it falls", ""),
            ],
        ),
        ("metric: model.params\n", [("QG410", 9, "a training is judged by a metric of its task", "")]),
        ("metric: [loss, loss]\ndirections: [minimize, minimize]\n", [("QG403", 9, "each of them once", "")]),
        ("metric: 3\n", [("QG403", 9, "must be the name of a metric", "")]),
        (f"{SEVERAL}pruner: median\n", [("QG417", 11, "cannot be pruned", "")]),
        (f"{SEVERAL}target: 0.9\n", [("QG403", 11, "compares the values of one objective", "")]),
    ],
)
def test_metrics_and_directions_that_do_not_fit_are_told_before_the_first_trial(tmp_path, settings, expected):
    found = problems(write_project(tmp_path, settings))
    assert len(found) == len(expected)
    for (code, line, message, hint), (code_, line_, words, hint_words) in zip(found, expected, strict=True):
        assert (code, line) == (code_, line_)
        assert words in message
        assert hint_words in hint


NODES_BASE = """\
model:
  gcn_net:
    - {in_dim: 34, out_dim: 8, gnn_layer_type: gcn, normalizer: identity, residual: false}
  head: {input_dim: 8, output_dims: [4]}
training: {seed: 1, learning_rate: 0.01, num_epochs: 3, split: 0.5}
validation: {split: 0.25}
testing: {split: 0.25}
"""
VALUES = '''\
"""Rings with a length each."""

import torch
from torch_geometric.data import Data


def rings():
    """Return rings of 4 to 8 nodes; what is predicted is their size."""
    made = []
    for i in range(40):
        n = 4 + i % 5
        ring = torch.stack([torch.arange(n), (torch.arange(n) + 1) % n])
        made.append(Data(x=torch.full((n, 2), float(n)), edge_index=ring, y=torch.tensor([float(n)])))
    return made
'''
VALUES_BASE = BASE.replace("in_dim: 12", "in_dim: 2").replace("classifier", "head").replace("[2]", "[1]")
RATE = "training: {learning_rate: {type: float, low: 0.001, high: 0.1, log: true}}\n"
TASKS = {
    "graph_classification": (
        BASE,
        "{name: causal_sets, num_graphs: 60, min_nodes: 8, max_nodes: 12}",
        "f1_weighted",
    ),
    "node_classification": (NODES_BASE, "{name: karate_club}", "accuracy"),
    "graph_regression": (VALUES_BASE, "{name: 'data.py:rings'}", "r2"),
}


@pytest.mark.parametrize("task", TASKS)
def test_the_best_config_of_a_task_is_trained_as_it_stands_to_the_value_of_its_trial(tmp_path, task):
    base, data, metric = TASKS[task]
    (tmp_path / "data.py").write_text(VALUES)
    common = TUNING.replace("graph_classification", task)
    common = "".join(
        f"data: {data}\n" if line.startswith("data:") else f"{line}\n" for line in common.splitlines()
    )
    settings = f"metric: {metric}\ndirection: maximize\nn_trials: 2\n"
    tuning = write_project(tmp_path, settings, base=base, space=RATE, dependencies="", common=common)
    done = qgtune(tuning)
    assert done.returncode == 0, done.stdout + done.stderr
    best = tmp_path / "runs/small/best_config.yaml"
    text = best.read_text()
    head, body = "".join(text.splitlines(keepends=True)[:2]), "".join(text.splitlines(keepends=True)[2:])
    assert head.startswith("# Study small")
    kept = body.splitlines()[: len(base.splitlines())]
    changed = [old for old, new in zip(base.splitlines(), kept, strict=True) if old != new]
    assert all("learning_rate" in line for line in changed)
    config = yaml.safe_load(text)
    assert list(config)[-3:] == ["task", "data", "metric"]
    assert (config["task"], config["metric"]) == (task, metric)
    if task == "graph_regression":
        assert config["data"] == {"name": "../../data.py:rings"}
    summary = json.loads((tmp_path / "runs/small/study_summary.json").read_text())
    assert validated(best)[metric] == summary["best"][0]["values"][0]


def test_a_best_config_is_sound_base_settings_of_the_next_study_and_names_what_that_one_trained(tmp_path):
    settings = "metric: f1_weighted\ndirection: maximize\nn_trials: 1\n"
    common = TUNING.replace("max_nodes: 12}", "max_nodes: 12, subset: 0.5}")
    assert qgtune(write_project(tmp_path, settings, common=common)).returncode == 0
    text = (tmp_path / "runs/small/best_config.yaml").read_text()
    assert "subset" not in text
    again = write_project(tmp_path / "again", "n_trials: 1\n", base=text)
    assert problems(again) == []
    assert qgtune(again).returncode == 0
    best = (tmp_path / "again/runs/small/best_config.yaml").read_text()
    # The next study tunes the loss: that is what its best config is for.
    assert best.splitlines()[2:] == [*text.splitlines()[:-1], "metric: loss"]


KEEPING = "metric: f1_weighted\ndirection: maximize\nkeep_checkpoints: 2\nn_trials: 6\nn_processes: 2\n"


def ranked(tuning):
    """Return the numbers of the complete trials that trained a model, the best first."""
    trials = [
        t
        for t in load_study(tuning).trials
        if t.value is not None and "qgtune:reused_from" not in t.user_attrs
    ]
    return [t.number for t in sorted(trials, key=lambda t: (-t.value, t.number))]


def test_models_of_the_best_trials_are_kept_and_those_of_others_removed_after_a_kill_too(tmp_path):
    tuning = write_project(tmp_path, KEEPING)
    process = start(tuning)
    read_until(process, "3/6")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    checkpoints = tmp_path / "runs/small/checkpoints"
    mine = checkpoints / "00099"
    mine.mkdir()
    (mine / "best_model.pt").write_text("mine")
    done = qgtune(tuning)
    assert done.returncode == 0, done.stderr
    best = ranked(tuning)[:2]
    kept = sorted(folder.name for folder in checkpoints.iterdir())
    assert kept == [*(f"{number:05d}" for number in sorted(best)), mine.name]
    assert (mine / "best_model.pt").read_text() == "mine"
    for number in best:
        folder = checkpoints / f"{number:05d}"
        assert sorted(file.name for file in folder.iterdir()) == ["best_model.pt", "cfg.yaml"]
        trial = load_study(tuning).trials[number]
        config = yaml.safe_load((folder / "cfg.yaml").read_text())
        assert config["training"]["learning_rate"] == trial.params["training.learning_rate"]
        assert (
            torch.load(folder / "best_model.pt", weights_only=True)["metrics"]["f1_weighted"] == trial.value
        )


def test_a_folder_that_holds_anything_else_is_never_removed(tmp_path):
    tuning = write_project(tmp_path, KEEPING.replace("2\nn_trials: 6\nn_processes: 2", "3\nn_trials: 3"))
    assert qgtune(tuning).returncode == 0
    checkpoints = tmp_path / "runs/small/checkpoints"
    worst, middle, best = reversed(ranked(tuning))
    (checkpoints / f"{worst:05d}/notes.txt").write_text("mine")
    config = checkpoints / f"{middle:05d}/cfg.yaml"
    config.write_text(config.read_text().replace("sage", "gcn"))
    tuning.write_text(tuning.read_text().replace("keep_checkpoints: 3", "keep_checkpoints: 1"))
    assert qgtune(tuning).returncode == 0
    assert len(list(checkpoints.iterdir())) == 3
    (checkpoints / f"{worst:05d}/notes.txt").unlink()
    listed = qgtune("clean", tuning, "--dry-run").stdout
    assert f"checkpoints/{worst:05d}  checkpoints of a trial that is not the best" in listed
    assert "1 thing would be removed" in listed
    assert len(list(checkpoints.iterdir())) == 3
    assert qgtune("clean", tuning).returncode == 0
    assert sorted(f.name for f in checkpoints.iterdir()) == sorted(f"{n:05d}" for n in (middle, best))


@pytest.mark.parametrize(("written", "first"), [("  seed: 1\n", 1), ("", 0)])
def test_repeats_train_with_other_seeds_and_leave_the_checkpoints_of_the_first(tmp_path, written, first):
    """Also where the config writes no seed, and the task begins at its own."""
    base = BASE.replace("  seed: 1\n", f"{written}  checkpoint_at: 1\n")
    tuning = write_project(tmp_path, "n_trials: 1\nrepeats: 2\n", base=base)
    done = qgtune(tuning, "--quiet")
    assert done.returncode == 0, done.stderr
    [trial] = load_study(tuning).trials
    assert trial.user_attrs["qgtune:spread"] > 0
    assert trial.value == pytest.approx(sum(trial.user_attrs["qgtune:repeats"]) / 2)
    folder = tmp_path / "runs/small/checkpoints/00000"
    config = yaml.safe_load((folder / "cfg.yaml").read_text())
    assert config["training"].get("seed", 0) == first
    best = torch.load(folder / "best_model.pt", weights_only=True)
    assert best["metrics"]["loss"] == trial.user_attrs["qgtune:repeats"][0]
