"""The samplers and pruners that a tuning file can name, and the arguments that each of them takes.

The tables say what Optuna's signatures say, so that a tuning file can be checked without importing Optuna;
a test holds the two equal. Where nothing is written, ``ours`` is given instead of Optuna's own default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qgtune.core.registry import Registry

REQUIRED: Any = object()
"""The default of an argument that has none."""

OWN_SAMPLERS: Registry[Callable[..., Any]] = Registry("sampler")
OWN_PRUNERS: Registry[Callable[..., Any]] = Registry("pruner")
OWN_LAUNCHERS: Registry[Callable[..., Any]] = Registry("launcher")


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a sampler or pruner.

    Args:
        kind: ``int``, ``float``, ``bool``, ``str``, or ``sampler`` or ``pruner`` for one inside the other.
        default: Optuna's; None also stands for an argument that may be null.
        meaning: what it does, in a phrase.
        low: the smallest legal value.
        high: the largest legal value.
        choices: the legal texts; with the kind ``int``, texts that are legal beside numbers.
        ours: what qgtune gives where nothing is written; Optuna's default if that is None.
    """

    kind: str
    default: Any
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    ours: Any = None


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A sampler or a pruner.

    Args:
        name: what a tuning file calls it.
        optuna_name: the name of Optuna's class, which a tuning file may use as well.
        meaning: what it does, in a phrase.
        arguments: what it takes.
        withheld: what Optuna's class takes and a tuning file cannot give, each with the reason.
        needs: the module that qgtune's extra of the same name installs; empty if it needs nothing more.
    """

    name: str
    optuna_name: str
    meaning: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""


_OF_THE_STUDY = "it follows from the setting seed"
_OF_THE_SPACE = "it follows from the search space"
_FUNCTION = "it is a Python object: name a sampler of your own, file.py:function"
_DEPRECATED = "Optuna is about to remove it"
_LOG_LINES = "it is about log lines of Optuna, which a run does not show"
_CONSTRAINTS = "the search space has constraints of its own"

_STARTUP = "trials drawn at random before the sampler learns from them"
_CROSSOVERS = ("uniform", "blxalpha", "sbx", "spx", "undx", "vsbx")

_GENETIC = {
    "population_size": Argument("int", 50, "trials of a generation", low=2),
    "mutation": Argument(
        "str", None, "how a numeric value mutates; null: drawn anew", choices=("polynomial",)
    ),
    "mutation_prob": Argument(
        "float", None, "probability of a mutation, of each parameter; null: 1 / parameters", low=0, high=1
    ),
    "crossover": Argument("str", None, "how two parents mix; null: uniform", choices=_CROSSOVERS),
    "crossover_prob": Argument("float", 0.9, "probability that a trial has two parents", low=0, high=1),
    "swapping_prob": Argument(
        "float", 0.5, "probability that a parameter comes from the second parent", low=0, high=1
    ),
}
_GENETIC_WITHHELD = {
    "seed": _OF_THE_STUDY,
    "constraints_func": _CONSTRAINTS,
    "elite_population_selection_strategy": _FUNCTION,
    "child_generation_strategy": _FUNCTION,
    "after_trial_strategy": _FUNCTION,
}
_FALLBACK = "what draws the parameters that only some trials have; null: random"

_SAMPLERS = (
    Algorithm(
        "tpe",
        "TPESampler",
        "models good and bad trials and draws what is likelier among the good",
        {
            "n_startup_trials": Argument("int", 10, _STARTUP, low=0),
            "n_ei_candidates": Argument("int", 24, "candidates of which the best is taken", low=1),
            "multivariate": Argument("bool", None, "whether parameters are drawn together; null: yes"),
            "group": Argument(
                "bool",
                False,
                "whether parameters that occur together are drawn together; for one objective",
                ours=True,
            ),
            "constant_liar": Argument(
                "bool", True, "whether running trials count as bad, so that workers keep apart"
            ),
        },
        {
            "consider_prior": _DEPRECATED,
            "prior_weight": _DEPRECATED,
            "consider_magic_clip": _DEPRECATED,
            "consider_endpoints": _DEPRECATED,
            "gamma": _DEPRECATED,
            "weights": _DEPRECATED,
            "seed": _OF_THE_STUDY,
            "warn_independent_sampling": _LOG_LINES,
            "constraints_func": _CONSTRAINTS,
        },
    ),
    Algorithm(
        "gp",
        "GPSampler",
        "a Gaussian process: few, expensive trials; not for parameters that only some trials have",
        {
            "n_startup_trials": Argument("int", 10, _STARTUP, low=0),
            "deterministic_objective": Argument("bool", False, "whether equal configs give equal values"),
            "independent_sampler": Argument("sampler", None, _FALLBACK),
        },
        {"seed": _OF_THE_STUDY, "constraints_func": _CONSTRAINTS, "warn_independent_sampling": _LOG_LINES},
    ),
    Algorithm(
        "cmaes",
        "CmaEsSampler",
        "an evolution strategy: many trials, numeric parameters that every trial has, one objective",
        {
            "n_startup_trials": Argument("int", 1, _STARTUP, low=0),
            "independent_sampler": Argument("sampler", None, "what draws all other parameters; null: random"),
            "consider_pruned_trials": Argument("bool", False, "whether it learns from pruned trials"),
            "popsize": Argument("int", None, "trials of a generation; null: from the parameters", low=2),
            "use_separable_cma": Argument("bool", False, "whether parameters are taken as independent"),
            "with_margin": Argument("bool", False, "whether ranges with steps keep a least variance"),
            "lr_adapt": Argument("bool", False, "whether the learning rate adapts, for noisy objectives"),
        },
        {
            "x0": _DEPRECATED,
            "sigma0": _DEPRECATED,
            "restart_strategy": _DEPRECATED,
            "inc_popsize": _DEPRECATED,
            "source_trials": _FUNCTION,
            "seed": _OF_THE_STUDY,
            "warn_independent_sampling": _LOG_LINES,
        },
        needs="cmaes",
    ),
    Algorithm(
        "nsga2",
        "NSGAIISampler",
        "a genetic algorithm for one to three objectives",
        _GENETIC,
        _GENETIC_WITHHELD,
    ),
    Algorithm(
        "nsga3",
        "NSGAIIISampler",
        "a genetic algorithm for more objectives",
        {
            **_GENETIC,
            "dividing_parameter": Argument("int", 3, "divisions between two reference points", low=1),
        },
        {**_GENETIC_WITHHELD, "reference_points": _FUNCTION},
    ),
    Algorithm(
        "qmc",
        "QMCSampler",
        "a quasi-random sequence, which covers the space evenly",
        {
            "qmc_type": Argument("str", "sobol", "the sequence", choices=("sobol", "halton")),
            "scramble": Argument("bool", False, "whether the seed scrambles the sequence", ours=True),
        },
        {
            "seed": _OF_THE_STUDY,
            "independent_sampler": "every parameter of the search space has a coordinate of the sequence",
            "warn_asynchronous_seeding": _LOG_LINES,
            "warn_independent_sampling": _LOG_LINES,
        },
    ),
    Algorithm("random", "RandomSampler", "every trial at random", {}, {"seed": _OF_THE_STUDY}),
    Algorithm(
        "grid",
        "GridSampler",
        "every combination once, in an order that the seed decides",
        {},
        {"search_space": _OF_THE_SPACE, "seed": _OF_THE_STUDY},
    ),
    Algorithm(
        "brute_force",
        "BruteForceSampler",
        "every combination, also where only some trials have a parameter",
        {
            "avoid_premature_stop": Argument(
                "bool", False, "whether what another worker is running may be drawn again"
            )
        },
        {"seed": _OF_THE_STUDY},
    ),
)

_WARMUP = "epochs of a trial before it can be pruned"
_INTERVAL = "epochs from one look at a trial to the next"
_FINISHED = "finished trials before any can be pruned"
_BOOTSTRAP = "trials that have to reach the first rung before any can be pruned"


def _compared(ours: tuple[int | None, int | None, int | None]) -> dict[str, Argument]:
    startup, warmup, interval = ours
    return {
        "n_startup_trials": Argument("int", 5, _FINISHED, low=0, ours=startup),
        "n_warmup_steps": Argument("int", 0, _WARMUP, low=0, ours=warmup),
        "interval_steps": Argument("int", 1, _INTERVAL, low=1, ours=interval),
        "n_min_trials": Argument("int", 1, "values at an epoch that a trial is compared with", low=1),
    }


_PRUNERS = (
    Algorithm("none", "NopPruner", "prunes nothing"),
    Algorithm(
        "median",
        "MedianPruner",
        "prunes what is worse than the median of the trials before it at the same epoch",
        _compared((2, 5, 5)),
    ),
    Algorithm(
        "percentile",
        "PercentilePruner",
        "keeps the best share of the trials at the same epoch",
        {
            "percentile": Argument("float", REQUIRED, "per cent of the trials that go on", low=0, high=100),
            **_compared((None, None, None)),
        },
    ),
    Algorithm(
        "asha",
        "SuccessiveHalvingPruner",
        "asynchronous successive halving: at each rung one in reduction_factor trials goes on",
        {
            "min_resource": Argument(
                "int", "auto", "epochs of the first rung; auto: from the first trial", 1, choices=("auto",)
            ),
            "reduction_factor": Argument("int", 4, "one in so many trials goes on", low=2),
            "min_early_stopping_rate": Argument("int", 0, "rungs that are left out at the beginning", low=0),
            "bootstrap_count": Argument("int", 0, _BOOTSTRAP, low=0),
        },
    ),
    Algorithm(
        "hyperband",
        "HyperbandPruner",
        "several successive halvings beside each other, of different patience",
        {
            "min_resource": Argument("int", 1, "epochs of the first rung", low=1),
            "max_resource": Argument(
                "int", "auto", "epochs of a whole trial; auto: from the trials", 1, choices=("auto",)
            ),
            "reduction_factor": Argument("int", 3, "one in so many trials goes on", low=2),
            "bootstrap_count": Argument("int", 0, _BOOTSTRAP, low=0),
        },
    ),
    Algorithm(
        "patient",
        "PatientPruner",
        "lets another pruner prune only what has not improved for some epochs",
        {
            "wrapped_pruner": Argument("pruner", REQUIRED, "the other pruner"),
            "patience": Argument("int", REQUIRED, "epochs without improvement", low=0),
            "min_delta": Argument("float", 0.0, "by how much an improvement has to improve", low=0),
        },
    ),
    Algorithm(
        "threshold",
        "ThresholdPruner",
        "prunes what leaves a range, or is not a number",
        {
            "lower": Argument("float", None, "prunes what falls below"),
            "upper": Argument("float", None, "prunes what rises above"),
            "n_warmup_steps": Argument("int", 0, _WARMUP, low=0),
            "interval_steps": Argument("int", 1, _INTERVAL, low=1),
        },
    ),
    Algorithm(
        "wilcoxon",
        "WilcoxonPruner",
        "a signed-rank test against the best trial, step by step; for steps that are problems, not epochs",
        {
            "p_threshold": Argument("float", 0.1, "the p-value below which a trial is pruned", low=0, high=1),
            "n_startup_steps": Argument("int", 2, "steps before a trial can be pruned", low=0),
        },
    ),
)

ALGORITHMS: Mapping[str, Mapping[str, Algorithm]] = {
    "sampler": {algorithm.name: algorithm for algorithm in _SAMPLERS},
    "pruner": {algorithm.name: algorithm for algorithm in _PRUNERS},
}
"""The built-in samplers and pruners, by what they are and by name."""

OWN: Mapping[str, Registry[Callable[..., Any]]] = {
    "sampler": OWN_SAMPLERS,
    "pruner": OWN_PRUNERS,
    "launcher": OWN_LAUNCHERS,
}
"""Those that users add, by what they are."""
