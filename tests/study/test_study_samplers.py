"""Laws of samplers and pruners: what a trial draws depends on its number, not on who runs it nor how often."""

import functools
import importlib.util
import inspect
import itertools

import optuna
import pytest
import study_objectives as objectives
from hypothesis import given
from hypothesis import strategies as st

from qgtune.core.errors import ConfigValueError
from qgtune.schema.sampler_settings import Choice, parse_setting
from qgtune.schema.samplers import ALGORITHMS, OWN_SAMPLERS, REQUIRED
from qgtune.study import RunSpec, SamplerSpec, create_study, run_trials
from qgtune.study.grid import shuffled
from qgtune.study.pruners import make_pruner
from qgtune.study.quasi_random import point, value_at
from qgtune.study.samplers import make_sampler

VALUES = {"x": (0, 1, 2), "y": ("a", "b")}
HAS_CMAES = importlib.util.find_spec("cmaes") is not None
NEEDS_CMAES = pytest.mark.skipif(not HAS_CMAES, reason="the extra cmaes is not installed")
NAMES = [pytest.param(name, marks=NEEDS_CMAES) if name == "cmaes" else name for name in ALGORITHMS["sampler"]]
FREE = ("random", "qmc", "grid")
"""Samplers that learn nothing from other trials."""


def spec_of(name, **arguments):
    return SamplerSpec(Choice(name, arguments), tuple(VALUES), VALUES)


def quick(name):
    """Return the sampler with arguments that let it learn within a dozen trials."""
    startup = {"tpe": 3, "gp": 3}
    if name in startup:
        return spec_of(name, n_startup_trials=startup[name])
    return spec_of(name, population_size=4) if name.startswith("nsga") else spec_of(name)


def configs(trials):
    return [tuple(sorted(trial.params.items())) for trial in trials]


def drawn(spec, count, seed=1, study=None, objective=objectives.grid_value):
    """Return the trials of a study in memory, each with a sampler of its own, as after a restart."""
    study = study or optuna.create_study()
    for _ in range(count):
        study.sampler = make_sampler(spec, seed, 1)
        study.optimize(objective, 1)
    return study.trials


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_is_stopped_after_every_trial_draws_what_one_run_draws(name):
    spec = quick(name)
    whole = create_study(None, None, seed=1, sampler=spec)
    whole.optimize(objectives.grid_value, 6)
    assert configs(drawn(spec, 6)) == configs(whole.trials)


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_draws_another_sequence(name):
    spec = quick(name)
    assert configs(drawn(spec, 6, seed=1)) != configs(drawn(spec, 6, seed=2))


@pytest.mark.parametrize("name", NAMES)
def test_two_workers_fill_a_study_with_legal_trials(name, tmp_path):
    outcome = run_trials(
        RunSpec(
            "study",
            6,
            objectives.grid_cells,
            storage=str(tmp_path / "study.log"),
            n_processes=2,
            seed=5,
            sampler=quick(name),
        ),
        lambda _event: None,
    )
    assert [record.state for record in outcome.records] == ["complete"] * 6
    found = [tuple(sorted(record.params.items())) for record in outcome.records]
    if name in FREE:
        assert found == configs(drawn(quick(name), 6, seed=5))
    if name == "grid":
        assert sorted(found) == sorted(
            tuple(sorted(zip(VALUES, cell, strict=True))) for cell in itertools.product(*VALUES.values())
        )
