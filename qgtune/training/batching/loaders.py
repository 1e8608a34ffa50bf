"""Loaders: batches of the graphs of one part, with no more processes than there are cores to spare."""

import multiprocessing
import os
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from qgtune.data import GraphDataset
from qgtune.schema.gnn import LoaderConfig, drop_last_problem
from qgtune.training.batching.batches import ArrayLoader, GraphBatch, collate
from qgtune.training.batching.parts import Indices
from qgtune.training.batching.resident_arrays import ResidentLoader, fits
from qgtune.training.task import LabelledGraphs, OnNotice


class Loader(Protocol):
    """Yields the batches of one part of a data set, in an order drawn anew each time."""

    def __len__(self) -> int:
        """How many batches it yields each time."""
        ...

    def __iter__(self) -> Iterator[GraphBatch]: ...


class GraphSubset(torch.utils.data.Dataset[Any]):
    """The graphs of one part of a data set.

    Args:
        dataset: the whole data set.
        indices: the graphs of the part.
    """

    def __init__(self, dataset: LabelledGraphs, indices: Indices) -> None:
        self.dataset = dataset
        self.indices = indices.tolist()

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset.graph(self.indices[index])


def make_loader(  # noqa: PLR0913 - each is one thing that a loader depends on
    section: str,
    config: LoaderConfig,
    subset: GraphSubset,
    *,
    seed: int,
    device: torch.device,
    on_notice: OnNotice,
) -> Loader:
    """Return the loader that a section of the config describes.

    A data set that keeps its graphs in flat arrays needs no loading processes: cutting a batch out of them
    takes less time than sending it from one process to another. On a GPU with room for them, the arrays lie
    there, and batches are cut there. Other data sets are loaded by processes.

    Options that mean nothing here are left out: those of loading processes where there are none, and pinned
    memory on a CPU. How many processes are started is bounded by ``spare_cores``.

    Args:
        section: ``training``, ``validation`` or ``testing``.
        config: that section.
        subset: the graphs.
        seed: of the order of the graphs.
        device: where the batches go.
        on_notice: told if fewer processes are started than the config asks for, and why.

    Raises:
        ConfigValueError: if ``drop_last`` would leave no batch at all.
    """
    if config.drop_last and len(subset) < config.batch_size:
        raise drop_last_problem(section, len(subset), config.batch_size)
    order = _order(config, len(subset), seed)
    pin_memory = config.pin_memory and device.type == "cuda"
    flat = _with_arrays(subset.dataset)
    if flat is not None:
        if config.num_workers:
            on_notice(
                "num_workers: batches are cut out of arrays in memory, which takes less time than processes "
                f"would: 0 are used instead of {config.num_workers}"
            )
        indices = np.array(subset.indices, dtype=np.int64)
        is_of_nodes = flat.level == "node"
        loader = ArrayLoader(flat.arrays, indices, order, labels_nodes=is_of_nodes, pin_memory=pin_memory)
        return ResidentLoader(loader, device) if fits(flat.arrays, device) else loader
    workers = _workers(config.num_workers, on_notice)
    return DataLoader(
        subset,
        batch_sampler=order,
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=config.persistent_workers and workers > 0,
        prefetch_factor=config.prefetch_factor if workers > 0 else None,
        pin_memory=pin_memory,
        generator=torch.Generator().manual_seed(seed),
    )


def _order(config: LoaderConfig, count: int, seed: int) -> BatchSampler:
    """Return what draws the numbers of the samples of each batch.

    It has a generator of its own: the loader draws from its generator as often as it starts processes, and
    the order must not depend on how many cores a machine has.
    """
    numbers = range(count)
    shuffled = RandomSampler(numbers, generator=torch.Generator().manual_seed(seed))
    samples = shuffled if config.shuffle else SequentialSampler(numbers)
    return BatchSampler(samples, config.batch_size, config.drop_last)


def _with_arrays(dataset: object) -> GraphDataset | None:
    """Return the data set if its arrays are all that its graphs are made of."""
    if isinstance(dataset, GraphDataset) and type(dataset).graph is GraphDataset.graph:
        return dataset
    return None


def spare_cores() -> int:
    """Return how many cores the trial may use besides those of its own process.

    The trial's share is torch's number of threads, which whoever starts the trial sets, and never more than
    the cores that this process may run on. One of them is the trial's own.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(0, min(torch.get_num_threads(), usable) - 1)


def _workers(requested: int, on_notice: OnNotice) -> int:
    # A daemonic process, such as a pool's worker, may not start processes of its own.
    allowed = 0 if multiprocessing.current_process().daemon else spare_cores()
    if requested <= allowed:
        return requested
    instead = f"{allowed} are used" if allowed else "batches are loaded in the trial's own process"
    on_notice(
        f"num_workers: the trial has {allowed} cores to spare for loading: {instead} instead of {requested}"
    )
    return allowed
