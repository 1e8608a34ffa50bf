"""The optimizer that the training section names."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn.training import LoopConfig
from qgtune.training.loop.refusals import refusals

_FUSED = frozenset({"Adam", "AdamW", "SGD"})
_FUSED_ON = frozenset({"cpu", "cuda"})
_OWN_CHOICE = frozenset({"fused", "foreach", "differentiable"})
"""Arguments that say how an optimizer computes, or rule the fused way out."""


def make_optimizer(config: LoopConfig, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """Return the optimizer of ``training.optimizer``, with the section's learning rate and weight decay.

    Adam, AdamW and SGD update all weights in one call where torch can (``fused``): the same mathematics, and
    less time. ``fused`` or ``foreach`` among the optimizer's arguments decides otherwise.

    Raises:
        ConfigValueError: if it has no weight decay and the config sets one, or refuses its arguments.
    """
    factory = getattr(torch.optim, config.optimizer)
    kwargs = {**config.optimizer_kwargs, "lr": config.learning_rate}
    # Rprop is the one without: it goes by the signs of the gradients.
    if config.optimizer != "Rprop":
        kwargs["weight_decay"] = config.weight_decay
    elif config.weight_decay:
        raise ConfigValueError(
            ("training", "weight_decay"), f"must be 0 with Rprop, which has none, not {config.weight_decay:g}"
        )
    learned = list(parameters)
    if _can_be_fused(config.optimizer, kwargs, learned):
        kwargs["fused"] = True
    with refusals("optimizer_kwargs", f"{config.optimizer} cannot be built"):
        optimizer: torch.optim.Optimizer = factory(learned, **kwargs)
    return optimizer


def _can_be_fused(name: str, kwargs: Mapping[str, Any], parameters: list[torch.nn.Parameter]) -> bool:
    return (
        name in _FUSED
        and _OWN_CHOICE.isdisjoint(kwargs)
        and all(p.device.type in _FUSED_ON and p.is_floating_point() for p in parameters)
    )
