"""Conditional spaces in studies: what samplers do with parameters that only some trials have."""

import logging
import warnings

import optuna
import pytest

from qgtune.core.errors import QgtuneWarning
from qgtune.schema.sampler_settings import Choice
from qgtune.study import SamplerSpec, conditional_space_advice, create_study
from qgtune.tune import build_search_space_with_dependencies

SPACE = """\
m:
  kind: {type: categorical, choices: [gat, sage]}
  lr: {type: float, low: 0, high: 1}
  heads: {when: m.kind == 'gat', type: int, low: 1, high: 8}
  layers: {type: repeat, count: {type: int, low: 1, high: 3}, item: {w: {type: int, low: 1, high: 64}}}
"""
STARTUP = 10


@pytest.fixture
def space(tmp_path):
    """Return the file of a conditional space."""
    file = tmp_path / "space.yaml"
    file.write_text(SPACE)
    return file


def optimize(study, space, n_trials):
    def objective(trial):
        config = build_search_space_with_dependencies(space, None, trial, tune_model=True)
        return config["m"]["lr"] + len(config["m"]["layers"])

    study.optimize(objective, n_trials=n_trials)


def group_sampler(**arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=1, group=True, **arguments)


def test_our_own_study_draws_what_is_active_together_and_nothing_warns(space, caplog):
    study = create_study(
        "conditional", None, seed=1, sampler=SamplerSpec(Choice("tpe", {"n_startup_trials": STARTUP}))
    )
    sampler = study.sampler
    independent = []
    together = sampler.sample_independent

    def watched(study, trial, name, distribution):
        if trial.number > 2 * STARTUP:
            independent.append(name)
        return together(study, trial, name, distribution)

    sampler.sample_independent = watched
    with caplog.at_level(logging.WARNING, logger="optuna"), warnings.catch_warnings():
        warnings.simplefilter("error")
        optimize(study, space, 40)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert independent == []
    assert len({frozenset(trial.params) for trial in study.trials}) > 3


@pytest.mark.parametrize(
    ("sampler", "what"),
    [
        (optuna.samplers.TPESampler(seed=1), "TPESampler draws these one by one"),
        (optuna.samplers.TPESampler(seed=1, multivariate=True), "TPESampler draws these one by one"),
        (optuna.samplers.GPSampler(seed=1), "GPSampler draws these at random"),
    ],
)
def test_a_sampler_that_neglects_them_is_told_of_once_a_study(sampler, what, space):
    study = optuna.create_study(sampler=sampler)
    with pytest.warns(QgtuneWarning, match=what) as caught:
        optimize(study, space, 3)
    [warning] = [one for one in caught if issubclass(one.category, QgtuneWarning)]
    assert "TPESampler(group=True)" in str(warning.message)
    assert conditional_space_advice(study) == ""
    assert what in conditional_space_advice(optuna.create_study(sampler=sampler))


@pytest.mark.parametrize(
    "sampler",
    [
        group_sampler(),
        optuna.samplers.TPESampler(seed=1, multivariate=False),
        optuna.samplers.RandomSampler(seed=1),
        optuna.samplers.NSGAIISampler(seed=1),
    ],
)
def test_a_sampler_that_suits_them_is_left_alone(sampler, space):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = optuna.create_study(sampler=sampler)
        optimize(study, space, 3)
    assert len(study.trials) == 3
    assert conditional_space_advice(optuna.create_study(sampler=sampler)) == ""


def test_a_space_without_conditions_needs_no_advice(tmp_path):
    file = tmp_path / "plain.yaml"
    file.write_text("m: {lr: {type: float, low: 0, high: 1}, layers: [{w: 1}]}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
        optimize(study, file, 2)
    assert [set(trial.params) for trial in study.trials] == [{"m.lr"}] * 2


def test_several_objectives_get_no_advice_that_optuna_would_not_take():
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=optuna.samplers.TPESampler(seed=1)
    )
    assert conditional_space_advice(study) == ""
