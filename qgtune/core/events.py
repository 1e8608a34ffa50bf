"""Events: what happens during a run, as values that a view can show and a pipe can carry.

The study emits them, the live view draws them, and neither knows the other.
A worker is named by its index, which counts from 0; a trial by its number in the study.
"""

from dataclasses import dataclass

from qgtune.core.trials import TrialRecord


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first event of a run: how many finished trials it wants, and how many the study had already."""

    total: int
    finished_before: int
    n_processes: int
    best: TrialRecord | None = None
    """The best trial that the study had already; None with several objectives."""
    records: tuple[TrialRecord, ...] = ()
    """Every trial that the study had already."""


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """A worker process has built its objective and asks for trials."""

    worker: int
    pid: int


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """A worker has begun a trial."""

    worker: int
    number: int


@dataclass(frozen=True, slots=True)
class EpochReported:
    """A trial has reported a value of its metric; not every report becomes an event, they are thinned."""

    worker: int
    number: int
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class TrialFinished:
    """A trial that counts towards the total has ended, whatever its state; comes once for each."""

    worker: int
    record: TrialRecord
    is_best: bool
    """Whether it is the best of the study so far; never with several objectives."""


@dataclass(frozen=True, slots=True)
class TrialFailed:
    """The details of a failed trial; follows its TrialFinished."""

    worker: int
    number: int
    reason: str
    """One line: the exception's type and message."""
    traceback: str


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """A worker process ended without being asked to; its trials are lost and do not count."""

    worker: int
    reason: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth knowing that stops nothing; the same text comes once in a run."""

    text: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The last event of a run, whichever way it ended."""

    finished: int
    """Finished trials of the study, those of earlier runs included."""
    interrupted: bool = False
    timed_out: bool = False
    stopped_early_reason: str = ""
    goal_reached: str = ""
    """Why no further trial was needed before the total; empty if it was not so."""


Event = (
    RunStarted
    | WorkerReady
    | TrialStarted
    | EpochReported
    | TrialFinished
    | TrialFailed
    | WorkerDied
    | Notice
    | RunEnded
)
