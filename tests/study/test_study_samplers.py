"""Laws of samplers and pruners: what a trial draws depends on its number, not on who runs it nor how often."""

import functools
import importlib.util
import inspect
import itertools
import sys

import optuna
import pytest
import study_objectives as objectives
from hypothesis import given
from hypothesis import strategies as st

from qgtune import register
from qgtune.core.errors import ConfigValueError, UsageError
from qgtune.schema.sampler_settings import Choice, find_setting_problems, parse_setting
from qgtune.schema.samplers import ALGORITHMS, REQUIRED
from qgtune.study import RunSpec, SamplerSpec, create_study, run_trials
from qgtune.study.sampling.grid import CELL, shuffled
from qgtune.study.sampling.pruners import make_pruner
from qgtune.study.sampling.quasi_random import point, value_at
from qgtune.study.sampling.samplers import make_sampler

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


@pytest.mark.parametrize("name", FREE)
def test_without_a_seed_two_runs_differ_and_their_workers_do_not_repeat_each_other(name):
    studies = [create_study(None, None, sampler=spec_of(name)) for _ in range(2)]
    for study in studies:
        drawn(spec_of(name), 6, seed=None, study=study)
    if name == "grid":
        assert [len(set(configs(study.trials))) for study in studies] == [6, 6]
    wide = SamplerSpec(Choice(name), ("x",), {"x": tuple(range(10**6))})
    values = [
        configs(
            drawn(wide, 3, seed=None, study=create_study(None, None, sampler=wide), objective=objectives.wide)
        )
        for _ in range(2)
    ]
    assert values[0] != values[1]


@pytest.mark.parametrize("lost", [(0,), (2, 3), (5,)], ids=str)
def test_a_grid_tries_the_combinations_of_lost_trials_again(lost):
    study = optuna.create_study()
    spec = spec_of("grid")
    for _ in range(6):
        study.sampler = make_sampler(spec, 1, 1)
        trial = study.ask()
        objectives.grid_value(trial)
        if trial.number in lost:
            trial.set_user_attr("qgtune:lost", "killed")
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, 0.0)
    again = drawn(spec, len(lost), study=study)[6:]
    assert set(configs(again)) == {config for i, config in enumerate(configs(study.trials)) if i in lost}


def test_a_grid_passes_over_what_was_enqueued():
    study = optuna.create_study()
    study.enqueue_trial({"x": 1, "y": "b"})
    study.enqueue_trial({"x": 0, "y": "a"})
    assert len(set(configs(drawn(spec_of("grid"), 6, study=study)))) == 6


def test_a_grid_that_is_tried_begins_anew():
    found = configs(drawn(spec_of("grid"), 12))
    assert found[6:] == found[:6]


def test_two_workers_that_ask_at_the_same_time_get_different_combinations(tmp_path):
    path = tmp_path / "study.log"
    studies = [create_study("study", path, seed=1, sampler=spec_of("grid")) for _ in range(3)]
    asked = [studies[i % 3].ask() for i in range(6)]
    for trial in reversed(asked):
        objectives.grid_value(trial)
    assert len({tuple(sorted(trial.params.items())) for trial in asked}) == 6


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("policy", ["retry", "fail"])
def test_a_grid_of_two_workers_of_which_one_is_killed_finishes_each_combination_once(tmp_path, policy):
    outcome = run_trials(
        RunSpec(
            "study",
            6,
            functools.partial(objectives.grid_cells_of_which_one_kills, str(tmp_path / "flag")),
            storage=str(tmp_path / "study.log"),
            n_processes=2,
            seed=5,
            sampler=spec_of("grid"),
            on_worker_death=policy,
        ),
        lambda _event: None,
    )
    finished = [tuple(sorted(record.params.items())) for record in outcome.records if not record.lost]
    assert len(outcome.records) == 7
    assert len(set(finished)) == len(finished) == 6


WIDER = {"x": (-1, 0, 1, 2, 3), "y": ("a", "b")}


def wider_value(trial):
    return float(trial.suggest_int("x", -1, 3)) + (trial.suggest_categorical("y", ("a", "b")) == "b")


@pytest.mark.parametrize("before", range(1, 7))
@pytest.mark.parametrize("seed", [1, 2])
def test_a_grid_that_became_wider_tries_every_combination_once(before, seed):
    study = optuna.create_study()
    drawn(spec_of("grid"), before, seed=seed, study=study)
    wider = SamplerSpec(Choice("grid"), tuple(WIDER), WIDER)
    trials = drawn(wider, 10 - before, seed=seed, study=study, objective=wider_value)
    assert len(set(configs(trials))) == len(trials) == 10


def test_what_a_trial_of_a_smaller_grid_has_said_marks_no_combination_of_a_wider_one():
    study = optuna.create_study()
    study.sampler = make_sampler(spec_of("grid"), 1, 1)
    trial = study.ask()
    objectives.grid_value(trial)
    trial.set_user_attr(CELL, 5)  # the number that it had; in the wider grid another combination has it
    study.tell(trial, 0.0)
    wider = SamplerSpec(Choice("grid"), tuple(WIDER), WIDER)
    trials = drawn(wider, 9, study=study, objective=wider_value)
    assert len(set(configs(trials))) == 10


def conditional(trial):
    """Three combinations: x alone, or with one of two z."""
    if trial.suggest_categorical("y", ("a", "b")) == "b":
        return 0.0
    return float(trial.suggest_int("z", 0, 1))


def test_brute_force_visits_a_combination_again_whose_trial_was_lost():
    study = optuna.create_study()
    spec = SamplerSpec(Choice("brute_force"), ("y", "z"))
    study.sampler = make_sampler(spec, 1, 1)
    trial = study.ask()
    conditional(trial)
    trial.set_user_attr("qgtune:lost", "killed")
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    again = drawn(spec, 3, study=study, objective=conditional)[1:]
    assert len(set(configs(again))) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("policy", ["retry", "fail"])
def test_brute_force_of_two_workers_of_which_one_is_killed_finishes_each_combination_once(tmp_path, policy):
    outcome = run_trials(
        RunSpec(
            "study",
            6,
            functools.partial(objectives.grid_cells_of_which_one_kills, str(tmp_path / "flag")),
            storage=str(tmp_path / "study.log"),
            n_processes=2,
            seed=5,
            sampler=spec_of("brute_force"),
            on_worker_death=policy,
        ),
        lambda _event: None,
    )
    finished = [tuple(sorted(record.params.items())) for record in outcome.records if not record.lost]
    assert len(set(finished)) == len(finished) == 6


@given(size=st.integers(1, 300), seed=st.integers(0, 2**32))
def test_a_shuffled_order_holds_every_number_once(size, seed):
    assert sorted(shuffled(position, size, seed) for position in range(size)) == list(range(size))


_BOUNDS = st.tuples(st.integers(1, 50), st.integers(0, 100))


@given(bounds=_BOUNDS, share=st.floats(0, 1, exclude_max=True), log=st.booleans())
def test_a_coordinate_becomes_a_value_of_the_domain(bounds, share, log):
    low, width = bounds
    domains = [
        optuna.distributions.IntDistribution(low, low + width, log=log),
        optuna.distributions.FloatDistribution(low, low + width, log=log),
        optuna.distributions.CategoricalDistribution(("a", None, 3)),
    ]
    if not log:
        domains.append(optuna.distributions.IntDistribution(low, low + 3 * width, step=3))
        domains.append(optuna.distributions.FloatDistribution(low, low + 0.25 * width, step=0.25))
    for domain in domains:
        value = value_at(domain, share)
        assert domain._contains(domain.to_internal_repr(value))


@pytest.mark.parametrize("domain", ["int", "log int", "choices"])
def test_equal_shares_of_coordinates_give_every_value(domain):
    distribution = {
        "int": optuna.distributions.IntDistribution(3, 6),
        "log int": optuna.distributions.IntDistribution(1, 4, log=True),
        "choices": optuna.distributions.CategoricalDistribution((3, 4, 5, 6)),
    }[domain]
    found = [value_at(distribution, i / 1000) for i in range(1000)]
    assert found == sorted(found)
    assert len(set(found)) == 4


@pytest.mark.parametrize("qmc_type", ["sobol", "halton"])
@pytest.mark.parametrize("seed", [None, 7])
def test_points_are_those_of_the_sequence_in_its_order(qmc_type, seed):
    from scipy.stats import qmc

    engine = {"sobol": qmc.Sobol, "halton": qmc.Halton}[qmc_type](3, scramble=seed is not None, seed=seed)
    assert [point(qmc_type, 3, i, seed) for i in range(8)] == [tuple(row) for row in engine.random(8)]


def test_a_parameter_outside_the_sequence_is_drawn_at_random_from_the_seed():
    spec = SamplerSpec(Choice("qmc"), ("x",))
    assert configs(drawn(spec, 4)) == configs(drawn(spec, 4))


@pytest.mark.parametrize("role", ALGORITHMS)
def test_the_tables_say_what_optuna_s_signatures_say(role):
    kinds = {"sampler": "BaseSampler", "pruner": "BasePruner"}
    for algorithm in ALGORITHMS[role].values():
        optuna_class = getattr(getattr(optuna, f"{role}s"), algorithm.optuna_name)
        parameters = inspect.signature(optuna_class.__init__).parameters
        taken = {
            name: parameter
            for name, parameter in parameters.items()
            if name != "self" and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }
        assert {*algorithm.arguments, *algorithm.withheld} == {*taken}, algorithm.name
        for name, argument in algorithm.arguments.items():
            default = taken[name].default
            assert argument.default == (REQUIRED if default is inspect.Parameter.empty else default), name
            annotation = str(taken[name].annotation).strip("'")
            kind = kinds.get(argument.kind, argument.kind)
            legal = {kind, f"{kind} | None", *(("str | int", "int | str") if argument.choices else ())}
            if argument.kind == "str" and argument.default is None:
                legal |= {f"Base{name.title()} | None"}
            assert annotation in legal or taken[name].annotation in (int, float), (algorithm.name, name)


@pytest.mark.parametrize("role", ALGORITHMS)
def test_what_the_tables_allow_is_what_optuna_takes(role):
    for algorithm in ALGORITHMS[role].values():
        if algorithm.needs and not HAS_CMAES:
            continue
        required = {
            name: {"percentile": 25.0, "wrapped_pruner": "median", "patience": 2}[name]
            for name, argument in algorithm.arguments.items()
            if argument.default is REQUIRED
        }
        if algorithm.name == "threshold":
            required["upper"] = 1.0
        bare = algorithm.name if not required else {"type": algorithm.name, **required}
        assert find_setting_problems(role, bare) == ()
        make(role, bare)
        for name, argument in algorithm.arguments.items():
            for value in {argument.low, *argument.choices} - {None}:
                given = int(value) if argument.kind == "int" and not isinstance(value, str) else value
                setting = {"type": algorithm.optuna_name, **required, name: given}
                if name == "population_size":
                    setting["crossover"] = "uniform"
                assert find_setting_problems(role, setting) == (), setting
                make(role, setting)


def make(role, setting):
    choice = parse_setting(role, setting)
    if role == "pruner":
        return make_pruner(choice)
    return make_sampler(SamplerSpec(choice, ("x",), {"x": (1, 2)}), 1, 1)


@pytest.mark.parametrize(
    ("role", "setting", "message"),
    [
        ("sampler", "tpee", "sampler: there is no sampler 'tpee' (did you mean 'tpe'?)"),
        ("sampler", "NSGASampler", "did you mean 'NSGAIISampler'?"),
        ("sampler", 3, "a sampler is a name, or a mapping with type and arguments, but this is 3"),
        ("sampler", {"n_startup_trials": 3}, "a mapping for a sampler names it under the key 'type'"),
        (
            "sampler",
            {"type": "tpe", "seed": 3},
            "seed of tpe cannot be set here: it follows from the setting",
        ),
        (
            "sampler",
            {"type": "tpe", "n_startup_trials": -1},
            "must be a whole number of at least 0, but is -1",
        ),
        ("sampler", {"type": "tpe", "n_startup_trials": True}, "must be a whole number of at least 0"),
        ("sampler", {"type": "tpe", "group": True, "multivariate": False}, "multivariate: false forbids"),
        ("sampler", {"type": "nsga2", "crossover_prob": 2}, "must be a number from 0 to 1, but is 2"),
        ("sampler", {"type": "nsga2", "crossover": "sbxx"}, "did you mean 'sbx'?"),
        ("sampler", {"type": "nsga2", "crossover": "spx", "population_size": 2}, "needs a population of 3"),
        (
            "sampler",
            {"type": "gp", "independent_sampler": {"type": "tpe", "x": 1}},
            "independent_sampler.x: tpe",
        ),
        ("sampler", {"type": "cmaes", "with_margin": True, "lr_adapt": True}, "exclude each other"),
        ("pruner", "percentile", "percentile needs percentile"),
        ("pruner", {"type": "percentile", "percentile": 101}, "must be a number from 0 to 100, but is 101"),
        ("pruner", {"type": "patient", "wrapped_pruner": "asa", "patience": 1}, "did you mean 'asha'?"),
        ("pruner", {"type": "asha", "min_resource": "all"}, "of at least 1 or auto, but is 'all'"),
        ("pruner", {"type": "asha", "bootstrap_count": 2}, "bootstrap_count needs min_resource as a number"),
        ("pruner", {"type": "hyperband", "bootstrap_count": 2}, "needs max_resource as a number"),
        ("pruner", "threshold", "threshold needs lower, upper or both"),
        ("pruner", {"type": "threshold", "lower": 2, "upper": 1}, "lower must not be above upper"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_setting_is_said(role, setting, message):
    (problem,) = find_setting_problems(role, setting)
    assert message in str(problem)


def test_what_optuna_refuses_is_a_problem_of_the_setting():
    with pytest.raises(ConfigValueError, match=r"^pruner: .* cannot be made of this: ValueError: Percentile"):
        make_pruner(Choice("percentile", {"percentile": 200.0}))


@pytest.fixture
def own_file(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import optuna\n"
        "def seeded(seed):\n"
        "    return optuna.samplers.RandomSampler(seed)\n"
        "def unseeded():\n"
        "    return optuna.samplers.RandomSampler(3)\n"
        "def pruner(patience):\n"
        "    return optuna.pruners.PatientPruner(None, patience)\n"
        "def nothing():\n"
        "    return 3\n"
    )
    return tmp_path


def own(folder, function, **arguments):
    return SamplerSpec(Choice(f"mine.py:{function}", arguments), folder=folder)


def test_a_sampler_of_the_user_s_own_that_takes_a_seed_draws_as_ours_do(own_file):
    assert configs(drawn(own(own_file, "seeded"), 4)) == configs(drawn(spec_of("random"), 4))


def test_one_that_takes_none_is_made_once(own_file):
    study = create_study(None, None, sampler=own(own_file, "unseeded"))
    assert isinstance(study.sampler, optuna.samplers.RandomSampler)


def test_a_pruner_of_the_user_s_own_gets_its_arguments(own_file):
    made = make_pruner(Choice("mine.py:pruner", {"patience": 3}), own_file)
    assert isinstance(made, optuna.pruners.PatientPruner)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("nothing", {}, "must return a sampler of Optuna's kind, but returned 3"),
        ("seeded", {"size": 3}, "TypeError: seeded.* got an unexpected keyword argument 'size'"),
        ("seded", {}, "has no function 'seded'"),
    ],
)
def test_what_is_wrong_with_a_sampler_of_the_user_s_own_is_said(own_file, function, arguments, message):
    with pytest.raises(ConfigValueError, match=message):
        make_sampler(own(own_file, function, **arguments), 1, 1)


def test_a_registered_sampler_goes_by_its_name():
    register("sampler", "mine_for_a_test")(optuna.samplers.RandomSampler)
    assert find_setting_problems("sampler", "mine_for_a_test") == ()
    assert configs(drawn(spec_of("mine_for_a_test"), 3)) == configs(drawn(spec_of("random"), 3))


def test_only_what_there_is_can_be_registered():
    with pytest.raises(UsageError, match=r"there is no kind 'smapler' .*did you mean 'sampler'"):
        register("smapler", "mine")


def test_tpe_keeps_away_from_configs_that_break_a_constraint():
    spec = spec_of("tpe", n_startup_trials=5)
    studies = [drawn(spec, 40, objective=objective) for objective in (objectives.told, objectives.untold)]
    assert objectives.broken(studies[0]) < objectives.broken(studies[1])


def test_several_objectives_are_not_pruned_and_not_grouped():
    study = create_study(None, None, ("minimize", "maximize"))
    assert isinstance(study.pruner, optuna.pruners.NopPruner)
    study.optimize(objectives.two_values(None), 12)
    assert len(study.trials) == 12
