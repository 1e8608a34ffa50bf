"""What torch refuses of the arguments that a config hands on to it, told at their place in the config."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from qgtune.core.errors import ConfigValueError
from qgtune.training.memory import out_of_memory

_REFUSALS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What torch raises for a value that it cannot use: seldom an error made for that."""


@contextmanager
def refusals(key: str, what: str) -> Iterator[None]:
    """Run the body, and tell whatever torch refuses in it at ``training.key``.

    Args:
        key: the key of the training section that holds the arguments.
        what: what could not be done, for the message.

    Raises:
        ConfigValueError: in place of torch's exception. Memory that does not suffice, and a fault of the GPU,
            are none of the arguments' doing, and pass through.

    Example:
        >>> with refusals("scheduler_kwargs", "StepLR cannot be built"):
        ...     3 // 0
        Traceback (most recent call last):
        ...
        qgtune.core.errors.ConfigValueError: training.scheduler_kwargs: StepLR cannot be built: \
ZeroDivisionError: integer division or modulo by zero
    """
    try:
        yield
    except _REFUSALS as error:
        if out_of_memory(error) is not None or isinstance(error, torch.AcceleratorError):
            raise
        reason = " ".join(str(error).split())
        # Torch's own words for a value are sentences; those of Python are not, without their kind.
        if not isinstance(error, ValueError | TypeError | RuntimeError):
            reason = f"{type(error).__name__}: {reason}"
        raise ConfigValueError(("training", key), f"{what}: {reason}") from error
