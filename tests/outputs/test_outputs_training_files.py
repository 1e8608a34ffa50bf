"""Laws of what ``qgtune train`` leaves: whole, its own, and never in place of a user's file."""

import csv
import json
import shutil
import signal
import subprocess
import sys

import jsonschema
import pytest
from own_projects import environment, qgtune_here

from qgtune.outputs.own_files import OwnFiles
from qgtune.outputs.training_files import EpochHistory, metrics_text
from qgtune.schema.export import schemas
from qgtune.training import EpochResult, TrainedModel, read_model

CONFIG = """\
model:
  gcn_net:
    - {in_dim: 12, out_dim: 8, gnn_layer_type: sage, normalizer: batch_norm}
  pooling_layer: mean
  classifier: {input_dim: 8, output_dims: [2]}
training: {seed: 3, num_epochs: 3, batch_size: 8, split: 0.6}
validation: {split: 0.2}
testing: {split: 0.2}
task: graph_classification
data: {name: causal_sets, num_graphs: 40, max_nodes: 60}
metric: accuracy
"""
FILES = ("model.pt", "metrics.json", "history.csv", "config.yaml")


def qgtune(project, *words):
    return qgtune_here(*words, cwd=project)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A project that was trained; nobody changes it."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "some.yaml").write_text(CONFIG, encoding="utf-8")
    done = qgtune(folder, "train", "some.yaml", "--quiet")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def trained(first, tmp_path):
    return shutil.copytree(first, tmp_path / "trained")


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def test_the_metrics_are_legal_in_their_schema(first):
    found = json.loads((first / "some_trained/metrics.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, schemas()["metrics.schema.json"])
    assert found["version"] == 2


def test_a_metric_that_is_no_number_is_the_same_text_in_every_json_file():
    model = TrainedModel("t", {}, {}, "f1", 0, 1, {"testing": {"auc": float("nan"), "x": float("-inf")}}, {})
    found = json.loads(metrics_text(model))
    jsonschema.validate(found, schemas()["metrics.schema.json"])
    assert found["metrics"]["testing"] == {"auc": "NaN", "x": "-Infinity"}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_no_training_wrote_is_not_overwritten_and_nothing_is_trained(tmp_path, name):
    (tmp_path / "some.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / name).write_text("mine", encoding="utf-8")
    before = {path.name for path in tmp_path.iterdir()}
    for again in ([], ["--again"]):
        refused = qgtune(tmp_path, "train", "some.yaml", "--output", ".", *again)
        assert refused.returncode == 1
        assert f"{name} is there already, and no training wrote it" in refused.stderr
        assert "--output DIR" in refused.stderr
        assert "train loss" not in refused.stdout
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_config_may_be_trained_in_its_own_folder_and_keeps_its_bytes(tmp_path):
    """It is the file that would be written there."""
    text = CONFIG.replace("\n", "\r\n")
    (tmp_path / "config.yaml").write_bytes(text.encode())
    for again in ([], ["--again"]):
        done = qgtune(tmp_path, "train", "config.yaml", "--output", ".", "--quiet", *again)
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "config.yaml").read_bytes() == text.encode()
    assert not list(tmp_path.glob("*.edited*"))


def test_what_was_edited_of_a_training_is_kept_beside_when_it_is_trained_again(trained):
    folder = trained / "some_trained"
    whole = contents(folder)
    (folder / "metrics.json").write_text("mine", encoding="utf-8")
    (folder / "history.csv").write_text("epoch,train_loss\nmine,1\n", encoding="utf-8")
    done = qgtune(trained, "train", "some.yaml", "--again", "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("was edited by hand: it is kept as") == 2
    assert (folder / "metrics.edited.json").read_text(encoding="utf-8") == "mine"
    assert {**contents(folder), "model.pt": b""} == {**whole, "model.pt": b""}


def test_a_folder_that_was_trained_into_before_files_were_remembered_is_trained_into_again(trained):
    folder = trained / "some_trained"
    (folder / ".qgtune-outputs.json").unlink()
    assert "as before" in qgtune(trained, "train", "some.yaml").stdout
    done = qgtune(trained, "train", "some.yaml", "--again", "--quiet")
    assert done.returncode == 0, done.stderr
    assert read_model(folder / "model.pt").task == "graph_classification"


def test_a_training_that_is_killed_while_it_trains_again_leaves_what_there_was(trained):
    """The old model, its metrics and its epochs still belong together."""
    (trained / "some.yaml").write_text(
        CONFIG.replace("num_epochs: 3", "num_epochs: 100000"), encoding="utf-8"
    )
    folder = trained / "some_trained"
    whole = contents(folder)
    command = [sys.executable, "-m", "qgtune", "train", "some.yaml", "--again"]
    running = subprocess.Popen(command, cwd=trained, stdout=subprocess.PIPE, text=True, env=environment())
    for line in running.stdout:
        if line.startswith("epoch    1"):
            running.send_signal(signal.SIGKILL)
            break
    running.stdout.close()
    running.wait()
    assert contents(folder) == whole
    (trained / "some.yaml").write_text(CONFIG, encoding="utf-8")
    done = qgtune(trained, "train", "some.yaml", "--again", "--quiet")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((folder / "history.csv").read_text(encoding="utf-8").splitlines()))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    assert not list(folder.glob(".qgtune-history*"))


def test_what_a_trial_of_a_study_has_learned_is_not_written_over(tmp_path):
    """Its checkpoints are where those of a training in the same folder would be."""
    (tmp_path / "some.yaml").write_text(CONFIG, encoding="utf-8")
    OwnFiles(tmp_path / "runs", print).write(made(tmp_path / "runs") / "trials.csv", "number\n")
    learned = made(tmp_path / "runs/checkpoints/00000")
    (learned / "cfg.yaml").write_text("another: config\n", encoding="utf-8")
    for again in ([], ["--again"]):
        refused = qgtune(tmp_path, "train", "some.yaml", "--output", "runs", *again)
        assert (refused.returncode, "has learned" in refused.stderr) == (1, True), refused.stderr
    assert (learned / "cfg.yaml").read_text(encoding="utf-8") == "another: config\n"
    assert [path.name for path in learned.iterdir()] == ["cfg.yaml"]


def made(folder):
    folder.mkdir(parents=True)
    return folder


def epoch(number):
    return EpochResult(number, 0.5, {"loss": 0.25, "accuracy": 1.0}, 1.0)


class Kept:
    """Stands for ``OwnFiles``, and writes at once."""

    def write(self, path, text):
        path.write_bytes(text)


def test_the_rows_of_a_training_that_goes_on_follow_those_before_whatever_became_of_the_file(tmp_path):
    """Rows of epochs that come again, half rows, and what a user wrote between them are left out."""
    path = tmp_path / "history.csv"
    part = tmp_path / ".qgtune-history.csv"
    begun = EpochHistory(path)
    begun.add(epoch(0))
    begun.add(epoch(1))
    with part.open("a", encoding="utf-8") as file:
        file.write("a note of mine\n-1,0\n2,0.5,1.0,0.25\n3,0.")
    again = EpochHistory(path)
    again.add(epoch(2))
    again.finish(Kept())
    rows = path.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "epoch,train_loss,accuracy,loss"
    assert [row.partition(",")[0] for row in rows[1:]] == ["0", "1", "2"]
    assert not part.exists()


def test_a_history_that_is_no_text_is_begun_anew(tmp_path):
    (tmp_path / "history.csv").write_bytes(b"\xff\xfe\n")
    history = EpochHistory(tmp_path / "history.csv")
    history.add(epoch(3))
    history.finish(Kept())
    assert len((tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()) == 2
