"""Laws of runs that are told to end: by Ctrl-C, by the system, by a terminal that is closed."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest
from own_projects import (
    environment,
    finish,
    finished_trials,
    processes_of,
    read_until,
    start,
    wait_until,
    write_project,
)
from own_projects import qgtune_here as qgtune

from qgtune import load_study

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

OBJECTIVE = '''\
"""Two trials end by themselves, the others once they are let go."""

import pathlib
import time

HERE = pathlib.Path(__file__).parent


def score(trial, config):
    """Return the learning rate."""
    deadline = time.monotonic() + 300
    if trial.number == 2:
        (HERE / "begun").touch()
    while trial.number >= 2 and not (HERE / "go").exists():
        assert time.monotonic() < deadline, "nobody let the trial go"
        time.sleep(0.01)
    return config["training"]["learning_rate"]
'''
TUNING = "n_trials: 4\nn_processes: 2\nreuse_equal_configs: false\n"


@pytest.fixture
def tuning(tmp_path):
    return write_project(tmp_path, TUNING, objective=OBJECTIVE)


def states(tuning):
    return [trial.state.name for trial in load_study(tuning).trials]


def check_the_results(folder):
    """Check that the results are there, and that they tell of no trial that runs."""
    left = {path.name for path in (folder / "runs/tiny").iterdir()}
    assert {"best_config.yaml", "trials.csv", "summary_report.md", "report.html", "study.log"} <= left
    assert not [name for name in left if name.endswith((".run", ".lock", ".tmp"))]
    assert "running" not in dict(finished_trials(folder / "runs/tiny").values())


def check_that_the_same_command_goes_on(tuning):
    """Check that the study gets its total, and that the parameters of its lost trials are not forgotten."""
    lost = [trial.params for trial in load_study(tuning).trials if trial.state.name == "FAIL"]
    (tuning.parent / "go").touch()
    done = qgtune(tuning)
    assert done.returncode == 0, done.stdout + done.stderr
    trials = load_study(tuning).trials
    assert states(tuning).count("COMPLETE") == 4
    tried = [
        {**trial.system_attrs.get("fixed_params", {}), **trial.params}
        for trial in trials
        if trial.state.name in {"COMPLETE", "WAITING"}
    ]
    # One that was killed while it sampled has the first of its parameters only.
    assert all(any(params.items() <= again.items() for again in tried) for params in lost), (lost, tried)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_of_the_system_stops_running_trials_writes_the_results_and_loses_nothing(tuning, name):
    process = start(tuning)
    wait_until((tuning.parent / "begun").exists, "the third trial has not begun")
    process.send_signal(signal.Signals[name])
    out, errors = finish(process)
    assert process.returncode == 128 + signal.Signals[name], out + errors
    assert f"ended by {name}: running trials are stopped now" in out
    assert "the same command goes on from here:  qgtune" in errors
    assert set(states(tuning)) <= {"COMPLETE", "FAIL", "WAITING"}
    check_the_results(tuning.parent)
    check_that_the_same_command_goes_on(tuning)


def test_a_signal_to_all_processes_of_a_run_ends_it_as_well(tuning):
    process = start(tuning)
    wait_until((tuning.parent / "begun").exists, "the third trial has not begun")
    os.killpg(process.pid, signal.SIGTERM)
    out, errors = finish(process)
    assert process.returncode == 128 + signal.SIGTERM, out + errors
    check_the_results(tuning.parent)
    check_that_the_same_command_goes_on(tuning)


def test_a_second_ctrl_c_stops_running_trials_writes_the_results_and_says_how_to_go_on(tuning):
    process = start(tuning)
    wait_until((tuning.parent / "begun").exists, "the third trial has not begun")
    os.killpg(process.pid, signal.SIGINT)
    read_until(process, "interrupted: running trials may finish")
    os.killpg(process.pid, signal.SIGINT)
    out, errors = finish(process)
    assert process.returncode == 130, out + errors
    assert "the same command goes on from here:  qgtune" in errors
    assert states(tuning).count("RUNNING") == 0
    assert states(tuning).count("FAIL") >= 1
    check_the_results(tuning.parent)
    check_that_the_same_command_goes_on(tuning)


def test_a_run_that_was_told_to_outlive_its_terminal_does(tuning):
    process = subprocess.Popen(
        ["nohup", sys.executable, "-u", "-m", "qgtune", str(tuning)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    wait_until((tuning.parent / "begun").exists, "the third trial has not begun")
    process.send_signal(signal.SIGHUP)
    (tuning.parent / "go").touch()
    out, errors = finish(process)
    assert process.returncode == 0, out + errors
    assert states(tuning).count("COMPLETE") == 4


def end_of_a_run_whose_terminal_is_closed(tuning, *, hangs_up):
    """Close the terminal of a run while its third trial runs; return how the run ends."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals")
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL if hangs_up else signal.SIG_IGN)
        os.execve(sys.executable, [sys.executable, "-m", "qgtune", str(tuning)], environment())  # noqa: S606 - on the terminal
    try:
        wait_until((tuning.parent / "begun").exists, "the third trial has not begun")
        os.close(terminal)
        if not hangs_up:
            (tuning.parent / "go").touch()
        _, status = os.waitpid(pid, 0)
        wait_until(lambda: not processes_of(pid), "a process of the run is left")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.skipif(sys.platform != "linux", reason="it finds a run's processes in /proc")
def test_a_run_whose_terminal_is_closed_keeps_its_results_and_leaves_no_process(tuning):
    assert end_of_a_run_whose_terminal_is_closed(tuning, hangs_up=True) == 128 + signal.SIGHUP
    assert set(states(tuning)) <= {"COMPLETE", "FAIL", "WAITING"}
    check_the_results(tuning.parent)
    check_that_the_same_command_goes_on(tuning)


@pytest.mark.skipif(sys.platform != "linux", reason="it finds a run's processes in /proc")
def test_a_run_that_hears_nothing_of_its_closed_terminal_goes_on_to_its_total(tuning):
    assert end_of_a_run_whose_terminal_is_closed(tuning, hangs_up=False) == 0
    assert states(tuning) == ["COMPLETE"] * 4
    check_the_results(tuning.parent)
