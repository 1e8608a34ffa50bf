"""Laws of output folders that an ordinary user may read but not write, and of disks that are full."""

import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

import pytest
from own_projects import environment, write_project

from qgtune import load_study
from qgtune.training.loop.checkpoints import save_atomically
from qgtune.training.model_files import read_model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the faults are made with Linux's own means")

SOURCES = str(pathlib.Path(__file__).parents[2])
TRAINED = """\
model:
  gcn_net:
    - {in_dim: 12, out_dim: 8, gnn_layer_type: sage}
  pooling_layer: mean
  classifier: {input_dim: 8, output_dims: [2]}
training: {seed: 3, num_epochs: 1, batch_size: 8, split: 0.6}
validation: {split: 0.2}
task: graph_classification
data: {name: causal_sets, num_graphs: 20, max_nodes: 20}
"""


@pytest.fixture
def folder():
    """A folder that every user may enter, unlike pytest's own."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="qgtune-"))
    made.chmod(0o755)
    (made / "home").mkdir()
    yield made
    shutil.rmtree(made)


def ordinary_user(folder):
    """Return how to run a process as somebody for whom permissions hold, with a home of their own."""
    told = {
        **environment(),
        "HOME": str(folder / "home"),
        "PYTHONPATH": SOURCES,
        "TMPDIR": str(folder / "home"),
    }
    options = {"cwd": folder, "env": {**told, "PYTHONDONTWRITEBYTECODE": "1"}}
    if os.getuid() != 0:
        return options
    user = pwd.getpwnam("nobody")
    os.chown(folder / "home", user.pw_uid, user.pw_gid)
    return {**options, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def qgtune_as(options, *words):
    return subprocess.run(
        [sys.executable, "-m", "qgtune", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


@contextlib.contextmanager
def read_only(folder):
    """Let nobody write into a folder, whoever owns it."""
    if os.getuid() == 0:
        os.chown(folder, 0, 0)
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


@pytest.fixture
def user(folder):
    options = ordinary_user(folder)
    try:
        reachable = qgtune_as(options, "--help").returncode == 0
    except OSError:
        reachable = False
    if not reachable:
        pytest.skip("an ordinary user can reach neither this Python nor this checkout")
    return options


def test_a_run_into_a_folder_that_may_only_be_read_is_refused_before_the_first_trial(folder, user):
    tuning = write_project(folder / "project", "n_trials: 2\noutput_dir: results\nstorage: kept/study.log\n")
    for name in ("results", "kept"):
        (folder / "project" / name).mkdir()
    (folder / "project/results/best_config.yaml").write_text("mine: 1\n")
    with read_only(folder / "project/results"):
        done = qgtune_as(user, tuning)
    assert done.returncode == 1
    assert "error[QG413]: results cannot be written to " in done.stderr
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in (folder / "project/results").iterdir()} == {"best_config.yaml"}
    assert not list((folder / "project/kept").iterdir())


def test_a_report_into_a_folder_that_may_only_be_read_is_refused_and_changes_nothing(folder, user):
    tuning = write_project(folder / "project", "n_trials: 2\n")
    done = subprocess.run(
        [sys.executable, "-m", "qgtune", str(tuning), "--quiet"],
        check=False,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    runs = folder / "project/runs/tiny"
    before = {path.name: path.read_bytes() for path in runs.iterdir()}
    with read_only(runs):
        done = qgtune_as(user, "report", tuning, "--no-plots")
    assert done.returncode == 1
    assert "error[QG4" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in runs.iterdir()} == before
    assert len(load_study(tuning).trials) == 2


def test_a_training_into_a_folder_that_may_only_be_read_is_refused_before_it_begins(folder, user):
    (folder / "config.yaml").write_text(TRAINED)
    (folder / "results").mkdir()
    with read_only(folder / "results"):
        done = qgtune_as(user, "train", folder / "config.yaml", "--output", folder / "results")
    assert done.returncode == 1
    assert "results: permission denied; give --output" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((folder / "results").iterdir())


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


def test_a_training_on_a_disk_that_becomes_full_says_so_and_goes_on_when_there_is_room(tmp_path, full_disk):
    config = tmp_path / "config.yaml"
    config.write_text(TRAINED.replace("num_epochs: 1", f"num_epochs: 1, checkpoint_path: {full_disk}/here"))
    command = [sys.executable, "-m", "qgtune", "train", str(config), "--quiet"]
    options = {"capture_output": True, "text": True, "env": environment(), "cwd": tmp_path}
    refused = subprocess.run(command, check=False, **options)
    assert refused.returncode == 1
    assert "no space left on device" in refused.stderr.lower()
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "config_trained/model.pt").exists()
    (full_disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=8m", str(full_disk)], check=True)
    done = subprocess.run(command, check=False, **options)
    assert done.returncode == 0, done.stderr
    assert read_model(tmp_path / "config_trained/model.pt").epochs == 1
