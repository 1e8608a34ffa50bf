"""The live view of a run: a board on a terminal, plain lines anywhere else."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from qgtune.core.events import Event, Notice, RunEnded, RunStarted, TrialFinished, WorkerDied
from qgtune.reports.board import Board, RunningTrial, duration

_REFRESHES_PER_SECOND = 4


class LiveView:
    """Shows a run while it runs; a context manager that is called with each event.

    On a terminal: a bar with finished trials, best value, elapsed time and time left; the parameters of the
    best trial; a line for each trial that runs; the last failures. Elsewhere: one line for each finished
    trial, never with escape codes. ``NO_COLOR`` in the environment leaves out the colours.

    Args:
        metric: what the value of a trial is; several names for several objectives.
        direction: ``minimize`` or ``maximize``; one for each name.
        quiet: say nothing but what failed; notices go to the standard error, for nobody else tells them.
        verbose: say each trial as it begins, what it reports, the parameters of each better one, and the
            tracebacks of failures; on a terminal, above the board.
        color: ``always``, ``never``, or ``auto``: unless NO_COLOR is set. Only a terminal is coloured.
        stream: where to write; the standard output by default.
        clock: tells the time in seconds.

    Example:
        >>> from qgtune.core.trials import TrialRecord
        >>> with LiveView("loss", stream=sys.stdout) as view:
        ...     view(RunStarted(total=2, finished_before=0, n_processes=1))
        ...     view(TrialFinished(0, TrialRecord(0, "complete", (0.5,), {}), is_best=True))
        2 trials, 1 worker process (minimize loss)
        1/2  trial 0  loss 0.5  best 0.5 (trial 0)
    """

    def __init__(  # noqa: PLR0913 - what is shown, how much of it, and where: each has a default
        self,
        metric: str | Sequence[str] = "value",
        direction: str | Sequence[str] = "minimize",
        *,
        quiet: bool = False,
        verbose: bool = False,
        color: str = "auto",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        metrics = [metric] if isinstance(metric, str) else list(metric)
        directions = [direction] if isinstance(direction, str) else list(direction)
        self._aim = ", ".join(f"{way} {name}" for way, name in zip(directions, metrics, strict=False))
        self._quiet = quiet
        self._verbose = verbose and not quiet
        self._no_color = {"always": False, "never": True}.get(color)
        self._stream = stream if stream is not None else sys.stdout
        self._clock = clock
        self._began = clock()
        self._board = Board(metrics)
        # rich draws in a thread of its own.
        self._changing = threading.Lock()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        self._began = self._clock()
        console = Console(file=self._stream, no_color=self._no_color)
        # isatty, not the console's own word: FORCE_COLOR must not put escape codes into a log file.
        if self._stream.isatty() and not console.is_dumb_terminal and not self._quiet:
            self._live = Live(
                get_renderable=self._draw,
                console=console,
                refresh_per_second=_REFRESHES_PER_SECOND,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave_board()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        with self._changing:
            self._board.note(event)
            line = self._board.sentence(event)
            details = self._board.details(event) if self._verbose else ""
        if line and isinstance(event, RunStarted) and self._aim:
            line += f" ({self._aim})"
        if self._quiet and isinstance(event, Notice):
            sys.stderr.write(f"{line}\n")
        says = self._says(event)
        if isinstance(event, RunEnded):
            self._leave_board()
        for text in (line if says else "", details):
            if text:
                self._say(text)

    def _says(self, event: Event) -> bool:
        if self._quiet:
            return isinstance(event, WorkerDied) or (
                isinstance(event, TrialFinished) and event.record.state == "failed"
            )
        # On a terminal the board shows the trials; only what would scroll away is said as well.
        return self._live is None or self._verbose or isinstance(event, (RunStarted, WorkerDied, Notice))

    def _leave_board(self) -> None:
        """Leave the last board where it is, and write below it from now on."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _say(self, line: str) -> None:
        if self._live is None:
            print(line, file=self._stream, flush=True)
        else:
            self._live.console.print(Text(line))

    @property
    def _elapsed(self) -> float:
        return self._clock() - self._began

    def _draw(self) -> RenderableType:
        with self._changing:
            return draw_board(self._board, self._elapsed)


def draw_board(board: Board, elapsed: float) -> RenderableType:
    """Return what a terminal shows of the board.

    Args:
        board: the state of the run.
        elapsed: seconds since the run began.
    """
    if not board.total:
        return Text("starting")
    parts: list[RenderableType] = [_summary(board, elapsed)]
    if parameters := board.best_parameters():
        parts.append(Text(f"best: {parameters}", style="green", no_wrap=True, overflow="ellipsis"))
    trials = Table.grid(padding=(0, 2))
    by_worker = sorted(board.running.values(), key=lambda trial: (trial.worker, trial.number))
    for trial in by_worker:
        trials.add_row(f"worker {trial.worker}", f"trial {trial.number}", *_reported(trial))
    for worker in sorted(board.workers - {trial.worker for trial in by_worker}):
        trials.add_row(f"worker {worker}", "waits")
    if trials.row_count:
        parts.append(trials)
    # Text, not markup: a reason may well contain [brackets].
    parts.extend(
        Text(
            f"trial {record.number} failed: {record.failure}", style="red", no_wrap=True, overflow="ellipsis"
        )
        for record in board.failures
    )
    return Group(*parts)


def _summary(board: Board, elapsed: float) -> RenderableType:
    left = board.seconds_left(elapsed)
    row = Table.grid(padding=(0, 2))
    row.add_row(
        ProgressBar(total=max(1, board.total), completed=board.finished, width=24),
        f"{board.finished}/{board.total} trials",
        Text(board.best_words(), style="bold green"),
        f"{duration(elapsed)} elapsed",
        "" if not left else f"about {duration(left)} left",
    )
    return row


def _reported(trial: RunningTrial) -> tuple[str, str]:
    if trial.step is None or trial.value is None:
        return ("", "")
    return (f"epoch {trial.step}", f"{trial.value:.6g}")
