"""A run on a terminal, which a pseudo-terminal is: the board, how much it says, and its colours."""

import contextlib
import os
import subprocess
import sys

import pytest
from own_projects import LONGEST, environment, write_project

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals")

OBJECTIVE = '''\
"""The first trial ends well, the second fails, the third waits until it is let go."""

import pathlib
import time

GO = pathlib.Path(__file__).parent / "go"


def score(trial, config):
    """Return the trial's number."""
    if trial.number == 1:
        raise ValueError("[no] luck")
    deadline = time.monotonic() + 300
    step = 0
    while trial.number == 2 and not GO.exists():
        assert time.monotonic() < deadline, "nobody let the trial go"
        trial.report(0.5, step)  # again and again: reports that come too soon after others are not shown
        step += 1
        time.sleep(0.1)
    return float(trial.number)
'''
BOARD = [
    "2/3 trials",
    "best 0 (trial 0)",
    "best: training.learning_rate ",
    "worker 0  trial 2  epoch ",
    "trial 1 failed: ValueError: [no] luck",
    "elapsed  about ",
]


def on_a_terminal(tuning, *words, wait_for=(), **variables):
    """Run a project on a terminal, and let its last trial go once these texts are shown; return all it showed."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in environment().items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "qgtune", str(tuning), *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**env, "TERM": "xterm", "PYTHONUNBUFFERED": "1", **variables},
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux tells the end of a terminal as an error
        while chunk := os.read(ours, 1 << 16):
            shown += chunk
            # What is said above the board begins where a line of the board was erased.
            plain = shown.decode(errors="replace").replace("\x1b[2K", "\n")
            if all(text in plain for text in wait_for):
                (tuning.parent / "go").touch()
    os.close(ours)
    assert process.wait(LONGEST) == 0, shown.decode()
    return shown.decode()


@pytest.fixture
def tuning(tmp_path):
    return write_project(tmp_path, "n_trials: 3\nenqueue_base: false\n", objective=OBJECTIVE)


def test_the_board_shows_progress_best_trials_failures_and_the_time_left(tuning):
    shown = on_a_terminal(tuning, wait_for=BOARD, NO_COLOR="1")
    assert "\x1b[?25h" in shown[shown.rindex("3/3 trials") :]  # the cursor is back
    assert shown.index("3/3 trials") < shown.index("study tiny: 2 complete, 1 failed")
    assert "begins in worker" not in shown
    assert "\x1b[3" not in shown.replace("\x1b[3A", "")  # no colour; that one goes up three lines


def test_a_verbose_run_on_a_terminal_says_beginnings_epochs_and_tracebacks_above_the_board(tuning):
    shown = on_a_terminal(tuning, "--verbose", wait_for=["\ntrial 2  epoch "])
    assert "trial 2 begins in worker 0" in shown
    assert "the best so far: training.learning_rate " in shown
    assert 'raise ValueError("[no] luck")' in shown
    assert "\x1b[32m" in shown  # the parameters are green


def test_a_quiet_run_on_a_terminal_says_failures_and_the_summary_only(tuning):
    (tuning.parent / "go").touch()
    shown = on_a_terminal(tuning, "--quiet").splitlines()
    assert shown[0].startswith("2/3  trial 1  failed: ValueError: [no] luck")
    assert shown[2].startswith("study tiny: 2 complete, 1 failed")
    assert "\x1b" not in "".join(shown)
