"""Signals that end a run, as messages to the loop that waits for the workers."""

import signal
import threading
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import FrameType, TracebackType
from typing import Any, Self

STOP_SIGNAL: int | None = getattr(signal, "SIGUSR1", None)
"""The signal by which a run is asked to let its trials finish and end; None on Windows, which has none."""

_CTRL_C, _WISH = b"!", b"."


class Interrupts:
    """Catches Ctrl-C (SIGINT) and the wish to stop (SIGUSR1) within its block.

    ``connection`` becomes readable with each one. Outside the main thread Python cannot catch signals; then
    there is never one to read.

    Args:
        also: further signals that count as Ctrl-C.
    """

    def __init__(self, also: Sequence[signal.Signals] = ()) -> None:
        receive: Connection
        receive, self._send = Pipe(duplex=False)
        self.connection = receive
        self._ctrl_c = (signal.SIGINT, *also)
        self._previous: dict[int, Any] = {}

    @property
    def hears_wishes(self) -> bool:
        """Whether another process may send ``STOP_SIGNAL``."""
        return STOP_SIGNAL in self._previous

    def take(self) -> bool:
        """Take one; return whether it was Ctrl-C. Call it when ``connection`` is readable."""
        return self.connection.recv_bytes() == _CTRL_C

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._send.send_bytes(_CTRL_C if number in self._ctrl_c else _WISH)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (*self._ctrl_c, STOP_SIGNAL):
                if number is not None:
                    self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, previous in self._previous.items():
            # A wish that comes a moment too late must not end what is left to do: that is its default action.
            late = number == STOP_SIGNAL and previous is signal.SIG_DFL
            signal.signal(number, signal.SIG_IGN if late else previous)
        self._send.close()
        self.connection.close()
