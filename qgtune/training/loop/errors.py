"""What ends a training that cannot go on."""

from qgtune.core.errors import QgtuneError


class TrainingError(QgtuneError):
    """A training that diverged.

    Args:
        reason: what is wrong, in one line.
        epoch: the epoch in which it happened, from 0.
        step: the batch of that epoch, from 0, or None if it happened on the validation graphs.
        learning_rate: the learning rate then.
    """

    def __init__(self, reason: str, epoch: int, step: int | None, learning_rate: float) -> None:
        super().__init__(reason, epoch, step, learning_rate)
        self.reason = reason
        self.epoch = epoch
        self.step = step
        self.learning_rate = learning_rate

    def __str__(self) -> str:
        place = "after its last step" if self.step is None else f"step {self.step}"
        return f"{self.reason} (epoch {self.epoch}, {place}, learning rate {self.learning_rate:g})"
