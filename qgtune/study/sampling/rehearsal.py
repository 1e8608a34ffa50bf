"""Sampling within constraints: a trial is drawn as a whole before it begins, and again while it breaks one.

A trial that breaks a constraint is pruned before it trains, and most samplers learn from complete trials
only: they would propose the same again. What is drawn again costs no training and no trial.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna import Study
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.quiet import quiet_optuna
from qgtune.study.sampling.sampler import NamedDrawsSampler, trial_seed

Holds = Callable[[Any], bool]
"""Called with what suggests values as a trial does; returns whether they give a config that is trained."""

RANDOM_TRIES = 100
"""So often a trial is drawn at random, after the sampler's own tries."""


class HeedingSampler(NamedDrawsSampler):
    """A sampler of which each trial is drawn again while it breaks a constraint, a bounded number of times.

    After ``tries`` proposals of the sampler's own there are some at random; if all of them break a
    constraint, the trial has the first proposal, and is pruned.

    Args:
        sampler: what draws; it draws nothing differently where no constraint is broken.
        holds: whether a drawn trial may be trained.
        seed: of the study, for the draws at random; None for others each time.
        tries: how often the sampler is asked.
    """

    def __init__(self, sampler: BaseSampler, holds: Holds, seed: int | None, tries: int) -> None:
        self._sampler = sampler
        self._holds = holds
        self._seed = seed
        self._tries = tries
        self._drawn: dict[int, dict[str, Any]] = {}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Have the sampler begin the trial."""
        self._sampler.before_trial(study, trial)

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],  # noqa: ARG002 - Optuna's signature
    ) -> dict[str, Any]:
        """Draw the whole trial, for ``sample_independent`` to give out."""
        with quiet_optuna():
            self._drawn[trial.number] = self._draw(study, trial)
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value that was drawn."""
        drawn = self._drawn.get(trial.number, {})
        if param_name in drawn and _contains(param_distribution, drawn[param_name]):
            return drawn[param_name]
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Forget what was drawn."""
        self._drawn.pop(trial.number, None)
        self._sampler.after_trial(study, trial, state, values)

    def _draw(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
        fixed = trial.system_attrs.get("fixed_params", {})
        space = self._sampler.infer_relative_search_space(study, trial)
        first: dict[str, Any] | None = None
        sampler = self._sampler
        for attempt in range(self._tries + RANDOM_TRIES):
            if attempt == self._tries:
                seed = None if self._seed is None else trial_seed(self._seed, trial.number)
                space, sampler = {}, RandomSampler(seed)
            together = sampler.sample_relative(study, trial, space)
            rehearsal = Rehearsal(_one_by_one(sampler, study, trial), {**together, **fixed})
            holds = self._holds(rehearsal)
            first = rehearsal.params if first is None else first
            if holds:
                return rehearsal.params
            if not rehearsal.is_drawn and not together:
                break  # all of it is fixed
        return first or {}


class Rehearsal:
    """Suggests values as a trial does, and keeps them.

    Args:
        draw: draws a value by name and domain.
        given: values that are known already; one that lies outside of its domain is drawn.
    """

    def __init__(self, draw: Callable[[str, BaseDistribution], Any], given: Mapping[str, Any]) -> None:
        self._draw = draw
        self._given = given
        self.params: dict[str, Any] = {}
        self.is_drawn = False
        """Whether any value was drawn here."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a float between low and high."""
        return float(self._suggest(name, FloatDistribution(low, high, log=log, step=step)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return an integer between low and high."""
        return int(self._suggest(name, IntDistribution(low, high, log=log, step=step)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""
        return self._suggest(name, CategoricalDistribution(choices))

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name not in self.params:
            known = name in self._given and _contains(distribution, self._given[name])
            self.params[name] = self._given[name] if known else self._drawn(name, distribution)
        return self.params[name]

    def _drawn(self, name: str, distribution: BaseDistribution) -> Any:
        if distribution.single():
            return distribution.to_external_repr(_lowest(distribution))
        self.is_drawn = True
        return self._draw(name, distribution)


def _one_by_one(
    sampler: BaseSampler, study: Study, trial: FrozenTrial
) -> Callable[[str, BaseDistribution], Any]:
    return lambda name, distribution: sampler.sample_independent(study, trial, name, distribution)


def _contains(distribution: BaseDistribution, value: Any) -> bool:
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))  # noqa: SLF001 - told nowhere else
    except ValueError:
        return False


def _lowest(distribution: BaseDistribution) -> float:
    """Return the only value of a domain as it is stored."""
    if isinstance(distribution, FloatDistribution | IntDistribution):
        return float(distribution.low)
    return 0.0
