"""Laws of the live view."""

import io
from datetime import datetime, timedelta

import pytest
from rich.console import Console

from qgtune.core.events import (
    EpochReported,
    Notice,
    RunEnded,
    RunStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    WorkerDied,
    WorkerReady,
)
from qgtune.core.trials import TrialRecord
from qgtune.reports import LiveView
from qgtune.reports.board import Board
from qgtune.reports.live import draw_board

START = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as studies keep their times


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    """Ten seconds pass each time that somebody asks for the time."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 10.0
        return self.now


def record(number, state, values=(), seconds=3.24, **fields):
    ended = START + timedelta(seconds=seconds)
    return TrialRecord(number, state, values, {"lr": 0.1}, START, ended, **fields)


FAILED = record(2, "failed", failure="ValueError: [red]shapes[/red] differ", seconds=0.5)
EVENTS = [
    RunStarted(5, 0, 2),
    WorkerReady(0, 11),
    WorkerReady(1, 12),
    TrialStarted(0, 0),
    TrialStarted(1, 1),
    EpochReported(0, 0, 3, 0.5),
    TrialFinished(1, record(1, "complete", (0.25,)), is_best=True),
    TrialStarted(1, 2),
    Notice("the data set has one class only"),
    TrialFinished(1, FAILED, is_best=False),
    TrialFailed(1, 2, FAILED.failure, "Traceback ..."),
    TrialFinished(0, record(0, "pruned", seconds=75), is_best=False),
    TrialStarted(0, 3),
    WorkerDied(0, "was killed by SIGKILL (often for want of memory)", (3,)),
    TrialStarted(1, 4),
    TrialFinished(1, record(4, "complete", (0.931234567,)), is_best=True),
    RunEnded(4, interrupted=True),
]

PLAIN = """\
5 trials, 2 worker processes (maximize f1)
1/5  trial 1  f1 0.25  best 0.25 (trial 1)  3.2 s
note: the data set has one class only
2/5  trial 2  failed: ValueError: [red]shapes[/red] differ  0.5 s
3/5  trial 0  pruned  best 0.25 (trial 1)  1 min 15 s
worker 0 died: was killed by SIGKILL (often for want of memory); trial 3 does not count
4/5  trial 4  f1 0.931235  best 0.931235 (trial 4)  3.2 s
"""

QUIET = """\
2/5  trial 2  failed: ValueError: [red]shapes[/red] differ  0.5 s
worker 0 died: was killed by SIGKILL (often for want of memory); trial 3 does not count
"""

BOARD = """\
━━━━━━━━━━━━━━            3/5 trials  best 0.25 (trial 1)  1 min 30 s elapsed  about 1 min 0 s left
best: lr 0.1
worker 0  trial 3  epoch 7  0.5
worker 1  waits
trial 2 failed: ValueError: [red]shapes[/red] differ
"""


VERBOSE = """\
5 trials, 2 worker processes (maximize f1)
trial 0 begins in worker 0
trial 1 begins in worker 1
trial 0  epoch 3  0.5
1/5  trial 1  f1 0.25  best 0.25 (trial 1)  3.2 s
the best so far: lr 0.1
trial 2 begins in worker 1
note: the data set has one class only
2/5  trial 2  failed: ValueError: [red]shapes[/red] differ  0.5 s
Traceback ...
3/5  trial 0  pruned  best 0.25 (trial 1)  1 min 15 s
trial 3 begins in worker 0
worker 0 died: was killed by SIGKILL (often for want of memory); trial 3 does not count
trial 4 begins in worker 1
4/5  trial 4  f1 0.931235  best 0.931235 (trial 4)  3.2 s
the best so far: lr 0.1
"""


def show(stream, events=EVENTS, **options):
    with LiveView("f1", "maximize", stream=stream, clock=Clock(), **options) as view:
        for event in events:
            view(event)
    return stream.getvalue()


def test_without_a_terminal_each_finished_trial_is_one_plain_line():
    assert show(io.StringIO()) == PLAIN


def test_force_color_puts_no_escape_codes_into_a_file(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert show(io.StringIO()) == PLAIN


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_quiet_view_says_only_what_failed(stream):
    assert show(stream(), quiet=True) == QUIET


def test_a_verbose_view_says_beginnings_epochs_parameters_and_tracebacks_too():
    assert show(io.StringIO(), verbose=True) == VERBOSE


def test_a_quiet_view_is_never_verbose():
    assert show(io.StringIO(), quiet=True, verbose=True) == QUIET


def test_parameters_with_odd_characters_stay_on_their_line_and_command_no_terminal():
    board = Board(["f1"])
    odd = TrialRecord(0, "complete", (1.0,), {"a\nb\x1b[2J": "[red]é\x07", "lr": 0.123456789})
    board.note(RunStarted(2, 0, 1))
    board.note(TrialFinished(0, odd, is_best=True))
    console = Console(file=io.StringIO(), width=60, force_terminal=False)
    console.print(draw_board(board, elapsed=1.0))
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert "best: a�b�[2J [red]é�, lr 0.123457" in lines


def test_many_parameters_take_one_line():
    board = Board(["f1"])
    board.note(RunStarted(2, 0, 1))
    many = TrialRecord(0, "complete", (1.0,), {f"parameter_{i}": i for i in range(1_000)})
    board.note(TrialFinished(0, many, is_best=True))
    console = Console(file=io.StringIO(), width=60, force_terminal=False)
    console.print(draw_board(board, elapsed=1.0))
    shown = [line for line in console.file.getvalue().splitlines() if "parameter_" in line]
    assert len(shown) == 1
    assert shown[0].rstrip().endswith("…")


def test_the_end_of_a_run_is_left_to_the_summary():
    ending = [RunStarted(9, 0, 1), RunEnded(5, stopped_early_reason="the first 5 trials have all failed")]
    assert show(io.StringIO(), ending) == "9 trials, 1 worker process (maximize f1)\n"


def test_a_run_that_goes_on_says_from_where():
    best = record(4, "complete", (0.9,))
    said = show(io.StringIO(), [RunStarted(40, 12, 1, best)])
    assert said == "going on from 12 of 40 trials, best 0.9 (trial 4), 1 worker process (maximize f1)\n"
    assert show(io.StringIO(), [RunStarted(12, 12, 0, best)]).startswith(
        "12 of 12 trials are finished already"
    )


def test_several_objectives_are_shown_by_name():
    stream = io.StringIO()
    with LiveView(("loss", "params"), ("minimize", "minimize"), stream=stream) as view:
        view(RunStarted(2, 0, 1))
        view(TrialFinished(0, record(0, "complete", (0.5, 1200.0)), is_best=False))
    assert stream.getvalue() == (
        "2 trials, 1 worker process (minimize loss, minimize params)\n1/2  trial 0  loss 0.5, params 1200  3.2 s\n"
    )


def test_a_terminal_shows_bar_trials_and_failures():
    board = Board(["f1"])
    for event in EVENTS[:13]:
        board.note(event)
    board.note(EpochReported(0, 3, 7, 0.5))
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(draw_board(board, elapsed=90.0))
    shown = "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"
    assert shown == BOARD


def test_a_terminal_is_left_with_the_last_board_and_the_cursor_back(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    shown = show(Terminal())
    assert shown.rindex("\x1b[?25l") < shown.rindex("4/5 trials")
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1


def test_no_color_leaves_out_the_colours(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b[31m" not in show(Terminal())


def test_a_dumb_terminal_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert show(Terminal()) == PLAIN


def test_time_left_is_the_pace_of_this_run_times_what_is_missing():
    board = Board(["loss"])
    board.note(RunStarted(10, 4, 1))
    assert board.seconds_left(5.0) is None
    board.note(TrialFinished(0, record(4, "complete", (1.0,)), is_best=True))
    assert board.seconds_left(6.0) == 30.0


@pytest.mark.parametrize(
    ("color", "variables", "is_coloured"),
    [
        ("auto", {}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("never", {}, False),
        ("always", {"NO_COLOR": "1"}, True),
    ],
)
def test_a_user_decides_on_the_colours_of_a_terminal(monkeypatch, color, variables, is_coloured):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[31m" in show(Terminal(), color=color)) is is_coloured
    assert show(io.StringIO(), color=color) == PLAIN
