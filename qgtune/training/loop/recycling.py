"""What a worker keeps from one trial to the next: models, batches, and that a data set was checked.

A model that is used again is set back to exactly what building it anew under the same seed would give: its
weights and buffers, and the random numbers that follow.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from types import BuiltinFunctionType, FunctionType, NoneType
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch_geometric.nn import MessagePassing

from qgtune.training.loop.devices import random_state, set_random_state

_KNOWN_PACKAGES = frozenset({"torch", "torch_geometric", "qgtune"})


class _Layer(MessagePassing):  # type: ignore[misc]  # torch_geometric has no types
    """Nothing but message passing: torch_geometric writes into the class of which the first one is made."""


_OF_EVERY_MODULE = frozenset(vars(torch.nn.Module())) | frozenset(vars(_Layer()))
_PLAIN = (
    str,
    bytes,
    int,
    float,
    complex,
    NoneType,
    Enum,
    type,
    BuiltinFunctionType,
    torch.dtype,
    torch.device,
)


@runtime_checkable
class ResetParameters(Protocol):
    """A module that can be set back to how it was built, whatever it holds besides its state dict."""

    def reset_parameters(self) -> None:
        """Set back everything; weights and buffers of the state dict may be left, they are set afterwards."""
        ...


class Recycling:
    """Keeps a few things by key, the latest ones; what is taken out is nobody else's until it is put back.

    One object serves all threads of a process.

    Args:
        entries: how many are kept, at most; 0 for none.
    """

    def __init__(self, entries: int = 8) -> None:
        self._entries = entries
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: Hashable) -> Any:
        """Return what was kept under the key, which is then no longer kept; None if nothing was."""
        with self._lock:
            return self._kept.pop(key, None)

    def put(self, key: Hashable, value: Any) -> None:
        """Keep a value; those that have not been used for longest give way."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._entries:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


@dataclass(slots=True, eq=False)
class FreshModel:
    """A model as it was built, and all that is needed to set it back to that."""

    model: torch.nn.Module
    device: torch.device
    weights: dict[str, Tensor]
    random: Sequence[Tensor]
    plain: dict[str, str]

    @classmethod
    def build(cls, build: Callable[[], torch.nn.Module], device: torch.device) -> "FreshModel":
        """Return a new model on the device, and where torch's random numbers are after that."""
        model = build().to(device)
        weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        return cls(model, device, weights, random_state(device), _plain_state(model))

    def reset(self) -> None:
        """Set the model and torch's random numbers back to how they were when it was built."""
        for module in self.model.modules():
            if isinstance(module, ResetParameters) and not _of_torch(module):
                module.reset_parameters()
        self.model.load_state_dict(self.weights)
        self.model.zero_grad(set_to_none=True)
        set_random_state(self.random, self.device)

    @property
    def can_be_reset(self) -> bool:
        """Whether ``reset`` sets back all that there is: nothing in it has a state that nobody knows."""
        state = self.model.state_dict()
        same_shapes = state.keys() == self.weights.keys() and all(
            state[name].shape == value.shape for name, value in self.weights.items()
        )
        return (
            same_shapes
            and all(map(_can_be_reset, self.model.modules()))
            and _plain_state(self.model) == self.plain
        )


def _of_torch(module: torch.nn.Module) -> bool:
    return type(module).__module__.startswith("torch.nn.")


def _is_known(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in _KNOWN_PACKAGES


def _resets_itself(module: torch.nn.Module) -> bool:
    """Return whether a module's own class sets it back; one that is inherited knows nothing of the class."""
    if _of_torch(module):
        return False
    kinds = type(module).__mro__
    owner = next((kind for kind in kinds if "reset_parameters" in vars(kind)), None)
    return owner is not None and (_is_known(kinds[0]) or not _is_known(owner))


def _can_be_reset(module: torch.nn.Module) -> bool:
    if _resets_itself(module):
        return True
    if module._non_persistent_buffers_set:  # noqa: SLF001 - torch has no public name for it
        return False
    return _is_known(type(module)) or all(_is_plain(value) for _, value in _own_attributes(module))


def _plain_state(model: torch.nn.Module) -> dict[str, str]:
    """Return the attributes of the user's own modules that have no ``reset_parameters``, as texts."""
    return {
        f"{name}.{key}": repr(value)
        for name, module in model.named_modules()
        if not _is_known(type(module)) and not _resets_itself(module)
        for key, value in _own_attributes(module)
    }


def _is_plain(value: Any) -> bool:
    """Return whether the text of a value tells all of it; that of most objects does not."""
    if isinstance(value, dict):
        return all(map(_is_plain, (*value, *value.values())))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_is_plain, value))
    if isinstance(value, FunctionType):
        return value.__closure__ is None
    return isinstance(value, _PLAIN)


def _own_attributes(module: torch.nn.Module) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in vars(module).items() if key not in _OF_EVERY_MODULE)


def model_for_trial(
    recycling: Recycling, key: Hashable, build: Callable[[], torch.nn.Module], device: torch.device
) -> FreshModel:
    """Return a model as ``build`` gives it under the present random numbers, built now or set back.

    Args:
        recycling: where one may be kept.
        key: of what the model depends on, the seed included.
        build: returns a new model.
        device: where it shall be.
    """
    kept: FreshModel | None = recycling.take(key)
    if kept is None:
        return FreshModel.build(build, device)
    kept.reset()
    return kept
