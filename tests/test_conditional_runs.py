"""Runs over a conditional space, through the real command line."""

import csv

import optuna
import pytest
from own_projects import qgtune_here as qgtune
from own_projects import write_project

from qgtune.document import Source, read_document, read_text
from qgtune.tune import build_search_space_with_dependencies

BASE = """\
training: {width: 16, learning_rate: 0.1}   # a comment
model:
  kind: gat
  heads: 2   # attention only
  conv: {drop: 0.1}
  layers:
    - {in_dim: 5, out_dim: 8, act: relu}
  last_dim: 8
"""
SPACE = """\
constraints: ["training.width * len(model.layers) <= 100"]
training:
  width: {type: int, low: 8, high: 64}
  learning_rate: {type: float, low: 0.001, high: 1.0, log: true}
model:
  kind: {type: categorical, choices: [gat, sage]}
  heads: {when: model.kind == 'gat', type: int, low: 1, high: 4}
  conv:
    type: switch
    on: model.kind
    cases:
      gat: {drop: {type: float, low: 0.0, high: 0.5}}
      sage: {drop: {type: float, low: 0.5, high: 0.9}, aggr: mean}
  layers:
    type: repeat
    count: {type: int, low: 1, high: 3}
    item: {out_dim: {type: int, low: 1, high: 64}, act: {type: categorical, choices: [relu, elu]}}
    shared: [act]
"""
DEPENDENCIES = """\
"model.layers[*].in_dim": prev.out_dim
model: {last_dim: "model.layers[-1].out_dim"}
"""
OBJECTIVE = '''\
"""A score of a conditional config."""


def score(trial, config):
    """Return what a tiny conditional config is worth."""
    model = config["model"]
    assert ("heads" in model) == (model["kind"] == "gat")
    assert model["last_dim"] == model["layers"][-1]["out_dim"]
    assert config["training"]["width"] * len(model["layers"]) <= 100
    return len(model["layers"]) + model["conv"]["drop"] + config["training"]["learning_rate"]
'''
NAMES = [
    "training.width",
    "training.learning_rate",
    "model.kind",
    "model.heads",
    "model.conv.drop (gat)",
    "model.conv.drop (sage)",
    "model.layers.count",
    "model.layers.0.out_dim",
    "model.layers.0.act",
    "model.layers.1.out_dim",
    "model.layers.2.out_dim",
]


def project(folder, n_trials):
    tuning = f"n_trials: {n_trials}\nn_processes: 2\n"
    return write_project(
        folder, tuning, objective=OBJECTIVE, space=SPACE, base=BASE, dependencies=DEPENDENCIES
    )


def read(path):
    return read_document(Source(path.name, path.read_text()), []).data


def rebuilt(folder, params):
    """Return the config of a trial from its parameters alone."""
    trial = optuna.trial.FixedTrial(params)
    return build_search_space_with_dependencies(
        folder / "search_space.yaml",
        folder / "dependency_map.yaml",
        trial,
        True,
        True,
        folder / "base_settings.yaml",
    )


def table(out):
    with (out / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def params_of(row):
    return {name: read_text(row[name]) for name in NAMES if row.get(name)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a project whose run has ended."""
    folder = tmp_path_factory.mktemp("conditional")
    done = qgtune(project(folder, 12))
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_the_best_config_is_the_best_trials_own(folder):
    out = folder / "runs" / "tiny"
    best = read(out / "best_config.yaml")
    assert best == rebuilt(folder, read(out / "best_trial.yaml"))
    assert "# a comment" in (out / "best_config.yaml").read_text()
    complete = [row for row in table(out) if row["state"] == "complete"]
    assert read(out / "best_trial.yaml") == params_of(min(complete, key=lambda row: float(row["value"])))


def test_the_table_has_a_column_for_each_parameter_and_no_config_breaks_the_constraint(folder):
    rows = table(folder / "runs" / "tiny")
    assert [row["state"] for row in rows] == ["complete"] * 12
    assert set(NAMES) <= set(rows[0])
    for row in rows:
        assert int(row["training.width"]) * int(row["model.layers.count"]) <= 100
        assert bool(row["model.heads"]) == (row["model.kind"] == "gat")
        assert bool(row["model.conv.drop (gat)"]) == (row["model.kind"] == "gat")
        assert bool(row["model.layers.2.out_dim"]) == (row["model.layers.count"] == "3")


def test_the_built_search_space_tells_the_variants_of_its_own_config(folder):
    out = folder / "runs" / "tiny"
    [first, *_] = table(out)
    text = (out / "built_search_space.yaml").read_text()
    assert read(out / "built_search_space.yaml")["model"]["kind"] == first["model.kind"]
    assert len(read(out / "built_search_space.yaml")["model"]["layers"]) == int(first["model.layers.count"])
    drop = {"gat": "float from 0.0 to 0.5", "sage": "float from 0.5 to 0.9"}
    for kind, domain in drop.items():
        assert (domain in text) == (first["model.kind"] == kind)
    assert "last_dim: " in text
    assert "# follows model.layers[-1].out_dim" in text
    assert "# conditional: {" in text


def test_a_run_goes_on_where_it_ended(folder):
    before = table(folder / "runs" / "tiny")
    done = qgtune(project(folder, 14))
    assert (done.returncode, done.stderr) == (0, "")
    after = table(folder / "runs" / "tiny")
    assert len(after) == 14
    assert [params_of(row) for row in after[:12]] == [params_of(row) for row in before]
