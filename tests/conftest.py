"""What all tests share."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def _shared_cache(tmp_path_factory):
    """Keep the data sets that tests build out of the user's own cache; build each once a test process."""
    os.environ.setdefault("QGTUNE_CACHE", str(tmp_path_factory.getbasetemp().parent / "qgtune-cache"))
