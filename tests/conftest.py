"""What all tests share."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# Set before torch is imported. The tensors of tests are tiny, and tests run beside each other: more threads
# of computation than one only wait for each other. Tests of threads set their own number.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes tells of the machine and its other work, not of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _signals_are_heard():
    """Undo what nohup, a shell's background or a service hands down: a run rightly ignores a signal that it does."""
    names = [name for name in ("SIGHUP", "SIGINT") if hasattr(signal, name)]
    ignored = [
        number
        for number in map(signal.Signals.__getitem__, names)
        if signal.getsignal(number) == signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def _shared_cache(tmp_path_factory):
    """Keep the data sets that tests build out of the user's own cache; build each once a test process."""
    os.environ.setdefault("QGTUNE_CACHE", str(tmp_path_factory.getbasetemp().parent / "qgtune-cache"))
