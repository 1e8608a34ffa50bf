"""Signals that end a run, as messages to the loop that waits for the workers."""

import signal
import threading
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import FrameType, TracebackType
from typing import Any, Self

STOP_SIGNAL: int | None = getattr(signal, "SIGUSR1", None)
"""The signal by which a run is asked to let its trials finish and end; None on Windows, which has none."""

ENDS: tuple[int, ...] = tuple(
    number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
"""The signals by which a machine that is shut down, a queue or a closed terminal ends a process."""


class Interrupts:
    """Catches Ctrl-C (SIGINT), the wish to stop (SIGUSR1) and the signals of ``ENDS`` within its block.

    ``connection`` becomes readable with each one. Outside the main thread Python cannot catch signals; then
    there is never one to read. An end that the process was told to ignore, as ``nohup`` does, stays ignored.
    """

    def __init__(self) -> None:
        receive: Connection
        receive, self._send = Pipe(duplex=False)
        self.connection = receive
        self._previous: dict[int, Any] = {}

    @property
    def hears_wishes(self) -> bool:
        """Whether another process may send ``STOP_SIGNAL``."""
        return STOP_SIGNAL in self._previous

    def take(self) -> int:
        """Take one, and return the number of the signal. Call it when ``connection`` is readable."""
        return self.connection.recv_bytes()[0]

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._send.send_bytes(bytes([number]))

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            heeded = [number for number in ENDS if signal.getsignal(number) is not signal.SIG_IGN]
            for number in (signal.SIGINT, STOP_SIGNAL, *heeded):
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


class LateSignals:
    """Keeps Ctrl-C and the signals of ``ENDS`` from ending a process that writes its last files.

    Within its block they do what they did before, until ``hold`` is called; from then on they are noted only.
    Outside the main thread, where Python cannot catch signals, it does nothing.

    Example:
        >>> with LateSignals() as late:
        ...     late.hold()
        ...     signal.raise_signal(signal.SIGINT)
        >>> late.noted == [signal.SIGINT]
        True
    """

    def __init__(self) -> None:
        self.noted: list[int] = []
        """The numbers of the signals that came since ``hold``, in order."""
        self._holds = False
        self._previous: dict[int, Any] = {}

    def hold(self) -> None:
        """Note signals from now on."""
        self._holds = True

    def _take(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous[number]
        if self._holds:
            self.noted.append(number)
        elif callable(previous):
            previous(number, frame)
        else:
            signal.signal(number, previous)
            signal.raise_signal(number)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *ENDS):
                previous = signal.getsignal(number)
                if previous not in (None, signal.SIG_IGN):
                    self._previous[number] = previous
                    signal.signal(number, self._take)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)
