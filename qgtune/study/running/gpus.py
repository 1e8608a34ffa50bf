"""The GPUs that a worker sees: one of those that the run may use, where there are several."""

import os
import re
from pathlib import Path

_DEVICE = re.compile(r"nvidia\d+")


def share_of_gpus(worker: int, visible: str | None, devices: Path = Path("/dev")) -> str | None:
    """Return what ``CUDA_VISIBLE_DEVICES`` is to be for a worker; None to leave it as it is.

    Args:
        worker: the worker's index.
        visible: what it is now; None if it is not set.
        devices: where the system lists its devices.

    Example:
        >>> share_of_gpus(3, "0,2")
        '2'
    """
    if visible is None:
        names = (entry.name for entry in os.scandir(devices)) if devices.is_dir() else ()
        gpus = sorted((name.removeprefix("nvidia") for name in names if _DEVICE.fullmatch(name)), key=int)
    else:
        gpus = [gpu.strip() for gpu in visible.split(",") if gpu.strip()]
    return gpus[worker % len(gpus)] if len(gpus) > 1 else None
