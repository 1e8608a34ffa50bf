"""The process from which workers are forked, and what it loads once for all of them."""

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence


def can_fork() -> bool:
    """Return whether this system forks processes from a server."""
    return "forkserver" in multiprocessing.get_all_start_methods()


def start_fork_server(modules: Sequence[str]) -> None:
    """Start the server, which loads the modules while the caller goes on; nothing if it runs already.

    Loading torch takes seconds. A caller that knows it will need workers starts the server first, and does
    everything else that a run needs in the meantime.

    Args:
        modules: what the server loads, by full names.
    """
    if not can_fork():
        return
    from multiprocessing import forkserver  # not where processes cannot be forked

    multiprocessing.get_context("forkserver").set_forkserver_preload(list(modules))
    with interrupts_held_back():
        forkserver.ensure_running()


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C back within the block, and for good in processes started there.

    A worker is deaf to it from its first moment, not only once it has got as far as ignoring it.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
