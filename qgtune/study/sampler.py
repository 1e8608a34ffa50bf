"""The sampler of a study: TPE, with a stream of random numbers of its own for each trial."""

import hashlib
from collections.abc import Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.quiet import quiet_optuna


class TrialSeededSampler(BaseSampler):
    """Optuna's TPE, seeded anew for each trial from the study's seed and the trial's number.

    What a trial draws then depends on its number and on the trials before it, not on which worker
    runs it nor on how often the run was killed and started again; one sampler seeded once would repeat
    its first draws at every start. With several workers the startup trials, which are random, are
    still the same; the later ones also depend on which trials have ended by then.

    Spaces with conditions are sampled group by group of parameters that occur together. See Bergstra
    et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011.

    Args:
        seed: any integer; None for draws that differ from run to run.
        n_startup_trials: how many trials are drawn at random before TPE takes over; at least 0.
        n_objectives: how many values a trial returns; groups are for one only.
    """

    def __init__(self, seed: int | None, n_startup_trials: int, n_objectives: int) -> None:
        self._seed = seed
        self._n_startup_trials = n_startup_trials
        self._n_objectives = n_objectives
        self._samplers: dict[int, TPESampler] = {}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the sampler of the trial."""
        with quiet_optuna():
            sampler = TPESampler(
                seed=None if self._seed is None else trial_seed(self._seed, trial.number),
                n_startup_trials=self._n_startup_trials,
                group=self._n_objectives == 1,
            )
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
        """Return a value of one parameter that no finished trial had."""
        sampler = self._samplers[trial.number]
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Forget the sampler of the trial."""
        sampler = self._samplers.pop(trial.number, None)
        if sampler is not None:
            sampler.after_trial(study, trial, state, values)


def trial_seed(seed: int, number: int) -> int:
    """Return the seed of one trial, from 0 to 2**32 - 1, the same on every machine.

    Example:
        >>> trial_seed(42, 0) == trial_seed(42, 0) != trial_seed(42, 1)
        True
    """
    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
