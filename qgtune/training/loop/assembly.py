"""The batches that a trial trains on and is measured on, made now or kept from a trial before."""

from collections.abc import Hashable, Iterable, Mapping, Sized
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn import LoaderConfig
from qgtune.training.batching.parts import TRAINING, VALIDATION, Indices
from qgtune.training.learning import Learning
from qgtune.training.loop.recycling import Recycling
from qgtune.training.task import OnNotice

_OF_A_LOADER = sorted(LoaderConfig.model_fields.keys() - {"split"})


@dataclass(slots=True, eq=False)
class Batches:
    """The batches of a section, and where their random numbers were when they were made."""

    key: Hashable
    dataset: Any
    """Kept with them, so that no other data set gets its identity."""
    batches: Iterable[Any]
    initial: list[Tensor]

    def generators_state(self) -> list[Tensor]:
        """Return where the random numbers of the batches' order are now."""
        return [generator.get_state() for generator in generators(self.batches)]

    def set_generators_state(self, states: Iterable[Tensor]) -> None:
        """Let the random numbers of the batches' order go on from there."""
        for generator, state in zip(generators(self.batches), states, strict=True):
            generator.set_state(state.cpu())

    @property
    def can_be_kept(self) -> bool:
        """Whether they are the same again once their random numbers are; processes have their own."""
        return not getattr(self.batches, "num_workers", 0)


def generators(batches: Iterable[Any]) -> list[torch.Generator]:
    """Return the random generators of batches: those of a loader and of what gives it their order."""
    found: dict[int, torch.Generator] = {}
    pending: list[Any] = [batches]
    while pending:
        holder = pending.pop(0)
        generator = getattr(holder, "generator", None)
        if isinstance(generator, torch.Generator):
            found.setdefault(id(generator), generator)
        pending += [inner for key in _HOLDERS if (inner := getattr(holder, key, None)) is not None]
    return list(found.values())


_HOLDERS = ("sampler", "batch_sampler", "order")


def number_of_batches(batches: Iterable[Any]) -> int | None:
    """Return how many batches there are, or None if that is not known before they are gone through."""
    counted = batches if isinstance(batches, Sized) else getattr(batches, "order", None)
    return len(counted) if isinstance(counted, Sized) else None


def check_data(task: Learning, dataset: Any, recycling: Recycling) -> None:
    """Return if the task can learn from the data set, which is looked at once.

    Raises:
        ConfigValueError: as ``task.check_data``.
    """
    key = ("checked", type(task), id(dataset))
    if recycling.take(key) is None:
        task.check_data(dataset)
    recycling.put(key, dataset)


def make_batches(  # noqa: PLR0913 - each is one thing that batches depend on
    task: Learning,
    config: Any,
    dataset: Any,
    parts: Mapping[str, Indices],
    *,
    device: torch.device,
    on_notice: OnNotice,
    recycling: Recycling,
) -> dict[str, Batches]:
    """Return the batches to train on, and those to measure each epoch on.

    Raises:
        ConfigValueError: if there are none, as where ``drop_last`` leaves no full one.
    """
    made: dict[str, Batches] = {}
    for section in (TRAINING, VALIDATION):
        key = (id(dataset), str(device), *_key(task, section, config, parts[section]))
        kept: Batches | None = recycling.take(key)
        if kept is not None:
            kept.set_generators_state(kept.initial)
        else:
            batches = task.batches(
                section, config, dataset, parts[section], device=device, on_notice=on_notice
            )
            kept = Batches(key, dataset, batches, [g.get_state() for g in generators(batches)])
        made[section] = kept
    return made


def _key(task: Learning, section: str, config: Any, indices: Indices) -> tuple[Hashable, ...]:
    loader = getattr(config, section)
    settings = tuple(getattr(loader, key, None) for key in _OF_A_LOADER)
    seed, threads = config.training.seed, torch.get_num_threads()
    return (type(task), section, settings, seed, indices.tobytes(), threads)


def part_of(parts: Mapping[str, Indices], section: str) -> Indices:
    """Return the samples of a section.

    Raises:
        ConfigValueError: if the config has no such section.
    """
    if section not in parts:
        raise ConfigValueError(
            (section,), f"the config must have a section {section!r} to measure on, and has none"
        )
    return parts[section]
