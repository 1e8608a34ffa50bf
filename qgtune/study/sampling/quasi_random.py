"""Sampling from a sequence that covers the space evenly: trial n of a study is point n of the sequence."""

import functools
import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.sampling.sampler import NamedDrawsSampler, shared_seed, trial_seed

_BELOW_ONE = float(np.nextafter(1.0, 0.0))

# scipy's engines share state among threads.
_ONE_AT_A_TIME = threading.Lock()


class SequenceSampler(NamedDrawsSampler):
    """Takes the values of trial n from point n of a Sobol or Halton sequence.

    Each parameter has a coordinate of its own, whether or not a trial has it, so that which points are
    taken depends on the seed and the trials' numbers only: not on how many workers take them, nor on how
    often a run was killed. Optuna's own QMC sampler counts in the study and can give one point twice.
    See Sobol, "On the distribution of points in a cube", 1967; Halton, "Algorithm 247", 1964.

    Args:
        names: all parameters that a trial can have; the order gives the coordinates.
        seed: scrambles the sequence; None for a scrambling that the study keeps.
        qmc_type: ``sobol`` or ``halton``.
        scramble: whether the seed scrambles the sequence; without it, point 0 is the corner of low values.

    Example:
        >>> import optuna
        >>> study = optuna.create_study(sampler=SequenceSampler(("x",), 1, "sobol", scramble=False))
        >>> [study.ask().suggest_float("x", 0.0, 1.0) for _ in range(4)]
        [0.0, 0.5, 0.75, 0.25]
    """

    def __init__(self, names: Sequence[str], seed: int | None, qmc_type: str, *, scramble: bool) -> None:
        self._coordinates = {name: position for position, name in enumerate(dict.fromkeys(names))}
        self._seed = seed
        self._qmc_type = qmc_type
        self._scramble = scramble
        self._points: dict[int, tuple[float, ...]] = {}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Find the point of the trial."""
        seed = shared_seed(study, self._seed)
        if self._coordinates:
            self._points[trial.number] = point(
                self._qmc_type, len(self._coordinates), trial.number, seed if self._scramble else None
            )

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value at the parameter's coordinate of the trial's point."""
        coordinate = self._coordinates.get(param_name)
        if coordinate is None:
            random = RandomSampler(trial_seed(shared_seed(study, self._seed), trial.number))
            return random.sample_independent(study, trial, param_name, param_distribution)
        return value_at(param_distribution, self._points[trial.number][coordinate])

    def after_trial(
        self,
        study: Study,  # noqa: ARG002 - Optuna's signature
        trial: FrozenTrial,
        state: TrialState,  # noqa: ARG002 - Optuna's signature
        values: Sequence[float] | None,  # noqa: ARG002 - Optuna's signature
    ) -> None:
        """Forget the point of the trial."""
        self._points.pop(trial.number, None)


@functools.lru_cache(maxsize=16)
def point(qmc_type: str, dimensions: int, number: int, seed: int | None) -> tuple[float, ...]:
    """Return one point of a sequence, each coordinate at least 0 and below 1.

    Args:
        qmc_type: ``sobol`` or ``halton``.
        dimensions: how many coordinates.
        number: which point, from 0.
        seed: what scrambles the sequence; None for the plain one.
    """
    # It takes half a second to import, and only this sampler needs it.
    from scipy.stats import qmc

    engine_type = qmc.Halton if qmc_type == "halton" else qmc.Sobol
    with _ONE_AT_A_TIME:
        engine = engine_type(dimensions, scramble=seed is not None, seed=seed)
        if number:
            engine.fast_forward(number)
        coordinates = engine.random(1)[0]
    return tuple(min(float(coordinate), _BELOW_ONE) for coordinate in coordinates)


def value_at(distribution: BaseDistribution, share: float) -> Any:
    """Return the value of which a share of the distribution lies below.

    Args:
        distribution: Optuna's description of the domain.
        share: at least 0 and below 1.

    Example:
        >>> value_at(IntDistribution(16, 64, step=16), 0.5)
        48
    """
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(share * len(distribution.choices))]
    if isinstance(distribution, IntDistribution):
        low, high, step = distribution.low, distribution.high, distribution.step
        if distribution.log:
            return min(max(round(_between(math.log(low - 0.5), math.log(high + 0.5), share)), low), high)
        return low + int(share * ((high - low) // step + 1)) * step
    assert isinstance(distribution, FloatDistribution)  # noqa: S101 - Optuna has these three
    if distribution.log:
        value = _between(math.log(distribution.low), math.log(distribution.high), share)
        return min(max(value, distribution.low), distribution.high)
    if distribution.step is None:
        value = distribution.low + share * (distribution.high - distribution.low)
        return min(value, distribution.high)
    steps = round((distribution.high - distribution.low) / distribution.step) + 1
    return min(distribution.low + int(share * steps) * distribution.step, distribution.high)


def _between(low: float, high: float, share: float) -> float:
    return math.exp(low + share * (high - low))
