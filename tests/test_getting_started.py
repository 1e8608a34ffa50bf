"""docs/getting_started.md holds: its commands run one after the other, and leave what it names."""

import contextlib
import io
import json
import pathlib
import re
import shlex
import subprocess
import sys

import pytest
import torch
from documented import blocks, commands, files_of, tables
from own_projects import environment

from qgtune.cli import main

PAGE = (pathlib.Path(__file__).parent.parent / "docs" / "getting_started.md").read_text(encoding="utf-8")
INSTALLATION = ["python -m venv .venv", "source .venv/bin/activate", 'pip install ".[reports]"']
"""What no test runs here; ``make`` does the same for the tests themselves."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The folder, and what each command printed; they ran in the order of the page, but without pictures."""
    folder = tmp_path_factory.mktemp("getting_started")
    for name, text in files_of(PAGE).items():
        more = "plots: false\n" if name == "tuning.yaml" else ""
        (folder / name).write_text(text + more, encoding="utf-8")
    shown = [c for block in blocks(PAGE) if block.kind == "console run" for c, _ in commands(block)]
    assert shown[:3] == INSTALLATION
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small sums gain nothing by more, and lose where other tests run beside
    try:
        with contextlib.chdir(folder):
            return folder, {command: printed(command) for command in shown[3:]}
    finally:
        torch.set_num_threads(threads)


def printed(command):
    """Return what a command prints; those that start no workers run in this process, which has torch already."""
    program, *words = shlex.split(command)
    if program == "git" or words[0] == "tuning.yaml":
        line = [sys.executable, "-m", "qgtune", *words] if program == "qgtune" else [program, *words]
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment())
        status, text = done.returncode, done.stdout
    else:
        screen = io.StringIO()
        with contextlib.redirect_stdout(screen):
            status = main(words)
        text = screen.getvalue()
    assert status == (program == "git"), f"{command}\n{text}"  # 1 says that the files differ
    return text


def printed_by(outputs, beginning):
    [found] = [text for command, text in outputs[1].items() if command.startswith(beginning)]
    return found


def test_the_files_that_the_page_names_are_there(outputs):
    rows = tables(PAGE, "file", "look there for")
    inline = re.findall(r"`(runs/[^`]+\.\w+)`", PAGE)
    assert len(rows) == 5
    assert [name for name in inline if not (outputs[0] / name).is_file()] == []


def test_the_run_does_what_it_was_asked_for(outputs):
    assert "8 of 8 trials" in printed_by(outputs, "qgtune tuning.yaml")


def test_the_best_config_is_worth_the_tuning(outputs):
    """Of ten classes, so that guessing reaches 0.1; other digits than those that were trained on."""
    measured = printed_by(outputs, "qgtune train ")
    kept = json.loads((outputs[0] / "runs/first/best_config_trained/metrics.json").read_text())["metrics"]
    assert kept["testing"]["accuracy"] > 0.6
    assert f"{kept['testing']['accuracy']:.6g}" in measured
    again = json.loads(printed_by(outputs, "qgtune evaluate runs/first/best_config_trained --sec"))
    assert again["metrics"] == kept["validation"]


def test_the_diff_shows_the_tuned_and_followed_values_and_the_header(outputs):
    values, purpose, _ = printed_by(outputs, "git diff").partition("\n+task: ")
    assert purpose
    added = re.findall(r"^\+[^+].*$", values, re.MULTILINE)
    assert added
    tuned = ("out_dim", "in_dim", "pooling_layer", "learning_rate", "input_dim", "gnn_layer_type")
    assert all(line.startswith("+#") or any(key in line for key in tuned) for line in added)


def test_trials_and_show_print_what_the_page_says(outputs):
    assert len(re.findall(r"^ *\d+ ", printed_by(outputs, "qgtune trials"), re.MULTILINE)) == 3
    assert "learning_rate: 0.01" in printed_by(outputs, "qgtune show")  # the base settings
