"""The optimizers and schedulers of torch that a config may name, and the keyword arguments that each takes.

The tables stand here without torch, so that a config can be checked in milliseconds; a test holds them
against torch's own classes.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from qgtune.core.diagnostics import did_you_mean, nearest
from qgtune.schema.gnn.rules import broken_rule

_EVERY = frozenset({"foreach", "maximize"})
_TENSORS = _EVERY | {"capturable", "differentiable"}

OPTIMIZERS: Mapping[str, frozenset[str]] = {
    "Adadelta": _TENSORS | {"rho", "eps"},
    "Adafactor": _EVERY | {"beta2_decay", "eps", "d"},
    "Adagrad": _EVERY | {"lr_decay", "initial_accumulator_value", "eps", "differentiable", "fused"},
    "Adam": _TENSORS | {"betas", "eps", "amsgrad", "fused", "decoupled_weight_decay"},
    "AdamW": _TENSORS | {"betas", "eps", "amsgrad", "fused"},
    "Adamax": _TENSORS | {"betas", "eps"},
    "ASGD": _TENSORS | {"lambd", "alpha", "t0"},
    "NAdam": _TENSORS | {"betas", "eps", "momentum_decay", "decoupled_weight_decay"},
    "RAdam": _TENSORS | {"betas", "eps", "decoupled_weight_decay"},
    "RMSprop": _TENSORS | {"alpha", "eps", "momentum", "centered"},
    "Rprop": _TENSORS | {"etas", "step_sizes"},
    "SGD": _EVERY | {"momentum", "dampening", "nesterov", "differentiable", "fused"},
}
"""Class of ``torch.optim`` that can train these models -> its arguments besides lr and weight_decay.

Not among them: LBFGS needs a closure, SparseAdam sparse gradients, Muon matrices only.
"""

SCHEDULERS: Mapping[str, frozenset[str]] = {
    "ConstantLR": frozenset({"factor", "total_iters"}),
    "CosineAnnealingLR": frozenset({"T_max", "eta_min"}),
    "CosineAnnealingWarmRestarts": frozenset({"T_0", "T_mult", "eta_min"}),
    "CyclicLR": frozenset(
        {"base_lr", "max_lr", "step_size_up", "step_size_down", "mode", "gamma", "scale_mode"}
        | {"cycle_momentum", "base_momentum", "max_momentum"}
    ),
    "ExponentialLR": frozenset({"gamma"}),
    "LinearLR": frozenset({"start_factor", "end_factor", "total_iters"}),
    "MultiStepLR": frozenset({"milestones", "gamma"}),
    "OneCycleLR": frozenset(
        {"max_lr", "total_steps", "epochs", "steps_per_epoch", "pct_start", "anneal_strategy"}
        | {"cycle_momentum", "base_momentum", "max_momentum"}
        | {"div_factor", "final_div_factor", "three_phase"}
    ),
    "PolynomialLR": frozenset({"total_iters", "power"}),
    "ReduceLROnPlateau": frozenset(
        {"mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr", "eps"}
    ),
    "StepLR": frozenset({"step_size", "gamma"}),
}
"""Class of ``torch.optim.lr_scheduler`` -> the arguments that a config can give it.

``last_epoch`` is the trainer's, which knows where a training goes on, and a ``scale_fn`` is a function.
"""

NEEDED_BY_SCHEDULER: Mapping[str, tuple[str, ...]] = {
    "CosineAnnealingLR": ("T_max",),
    "CosineAnnealingWarmRestarts": ("T_0",),
    "CyclicLR": ("base_lr", "max_lr"),
    "ExponentialLR": ("gamma",),
    "MultiStepLR": ("milestones",),
    "OneCycleLR": ("max_lr",),
    "StepLR": ("step_size",),
}
"""Scheduler -> the arguments that it cannot be built without."""

UNUSABLE_SCHEDULERS: Mapping[str, str] = {
    "ChainedScheduler": "it needs other schedulers as arguments",
    "SequentialLR": "it needs other schedulers as arguments",
    "LambdaLR": "it needs a function as an argument",
    "MultiplicativeLR": "it needs a function as an argument",
}
"""Scheduler of torch that a config cannot name -> why."""

_SECTION_KEYS = {"lr": "learning_rate", "weight_decay": "weight_decay"}


def _optimizer_name(name: str) -> str:
    by_lower_case = {legal.lower(): legal for legal in OPTIMIZERS}
    if name.lower() not in by_lower_case:
        raise broken_rule(f"no optimizer is named {name!r}", did_you_mean(name.lower(), by_lower_case))
    return by_lower_case[name.lower()]


def _optimizer_keyword(keyword: str, info: ValidationInfo) -> str:
    if keyword in _SECTION_KEYS:
        raise broken_rule(f"{keyword!r} has a key of its own", f"set training.{_SECTION_KEYS[keyword]}")
    _check_keyword(keyword, "optimizer", (info.data or {}).get("optimizer"), OPTIMIZERS)
    return keyword


def _check_keyword(keyword: str, kind: str, name: str | None, table: Mapping[str, frozenset[str]]) -> None:
    """Raise unless the entry of that name takes a keyword argument; without a name, unless any entry does."""
    takers = [entry for entry, taken in table.items() if keyword in taken]
    if name in takers or (name is None and takers):
        return
    hint = f"taken by {', '.join(takers)}"
    if not takers:
        hint = did_you_mean(keyword, frozenset().union(*table.values()) if name is None else table[name])
    message = f"no {kind} takes an argument" if name is None else f"{name} takes no argument"
    raise broken_rule(f"{message} named {keyword!r}", hint)


def _scheduler_name(name: str) -> str:
    by_lower_case = {legal.lower(): legal for legal in SCHEDULERS}
    if name.lower() in by_lower_case:
        return by_lower_case[name.lower()]
    unusable = next((legal for legal in UNUSABLE_SCHEDULERS if legal.lower() == name.lower()), None)
    if unusable is not None:
        raise broken_rule(
            f"{unusable} cannot be named in a config: {UNUSABLE_SCHEDULERS[unusable]}",
            f"known: {', '.join(SCHEDULERS)}",
        )
    near = nearest(name.lower(), by_lower_case)
    hint = did_you_mean(name, SCHEDULERS) if near is None else f"did you mean {by_lower_case[near]!r}?"
    raise broken_rule(f"no scheduler is named {name!r}", hint)


def _scheduler_keyword(keyword: str, info: ValidationInfo) -> str:
    # Without a scheduler its arguments stand by for the trials that have one.
    _check_keyword(keyword, "scheduler", (info.data or {}).get("scheduler"), SCHEDULERS)
    return keyword


def missing_for_scheduler(scheduler: str | None, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the arguments that a scheduler cannot be built without, and is not given.

    Example:
        >>> missing_for_scheduler("CyclicLR", {"max_lr": 0.1})
        ('base_lr',)
    """
    return tuple(name for name in NEEDED_BY_SCHEDULER.get(scheduler or "", ()) if name not in kwargs)


OptimizerName = Annotated[str, AfterValidator(_optimizer_name)]
OptimizerKwargs = dict[Annotated[str, AfterValidator(_optimizer_keyword)], Any]
SchedulerName = Annotated[str, AfterValidator(_scheduler_name)]
SchedulerKwargs = dict[Annotated[str, AfterValidator(_scheduler_keyword)], Any]
