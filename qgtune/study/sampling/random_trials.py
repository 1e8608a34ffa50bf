"""Trials that belong to no study that is kept: for looking at what a search space gives."""

from collections.abc import Iterator

import optuna
from optuna.samplers import RandomSampler

from qgtune.study.quiet import quiet_optuna


def random_trials(count: int, seed: int | None = None) -> Iterator[optuna.Trial]:
    """Yield trials that sample at random, all parameters independently.

    Args:
        count: how many.
        seed: the same seed gives the same trials; None for others each time.

    Example:
        >>> [trial.suggest_int("x", 1, 1) for trial in random_trials(2, seed=0)]
        [1, 1]
    """
    with quiet_optuna():
        study = optuna.create_study(sampler=RandomSampler(seed))
    for _ in range(count):
        yield study.ask()
