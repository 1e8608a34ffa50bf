"""Samplers with a stream of random numbers of its own for each trial."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.quiet import quiet_optuna


class TrialSeededSampler(BaseSampler):
    """A sampler of Optuna's, seeded anew for each trial from the study's seed and the trial's number.

    What a trial draws then depends on its number and on the trials before it, not on which worker
    runs it nor on how often the run was killed and started again; one sampler seeded once would repeat
    its first draws at every start. A sampler that learns from other trials finds them in the study. With
    several workers it also depends on which trials have ended by then.

    Args:
        make: returns a sampler for a seed; called for each trial.
        seed: any integer; None for draws that differ from run to run.

    Example:
        >>> import optuna
        >>> sampler = TrialSeededSampler(optuna.samplers.RandomSampler, 42)
        >>> [optuna.create_study(sampler=sampler).ask().suggest_int("x", 0, 99) for _ in range(2)]
        [56, 56]
    """

    def __init__(self, make: Callable[[int | None], BaseSampler], seed: int | None) -> None:
        self._make = make
        self._seed = seed
        self._samplers: dict[int, BaseSampler] = {}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the sampler of the trial."""
        with quiet_optuna():
            sampler = self._make(None if self._seed is None else trial_seed(self._seed, trial.number))
        self._samplers[trial.number] = sampler
        sampler.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that are drawn together."""
        return self._samplers[trial.number].infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return values of the parameters that are drawn together."""
        return self._samplers[trial.number].sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value of one parameter that is not drawn together with others."""
        sampler = self._samplers[trial.number]
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Forget the sampler of the trial."""
        sampler = self._samplers.pop(trial.number, None)
        if sampler is not None:
            sampler.after_trial(study, trial, state, values)


class NamedDrawsSampler(BaseSampler):
    """A base for samplers that look up each value by its parameter's name, and draw none together."""

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002 - Optuna's signature
        trial: FrozenTrial,  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, BaseDistribution]:
        """Return nothing: no parameters are drawn together."""
        return {}

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002 - Optuna's signature
        trial: FrozenTrial,  # noqa: ARG002 - Optuna's signature
        search_space: dict[str, BaseDistribution],  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, Any]:
        """Return nothing: no parameters are drawn together."""
        return {}


def trial_seed(seed: int, number: int) -> int:
    """Return the seed of one trial, from 0 to 2**32 - 1, the same on every machine.

    Example:
        >>> trial_seed(42, 0) == trial_seed(42, 0) != trial_seed(42, 1)
        True
    """
    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


SEED = "qgtune:sampler_seed"
"""On a study without a seed of the user's: the one that all of its workers share."""


def shared_seed(study: Study, seed: int | None) -> int:
    """Return a seed that all workers of a study share, and that its later runs keep.

    A study is asked once before its workers start, so that none of them has to make one up.

    Args:
        study: where the seed is kept if the user gave none.
        seed: the user's.
    """
    if seed is not None:
        return seed
    kept = study.user_attrs.get(SEED)
    if kept is None:
        kept = secrets.randbits(32)
        study.set_user_attr(SEED, kept)
    return int(kept)
