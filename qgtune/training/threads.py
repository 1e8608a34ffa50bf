"""The share of the cores that a worker may use."""

import contextlib
from collections.abc import Iterator

import torch


def set_torch_threads(number: int) -> None:
    """Make torch compute with ``number`` threads in this process, whatever it would choose by itself.

    Args:
        number: at least 1. Workers share the cores; more threads than cores make every one of them slower.
    """
    torch.set_num_threads(number)
    # Can be set only before the first parallel work; a worker sets it first of all, a script may be late.
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)


@contextlib.contextmanager
def one_torch_thread() -> Iterator[None]:
    """Make torch compute with one thread for a while; for tiny tensors, of which threads make slow work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
