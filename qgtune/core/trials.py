"""The record of a trial, as every report and file sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial of a study, independent of the library that ran it.

    Args:
        number: its number in the study, from 0.
        state: ``complete``, ``pruned``, ``failed`` or ``running``, as the library keeps it; ``outcome`` tells
            lost trials from failed ones.
        values: what it returned; empty unless it is complete.
        params: names of parameters and what the study stores for them.
        started: when it began.
        ended: when it ended; of a lost trial, when that was found out.
        failure: the reason of a failed or pruned trial, in one line.
        worker: the process that ran it.
        lost: whether its process was killed before it ended; it does not count towards a run's total.
        peak_memory: the most memory that its process held, in bytes; None where that is not known.
        reused_from: the trial with an equal config whose values it was given instead of a training.
        repeats: the values of each training, if it was trained several times; its own are their means.
        spread: the standard deviation of each of these values.
        forgiven: whether it failed before anything had come of any trial; it does not count towards a run's
            total either.
    """

    number: int
    state: str
    values: tuple[float, ...]
    params: dict[str, Any]
    started: datetime | None = None
    ended: datetime | None = None
    failure: str = ""
    worker: str = ""
    lost: bool = False
    peak_memory: int | None = None
    reused_from: int | None = None
    repeats: tuple[tuple[float, ...], ...] = ()
    spread: tuple[float, ...] = ()
    forgiven: bool = False

    @property
    def outcome(self) -> str:
        """What became of it: ``complete``, ``pruned``, ``failed``, ``lost`` with its process, ``running``."""
        return "lost" if self.lost else self.state

    @property
    def is_finished(self) -> bool:
        """Whether it counts towards a run's total: it has ended, and was neither lost nor forgiven."""
        return self.state != "running" and not self.lost and not self.forgiven

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, or None while either is unknown.

        When a lost trial ended, nobody knows: its end is when somebody found out.
        """
        if self.lost or self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()
