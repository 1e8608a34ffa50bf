"""What a worker and its supervisor say to each other, besides events.

A worker says Ask and gets a number. STOP ends it; any other is the number of finished trials that its study
shall have, and permits it to run one trial, after which it says Told. The supervisor never waits for a
worker, and a worker waits for nobody but the supervisor: whichever is killed, no lock and no queue is left
that another one hangs on.
"""

import pickle
import traceback
from dataclasses import dataclass
from typing import Self

from qgtune.core.errors import QgtuneError
from qgtune.core.events import EpochReported, Notice, TrialStarted, WorkerReady
from qgtune.study.running.run_spec import WorkerStartupError

STOP = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """May I run one more trial?"""


@dataclass(frozen=True, slots=True)
class Told:
    """The trial has ended and its end is in the storage."""

    number: int
    traceback: str
    """Of the exception that failed it; empty if there was none, or if it is one of qgtune's own."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The trial was one more than the study needs, as another run had begun one too; it did not run."""


@dataclass(frozen=True, slots=True)
class StartupFailed:
    """The objective could not be built."""

    text: str
    pickled: bytes | None
    """The exception, if it is one of qgtune's and survives pickling."""

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """Return the message for an exception."""
        text = "".join(traceback.format_exception(error))
        if not isinstance(error, QgtuneError):
            return cls(text, None)
        try:
            pickled = pickle.dumps(error)
            pickle.loads(pickled)  # noqa: S301 - our own bytes, made in the line above
        except Exception:  # noqa: BLE001 - whatever its class does, the text still says what happened
            return cls(text, None)
        return cls(text, pickled)

    def last_line(self) -> str:
        """Return what happened in a line."""
        return self.text.rstrip().rpartition("\n")[2]

    def error(self) -> QgtuneError:
        """Return the exception to raise in the supervisor."""
        if self.pickled is None:
            return WorkerStartupError(f"a worker could not build its objective:\n{self.text}")
        error: QgtuneError = pickle.loads(self.pickled)  # noqa: S301 - from our own worker process
        return error


@dataclass(frozen=True, slots=True)
class Broken:
    """The worker ends, because something outside its objective failed."""

    reason: str


Message = (
    Ask | Told | GivenBack | StartupFailed | Broken | WorkerReady | TrialStarted | EpochReported | Notice
)
