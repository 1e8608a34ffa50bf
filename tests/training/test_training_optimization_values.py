"""The rules for the arguments of optimizers and schedulers, which know no torch, say the same as torch."""

import pytest
import torch

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn import (
    NEEDED_BY_SCHEDULER,
    OPTIMIZER_VALUES,
    OPTIMIZERS,
    OWN_OPTIMIZER_VALUES,
    OWN_SCHEDULER_VALUES,
    SCHEDULER_VALUES,
    SCHEDULERS,
    LoopConfig,
    find_problems,
)
from qgtune.training.loop.optimizers import make_optimizer
from qgtune.training.loop.schedulers import Schedule

MODEL = {
    "gcn_net": [{"in_dim": 3, "out_dim": 8}],
    "head": {"input_dim": 8, "output_dims": [2]},
}
VALUES = [
    *("one", "cos", "min", "rel", "cycle", "triangular", "", None, True, False, [], ["a"], [0.9], [1], {}),
    *(-1, 0, 1, 2, 5, -0.5, 0.3, 0.9, 1.0, 1.5, [0.9, 0.99], [0.9, 1.5], [0.5, 1.2], [None, 1e-3], [1, 2, 3]),
]
ENOUGH = {
    "T_max": 3,
    "T_0": 2,
    "base_lr": 0.01,
    "max_lr": 0.1,
    "gamma": 0.5,
    "milestones": [1],
    "step_size": 2,
}


def refused(training):
    config = {"model": MODEL, "training": training, "validation": {}}
    return [problem.path for problem in find_problems(config)]


def runs(training):
    """Return whether torch builds the optimizer and the schedule of a section, and takes four epochs."""
    section = LoopConfig.model_validate(training)
    weight = torch.nn.Parameter(torch.ones(2))
    try:
        optimizer = make_optimizer(section, [weight])
        schedule = Schedule(section, optimizer, steps_per_epoch=2, direction="minimize")
        for _ in range(4):
            weight.sum().backward()
            optimizer.step()
            schedule.after_step()
            schedule.after_epoch(1.0)
    except Exception:  # noqa: BLE001 - whatever torch refuses it with
        return False
    return True


def section_of(kind, name, key, value):
    if kind == "optimizer":
        return {"optimizer": name, "optimizer_kwargs": {key: value}}
    needed = {each: ENOUGH[each] for each in NEEDED_BY_SCHEDULER.get(name, ())}
    # A cycle of the momentum needs an optimizer that has one.
    section = {"optimizer": "SGD", "optimizer_kwargs": {"momentum": 0.5}, "scheduler": name}
    return {**section, "scheduler_kwargs": {**needed, key: value}}


CASES = [
    *(("optimizer", name, key) for name, keys in OPTIMIZERS.items() for key in sorted(keys)),
    *(("scheduler", name, key) for name, keys in SCHEDULERS.items() for key in sorted(keys)),
]


@pytest.mark.parametrize(("kind", "name", "key"), CASES)
def test_a_rule_lets_nothing_through_that_torch_refuses(kind, name, key):
    passed = [v for v in VALUES if not refused(section_of(kind, name, key, v))]
    assert passed
    assert [v for v in passed if not runs(section_of(kind, name, key, v))] == UNRULED.get((name, key), [])


CAPTURED = {name for name, keys in OPTIMIZERS.items() if "capturable" in keys} - {"Adam", "AdamW"}
UNRULED = {
    # Only weights on a GPU can be captured; a fused optimizer takes no notice.
    **{(name, "capturable"): [True] for name in CAPTURED},
    ("SGD", "nesterov"): [True],
    ("OneCycleLR", "epochs"): [None, 1, 2, 5],
    ("OneCycleLR", "total_steps"): [None],
}
"""What depends on the device or on other arguments, which the trial says."""


def test_every_argument_has_a_rule_and_every_rule_an_argument():
    for table, rules, own in [
        (OPTIMIZERS, OPTIMIZER_VALUES, OWN_OPTIMIZER_VALUES),
        (SCHEDULERS, SCHEDULER_VALUES, OWN_SCHEDULER_VALUES),
    ]:
        assert frozenset().union(*table.values()) == set(rules)
        assert all(set(own[name]) <= table[name] for name in own)


@pytest.mark.parametrize(
    ("training", "path"),
    [
        (
            {"scheduler": "StepLR", "scheduler_kwargs": {"step_size": "one"}},
            ("scheduler_kwargs", "step_size"),
        ),
        ({"scheduler": "CosineAnnealingLR", "scheduler_kwargs": {"T_max": 0}}, ("scheduler_kwargs", "T_max")),
        ({"optimizer_kwargs": {"betas": 0.9}}, ("optimizer_kwargs", "betas")),
        ({"optimizer_kwargs": {"betas": [0.9, 1.5]}}, ("optimizer_kwargs", "betas")),
    ],
)
def test_a_value_that_no_step_can_use_is_refused_at_its_place(training, path):
    assert refused(training) == [("training", *path)]


def test_what_torch_stumbles_over_in_a_step_is_told_at_the_arguments():
    section = LoopConfig.model_validate({"scheduler": "StepLR", "scheduler_kwargs": {"step_size": "one"}})
    optimizer = make_optimizer(section, [torch.nn.Parameter(torch.ones(2))])
    schedule = Schedule(section, optimizer, steps_per_epoch=2, direction="minimize")
    optimizer.step()
    with pytest.raises(ConfigValueError, match=r"^training.scheduler_kwargs: StepLR cannot take a step: "):
        schedule.after_epoch(1.0)
