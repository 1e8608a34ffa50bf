"""What a view of a run knows at any moment, and the sentences that it says."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from qgtune.core.events import (
    EpochReported,
    Event,
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
from qgtune.core.wording import count

_FAILURES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class RunningTrial:
    """A trial that runs, and the last that it has reported."""

    worker: int
    number: int
    step: int | None = None
    value: float | None = None


class Board:
    """The state of a run, as its events tell it.

    Args:
        metrics: the name of each value that a trial returns.
    """

    def __init__(self, metrics: Sequence[str]) -> None:
        self._metrics = tuple(metrics)
        self.total = 0
        self.finished = 0
        self.finished_before = 0
        self.best: TrialRecord | None = None
        self.workers: set[int] = set()
        self.running: dict[int, RunningTrial] = {}
        self.failures: deque[TrialRecord] = deque(maxlen=_FAILURES_SHOWN)

    def note(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case RunStarted():
                self.total = event.total
                self.finished = self.finished_before = event.finished_before
                self.best = event.best
            case WorkerReady():
                self.workers.add(event.worker)
            case TrialStarted():
                self.running[event.number] = RunningTrial(event.worker, event.number)
            case EpochReported():
                self.running[event.number] = RunningTrial(event.worker, event.number, event.step, event.value)
            case TrialFinished():
                self._note_end(event.record, event.is_best)
            case WorkerDied():
                self.workers.discard(event.worker)
                for number in event.numbers:
                    self.running.pop(number, None)
            case RunEnded():
                self.workers.clear()
                self.running.clear()
            case _:
                pass

    def _note_end(self, record: TrialRecord, is_best: bool) -> None:
        self.finished += 1
        self.running.pop(record.number, None)
        if is_best:
            self.best = record
        if record.state == "failed":
            self.failures.append(record)

    def seconds_left(self, elapsed: float) -> float | None:
        """Return the time that the missing trials take at the pace of this run, or None before its first.

        Args:
            elapsed: seconds since the run began.
        """
        here = self.finished - self.finished_before
        return elapsed / here * max(0, self.total - self.finished) if here else None

    def sentence(self, event: Event) -> str:
        """Return the line that tells an event, noted already; empty for events that are not told."""
        match event:
            case RunStarted():
                return self._beginning(event)
            case TrialFinished():
                return self.trial_line(event.record)
            case WorkerDied():
                lost = "".join(f"; trial {number} does not count" for number in event.numbers)
                return f"worker {event.worker} died: {event.reason}{lost}"
            case Notice():
                return f"note: {event.text}"
            case _:
                return ""

    def details(self, event: Event) -> str:
        """Return what only a verbose view tells of an event, noted already; empty for most events."""
        match event:
            case TrialStarted():
                return f"trial {event.number} begins in worker {event.worker}"
            case EpochReported():
                return f"trial {event.number}  epoch {event.step}  {event.value:.6g}"
            case TrialFinished() if event.is_best:
                return f"the best so far: {self.best_parameters()}" if event.record.params else ""
            case TrialFailed():
                return event.traceback.rstrip()
            case _:
                return ""

    def trial_line(self, record: TrialRecord) -> str:
        """Return the line of a finished trial, for example ``7/40  trial 6  loss 0.2  best ...``."""
        parts = [f"{self.finished}/{self.total}", f"trial {record.number}"]
        if record.state == "failed":
            parts.append(f"failed: {record.failure or 'for a reason that was not kept'}")
        else:
            parts.append(self.values(record.values) if record.values else record.state)
            parts.append(self.best_words())
        if record.duration is not None:
            parts.append(duration(record.duration))
        return "  ".join(part for part in parts if part)

    def best_words(self) -> str:
        """Return ``best 0.93 (trial 4)``, or an empty text while there is none."""
        if self.best is None or not self.best.values:
            return ""
        return f"best {self.best.values[0]:.6g} (trial {self.best.number})"

    def best_parameters(self) -> str:
        """Return the parameters of the best trial in one line, ``lr 0.01, act relu``; empty without one."""
        if self.best is None:
            return ""
        return ", ".join(f"{_short(name)} {_short(value)}" for name, value in self.best.params.items())

    def values(self, values: Sequence[float]) -> str:
        """Return the values with their names, for example ``accuracy 0.93``."""
        if len(values) != len(self._metrics):
            return ", ".join(f"{value:.6g}" for value in values)
        return ", ".join(f"{name} {value:.6g}" for name, value in zip(self._metrics, values, strict=True))

    def _beginning(self, event: RunStarted) -> str:
        if event.finished_before >= event.total:
            return f"{event.finished_before} of {event.total} trials are finished already"
        processes = count(event.n_processes, "worker process", "worker processes")
        if not event.finished_before:
            return f"{count(event.total, 'trial')}, {processes}"
        best = f", {self.best_words()}" if self.best else ""
        return f"going on from {event.finished_before} of {event.total} trials{best}, {processes}"


def _short(value: object) -> str:
    """Return the value of a parameter in one line, without what a terminal would take for a command."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return "".join(char if char.isprintable() else "�" for char in text)


def duration(seconds: float) -> str:
    """Return a time for people.

    Example:
        >>> duration(3.24), duration(125.0), duration(7500.0)
        ('3.2 s', '2 min 5 s', '2 h 5 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
