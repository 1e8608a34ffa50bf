"""Where a trial is trained, and from which random numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.training.task import OnNotice


def choose_device(name: str, on_notice: OnNotice) -> torch.device:
    """Return the device of ``training.device``, or the CPU if it is a GPU and torch finds none.

    Args:
        name: ``cpu``, ``cuda`` or ``cuda:N``.
        on_notice: told if the CPU takes a GPU's place.

    Raises:
        ConfigValueError: if there are GPUs, but not as many as ``cuda:N`` needs.
    """
    device = torch.device(name)
    if device.type != "cuda":
        return device
    if not torch.cuda.is_available():
        on_notice(
            f"training.device is {name}, and torch finds no GPU on this machine: the CPU is used instead"
        )
        return torch.device("cpu")
    count = torch.cuda.device_count()
    if device.index is not None and device.index >= count:
        raise ConfigValueError(
            ("training", "device"), f"GPUs are numbered from 0, and there are {count}: there is no {name}"
        )
    return device


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's random numbers, and give them back afterwards as they were.

    The generators are those of the process: threads that train at the same time draw from the same numbers.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def random_state(device: torch.device) -> list[Tensor]:
    """Return where torch's random numbers are now, those of the CPU and those of the device."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


def set_random_state(states: Sequence[Tensor], device: torch.device) -> None:
    """Let torch's random numbers go on from there."""
    torch.set_rng_state(states[0].cpu())
    if device.type == "cuda" and len(states) > 1:
        torch.cuda.set_rng_state(states[1].cpu(), device)


def device_of(model: torch.nn.Module) -> torch.device:
    """Return the device of a model's parameters; the CPU for a model without any."""
    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device
