"""The record of a trial, as every report and file sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial of a study, independent of the library that ran it.

    ``state`` is ``complete``, ``pruned``, ``failed`` or ``running``. ``values`` is empty unless the trial
    is complete. ``params`` maps parameter names to what the study stores; ``failure`` is the reason of a
    failed trial in one line. ``lost`` marks a failed trial whose process was killed before the trial ended;
    it does not count towards a run's total. ``peak_memory`` is the most memory that its process held while it
    ran, in bytes; None where that is not known.
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

    @property
    def is_finished(self) -> bool:
        """Whether it counts towards a run's total: it has ended, and not because its process was killed."""
        return self.state != "running" and not self.lost

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, or None while either is unknown."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()
