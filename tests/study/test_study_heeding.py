"""Laws of sampling within constraints: what breaks one is drawn again, before a trial begins."""

import importlib.util

import optuna
import pytest

from qgtune.schema.sampler_settings import Choice
from qgtune.study import SamplerSpec, create_study

NEEDS_CMAES = pytest.mark.skipif(
    importlib.util.find_spec("cmaes") is None, reason="the extra cmaes is not installed"
)
LEARNING = {
    "random": {},
    "tpe": {"n_startup_trials": 5},
    "gp": {"n_startup_trials": 5},
    "nsga2": {"population_size": 4},
    "nsga3": {"population_size": 4},
    "cmaes": {},
}
NAMES = [pytest.param(name, marks=NEEDS_CMAES) if name == "cmaes" else name for name in LEARNING]


def point(trial):
    return (
        trial.suggest_float("x", 0.0, 1.0),
        trial.suggest_int("n", 1, 8),
        trial.suggest_categorical("kind", ("a", "b")),
    )


def holds(trial):
    """One config in eight keeps this constraint, and the best ones lie at its edge."""
    x, n, kind = point(trial)
    return x * n <= 1.0 and (kind == "a" or n > 2)


def never(trial):
    point(trial)
    return False


def value(trial):
    x, n, _ = point(trial)
    return -x * n


def study_with(name, constraint, seed=1):
    return create_study(
        None, None, seed=seed, sampler=SamplerSpec(Choice(name, LEARNING[name]), holds=constraint)
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_trial_breaks_a_constraint_that_an_eighth_of_the_space_keeps(name):
    """Neither at the beginning, where draws are random, nor later, where the sampler has learned."""
    study = study_with(name, holds)
    study.optimize(value, 15)
    assert all(holds(optuna.trial.FixedTrial(trial.params)) for trial in study.trials)
    assert len({tuple(trial.params.items()) for trial in study.trials}) > 5


@pytest.mark.parametrize("name", ["random", "tpe", "nsga2"])
def test_where_nothing_is_broken_a_sampler_draws_what_it_would_draw_without_constraints(name):
    studies = [study_with(name, constraint) for constraint in (None, lambda trial: bool(point(trial)))]
    for study in studies:
        study.optimize(value, 12)
    first, second = ([trial.params for trial in study.trials] for study in studies)
    assert first == second


@pytest.mark.parametrize("name", ["random", "tpe", "gp", "nsga2"])
def test_a_constraint_that_no_config_keeps_is_given_up_after_so_many_tries(name):
    """The trial begins all the same, with the first draw; whoever trains it says what is wrong."""
    tried = []

    def counting(trial):
        tried.append(point(trial))
        return False

    study = study_with(name, counting)
    study.optimize(value, 1)
    assert 100 < len(tried) <= 120
    assert tuple(study.trials[0].params.values()) == tried[0]


def test_values_that_were_enqueued_are_kept_and_the_others_drawn_to_fit():
    study = study_with("random", holds)
    study.enqueue_trial({"n": 8})
    study.enqueue_trial({"n": 8, "x": 0.9, "kind": "a"})
    study.optimize(value, 2)
    first, second = study.trials
    assert (first.params["n"], first.params["x"] <= 1 / 8) == (8, True)
    assert second.params == {"n": 8, "x": 0.9, "kind": "a"}


def test_a_run_with_a_constraint_wastes_no_trial(tmp_path):
    """Also with several workers, and the same configs come of the same seed."""
    from own_projects import qgtune_here, write_project

    from qgtune.study import open_study

    space = (
        "training:\n  learning_rate: {type: float, low: 0.001, high: 1.0}\n  batch_size: [16, 32, 64]\n"
        "constraints: ['training.learning_rate * training.batch_size <= 4']\n"
    )
    drawn = []
    for n_processes in (1, 2):
        folder = tmp_path / str(n_processes)
        extra = f"n_trials: 10\nn_processes: {n_processes}\nsampler: random\n"
        assert qgtune_here(write_project(folder, extra, space=space)).returncode == 0
        trials = open_study("tiny", folder / "runs/tiny/study.log").trials
        assert [trial.state.name for trial in trials] == ["COMPLETE"] * 10
        drawn.append([trial.params for trial in trials])
    assert drawn[0] == drawn[1]
