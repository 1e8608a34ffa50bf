"""``qgtune init``: the files it writes are sound and quiet, and never replace a file."""

import errno
import os
import pathlib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from own_projects import qgtune

from qgtune import cli
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.compiler.prepare import prepare
from qgtune.core.files import write_new_files
from qgtune.document import Source, dump, read_document
from qgtune.insight.proposals import proposals
from qgtune.insight.starter import make_starter

ROOT = pathlib.Path(__file__).parent.parent
CONFIGS = ["tests/guide", "sample_configs/causal_sets", "sample_configs/digits"]
OWN = """\
# an MLP
net:
  layers:
    - {in_features: 784, out_features: 128, dropout: 0.25}
    - {in_features: 128, out_features: 10}
  activation: relu
optim: {lr: 0.1, weight_decay: 0, momentum: 0.9}
epochs: 5
batch_size: 7
name: mlp   # stays
"""


@pytest.mark.parametrize("folder", CONFIGS)
def test_a_config_of_the_task_gets_the_task_a_fitting_data_set_and_no_warnings(folder, tmp_path, capsys):
    config = ROOT / folder / "base_settings.yaml"
    assert cli.main(["init", str(config), str(tmp_path / "new")]) == 0
    assert (tmp_path / "new/base_settings.yaml").read_bytes() == config.read_bytes()
    assert not (tmp_path / "new/objective.py").exists()
    capsys.readouterr()
    assert cli.main(["check", str(tmp_path / "new/tuning.yaml")]) == 0
    assert capsys.readouterr().err == ""
    prepared = prepare(tmp_path / "new/tuning.yaml")
    assert prepared.tuning.settings.data == {"name": "digit_graphs" if "digits" in folder else "causal_sets"}
    names = {suggestion.name.rpartition(".")[2] for suggestion in prepared.compilation.plan.suggestions}
    assert {"learning_rate", "weight_decay", "dropout", "out_dim", "activation", "batch_size"} <= names
    followed = {step.target for step in prepared.compilation.plan.steps}
    assert ("model", "classifier", "input_dim") in followed
    assert ("model", "gcn_net", 1, "in_dim") in followed


def test_any_other_config_gets_an_objective_that_runs(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN)
    done = qgtune("init", "mine.yaml", "study", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "wrote study/base_settings.yaml\nwrote study/search_space.yaml\nwrote study/dependency_map.yaml\n"
        "wrote study/tuning.yaml\nwrote study/objective.py\n7 parameters, 1 reference\n"
        "objective.py holds a stand-in: put your training in its place\nnext:  qgtune check study/tuning.yaml\n"
    )
    checked = qgtune("check", "study/tuning.yaml", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    text = (tmp_path / "study/tuning.yaml").read_text()
    (tmp_path / "study/tuning.yaml").write_text(text.replace("n_trials: 20", "n_trials: 2"))
    ran = qgtune("study/tuning.yaml", "--quiet", cwd=tmp_path)
    assert "2 complete" in ran.stdout, ran.stderr


def test_what_is_proposed_lies_around_the_configs_own_values():
    found = {proposal.path: proposal for proposal in proposals(yaml.safe_load(OWN))}
    layers = ("net", "layers")
    assert {path: proposal.form for path, proposal in found.items()} == {
        (*layers, 0, "out_features"): {"type": "int", "low": 64, "high": 256, "step": 64},
        (*layers, 0, "dropout"): {"type": "float", "low": 0.0, "high": 0.5},
        ("net", "activation"): ["relu", "leaky_relu", "tanh"],
        ("optim", "lr"): {"type": "float", "low": 0.01, "high": 1.0, "log": True},
        ("optim", "weight_decay"): {"type": "float", "low": 0.0, "high": 0.01},
        ("epochs",): {"type": "int", "low": 5, "high": 10, "step": 5},
        ("batch_size",): {"type": "int", "low": 7, "high": 14, "step": 7},
    }
    assert found[*layers, 0, "out_features"].followers == (
        ((*layers, 1, "in_features"), "net.layers[0].out_features"),
    )


def test_heads_that_are_concatenated_are_part_of_what_follows():
    layers = [{"in_dim": 8, "out_dim": 16, "heads": 4, "norm_args": [64]}, {"in_dim": 64, "out_dim": 2}]
    [proposal] = proposals({"layers": layers})
    assert proposal.followers == (
        (("layers", 1, "in_dim"), "layers[0].out_dim * layers[0].heads"),
        (("layers", 0, "norm_args", 0), "layers[0].out_dim * layers[0].heads"),
    )


def test_dims_that_do_not_meet_are_not_tuned():
    assert proposals({"layers": [{"in_dim": 8, "out_dim": 16}, {"in_dim": 15, "out_dim": 2}]}) == []


KEYS = ["lr", "dropout", "weight_decay", "batch_size", "hidden_dim", "hidden_dims", "num_layers", "activation",
        "out_dim", "in_dim", "gnn_layer_type", "type", "low", "odd key", "a.b", "validation"]  # fmt: skip
LEAVES = st.sampled_from(
    [0, 1, 3, 64, 0.1, 0.25, 0.95, 1e-12, 1e300, -1, True, None, "relu", "sage", "float", [], [32], [1.5]]
)
CONFIG = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=4), st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["model", "training", "net"]), CONFIG, min_size=1))
@settings(max_examples=80, deadline=None)
def test_whatever_the_config_the_files_compile_without_a_word_and_hold_its_values(config):
    text = dump(config)
    document = read_document(Source("config.yaml", text), [])
    starter = make_starter(document)
    assert starter.data is None
    compilation = compile_space(
        SpaceSources(
            Source("space", starter.files["search_space.yaml"]),
            Source("config.yaml", text),
            Source("map", starter.files["dependency_map.yaml"]),
        ),
    )
    assert [w.code for w in compilation.warnings] == ([] if starter.parameters else ["QG213"])
    assert len(compilation.plan.suggestions) == starter.parameters
    assert len(compilation.plan.steps) == starter.references


@pytest.mark.parametrize("name", ["tuning.yaml", "search_space.yaml", "base_settings.yaml", "objective.py"])
def test_a_file_that_exists_is_never_overwritten_and_then_nothing_is_written(name, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text(OWN)
    (tmp_path / name).write_text("mine\n")
    assert cli.main(["init", str(tmp_path / "mine.yaml"), str(tmp_path)]) == 1
    assert f"nothing was written, since {name} exists in {tmp_path}" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["mine.yaml", name])
    assert (tmp_path / name).read_text() == "mine\n"


def test_a_config_that_already_is_the_base_settings_stays_where_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base_settings.yaml").write_text(OWN)
    assert cli.main(["init", "base_settings.yaml"]) == 0
    assert "wrote base_settings.yaml" not in capsys.readouterr().out
    assert (tmp_path / "base_settings.yaml").read_text() == OWN
    assert (tmp_path / "tuning.yaml").exists()


@pytest.mark.parametrize(("text", "code"), [("a: [1\n", "QG103"), ("- 1\n", "QG201")])
def test_a_config_that_cannot_be_read_is_told_at_its_line(text, code, tmp_path, capsys):
    (tmp_path / "c.yaml").write_text(text)
    assert cli.main(["init", str(tmp_path / "c.yaml"), str(tmp_path / "new")]) == 1
    assert f"error[{code}]" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


NODE_CONFIG = """\
task: node_classification
model:
  encoder:
    - {in_dim: 34, out_dim: 8, gnn_layer_type: gcn}
    - {in_dim: 8, out_dim: 16, gnn_layer_type: gcn}
  head: {input_dim: 16, output_dims: [4]}
training: {learning_rate: 0.01}
validation: {}
"""
REGRESSION_CONFIG = """\
model:
  gcn_net:
    - {in_dim: 12, out_dim: 8, gnn_layer_type: sage, normalizer: batch_norm, norm_args: [8]}
  pooling_layer: [mean, max]
  classifier: {input_dim: 16, output_dims: [1]}
training: {loss: mae, learning_rate: 0.01}
validation: {}
"""


@pytest.mark.parametrize(
    "case",
    [
        (
            NODE_CONFIG,
            "node_classification",
            {"name": "karate_club"},
            {
                "model.encoder[1].in_dim": "model.encoder[0].out_dim",
                "model.head.input_dim": "model.encoder[1].out_dim",
            },
        ),
        (
            REGRESSION_CONFIG,
            "graph_regression",
            {"name": "causal_sets", "targets": ["width"]},
            {
                "model.classifier.input_dim": "model.gcn_net[0].out_dim * 2",
                "model.gcn_net[0].norm_args[0]": "model.gcn_net[0].out_dim",
            },
        ),
    ],
)
def test_a_config_of_any_task_gets_that_task_and_quiet_files(case, tmp_path, capsys):
    text, task, data, followers = case
    (tmp_path / "mine.yaml").write_text(text)
    assert cli.main(["init", str(tmp_path / "mine.yaml"), str(tmp_path / "new")]) == 0
    capsys.readouterr()
    assert cli.main(["check", str(tmp_path / "new/tuning.yaml")]) == 0
    assert capsys.readouterr().err == ""
    settings = prepare(tmp_path / "new/tuning.yaml").tuning.settings
    assert (settings.task, settings.data) == (task, data)
    assert yaml.safe_load((tmp_path / "new/dependency_map.yaml").read_text()) == followers


def test_what_stands_beside_the_pooled_features_is_added_in_the_map():
    model = {"gcn_net": [{"in_dim": 3, "out_dim": 8}], "pooling_layer": "mean"}
    model["graph_features_net"] = {"input_dim": 2, "output_dim": 4}
    model["classifier"] = {"input_dim": 12, "output_dims": [2]}
    followers = [follower for proposal in proposals({"model": model}) for follower in proposal.followers]
    assert followers == [
        (
            ("model", "classifier", "input_dim"),
            "model.gcn_net[0].out_dim + model.graph_features_net.output_dim",
        )
    ]


def test_where_one_file_cannot_be_written_none_is(tmp_path, monkeypatch, capsys):
    """The disk is full, for the third file and whatever comes after it."""
    (tmp_path / "mine.yaml").write_text("training: {learning_rate: 0.1}\n")
    calls = []

    def full_disk(descriptor):
        calls.append(descriptor)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full_disk)
    assert cli.main(["init", str(tmp_path / "mine.yaml"), str(tmp_path / "new")]) == 1
    said = capsys.readouterr().err
    assert "cannot be written: no space left on device" in said
    assert ".tmp" not in said
    assert list((tmp_path / "new").iterdir()) == []


def test_a_file_that_appears_meanwhile_is_never_written_over(tmp_path):
    (tmp_path / "b.yaml").write_text("mine")
    contents = {tmp_path / name: b"ours" for name in ("a.yaml", "b.yaml")}
    with pytest.raises(FileExistsError, match=r"b\.yaml"):
        write_new_files(contents)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"b.yaml": "mine"}


def test_files_are_written_where_the_file_system_has_no_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr("os.link", no_links)
    write_new_files({tmp_path / "a.yaml": b"ours"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.yaml": "ours"}
    with pytest.raises(FileExistsError):
        write_new_files({tmp_path / "a.yaml": b"new"})
    assert (tmp_path / "a.yaml").read_text() == "ours"
