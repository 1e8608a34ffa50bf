"""What the arguments of the optimizers and schedulers must be; a test holds the rules against torch.

Without them a config passes every check, and each of its trials fails at its first step.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn.training import LoopConfig
from qgtune.schema.gnn.values import (
    COUNT,
    COUNT_OR_NONE,
    FLAG,
    NUMBER,
    SHARE,
    ValueRule,
    is_count,
    is_number,
    one_of,
    value_problems,
)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(is_number, value))


def _numbers_or_one(value: Any) -> bool:
    """Tell whether a value is a number, or a list with the one for the only group of parameters."""
    return is_number(value) or (isinstance(value, list | tuple) and len(value) == 1 and is_number(value[0]))


_FLAG_OR_NONE = ValueRule("true, false or null", lambda value: value is None or isinstance(value, bool))
_AT_LEAST_0 = ValueRule("a number of at least 0", lambda value: is_number(value) and value >= 0)
_ABOVE_0 = ValueRule("a number above 0", lambda value: is_number(value) and value > 0)
_AT_MOST_0 = ValueRule("a number of at most 0", lambda value: is_number(value) and value <= 0)
_AT_LEAST_1 = ValueRule("a number of at least 1", lambda value: is_number(value) and value >= 1)
_WHOLE = ValueRule(
    "a whole number of at least 0", lambda value: value is not True and (value == 0 or is_count(value))
)
_BETAS = ValueRule(
    "two numbers, each at least 0 and below 1",
    lambda value: _is_pair(value) and all(0 <= beta < 1 for beta in value),
)
_RATE = ValueRule("a number, or a list of one", _numbers_or_one)

OPTIMIZER_VALUES: Mapping[str, ValueRule] = {
    **dict.fromkeys(("maximize", "capturable", "amsgrad"), FLAG),
    **dict.fromkeys(("decoupled_weight_decay", "centered", "nesterov"), FLAG),
    **dict.fromkeys(("foreach", "fused"), _FLAG_OR_NONE),
    **dict.fromkeys(("eps", "lr_decay", "initial_accumulator_value"), _AT_LEAST_0),
    **dict.fromkeys(("momentum", "momentum_decay", "alpha"), _AT_LEAST_0),
    **dict.fromkeys(("dampening", "lambd", "t0"), NUMBER),
    "differentiable": ValueRule(
        "false: no gradient of a step of a training is taken", lambda value: value is False
    ),
    "rho": SHARE,
    "betas": _BETAS,
    "beta2_decay": _AT_MOST_0,
    "d": _AT_LEAST_1,
    "etas": ValueRule(
        "two numbers, the first between 0 and 1, the second above 1",
        lambda value: _is_pair(value) and 0 < value[0] < 1 < value[1],
    ),
    "step_sizes": ValueRule("two numbers, the least step and the largest", _is_pair),
}
"""Argument of an optimizer -> what it must be, where the optimizer has no rule of its own for it."""

OWN_OPTIMIZER_VALUES: Mapping[str, Mapping[str, ValueRule]] = {
    "Adafactor": {
        "eps": ValueRule(
            "two numbers of at least 0, of which the first may be null",
            lambda value: (
                isinstance(value, list | tuple)
                and len(value) == 2
                and (value[0] is None or _AT_LEAST_0.holds(value[0]))
                and _AT_LEAST_0.holds(value[1])
            ),
        )
    },
}
"""Optimizer -> its arguments that must be something else than those of that name are elsewhere."""

SCHEDULER_VALUES: Mapping[str, ValueRule] = {
    **dict.fromkeys(("T_max", "T_0", "T_mult", "step_size", "step_size_up", "total_iters"), COUNT),
    **dict.fromkeys(("step_size_down", "total_steps", "epochs", "steps_per_epoch"), COUNT_OR_NONE),
    **dict.fromkeys(("patience", "cooldown"), _WHOLE),
    **dict.fromkeys(("eta_min", "gamma", "power", "threshold"), NUMBER),
    **dict.fromkeys(("base_lr", "max_lr", "min_lr", "base_momentum", "max_momentum"), _RATE),
    **dict.fromkeys(("div_factor", "final_div_factor"), _ABOVE_0),
    **dict.fromkeys(("cycle_momentum", "three_phase"), FLAG),
    **dict.fromkeys(("factor", "end_factor"), SHARE),
    "pct_start": ValueRule(
        "a number from 0 to 1, written with a point",
        lambda value: isinstance(value, float) and 0 <= value <= 1,
    ),
    "start_factor": ValueRule(
        "a number above 0, at most 1", lambda value: is_number(value) and 0 < value <= 1
    ),
    "eps": _AT_LEAST_0,
    "milestones": ValueRule(
        "a list of whole numbers of at least 0",
        lambda value: isinstance(value, list | tuple) and all(map(_WHOLE.holds, value)),
    ),
    "mode": one_of("min", "max"),
    "threshold_mode": one_of("rel", "abs"),
    "scale_mode": one_of("cycle", "iterations"),
    "anneal_strategy": one_of("cos", "linear"),
}
"""Argument of a scheduler -> what it must be, where the scheduler has no rule of its own for it."""

OWN_SCHEDULER_VALUES: Mapping[str, Mapping[str, ValueRule]] = {
    "CyclicLR": {"mode": one_of("triangular", "triangular2", "exp_range")},
    "ReduceLROnPlateau": {
        "factor": ValueRule(
            "a number of at least 0 and below 1", lambda value: is_number(value) and 0 <= value < 1
        )
    },
}
"""Scheduler -> its arguments that must be something else than those of that name are elsewhere."""


def optimization_problems(training: LoopConfig) -> Iterator[ConfigValueError]:
    """Yield an error for each argument in a ``training`` section that its optimizer or scheduler cannot take.

    Arguments of a scheduler stand by where no scheduler is named, and are not looked at then.
    """
    rules = {**OPTIMIZER_VALUES, **OWN_OPTIMIZER_VALUES.get(training.optimizer, {})}
    yield from value_problems(training.optimizer_kwargs, rules, ("training", "optimizer_kwargs"))
    if training.scheduler is not None:
        rules = {**SCHEDULER_VALUES, **OWN_SCHEDULER_VALUES.get(training.scheduler, {})}
        yield from value_problems(training.scheduler_kwargs, rules, ("training", "scheduler_kwargs"))
