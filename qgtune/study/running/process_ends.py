"""How a worker process ended, in words: its exit code, its signal, or the kernel's want of memory."""

import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a worker process ended.

    Args:
        reason: in words, for example ``was killed by SIGKILL``.
        killed: whether by a signal.
    """

    reason: str
    killed: bool


class MemoryKills:
    """Counts the processes that the kernel has killed for want of memory since it was asked last.

    Linux counts them, for the machine and for each control group (a container, a job of SLURM). Who was
    killed it does not say; but a worker that died of SIGKILL while the count went up is hardly another one.

    Args:
        proc: where the kernel tells of processes.
        cgroups: where the kernel tells of control groups.
    """

    def __init__(self, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> None:
        self._counters = [proc / "vmstat", *_memory_events(proc, cgroups)]
        self._seen = self._count()

    def happened(self) -> bool:
        """Return whether the kernel has killed a process for want of memory since the last call."""
        before, self._seen = self._seen, self._count()
        return self._seen > before

    def _count(self) -> int:
        return max(map(_kills_in, self._counters), default=0)


def end_of(code: int, *, for_memory: bool, server_lost: bool = False) -> ProcessEnd:
    """Return how a process with this exit code ended.

    Args:
        code: as multiprocessing tells it, negative for a signal.
        for_memory: whether the kernel has just killed a process for want of memory.
        server_lost: whether the server that forked it was killed, so that the code says nothing.

    Example:
        >>> end_of(-15, for_memory=False).reason
        'was killed by SIGTERM'
        >>> end_of(-9, for_memory=True).reason
        'was killed by the kernel, which had run out of memory (OOM killer)'
    """
    if server_lost:
        return ProcessEnd("was lost together with the server that forks workers", killed=True)
    if code >= 0:
        return ProcessEnd(f"ended with exit code {code}", killed=False)
    try:
        name = signal.Signals(-code).name
    except ValueError:  # a real-time signal has no name
        name = f"signal {-code}"
    if name == "SIGKILL" and for_memory:
        return ProcessEnd("was killed by the kernel, which had run out of memory (OOM killer)", killed=True)
    cause = " (often for want of memory)" if name == "SIGKILL" else ""
    return ProcessEnd(f"was killed by {name}{cause}", killed=True)


def _memory_events(proc: Path, cgroups: Path) -> list[Path]:
    """Return the counters of this process's control group, in the second version of control groups."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return []
    groups = [line.removeprefix("0::/") for line in lines if line.startswith("0::/")]
    return [cgroups / group / "memory.events" for group in groups]


def _kills_in(file: Path) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.split()[:1] == ["oom_kill"])
