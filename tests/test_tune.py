"""QGTune's functions: a QGTune script works after changing its import."""

import collections
import inspect
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
import warnings
from concurrent.futures import ThreadPoolExecutor

import optuna
import pytest
import yaml

import qgtune
from qgtune import tune
from qgtune.core.errors import DiagnosticError, QgtuneError, QgtuneWarning

GUIDE = pathlib.Path(__file__).parent / "guide"


@pytest.fixture
def guide(tmp_path, monkeypatch):
    """The guide's files in an empty folder, which is the working folder."""
    shutil.copytree(GUIDE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(trial, **changes):
    arguments = {
        "tune_model": True,
        "tune_training": True,
        "base_settings_file": "base_settings.yaml",
        "built_search_space_file": "built_search_space.yaml",
    } | changes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QgtuneWarning)  # the guide's own 1e-5
        return tune.build_search_space_with_dependencies(
            "search_space.yaml", "depmap.yaml", trial, **arguments
        )


def test_the_signatures_are_the_guides():
    def shown(function):  # what we have beyond them is given by name only
        parameters = inspect.signature(function).parameters.values()
        return [(p.name, p.default) for p in parameters if p.kind is not p.KEYWORD_ONLY]

    none = inspect.Parameter.empty
    assert shown(tune.build_search_space_with_dependencies) == [
        ("search_space_file", none),
        ("depmap_file", none),
        ("trial", none),
        ("tune_model", False),
        ("tune_training", True),
        ("base_settings_file", None),
        ("built_search_space_file", None),
    ]
    assert shown(tune.save_best_config) == [
        ("built_search_space_file", none),
        ("best_trial_file", none),
        ("depmap_file", none),
        ("output_file", none),
    ]
    assert shown(tune.save_best_trial) == [("study", none), ("out_file", none)]
    assert shown(tune.create_study) == [("tuning_config", none)]
    assert shown(tune.get_tuning_settings) == [("tuning_config_path", none)]
    assert qgtune.build_search_space_with_dependencies is tune.build_search_space_with_dependencies


def test_a_study_of_the_guide_goes_from_settings_to_best_config(guide):
    settings = tune.get_tuning_settings("tuning.yaml")
    assert settings["best_param_path"] == "best_params.yaml"
    study = tune.create_study(settings | {"storage": "experiments/results.log", "seed": 1})
    pruner = study.pruner
    assert isinstance(pruner, optuna.pruners.MedianPruner)
    configs = {}

    def objective(trial):
        configs[trial.number] = build(trial)
        return configs[trial.number]["training"]["learning_rate"]

    study.optimize(objective, n_trials=8)
    tune.save_best_trial(study, "best_trial.yaml")
    tune.save_best_config("built_search_space.yaml", "best_trial.yaml", "depmap.yaml", "best_config.yaml")
    assert yaml.safe_load(pathlib.Path("built_search_space.yaml").read_text()) == configs[0]
    assert yaml.safe_load(pathlib.Path("best_trial.yaml").read_text()) == study.best_params
    assert yaml.safe_load(pathlib.Path("best_config.yaml").read_text()) == configs[study.best_trial.number]
    assert pathlib.Path("experiments/results.log").exists()


def test_the_built_search_space_tells_domains_and_sources(guide):
    build(optuna.create_study(sampler=optuna.samplers.RandomSampler(0)).ask())
    lines = pathlib.Path("built_search_space.yaml").read_text().splitlines()
    assert "      dropout: 0.4  # float from 0.2 to 0.5, step 0.1" in lines
    assert "    input_dim: 256  # follows model.gcn_net[2].out_dim" in lines
    assert "      norm_args: [256]  # [0] follows model.gcn_net[0].out_dim" in lines
    assert "    hidden_dims: [48, 18]" in lines


def test_an_untuned_model_is_the_base_settings_own(guide):
    config = build(optuna.create_study().ask(), tune_model=False)
    assert config["model"] == yaml.safe_load((GUIDE / "base_settings.yaml").read_text())["model"]


def test_calls_in_threads_do_not_disturb_each_other(guide):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    trials = [study.ask() for _ in range(64)]

    def run(trial):
        config = build(trial)
        layers = config["model"]["gcn_net"]
        return all(
            layers[i]["out_dim"] == trial.params[f"model.gcn_net.{i}.out_dim"] == layers[i]["norm_args"][0]
            for i in range(3)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, trials))


def test_the_guides_script_runs_in_processes(guide):
    (guide / "script.py").write_text(
        textwrap.dedent(
            """
            import warnings
            from functools import partial
            from multiprocessing import get_context

            import optuna

            from qgtune import QgtuneWarning, tune

            warnings.simplefilter("ignore", QgtuneWarning)


            def objective(trial, tuning_config):
                search_space = tune.build_search_space_with_dependencies(
                    tuning_config.get("search_space_path"),
                    tuning_config.get("dependency_mapping_path"),
                    trial,
                    tune_model=True,
                    tune_training=tuning_config.get("tune_training"),
                    base_settings_file="base_settings.yaml",
                    built_search_space_file=tuning_config.get("built_search_space_path"),
                )
                for epoch in range(3):
                    trial.report(search_space["training"]["learning_rate"] + epoch, epoch)
                    if trial.should_prune():
                        raise optuna.exceptions.TrialPruned()
                return search_space["training"]["learning_rate"]


            def tune_integration(_, tuning_config):
                study = tune.create_study(tuning_config)
                study.optimize(partial(objective, tuning_config=tuning_config), n_trials=5, n_jobs=1)


            if __name__ == "__main__":
                optuna.logging.set_verbosity(optuna.logging.WARNING)
                tuning_config = tune.get_tuning_settings("tuning.yaml")
                tune.create_study(tuning_config)
                with get_context("spawn").Pool(2) as pool:
                    pool.map(partial(tune_integration, tuning_config=tuning_config), range(4))
                study = tune.create_study(tuning_config)
                tune.save_best_trial(study, "best_trial.yaml")
                tune.save_best_config(
                    built_search_space_file="built_search_space.yaml",
                    best_trial_file="best_trial.yaml",
                    depmap_file="depmap.yaml",
                    output_file="best_config.yaml",
                )
                print(len(study.trials))
            """
        )
    )
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "20\n"), done.stderr
    best = yaml.safe_load((guide / "best_config.yaml").read_text())
    assert best["model"]["classifier"]["input_dim"] == best["model"]["gcn_net"][-1]["out_dim"]


@pytest.mark.parametrize(
    "choices",
    [
        "[[16], [16, 32]]",
        "{type: categorical, choices: [[16], [16, 32]]}",
        "{type: categorical, choices: {small: [16], large: [16, 32]}}",
    ],
)
def test_compound_choices_come_back_from_a_best_trial_as_they_were(choices, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("base.yaml").write_text("model: {dims: [8]}\n")
    pathlib.Path("space.yaml").write_text(f"model: {{dims: {choices}}}\n")
    study = tune.create_study({"study_name": "s"})

    def objective(trial):
        config = tune.build_search_space_with_dependencies(
            "space.yaml",
            None,
            trial,
            tune_model=True,
            base_settings_file="base.yaml",
            built_search_space_file="b.yaml",
        )
        return -len(config["model"]["dims"])

    study.optimize(objective, n_trials=8)
    tune.save_best_trial(study, "best_trial.yaml")
    tune.save_best_config("b.yaml", "best_trial.yaml", None, "best.yaml")
    assert yaml.safe_load(pathlib.Path("best.yaml").read_text()) == {"model": {"dims": [16, 32]}}


@pytest.mark.parametrize(
    ("choices", "best"),
    [
        ("[null, [48]]", [48]),
        ('[[48], none, "12"]', "12"),
        ("[{x: 1.0e-7, y: .inf}, 3]", {"x": 1e-7, "y": float("inf")}),
        ('["a\\nb", c]', "a\nb"),
    ],
)
def test_any_choice_comes_back_whatever_the_first_trial_had(choices, best, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("space.yaml").write_text(f"model: {{x: {{type: categorical, choices: {choices}}}}}\n")
    study = tune.create_study({"study_name": "s"})

    def objective(trial):
        config = tune.build_search_space_with_dependencies(
            "space.yaml", None, trial, tune_model=True, built_search_space_file="b.yaml"
        )
        return 0.0 if config["model"]["x"] == best else 1.0

    study.optimize(objective, n_trials=12)
    tune.save_best_trial(study, "best_trial.yaml")
    tune.save_best_config("b.yaml", "best_trial.yaml", None, "best.yaml")
    assert yaml.safe_load(pathlib.Path("best.yaml").read_text()) == {"model": {"x": best}}


def test_what_the_search_space_itself_computes_is_computed_again_for_the_best_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = 'm: {a: !sweep {values: [16, 32]}, b: !reference {target: "m.a * 2"}}'
    pathlib.Path("s.yaml").write_text(text, encoding="utf-8")
    first, best = (optuna.trial.FixedTrial({"m.a": a}, number=i) for i, a in enumerate((16, 32)))
    for trial in (first, best):
        tune.build_search_space_with_dependencies("s.yaml", None, trial, True, True, None, "b.yaml")
    pathlib.Path("best_trial.yaml").write_text("m.a: 32\n", encoding="utf-8")
    tune.save_best_config("b.yaml", "best_trial.yaml", None, "best.yaml")
    saved = yaml.safe_load(pathlib.Path("best.yaml").read_text(encoding="utf-8"))
    assert saved == {"m": {"a": 32, "b": 64}}


def test_values_that_an_alias_shares_are_equal_in_the_best_config_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("space.yaml").write_text("model:\n  a: &x {type: int, low: 1, high: 9}\n  b: *x\n  c: 5\n")
    pathlib.Path("map.yaml").write_text("model: {c: model.b}\n")
    study = tune.create_study({"study_name": "s"})

    def objective(trial):
        config = tune.build_search_space_with_dependencies(
            "space.yaml", "map.yaml", trial, tune_model=True, built_search_space_file="b.yaml"
        )["model"]
        assert config["a"] == config["b"] == config["c"]
        return config["a"]

    study.optimize(objective, n_trials=10)
    tune.save_best_trial(study, "best_trial.yaml")
    tune.save_best_config("b.yaml", "best_trial.yaml", "map.yaml", "best.yaml")
    best = study.best_params["model.a"]
    assert yaml.safe_load(pathlib.Path("best.yaml").read_text()) == {
        "model": {"a": best, "b": best, "c": best}
    }


CONDITIONAL = """\
model:
  kind: {type: categorical, choices: {none: null, gat: {heads: 2}}}
  heads: {when: model.kind != 'none', type: int, low: 1, high: 8}
  layers: {type: repeat, count: {type: int, low: 1, high: 3}, item: {w: {type: int, low: 1, high: 8}}}
  out: 0
"""


def conditional(params):
    """Build a conditional space for given parameters; return the config."""
    pathlib.Path("space.yaml").write_text(CONDITIONAL)
    pathlib.Path("map.yaml").write_text('"model.out": "model.layers[-1].w"\n')
    trial = optuna.trial.FixedTrial(params)
    return tune.build_search_space_with_dependencies(
        "space.yaml", "map.yaml", trial, tune_model=True, built_search_space_file="built.yaml"
    )


SMALL = {"model.kind": "gat", "model.heads": 3, "model.layers.count": 1, "model.layers.0.w": 4}


def test_a_conditional_config_is_saved_from_its_own_trial(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = conditional(SMALL)
    assert config["model"]["out"] == 4
    pathlib.Path("best_trial.yaml").write_text(yaml.safe_dump(SMALL))
    tune.save_best_config("built.yaml", "best_trial.yaml", "map.yaml", "best.yaml")
    assert yaml.safe_load(pathlib.Path("best.yaml").read_text()) == config


@pytest.mark.parametrize(
    ("best", "difference"),
    [
        ({**SMALL, "model.layers.0.w": 5}, "model.layers.0.w is 5 in the best trial, and 4 in built.yaml"),
        (
            {**SMALL, "model.layers.count": 2, "model.layers.1.w": 5},
            "model.layers.count is 2 in the best trial, and 1 in built.yaml",
        ),
        (
            {name: value for name, value in SMALL.items() if name != "model.heads"},
            "built.yaml has model.heads, and the best trial has not",
        ),
        (
            {**SMALL, "model.kind": "none"},
            "model.kind is 'none' in the best trial, and {'heads': 2} in built.yaml",
        ),
        ({**SMALL, "model.other": 1}, "the best trial has model.other, and built.yaml has not"),
    ],
)
def test_a_conditional_config_is_never_made_from_another_trials(best, difference, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    conditional(SMALL)
    pathlib.Path("best_trial.yaml").write_text(yaml.safe_dump(best))
    with pytest.raises(DiagnosticError) as caught:
        tune.save_best_config("built.yaml", "best_trial.yaml", "map.yaml", "best.yaml")
    [problem] = caught.value.diagnostics
    assert problem.code == "QG504"
    assert problem.message.endswith(f"but {difference}")
    assert not pathlib.Path("best.yaml").exists()


def test_problems_are_raised_as_one_exception_with_the_rendered_text(guide):
    pathlib.Path("depmap.yaml").write_text("model: {classifier: {input_dim: model.gcn_nets}}\n")
    with pytest.raises(DiagnosticError, match=r"^depmap.yaml:1:33: error\[QG301\]") as caught:
        build(optuna.create_study().ask())
    assert "did you mean 'model.gcn_net'?" in str(caught.value)


def test_warnings_come_once_a_compilation(guide):
    trial = optuna.create_study().ask()
    space = pathlib.Path("search_space.yaml")
    with pytest.warns(QgtuneWarning, match="QG110"):
        tune.build_search_space_with_dependencies(
            space, None, trial, tune_model=True, base_settings_file=None
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tune.build_search_space_with_dependencies(
            space, None, trial, tune_model=True, base_settings_file=None
        )


def test_settings_that_qgtune_does_not_know_stay_and_are_warned_about(tmp_path):
    path = tmp_path / "tuning.yaml"
    path.write_text("study_name: s\nmy_own: 3\n")
    with pytest.warns(QgtuneWarning, match="'my_own' is not a key of a tuning file"):
        assert tune.get_tuning_settings(path) == {"study_name": "s", "my_own": 3}


def test_a_study_without_a_complete_trial_has_no_best_one_and_says_so(tmp_path):
    with pytest.raises(QgtuneError, match="has no best trial"):
        tune.save_best_trial(tune.create_study({"study_name": "s"}), tmp_path / "best.yaml")
    assert not (tmp_path / "best.yaml").exists()


def test_only_what_tune_names_varies_and_a_path_to_nothing_is_said(tmp_path):
    (tmp_path / "base.yaml").write_text("training: {lr: 0.1, n: 3}\n")
    (tmp_path / "space.yaml").write_text(
        "training: {lr: {type: float, low: 0.1, high: 0.2}, n: {type: int, low: 1, high: 5}}\n"
    )
    files = {
        "search_space_file": tmp_path / "space.yaml",
        "depmap_file": None,
        "base_settings_file": tmp_path / "base.yaml",
    }
    trial = optuna.trial.FixedTrial({"training.lr": 0.15})
    config = tune.build_search_space_with_dependencies(**files, trial=trial, tune=["training.lr"])
    assert config == {"training": {"lr": 0.15, "n": 3}}
    with pytest.raises(QgtuneError, match=r"tune names training\.rl, but there is no training\.rl"):
        tune.build_search_space_with_dependencies(**files, trial=trial, tune=["training.rl"])
    with pytest.raises(QgtuneError, match="is not a path"):
        tune.build_search_space_with_dependencies(**files, trial=trial, tune=["training..lr"])


def test_the_one_file_form_gives_the_objects_that_are_allowed(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(
        "model: {width: !sweep {values: [16, 32]}, make: !pyobject collections.OrderedDict, dims: [8]}\n"
    )
    trial = optuna.trial.FixedTrial({"model.width": 32})
    config = tune.build_search_space(file, trial, allow_pyobjects=["collections"])
    assert config == {"model": {"width": 32, "make": collections.OrderedDict, "dims": [8]}}
    with pytest.raises(DiagnosticError, match="QG229"):
        tune.build_search_space(file, trial)


def test_an_object_that_is_not_there_is_said(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("model: {width: !sweep {values: [16, 32]}, make: !pyobject collections.Nothing}\n")
    with pytest.raises(QgtuneError, match=r"collections\.Nothing cannot be imported"):
        tune.build_search_space(
            file, optuna.trial.FixedTrial({"model.width": 32}), allow_pyobjects=["collections"]
        )


SPACE_OF_SIX = "a: {type: int, low: 1, high: 3}\nb: {type: categorical, choices: [x, z]}\n"


@pytest.mark.parametrize("spelling", ["search_space_path", "config_file"])
def test_a_study_of_a_script_samples_and_prunes_as_its_settings_say(tmp_path, monkeypatch, spelling):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("space.yaml").write_text(SPACE_OF_SIX)
    settings = {
        "sampler": "grid",
        "pruner": {"type": "asha", "reduction_factor": 3},
        spelling: "space.yaml",
        "seed": 1,
    }
    study = tune.create_study(settings)
    assert isinstance(study.pruner, optuna.pruners.SuccessiveHalvingPruner)
    configs = []
    for _ in range(6):
        trial = study.ask()
        configs.append(tune.build_search_space_with_dependencies("space.yaml", None, trial, tune_model=True))
        study.tell(trial, 0.0)
    assert sorted((config["a"], config["b"]) for config in configs) == [
        (a, b) for a in (1, 2, 3) for b in "xz"
    ]
    assert isinstance(tune.create_study({"pruner": None}).pruner, optuna.pruners.NopPruner)
    two = tune.create_study({"directions": ["minimize", "maximize"], "sampler": "nsga2"})
    assert len(two.directions) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sampler": "tpee"}, "there is no sampler 'tpee' (did you mean 'tpe'?)"),
        ({"pruner": {"type": "asha", "reduction": 3}}, "asha takes no argument 'reduction'"),
        ({"sampler": "grid"}, "grid has to know the search space, and the settings name none"),
    ],
)
def test_a_sampler_or_pruner_that_cannot_be_is_told_to_a_script(settings, words):
    with pytest.raises(QgtuneError, match=re.escape(words)):
        tune.create_study(settings)
