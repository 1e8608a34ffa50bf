"""Ctrl-C as a message to the loop that waits for the workers, instead of an exception anywhere."""

import signal
import threading
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """Catches Ctrl-C (SIGINT) within its block; ``connection`` becomes readable with each one.

    Outside the main thread Python cannot catch signals; then there is never one to read.
    """

    def __init__(self) -> None:
        receive: Connection
        receive, self._send = Pipe(duplex=False)
        self.connection = receive
        self._previous: Any = None
        self._installed = False

    def take(self) -> None:
        """Take one interrupt; call it when ``connection`` is readable."""
        self.connection.recv_bytes()

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self._send.send_bytes(b"!")

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, self._previous)
        self._send.close()
        self.connection.close()
