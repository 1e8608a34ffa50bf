"""What the tests of the data room share."""

import warnings

import pytest
from threadpoolctl import threadpool_limits

with warnings.catch_warnings():
    # torch_geometric calls what torch deprecates while it is imported; that is not ours to mend.
    warnings.simplefilter("ignore")
    import torch_geometric.loader
    import torch_geometric.nn  # noqa: F401 - only imported here, under the filter


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Keep the threads of small matrix products from waiting for each other on a busy machine."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
