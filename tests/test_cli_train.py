"""``qgtune train`` and ``qgtune evaluate``: what a study found is trained, kept, and measured elsewhere."""

import array
import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from own_projects import environment, qgtune_here, wait_until, write_project
from own_projects import qgtune as qgtune_alone

from qgtune.cli.train import print_metrics

if sys.platform == "linux":
    import fcntl
    import termios

CONFIG = """\
model:
  gcn_net:
    - {in_dim: 12, out_dim: 8, gnn_layer_type: sage, normalizer: batch_norm}
  pooling_layer: mean
  classifier: {input_dim: 8, output_dims: [2]}
training: {seed: 3, num_epochs: 3, batch_size: 8, split: 0.6}
validation: {split: 0.2}
testing: {split: 0.2}
"""
PURPOSE = """\
task: graph_classification
data: {name: causal_sets, num_graphs: 40, max_nodes: 60, subset: 0.5}
metric: accuracy
"""


def qgtune(project, *words):
    """Run the command line in the folder of a project."""
    return qgtune_here(*words, cwd=project)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG + PURPOSE, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A project that was trained, in a process of its own, and what that printed; nobody changes it."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "config.yaml").write_text(CONFIG + PURPOSE, encoding="utf-8")
    done = qgtune_alone("train", "config.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture
def trained(first, tmp_path):
    """A copy of the trained project."""
    return shutil.copytree(first[0], tmp_path / "trained")


def test_a_config_is_trained_on_all_of_its_data_and_measured_on_its_test_part(first, trained):
    """The outputs agree with each other, hold every epoch, and do not depend on when they were made."""
    folder = trained / "config_trained"
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert "subset" not in metrics["data"]
    assert set(metrics["metrics"]) == {"validation", "testing"}
    rows = list(csv.DictReader((folder / "history.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    best = rows[metrics["best_epoch"]]
    assert float(best["accuracy"]) == metrics["metrics"]["validation"]["accuracy"]
    assert max(float(row["accuracy"]) for row in rows) == float(best["accuracy"])
    assert (folder / "config.yaml").read_text(encoding="utf-8") == CONFIG + PURPOSE
    assert "testing" in first[1].stdout

    before = {name: (folder / name).read_bytes() for name in ("metrics.json", "history.csv")}
    again = qgtune(trained, "train", "config.yaml", "--again", "--quiet")
    assert again.returncode == 0, again.stderr
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_what_was_trained_is_not_trained_twice(first, trained):
    """The second call tells what the first one found, without an epoch."""
    second = qgtune(trained, "train", "config.yaml")
    assert second.returncode == 0
    assert "train loss" in first[1].stdout
    assert "train loss" not in second.stdout
    assert "as before" in second.stdout
    told = [line for line in first[1].stdout.splitlines() if line.startswith("  ")]
    assert told == [line for line in second.stdout.splitlines() if line.startswith("  ")]


def test_the_model_of_another_config_is_not_overwritten(trained):
    """A folder that holds another model is refused, with both ways out."""
    model = (trained / "config_trained" / "model.pt").read_bytes()
    (trained / "config.yaml").write_text((CONFIG + PURPOSE).replace("seed: 3", "seed: 4"), encoding="utf-8")
    refused = qgtune(trained, "train", "config.yaml", "--quiet")
    assert refused.returncode == 1
    assert "--again" in refused.stderr
    assert "--output" in refused.stderr
    assert (trained / "config_trained" / "model.pt").read_bytes() == model


def test_a_model_is_measured_on_other_data(trained):
    """The same graphs as a file of data settings give the metrics of all of them; other ones give theirs."""
    # In a process of its own, which knows nothing of the training but its files.
    own = json.loads(qgtune_alone("evaluate", "config_trained", "--format", "json", cwd=trained).stdout)
    metrics = json.loads((trained / "config_trained" / "metrics.json").read_text(encoding="utf-8"))
    assert own["section"] == "testing"
    assert own["metrics"] == metrics["metrics"]["testing"]
    (trained / "other.yaml").write_text(
        "data: {name: causal_sets, num_graphs: 30, seed: 9}\n", encoding="utf-8"
    )
    other = json.loads(
        qgtune(
            trained, "evaluate", "config_trained/model.pt", "--data", "other.yaml", "--format", "json"
        ).stdout
    )
    assert other["section"] == "all"
    assert other["data"]["seed"] == 9
    assert 0 <= other["metrics"]["accuracy"] <= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("task: graph_classification\n", ""), "QG406"),
        (("task: graph_classification", "task: graph_clasification"), "did you mean 'graph_classification'"),
        (("in_dim: 12", "in_dim: 11"), "config.yaml:3:16: error[QG214]"),
        (("out_dim: 8", "out_dim: -8"), "config.yaml:3:29: error[QG214]"),
        (("num_graphs: 40", "num_graph: 40"), "did you mean 'num_graphs'"),
        (("metric: accuracy", "metric: acuracy"), "did you mean 'accuracy'"),
        (("split: 0.6", "split: 0.9"), "must not exceed 1"),
    ],
)
def test_a_config_that_cannot_be_trained_is_refused_at_its_line(project, change, said):
    """Nothing is trained, the line is named, and so is a way out."""
    (project / "config.yaml").write_text((CONFIG + PURPOSE).replace(*change), encoding="utf-8")
    refused = qgtune(project, "train", "config.yaml")
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (project / "config_trained").exists()


@pytest.mark.parametrize(
    ("content", "said"), [(None, "there is no trained model"), (b"no model", "is no model that qgtune train")]
)
def test_a_file_that_is_no_model_is_named(project, content, said):
    """What was expected of the file is said in one line."""
    if content is not None:
        (project / "model.pt").write_bytes(content)
    refused = qgtune(project, "evaluate", "model.pt")
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_data_that_the_model_does_not_fit_is_refused_at_its_line(trained):
    """Graphs with other features are named where their file names them."""
    (trained / "other.yaml").write_text("name: digit_graphs\n", encoding="utf-8")
    refused = qgtune(trained, "evaluate", "config_trained", "--data", "other.yaml")
    assert refused.returncode == 1
    assert "other.yaml:1:" in refused.stderr
    assert "features" in refused.stderr


@contextlib.contextmanager
def almost_full_pipe(room):
    """Yield both ends of a pipe that takes so many bytes before whoever writes to it is held, and a count of them."""
    read, write = os.pipe()
    size = fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.write(write, b" " * (size - room))

    def written():
        held = array.array("i", [0])
        fcntl.ioctl(read, termios.FIONREAD, held)
        return held[0] - (size - room)

    try:
        yield write, written
    finally:
        os.close(read)
        os.close(write)


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe cannot be set")
def test_a_killed_training_goes_on_and_ends_as_if_it_had_not_been(project):
    """kill -9 between two epochs changes no byte of the results."""
    config = (CONFIG + PURPOSE).replace("num_epochs: 3", "num_epochs: 12")
    (project / "config.yaml").write_text(config, encoding="utf-8")
    (project / "whole.yaml").write_text(config, encoding="utf-8")
    assert qgtune(project, "train", "whole.yaml", "--quiet").returncode == 0
    command = [sys.executable, "-m", "qgtune", "train", "config.yaml"]
    with almost_full_pipe(room=300) as (output, written):  # that is some five lines: it cannot get to its end
        running = subprocess.Popen(command, cwd=project, stdout=output, env=environment())
        wait_until(lambda: written() >= 150 or running.poll() is not None, "the training does not begin")
        running.kill()
        assert running.wait() == -signal.SIGKILL
    done = qgtune(project, "train", "config.yaml")
    assert done.returncode == 0, done.stderr
    assert "epoch    0" not in done.stdout
    for name in ("metrics.json", "history.csv"):
        whole = (project / "whole_trained" / name).read_bytes()
        assert (project / "config_trained" / name).read_bytes() == whole


def test_a_training_says_how_many_samples_each_part_had(first):
    """They are those of all of the data, without the study's subset."""
    assert "samples: 24 training, 8 validation, 8 testing\n" in first[1].stdout


def test_a_training_that_nobody_reads_any_more_comes_to_its_end(project):
    """Its model is there, and its exit code is its own."""
    command = [sys.executable, "-m", "qgtune", "train", "config.yaml"]
    pipe = subprocess.PIPE
    running = subprocess.Popen(command, cwd=project, stdout=pipe, stderr=pipe, text=True, env=environment())
    running.stdout.close()
    with running.stderr:
        errors = running.stderr.read()
    assert (running.wait(), errors) == (0, "")
    assert (project / "config_trained/model.pt").is_file()


def test_the_config_of_an_objective_is_refused_with_a_way_out_that_leads_somewhere(tmp_path):
    """Neither answer sends the user back to the other."""
    tuning = write_project(tmp_path)
    alone = qgtune(tmp_path, "train", "base_settings.yaml")
    assert "is trained by a script of your own" in alone.stderr
    named = qgtune(tmp_path, "train", "base_settings.yaml", "--tuning", tuning.name)
    assert named.returncode == 1
    assert "tuning.yaml:4:12: error[QG406]" in named.stderr
    assert "the trials of this file are trained by objective.py:score" in named.stderr
    assert "give --tuning" not in named.stderr


def test_a_section_without_metrics_is_printed_as_such(capsys):
    """A task of the user's own may report none."""
    print_metrics("testing", {})
    assert capsys.readouterr().out == "testing\n"
