"""Tiny projects with an objective of their own, run through the real command line."""

import contextlib
import io
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from qgtune.cli import main

LONGEST = 300.0
"""Seconds after which a test gives up waiting: far longer than even a very busy machine needs."""

BASE = """\
# A tiny config.
training:
  learning_rate: 0.1   # tuned
  batch_size: 32
  warmup: 0.1          # follows the learning rate
  epochs: 3
model:
  dims: [8, 4]
"""
SPACE = """\
training:
  learning_rate: {type: float, low: 0.001, high: 1.0, log: true}
  batch_size: [16, 32, 64]
"""
DEPENDENCIES = "training:\n  warmup: training.learning_rate\n"
OBJECTIVE = '''\
"""The distance to a good learning rate."""

import math


def score(trial, config):
    """Return how many decades the learning rate is away from 0.01."""
    training = config["training"]
    assert training["warmup"] == training["learning_rate"]
    assert config["model"] == {"dims": [8, 4]}
    for epoch in range(training["epochs"]):
        trial.report(abs(math.log10(training["learning_rate"]) + 2), epoch)
    return abs(math.log10(training["learning_rate"]) + 2)
'''
TUNING = """\
base_settings_path: base_settings.yaml
search_space_path: search_space.yaml
dependency_mapping_path: dependency_map.yaml
objective: objective.py:score
study_name: tiny
seed: 1
"""


def write_project(
    folder, tuning="", *, objective=OBJECTIVE, space=SPACE, base=BASE, dependencies=DEPENDENCIES
):
    """Write a project, one that draws no pictures unless it says so; return its tuning file."""
    if "plots:" not in tuning:
        tuning = "".join([*(f"{line}\n" for line in tuning.splitlines()), "plots: false\n"])
    files = {
        "tuning.yaml": TUNING + tuning,
        "objective.py": objective,
        "search_space.yaml": space,
        "base_settings.yaml": base,
        "dependency_map.yaml": dependencies,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder / "tuning.yaml"


def environment():
    """Return an environment for a command whose output is to be compared."""
    return {**os.environ, "COLUMNS": "120", "PYTHONWARNINGS": "error::UserWarning"}


def qgtune(*words, cwd=None):
    """Run the real command line; return what it did."""
    command = [sys.executable, "-m", "qgtune", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=environment(), timeout=LONGEST
    )


def qgtune_here(*words, cwd="."):
    """Run the command line in this process, which has the libraries already; return what it did.

    The server that forks its workers lasts as long as this process, so a run takes some seconds less.
    """
    out, err = io.StringIO(), io.StringIO()
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "120"
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.chdir(cwd):
            code = main([str(word) for word in words])
    finally:
        if columns is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = columns
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def start(*words, cwd=None):
    """Start the real command line in a process group of its own; its output is piped, line by line."""
    command = [sys.executable, "-u", "-m", "qgtune", *map(str, words)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment(),
        start_new_session=True,
    )
    end_at_last(process)
    return process


def end_at_last(process):
    """Have a process that hangs killed, so that a test that reads what it prints cannot wait for ever."""

    def end():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    clock = threading.Timer(2 * LONGEST, end)
    clock.daemon = True
    clock.start()


def wait_until(condition, what):
    """Wait for a condition, for as long as the busiest machine may need."""
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def finish(process):
    """Return what a process printed to both of its pipes since they were read last, once it has ended."""
    try:
        return process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def read_until(process, text):
    """Read the output of a process up to the line that holds a text."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return
    raise AssertionError(f"it ended without a line that holds {text!r}: {lines}")


def processes_of(group):
    """Return the living processes of a group, its leader not among them, with their parents; Linux only."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == group:
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            found[int(entry.name)] = int(fields[1])
    return found


def finished_trials(folder: pathlib.Path):
    """Return number, state and value of each trial in a run's table."""
    rows = (folder / "trials.csv").read_text().splitlines()[1:]
    return {int(row.split(",")[0]): tuple(row.split(",")[1:3]) for row in rows}
