"""Laws of output folders that may be read but not written, and of disks that are full."""

import contextlib
import os
import shutil
import subprocess
import sys

import pytest
import torch
from own_projects import environment, qgtune_here, write_project

from qgtune import load_study
from qgtune.training.loop.checkpoints import save_atomically, save_best_model
from qgtune.training.model_files import read_model
from qgtune.training.task import TrainingResult

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the faults are made with Linux's own means")

TRAINED = """\
model:
  gcn_net:
    - {in_dim: 12, out_dim: 8, gnn_layer_type: sage}
  pooling_layer: mean
  classifier: {input_dim: 8, output_dims: [2]}
training: {seed: 3, num_epochs: 1, batch_size: 8, split: 0.6}
validation: {split: 0.2}
task: graph_classification
data: {name: causal_sets, num_graphs: 20, max_nodes: 60}
"""


@pytest.fixture
def ordinary(tmp_path):
    """What stands before a command whose process permissions hold for, as they do not for root's."""
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere, and there is no setpriv to forbid it")
    without = "-dac_override,-dac_read_search"
    limited = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}"]
    with read_only(tmp_path):
        touched = subprocess.run([*limited, "touch", tmp_path / "file"], check=False, capture_output=True)
    if touched.returncode == 0:
        pytest.skip("root may write anywhere here")
    return limited


@contextlib.contextmanager
def read_only(folder):
    """Let nobody write into a folder."""
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def qgtune(ordinary, *words):
    return subprocess.run(
        [*ordinary, sys.executable, "-m", "qgtune", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=300,
    )


def test_a_run_into_a_folder_that_may_only_be_read_is_refused_before_the_first_trial(tmp_path, ordinary):
    tuning = write_project(
        tmp_path / "project", "n_trials: 2\noutput_dir: results\nstorage: kept/study.log\n"
    )
    for name in ("results", "kept"):
        (tmp_path / "project" / name).mkdir()
    (tmp_path / "project/results/best_config.yaml").write_text("mine: 1\n")
    with read_only(tmp_path / "project/results"):
        done = qgtune(ordinary, tuning)
    assert done.returncode == 1
    assert "error[QG413]: results cannot be written to " in done.stderr
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in (tmp_path / "project/results").iterdir()} == {"best_config.yaml"}
    assert not list((tmp_path / "project/kept").iterdir())


def test_a_report_into_a_folder_that_may_only_be_read_is_refused_and_changes_nothing(tmp_path, ordinary):
    tuning = write_project(tmp_path / "project", "n_trials: 2\n")
    done = qgtune_here(tuning, "--quiet")
    assert done.returncode == 0, done.stderr
    runs = tmp_path / "project/runs/tiny"
    before = {path.name: path.read_bytes() for path in runs.iterdir()}
    with read_only(runs):
        done = qgtune(ordinary, "report", tuning, "--no-plots")
    assert done.returncode == 1
    assert "error[QG4" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in runs.iterdir()} == before
    assert len(load_study(tuning).trials) == 2


def test_a_training_into_a_folder_that_may_only_be_read_is_refused_before_it_begins(tmp_path, ordinary):
    (tmp_path / "config.yaml").write_text(TRAINED)
    (tmp_path / "results").mkdir()
    with read_only(tmp_path / "results"):
        done = qgtune(ordinary, "train", tmp_path / "config.yaml", "--output", tmp_path / "results")
    assert done.returncode == 1
    assert "results: permission denied; give --output" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "results").iterdir())


@pytest.fixture
def full_disk(tmp_path):
    """A file system without a byte left, in which a file ``old.pt`` stands."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    save_atomically({"epoch": 1}, disk / "old.pt")
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 512):
            pass
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_checkpoint_on_a_full_disk_is_an_error_of_the_disk_and_leaves_the_one_before(full_disk):
    before = (full_disk / "old.pt").read_bytes()
    with pytest.raises(OSError, match="No space left on device") as caught:
        save_atomically({"epoch": 2, "weights": list(range(10_000))}, full_disk / "old.pt")
    assert caught.value.filename == str(full_disk / "old.pt")
    assert (full_disk / "old.pt").read_bytes() == before
    assert {path.name for path in full_disk.iterdir()} == {"old.pt", "filler"}


def test_the_model_of_a_trial_on_a_full_disk_is_an_error_that_costs_no_trial(full_disk):
    """Whoever trains it says so, and tells the value."""
    result = TrainingResult(0.5, 0, {}, torch.nn.Linear(200, 200), 1)
    with pytest.raises(OSError, match="No space left on device"):
        save_best_model({"training": {"checkpoint_path": str(full_disk)}}, full_disk, 0, result)


def test_a_training_on_a_disk_that_becomes_full_says_so_and_goes_on_when_there_is_room(tmp_path, full_disk):
    config = tmp_path / "config.yaml"
    config.write_text(TRAINED.replace("num_epochs: 1", f"num_epochs: 1, checkpoint_path: {full_disk}/here"))
    refused = qgtune_here("train", config, "--quiet")
    assert refused.returncode == 1
    assert "no space left on device" in refused.stderr.lower()
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "config_trained/model.pt").exists()
    (full_disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=8m", str(full_disk)], check=True)
    done = qgtune_here("train", config, "--quiet")
    assert done.returncode == 0, done.stderr
    assert read_model(tmp_path / "config_trained/model.pt").epochs == 1
