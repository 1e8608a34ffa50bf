"""Memory: how much of it a trial took, and what becomes of a trial that wants more than there is."""

import copy
import gc
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch

from qgtune.core.errors import QgtuneError

R = TypeVar("R")

OnOom = Literal["fail", "prune", "halve_batch"]
_LOADER_SECTIONS = ("training", "validation", "testing")
_TEXTS = ("not enough memory", "can't allocate memory", "cannot allocate memory", "out of memory")


class OutOfMemoryError(QgtuneError):
    """A trial that needed more memory than there is; everything that it held is free again.

    Args:
        device: ``the CPU`` or ``the GPU``.
        reason: what could not be had, in one line.
    """

    def __init__(self, device: str, reason: str) -> None:
        super().__init__(device, reason)
        self.device = device
        self.reason = reason

    def __str__(self) -> str:
        return f"out of memory on {self.device}: {self.reason}"


def out_of_memory(error: BaseException) -> OutOfMemoryError | None:
    """Return what an exception says of memory that could not be had, or None if it says no such thing.

    Example:
        >>> str(out_of_memory(MemoryError("20 GB")))
        'out of memory on the CPU: 20 GB'
        >>> out_of_memory(RuntimeError("shapes differ")) is None
        True
    """
    reason = " ".join(str(error).split())[:200]
    if isinstance(error, torch.OutOfMemoryError):
        return OutOfMemoryError("the GPU", reason)
    if isinstance(error, MemoryError):
        return OutOfMemoryError("the CPU", reason or "no more can be allocated")
    if isinstance(error, RuntimeError | OSError) and any(text in reason.lower() for text in _TEXTS):
        return OutOfMemoryError("the GPU" if "cuda" in reason.lower() else "the CPU", reason)
    return None


def within_memory(call: Callable[[], R], *, free: Callable[[], None] | None = None) -> R:
    """Return what ``call`` returns; where it runs out of memory, free what it held before saying so.

    Args:
        call: called once, without arguments.
        free: called then as well, to let go of what is kept elsewhere.

    Raises:
        OutOfMemoryError: if memory does not suffice. Any other exception of ``call`` passes through.
    """
    try:
        return call()
    except Exception as error:
        refusal = out_of_memory(error)
        if refusal is None:
            raise
        # The frames of the traceback hold the model, its gradients and the batch.
        for each in _chain(error):
            if each.__traceback__ is not None:
                traceback.clear_frames(each.__traceback__)
            each.__traceback__ = None
        del error
    if free is not None:
        free()
    free_memory()
    # Raised outside the handler, so that it does not hold on to the first exception.
    raise refusal


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is not None and each not in found:
            found.append(each)
            pending += [each.__cause__, each.__context__]
    return found


def free_memory() -> None:
    """Give back what nobody refers to any more, to the system and to other users of the GPU."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def with_halved_batches(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the config with batches of half as many samples, twice as many of which make a step.

    So a step still sees as many samples, or one more where their number is odd. What is measured on comes in
    smaller batches too. None if there are no batches, or if those to train on have one sample each.

    Example:
        >>> with_halved_batches({"training": {"batch_size": 32}})
        {'training': {'batch_size': 16, 'accumulate_batches': 2}}
    """
    training = config.get("training")
    if not isinstance(training, dict):
        return None
    size = training.get("batch_size")
    if not isinstance(size, int) or size < 2:
        return None
    halved = copy.deepcopy(dict(config))
    for section in _LOADER_SECTIONS:
        loader = halved.get(section)
        if isinstance(loader, dict) and isinstance(loader.get("batch_size"), int):
            loader["batch_size"] = -(-loader["batch_size"] // 2)
    halved["training"]["accumulate_batches"] = 2 * training.get("accumulate_batches", 1)
    return halved


class PeakMemory:
    """Measures the most memory that a trial holds at once, from where it is made until it is read.

    On a GPU that is the memory of torch's tensors there. On a CPU it is the memory of the whole process:
    threads that train in one process are measured together.

    Args:
        device: the device of the config, such as ``cpu`` or ``cuda:0``.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._device = torch.device(device) if device.startswith("cuda") else None
        if self._device is not None and not torch.cuda.is_available():
            self._device = None
        if self._device is not None:
            torch.cuda.reset_peak_memory_stats(self._device)
            return
        try:
            # Lets the kernel forget the highest amount so far; not every container permits it.
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return

    def read(self) -> int | None:
        """Return the most memory so far, in bytes; None where the system does not tell."""
        if self._device is not None:
            return int(torch.cuda.max_memory_allocated(self._device))
        return _resident_peak()


def _resident_peak() -> int | None:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        status = ""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
