"""The schedule of the learning rate that the training section names."""

import math
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from qgtune.schema.gnn import MAXIMIZE
from qgtune.schema.gnn.training import LoopConfig
from qgtune.training.loop.refusals import refusals

_BY_STEP = frozenset({"OneCycleLR", "CyclicLR"})
"""Schedules whose unit is a step of the optimizer; that of all others is an epoch."""


class Schedule:
    """Changes the learning rate after each step or each epoch; does nothing if no scheduler is named.

    Args:
        config: the training section.
        optimizer: whose learning rate it is.
        steps_per_epoch: steps of the optimizer in an epoch, or None if that is not known.
        direction: in which the metric that chooses the best epoch gets better.

    Raises:
        ConfigValueError: if the scheduler refuses its arguments.
    """

    def __init__(
        self,
        config: LoopConfig,
        optimizer: torch.optim.Optimizer,
        *,
        steps_per_epoch: int | None,
        direction: str,
    ) -> None:
        self._name = config.scheduler
        self.scheduler: LRScheduler | None = None
        if config.scheduler is None:
            return
        factory = getattr(torch.optim.lr_scheduler, config.scheduler)
        kwargs = {**_filled_in(config, steps_per_epoch, direction), **config.scheduler_kwargs}
        with refusals("scheduler_kwargs", f"{config.scheduler} cannot be built"):
            self.scheduler = factory(optimizer, **kwargs)

    def after_step(self) -> None:
        """Follow a step of the optimizer."""
        if self.scheduler is None or self._name not in _BY_STEP:
            return
        # One cycle ends with its last step, and refuses another one.
        if self.scheduler.last_epoch + 1 < getattr(self.scheduler, "total_steps", math.inf):
            with self._refusals():
                self.scheduler.step()

    def after_epoch(self, value: float) -> None:
        """Follow an epoch, of which ``value`` is the metric that chooses the best one."""
        if self.scheduler is None or self._name in _BY_STEP:
            return
        with self._refusals():
            if isinstance(self.scheduler, ReduceLROnPlateau):
                self.scheduler.step(value)
            else:
                self.scheduler.step()

    def _refusals(self) -> AbstractContextManager[None]:
        return refusals("scheduler_kwargs", f"{self._name} cannot take a step")

    def state(self) -> dict[str, Any]:
        """Return what ``load`` needs in order to go on from here."""
        if self.scheduler is None:
            return {}
        state = dict(self.scheduler.state_dict())
        # Functions of the scheduler itself, which it makes anew.
        return {key: value for key, value in state.items() if not callable(value) and key != "_scale_fn_ref"}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state)


def _filled_in(config: LoopConfig, steps_per_epoch: int | None, direction: str) -> dict[str, Any]:
    """Return the arguments that follow from the rest of the section, where the config does not give them."""
    if config.scheduler == "OneCycleLR" and "epochs" not in config.scheduler_kwargs and steps_per_epoch:
        return {"total_steps": config.num_epochs * steps_per_epoch}
    if config.scheduler == "ReduceLROnPlateau":
        return {"mode": "max" if direction == MAXIMIZE else "min"}
    return {}
