"""The sampler of a study, from what a tuning file says of it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.samplers.nsgaii import (
    BLXAlphaCrossover,
    PolynomialMutation,
    SBXCrossover,
    SPXCrossover,
    UNDXCrossover,
    UniformCrossover,
    VSBXCrossover,
)

from qgtune.core.errors import ConfigValueError
from qgtune.core.user_code import UserCodeError, load_function
from qgtune.schema.sampler_settings import DEFAULT_SAMPLER, Choice
from qgtune.schema.samplers import ALGORITHMS, OWN
from qgtune.study.quiet import quiet_optuna
from qgtune.study.sampling.brute_force import VisitingSampler
from qgtune.study.sampling.combinations import Listed, Product
from qgtune.study.sampling.grid import CellSampler
from qgtune.study.sampling.quasi_random import SequenceSampler
from qgtune.study.sampling.rehearsal import HeedingSampler, Holds
from qgtune.study.sampling.sampler import TrialSeededSampler

_SEEDED: Mapping[str, Callable[..., BaseSampler]] = {
    "tpe": TPESampler,
    "gp": GPSampler,
    "cmaes": CmaEsSampler,
    "nsga2": NSGAIISampler,
    "nsga3": NSGAIIISampler,
    "random": RandomSampler,
    "brute_force": VisitingSampler,
}
_CROSSOVERS: Mapping[str, Callable[[], Any]] = {
    "uniform": UniformCrossover,
    "blxalpha": BLXAlphaCrossover,
    "sbx": SBXCrossover,
    "spx": SPXCrossover,
    "undx": UNDXCrossover,
    "vsbx": VSBXCrossover,
}

_MOST_TRIES = 20
_TRIES = {"gp": 2}
"""How often a sampler is asked while its draws break a constraint; a Gaussian process takes its time."""


@dataclass(frozen=True, slots=True)
class SamplerSpec:
    """A sampler and what it has to know of the search space, in values that can be sent to a worker.

    Args:
        choice: which one, and its arguments.
        names: all parameters that a trial can have, in the order of the config; for qmc.
        grid: the values of each parameter by name; for grid, and for brute_force where every trial has the
            same parameters.
        every: all combinations, for brute_force where they depend on each other and are not too many.
        folder: what the file of a user's own sampler is relative to.
        holds: tells whether a drawn trial may be trained; None where the space has no constraints.
    """

    choice: Choice = DEFAULT_SAMPLER
    names: tuple[str, ...] = ()
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    every: tuple[Mapping[str, Any], ...] = ()
    folder: Path = Path()
    holds: Holds | None = None


def make_sampler(spec: SamplerSpec, seed: int | None, n_objectives: int) -> BaseSampler:
    """Return the sampler of a study.

    Args:
        spec: which one.
        seed: the study's; None for draws that differ from run to run.
        n_objectives: how many values a trial returns.

    Raises:
        ConfigValueError: at ``sampler``, if it cannot be made of these arguments.

    Example:
        >>> type(make_sampler(SamplerSpec(Choice("random")), 1, 1)).__name__
        'TrialSeededSampler'
    """
    name = spec.choice.name
    if name == "grid" or (name == "brute_force" and spec.grid):
        return CellSampler(Product(spec.grid), seed)
    if name == "brute_force" and spec.every:
        return CellSampler(Listed(spec.every), seed)
    if name == "qmc":
        arguments = with_defaults("sampler", spec.choice)
        return SequenceSampler(spec.names, seed, arguments["qmc_type"], scramble=arguments["scramble"])
    if name not in _SEEDED:
        return _own_sampler(spec, seed)

    def make(trial_seed: int | None) -> BaseSampler:
        return _seeded(spec, spec.choice, trial_seed, n_objectives)

    make(seed)  # what it refuses is said before the first trial
    sampler = TrialSeededSampler(make, seed)
    if spec.holds is None or name == "brute_force":
        return sampler
    return HeedingSampler(sampler, spec.holds, seed, _TRIES.get(name, _MOST_TRIES))


def with_defaults(role: str, choice: Choice) -> dict[str, Any]:
    """Return all arguments of a built-in sampler or pruner, by default ours, or else Optuna's."""
    table = ALGORITHMS[role][choice.name].arguments
    defaults = {
        name: argument.default if argument.ours is None else argument.ours for name, argument in table.items()
    }
    return {**defaults, **choice.arguments}


def _seeded(spec: SamplerSpec, choice: Choice, seed: int | None, n_objectives: int) -> BaseSampler:
    arguments = with_defaults("sampler", choice)
    if choice.name == "tpe" and "group" not in choice.arguments:
        # Groups are for one objective only, and for parameters that are drawn together.
        arguments["group"] = n_objectives == 1 and arguments.get("multivariate") is not False
    if (inner := arguments.get("independent_sampler")) is not None:
        arguments["independent_sampler"] = _inner(spec, inner, seed, n_objectives)
    if choice.name in {"gp", "cmaes"}:
        arguments["warn_independent_sampling"] = False

    def build() -> BaseSampler:
        if arguments.get("crossover") is not None:
            arguments["crossover"] = _CROSSOVERS[arguments["crossover"]]()
        if arguments.get("mutation") is not None:
            arguments["mutation"] = PolynomialMutation()
        return _SEEDED[choice.name](**arguments, seed=seed)

    sampler: BaseSampler = calling("sampler", choice.name, build)
    return sampler


def _inner(spec: SamplerSpec, choice: Choice, seed: int | None, n_objectives: int) -> BaseSampler:
    """Return the sampler that another one falls back on; it is made anew with the other, for each trial."""
    if choice.name in _SEEDED:
        return _seeded(spec, choice, seed, n_objectives)
    raise ConfigValueError(
        ("sampler", "independent_sampler"),
        f"{choice.name} cannot draw single parameters for another sampler",
        "use random or tpe",
    )


def _own_sampler(spec: SamplerSpec, seed: int | None) -> BaseSampler:
    """Return a user's own sampler: one for each trial if it takes a seed, else one for the worker."""
    function = own_function("sampler", spec.choice.name, spec.folder)
    arguments = dict(spec.choice.arguments)

    def make(trial_seed: int | None) -> BaseSampler:
        seeded = {**arguments, "seed": trial_seed} if takes_seed else arguments
        made = calling("sampler", spec.choice.name, lambda: function(**seeded))
        if isinstance(made, BaseSampler):
            return made
        raise ConfigValueError(
            ("sampler",), f"{spec.choice.name} must return a sampler of Optuna's kind, but returned {made!r}"
        )

    takes_seed = "seed" in inspect.signature(function).parameters and "seed" not in arguments
    made = make(seed)
    return TrialSeededSampler(make, seed) if takes_seed else made


def own_function(role: str, name: str, folder: Path) -> Callable[..., Any]:
    """Return the user's own function or class that makes a sampler or a pruner.

    Raises:
        ConfigValueError: if its module cannot be imported, or has no such function.
    """
    if ":" not in name:
        return OWN[role][name]
    try:
        return load_function(name, folder)
    except UserCodeError as error:
        raise ConfigValueError((role,), error.message, error.hint) from error


def calling(role: str, name: str, make: Callable[[], Any]) -> Any:
    """Return what a call makes; what it raises becomes a problem of the setting.

    Raises:
        ConfigValueError: at ``sampler`` or ``pruner``, with what was raised.
    """
    try:
        with quiet_optuna():
            return make()
    except ConfigValueError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ConfigValueError(
            (role,), f"{name} cannot be made of this: {type(error).__name__}: {reason}"
        ) from error
