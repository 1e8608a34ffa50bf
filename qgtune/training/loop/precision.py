"""The numbers that a model computes with: float32, or half as many bits where that is safe."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.training.task import OnNotice

_HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """Runs a model in the precision of ``training.precision``; its weights stay float32.

    Losses, metrics and the optimizer see float32. With fp16 the gradients are scaled, so that small ones do
    not vanish.

    Args:
        name: ``float32``, ``bf16`` or ``fp16``.
        device: where the model is.
        on_notice: told where bf16 is only imitated, which is slow.

    Raises:
        ConfigValueError: for fp16 on a CPU.
    """

    def __init__(self, name: str, device: torch.device, on_notice: OnNotice) -> None:
        self._half = _HALVES.get(name)
        self._device = device
        if name == "fp16" and device.type == "cpu":
            raise ConfigValueError(
                ("training", "precision"),
                "fp16 needs a GPU: on a CPU it is slower than float32, and its small gradients vanish",
                "take bf16 or float32",
            )
        if name == "bf16" and device.type == "cpu" and not computes_bf16():
            on_notice(
                "training.precision is bf16, which this CPU has no instructions for: it is imitated, and is "
                "slower than float32"
            )
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")

    @classmethod
    def to_measure(cls, name: str, device: torch.device, on_notice: OnNotice) -> "Precision":
        """Return the precision to measure a trained model in; fp16 was a way to train it, on a GPU."""
        if name == "fp16" and device.type == "cpu":
            on_notice(
                "the model was trained in fp16, which needs a GPU: on this CPU it is measured in float32"
            )
            return cls("float32", device, on_notice)
        return cls(name, device, on_notice)

    def autocast(self) -> AbstractContextManager[object]:
        """Return a context in which a model computes in this precision."""
        if self._half is None:
            return nullcontext()
        return torch.autocast(self._device.type, dtype=self._half)

    def as_float32(self, outputs: Tensor | Sequence[Tensor]) -> list[Tensor]:
        """Return the outputs of a model as a list, in float32."""
        listed = [outputs] if isinstance(outputs, Tensor) else list(outputs)
        return listed if self._half is None else [output.float() for output in listed]


def computes_bf16() -> bool:
    """Return whether this CPU has instructions for bf16."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), None)
    if flags is None:
        return True  # nothing is known, so nothing is said
    return not {"avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"}.isdisjoint(flags.split())
