"""An action that is asked for often, and done now and then."""

import threading
import time
from collections.abc import Callable

_SHARE = 20
"""The action takes at most one part in so many of the time."""


class Paced:
    """Does an action soon after it was asked for, but not more often than every so many seconds.

    It is done in a thread of its own, and always once more after the last time that it was asked for. What
    it raises comes out of the next call.

    Args:
        action: what to do.
        least: seconds between two times; more for an action that is slow.
    """

    def __init__(self, action: Callable[[], None], least: float = 1.0) -> None:
        self._action = action
        self._least = least
        self._asked = threading.Event()
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Have the action done soon.

        Raises:
            BaseException: what the action raised since the last call.
        """
        self._raise_error()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="qgtune-outputs", daemon=True)
            self._thread.start()
        self._asked.set()

    def end(self) -> None:
        """Wait for an action that is under way, and do no other one, be it asked for or not."""
        self._ended.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self) -> None:
        while True:
            self._asked.wait()
            if self._ended.is_set():
                return
            self._asked.clear()
            began = time.monotonic()
            try:
                self._action()
            except Exception as error:  # noqa: BLE001 - handed over to whoever asks next
                self._error = error
            if self._ended.wait(max(self._least, _SHARE * (time.monotonic() - began))):
                return
