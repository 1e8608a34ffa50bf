"""Pictures of real studies: whatever a study holds, each picture is drawn or says why it is not."""

import math

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from qgtune.study import importances, pictures

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

RATE = FloatDistribution(1e-4, 1.0, log=True)
WIDTH = FloatDistribution(0.0, 1.0)


def made(values, params, state=TrialState.COMPLETE):
    domains = {
        name: CategoricalDistribution(("relu", "$tanh$"))
        if isinstance(value, str)
        else (RATE if "rate" in name else WIDTH)
        for name, value in params.items()
    }
    return create_trial(state=state, values=values, params=params, distributions=domains)


def study_of(trials, directions=("minimize",)):
    study = optuna.create_study(directions=list(directions))
    study.add_trials(trials)
    return study


def drawn(study, names=("loss",), shares=None):
    found = list(pictures(study, importances(study).shares if shares is None else shares, names))
    return {picture.name for picture in found if picture.image}, [one for one in found if not one.image]


def rate(i):
    return 10 ** (-(i % 7) / 2)


ALL_OF_ONE = {
    "timeline.png",
    "history.png",
    "importance.png",
    "parallel_coordinates.png",
    "slices.png",
    "contour.png",
}


def test_dollars_in_names_and_labels_are_no_formula():
    names = (r"$\x$", r"$rate_{", r"$\kind$")
    trials = [
        made([i % 5 / 5], dict(zip(names, (i / 12, rate(i), ("relu", "$tanh$")[i % 2]), strict=True)))
        for i in range(12)
    ]
    found, failed = drawn(study_of(trials), (r"$\loss$",), dict.fromkeys(names, 0.3))
    assert failed == []
    assert found >= ALL_OF_ONE


@pytest.mark.parametrize(
    "trials",
    [
        [made([0.5], {"rate": 0.1, "width": 0.2})],
        [made([1.0], {"rate": rate(i), "width": i / 10}) for i in range(10)],
        [made([float(i)], {"rate": 0.1, "width": 0.2}) for i in range(10)],
        [made([math.inf if i % 3 else -math.inf], {"rate": rate(i), "width": i / 10}) for i in range(10)],
        [made([math.inf if i % 3 else i / 10], {"rate": rate(i), "width": i / 10}) for i in range(10)],
        [
            made([i / 10], {"rate": rate(i), ("width", "kind")[i % 2]: (0.5, "relu")[i % 2]})
            for i in range(10)
        ],
        [made(None, {"rate": 0.1}, TrialState.FAIL), made(None, {}, TrialState.FAIL)],
    ],
    ids=["one", "one value", "one config", "all infinite", "some infinite", "conditional", "failed"],
)
def test_no_study_costs_a_picture(trials):
    study = study_of(trials)
    found, failed = drawn(study)
    assert failed == []
    complete = any(trial.state == TrialState.COMPLETE for trial in trials)
    assert found >= ({"timeline.png", "history.png"} if complete else {"timeline.png"})
    names = {name: 0.5 for trial in trials for name in trial.params}
    found, failed = drawn(study, shares=names)
    # Where no finite value varies, a report knows of no importances, and asks for no picture of them.
    lines = {"parallel_coordinates.png"}
    assert {one.name for one in failed} <= lines
    assert found >= (ALL_OF_ONE - lines if complete else {"timeline.png"})


@pytest.mark.parametrize("count", [2, 3])
def test_several_objectives_have_a_picture_of_their_front(count):
    trials = [
        made([i / 10, (10 - i) / 10, i % 3][:count], {"rate": rate(i), "width": i / 10}) for i in range(10)
    ]
    found, failed = drawn(study_of(trials, ["minimize"] * count), ("a", "b", "c")[:count])
    assert failed == []
    assert found == {*ALL_OF_ONE, "pareto_front.png"}


def test_a_thousand_parameters_of_three_trials_are_drawn():
    names = [f"model.layer.{i}.width" for i in range(1_000)]
    trials = [made([float(k)], {name: (i + k) % 7 / 7 for i, name in enumerate(names)}) for k in range(3)]
    found, failed = drawn(study_of(trials), shares=dict.fromkeys(names, 0.001))
    assert failed == []
    assert found >= ALL_OF_ONE


def test_a_picture_that_fails_says_why_and_costs_no_other():
    # Numbers whose differences no float holds.
    trials = [made([(-1) ** i * 1.7e308], {"rate": rate(i), "width": i / 10}) for i in range(4)]
    found, failed = drawn(study_of(trials), shares={"rate": 0.5, "width": 0.5})
    assert "timeline.png" in found
    assert {one.name for one in failed} == ALL_OF_ONE - {"timeline.png", "importance.png"}
    assert all(one.problem and "\n" not in one.problem and len(one.problem) <= 300 for one in failed)


def test_importances_that_fail_say_why_and_raise_nothing():
    trials = [
        made([(-1) ** i * (1.7e308 - i * 1e306)], {"rate": rate(i), "width": i / 10}) for i in range(10)
    ]
    found = importances(study_of(trials))
    assert found.shares == {}
    assert found.method.startswith("It could not be computed: ")


def test_more_than_a_thousand_trials_are_drawn():
    trials = [made([float(i)], {}) for i in range(1_005)]
    found, failed = drawn(study_of(trials))
    assert failed == []
    assert found == {"timeline.png", "history.png"}
