"""What all tests share."""

import os

import pytest

# Set before torch is imported. The tensors of tests are tiny, and tests run beside each other: more threads
# of computation than one only wait for each other. Tests of threads set their own number.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _shared_cache(tmp_path_factory):
    """Keep the data sets that tests build out of the user's own cache; build each once a test process."""
    os.environ.setdefault("QGTUNE_CACHE", str(tmp_path_factory.getbasetemp().parent / "qgtune-cache"))
