"""Ctrl-C as a message to the loop that waits for the workers, instead of an exception anywhere."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """Catches Ctrl-C (SIGINT) within its block; ``connection`` becomes readable with each one.

    Outside the main thread Python cannot catch signals; then there is never one to read.

    Args:
        also: further signals that count as Ctrl-C.
    """

    def __init__(self, also: Sequence[signal.Signals] = ()) -> None:
        receive: Connection
        receive, self._send = Pipe(duplex=False)
        self.connection = receive
        self._signals = (signal.SIGINT, *also)
        self._previous: dict[signal.Signals, Any] = {}

    def take(self) -> None:
        """Take one interrupt; call it when ``connection`` is readable."""
        self.connection.recv_bytes()

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self._send.send_bytes(b"!")

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = {caught: signal.signal(caught, self._note) for caught in self._signals}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for caught, previous in self._previous.items():
            signal.signal(caught, previous)
        self._send.close()
        self.connection.close()


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C back within the block, and for good in processes started there.

    A worker is deaf to it from its first moment, not only once it has got as far as ignoring it.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
