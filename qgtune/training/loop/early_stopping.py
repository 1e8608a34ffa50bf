"""When to stop: the metric's mean over the latest epochs has not improved for too long."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from qgtune.schema.gnn import MAXIMIZE, MINIMIZE


def improves(value: float, best: float | None, direction: str, tol: float = 0.0) -> bool:
    """Return whether ``value`` is better than ``best`` by more than ``tol``; any number is better than None.

    Example:
        >>> improves(0.70, 0.69, "maximize"), improves(0.70, 0.69, "maximize", tol=0.1)
        (True, False)
    """
    if math.isnan(value):
        return False
    if best is None:
        return True
    return (value - best if direction == MAXIMIZE else best - value) > tol


class EarlyStopping:
    """Follows a metric over the epochs and tells when to stop.

    What is compared is the mean over the last ``window`` epochs, or over all of them as long as they are
    fewer. It improves if it is better than the best so far by more than ``tol``. NaN never improves.

    Args:
        direction: ``minimize`` or ``maximize``.
        patience: epochs in a row without improvement after which to stop, at least 1; None: never.
        window: epochs of the mean, at least 1.
        tol: what an improvement must exceed, at least 0.

    Example:
        >>> stopping = EarlyStopping("maximize", patience=2)
        >>> [stopping.update(value) for value in (0.5, 0.7, 0.7, 0.6)]
        [True, True, False, False]
        >>> stopping.best, stopping.should_stop
        (0.7, True)
    """

    def __init__(
        self, direction: str, *, patience: int | None = None, window: int = 1, tol: float = 0.0
    ) -> None:
        if direction not in {MINIMIZE, MAXIMIZE}:
            raise ValueError(f"direction must be {MINIMIZE!r} or {MAXIMIZE!r}, not {direction!r}")
        if window < 1 or tol < 0 or (patience is not None and patience < 1):
            raise ValueError(
                f"patience and window must be at least 1, tol at least 0: {patience}, {window}, {tol}"
            )
        self.direction = direction
        self.patience = patience
        self.tol = tol
        self.best: float | None = None
        """The best mean so far, or None before the first value that is a number."""
        self.stale_epochs = 0
        """Epochs since the last improvement."""
        self._latest: deque[float] = deque(maxlen=window)

    def update(self, value: float) -> bool:
        """Take the value of one more epoch and return whether the mean improved."""
        self._latest.append(value)
        mean = math.fsum(self._latest) / len(self._latest)
        if not improves(mean, self.best, self.direction, self.tol):
            self.stale_epochs += 1
            return False
        self.best = mean
        self.stale_epochs = 0
        return True

    def state(self) -> dict[str, Any]:
        """Return what ``load`` needs in order to go on from here."""
        return {"best": self.best, "stale_epochs": self.stale_epochs, "latest": list(self._latest)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.best, self.stale_epochs = state["best"], state["stale_epochs"]
        self._latest.clear()
        self._latest.extend(state["latest"])

    @property
    def should_stop(self) -> bool:
        """Whether the mean has not improved for ``patience`` epochs in a row."""
        return self.patience is not None and self.stale_epochs >= self.patience
