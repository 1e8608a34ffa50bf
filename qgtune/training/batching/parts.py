"""The parts of a data set: which graphs or nodes train, which validate, which test."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qgtune.core.errors import ConfigValueError
from qgtune.data.splits import Splits, draw_subset, split_graphs

Indices = NDArray[np.int64]
TRAINING, VALIDATION, TESTING = "training", "validation", "testing"


def split_parts(config: Any, dataset: Any) -> dict[str, Indices]:
    """Return the numbers of the graphs of each section, stratified by the labels, drawn by training.seed.

    Raises:
        ConfigValueError: if a part is empty, or has only one class of a target that has several.
    """
    splits = split_graphs(dataset.labels, **shares(config), seed=config.training.seed)
    return sections_of(config, splits, dataset, "graph")


def random_parts(config: Any, count: int) -> dict[str, Indices]:
    """Return the numbers of ``count`` samples of each section, in random order, drawn by training.seed.

    Raises:
        ConfigValueError: if a part is empty.
    """
    splits = split_graphs(np.zeros(count, dtype=np.int64), **shares(config), seed=config.training.seed)
    return _by_section(config, splits)


def shares(config: Any) -> dict[str, float]:
    """Return the share of the data that each section takes; 0 for testing where the config has none."""
    return {
        TRAINING: config.training.split,
        VALIDATION: config.validation.split,
        TESTING: config.testing.split if config.testing is not None else 0.0,
    }


def sections_of(config: Any, splits: Splits, dataset: Any, level: Any) -> dict[str, Indices]:
    """Return the parts by section, with only the data set's subset of the part to train on.

    Raises:
        ConfigValueError: if a part has only one class of a target that has several, or none of the subset.
    """
    parts = _by_section(config, splits)
    labels, seed = dataset.labels, config.training.seed
    parts[TRAINING] = draw_subset(parts[TRAINING], labels, dataset.subset, seed=seed, level=level)
    for section, indices in parts.items():
        _check_classes(section, indices, dataset, level)
    return parts


def fingerprint(dataset: Any, parts: Mapping[str, Indices]) -> str:
    """Return a text that differs where data sets differ in their parts, labels, sizes or first features."""
    digest = hashlib.sha256(repr([(name, len(part)) for name, part in parts.items()]).encode())
    arrays = getattr(dataset, "arrays", None)
    found = [getattr(arrays, name, None) for name in ("node_ptr", "edge_ptr", "x")]
    for values in (*parts.values(), getattr(dataset, "labels", None), *found):
        if isinstance(values, np.ndarray):
            # Not all of them: they may lie on a disk, and are many.
            digest.update(values[:_ROWS_TOLD_APART].tobytes())
    return digest.hexdigest()


_ROWS_TOLD_APART = 100_000


def _by_section(config: Any, splits: Splits) -> dict[str, Indices]:
    parts: Mapping[str, Indices] = {
        TRAINING: splits.training,
        VALIDATION: splits.validation,
        TESTING: splits.testing,
    }
    return {section: part for section, part in parts.items() if getattr(config, section) is not None}


def _check_classes(section: str, indices: Indices, dataset: Any, level: str) -> None:
    labels = dataset.labels
    for k, target in enumerate(dataset.targets):
        if target.num_classes is None or target.num_classes == 1:
            continue
        present = np.unique(labels[indices, k])
        if len(present) == 1:
            raise ConfigValueError(
                (section, "split"),
                f"must hold {level}s of at least two classes of {target.name!r}: all {len(indices)} {level}s "
                f"of {len(labels)} are of class {present[0]}",
                f"raise the share, or take more {level}s",
            )
