"""Optuna without its own log lines and notes on experimental features."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna

# warnings.catch_warnings swaps the state of the whole process: two threads must not do so at once.
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence Optuna's log lines below an error, and its ExperimentalWarnings, within the block.

    The features that warn are used on purpose: ``group`` of the TPE sampler, which conditional
    spaces need. Everything else still warns, and the user's own log level is put back.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            yield
        finally:
            optuna.logging.set_verbosity(level)


def quieten_process() -> None:
    """Silence the same for the rest of this process; for worker processes, which are ours alone."""
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
