"""Every example runs as its page says."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from own_projects import environment

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"
COMMANDS = re.findall(r"`python (.*?)` \|$", (EXAMPLES / "README.md").read_text(), re.MULTILINE)


@pytest.fixture
def copied(tmp_path):
    """A copy of the examples, so that nothing is left in the repository."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("runs", "__pycache__"))
    return tmp_path


def test_every_example_has_a_command():
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert {
        folder for command in COMMANDS for folder in folders if f"examples/{folder}/" in command
    } == folders


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_runs_and_finds_something_good(command, copied):
    done = subprocess.run(
        [sys.executable, *command.split()],
        capture_output=True,
        text=True,
        check=False,
        cwd=copied,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    value = float(re.findall(r"best (?:value:|accuracy) ([\d.]+)", done.stdout)[-1])
    assert value > 0.85  # of ten classes, so that guessing reaches 0.1
    [best] = copied.glob("examples/*/runs/**/best_config.yaml")
    assert set(yaml.safe_load(best.read_text())) == {"model", "training"}
