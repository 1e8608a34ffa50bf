"""``qgtune diff`` of results: two studies or two best configs, told apart by what they are."""

import json
import shutil

import pytest
import yaml
from own_projects import BASE, SPACE, write_project
from own_projects import qgtune_here as qgtune

from qgtune import cli
from qgtune.insight.config_difference import compare_configs


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """Return a folder with two studies, the second over another space; nobody changes it."""
    folder = tmp_path_factory.mktemp("results")
    first = write_project(folder / "old", "n_trials: 3\n")
    other = SPACE.replace("16, 32, 64", "24").replace("0.001", "0.02")
    second = write_project(folder / "new", "n_trials: 4\nstudy_name: wide\n", space=other, base=BASE)
    second.write_text(second.read_text().replace("study_name: tiny\n", ""))
    for tuning in (first, second):
        done = qgtune(tuning, "--quiet")
        assert done.returncode == 0, done.stderr
    return folder


def diff(capsys, *words):
    code = cli.main(["diff", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def best(projects, which, name):
    return yaml.safe_load((projects / which / "runs" / name / "best_config.yaml").read_text())["training"]


KINDS = {
    "folders": ("old/runs/tiny", "new/runs/wide"),
    "best configs": ("old/runs/tiny/best_config.yaml", "new/runs/wide/best_config.yaml"),
    "a folder and a tuning file": ("old/runs/tiny", "new/tuning.yaml"),
    "tuning files": ("old/tuning.yaml", "new/tuning.yaml"),
    "a best config and a tuning file": ("old/runs/tiny/best_config.yaml", "new/tuning.yaml"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_changed_between_two_best_trials_is_told_with_domains_and_values(projects, capsys, kind):
    code, said, _ = diff(capsys, *(projects / name for name in KINDS[kind]))
    assert code == 0
    assert ("begins anew: a study of its own" in said) is (kind == "tuning files")
    old, new = best(projects, "old", "tiny"), best(projects, "new", "wide")
    rate = f"  ~ training.learning_rate: {new['learning_rate']} now, {old['learning_rate']} before; float from 0.02 to"
    assert rate in said
    size = f"  ~ training.batch_size: 24 now, {old['batch_size']} before; one of 24 now, one of 16, 32, 64 before"
    assert size in said
    assert f"  ~ training.warmup: {new['warmup']} now, {old['warmup']} before" in said
    assert "training.epochs" not in said
    first, second = said[said.index("best trials\n") :].splitlines()[1:3]
    assert first.startswith("  - Study tiny: trial ")
    assert " is the best of 3 trials, value " in first
    assert second.startswith("  + Study wide: trial ")
    assert second.endswith("(minimize)")


def test_of_two_journals_the_parameters_are_told(projects, capsys):
    code, said, _ = diff(capsys, projects / "old/runs/tiny/study.log", projects / "new/runs/wide/study.log")
    assert code == 0
    assert "  ~ training.batch_size: 24 now, " in said
    assert "; one of 24 now, one of 16, 32, 64 before" in said
    assert "warmup" not in said


def test_a_run_whose_study_is_kept_elsewhere_is_read_from_its_files(projects, capsys, tmp_path):
    shutil.copytree(projects / "old/runs/tiny", tmp_path / "copy", ignore=shutil.ignore_patterns("study.log"))
    code, said, _ = diff(capsys, tmp_path / "copy", projects / "new/runs/wide")
    assert code == 0
    assert "  ~ training.warmup: " in said
    assert "  - Study tiny: trial " in said


def test_a_best_config_is_compared_with_the_base_settings_it_came_from(projects, capsys):
    code, said, _ = diff(
        capsys, projects / "old/base_settings.yaml", projects / "old/runs/tiny/best_config.yaml"
    )
    rate = best(projects, "old", "tiny")["learning_rate"]
    assert code == 0
    assert f"  ~ training.learning_rate: {rate} now, 0.1 before; float from" in said


def test_as_json_both_trials_and_every_value_are_told(projects, capsys):
    code, said, _ = diff(
        capsys, projects / "old/runs/tiny", projects / "new/runs/wide/best_config.yaml", "--format", "json"
    )
    found = json.loads(said)
    assert code == 0
    assert [trial["study"] for trial in found["best_trials"]] == ["tiny", "wide"]
    for name, told in zip(("old/runs/tiny", "new/runs/wide"), found["best_trials"], strict=True):
        [written] = json.loads((projects / name / "best_params.json").read_text())["trials"]
        assert (told["number"], told["values"]) == (written["number"], written["values"])
    [size] = [change for change in found["values"] if change["name"] == "training.batch_size"]
    assert size["after"] == "24"
    assert (size["domain_before"], size["domain_after"]) == ("one of 16, 32, 64", "one of 24")


def test_a_study_is_the_same_as_itself(projects, capsys):
    code, said, _ = diff(capsys, projects / "old/runs/tiny", projects / "old/runs/tiny/best_config.yaml")
    assert code == 0
    assert said.endswith("the values are the same\n")
    assert diff(capsys, *[projects / "old/runs/tiny"] * 2) == (0, "the values are the same\n", "")
    code, said, _ = diff(capsys, projects / "old/tuning.yaml", projects / "old/tuning.yaml")
    assert said.startswith("the same: ")


@pytest.mark.parametrize("case", [
    ("direction: minimize\n", "study tiny has no complete trial", 1),
    ("directions: [minimize, maximize]\n", "has several objectives and thus no single best trial", 2),
])  # fmt: skip
def test_a_study_without_a_best_trial_says_so(projects, capsys, tmp_path, case):
    direction, message, code = case
    fails = '"""Prunes."""\nimport optuna\n\n\ndef score(trial, config):\n    """Prune."""\n    raise optuna.TrialPruned\n'
    tuning = write_project(tmp_path, f"n_trials: 1\n{direction}", objective=fails)
    qgtune(tuning, "--quiet")
    found, said, errors = diff(capsys, tmp_path / "runs/tiny", projects / "new/runs/wide")
    assert (found, said) == (code, "")
    assert message in errors


def test_a_folder_that_no_run_left_is_wrong_usage(projects, capsys, tmp_path):
    code, _, errors = diff(capsys, tmp_path, projects / "new/runs/wide")
    assert code == 2
    assert "holds neither study.log nor best_params.json" in errors


@pytest.mark.parametrize(("old", "new", "expected"), [
    ({"a": [1, 2]}, {"a": [1, 3]}, [("a", "[1, 2]", "[1, 3]")]),
    ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {"b": 2, "c": []}]}, [("a[1].b", None, "2"), ("a[1].c", None, "[]")]),
    ({"a": {"b": 1}}, {"a": 1}, [("a.b", "1", None), ("a", None, "1")]),
    ({"a": 1}, {"a": True}, [("a", "1", "true")]),
    ({"a": 1.0}, {"a": 1}, [("a", "1.0", "1")]),
    ({"a b": 1}, {}, [('["a b"]', "1", None)]),
])  # fmt: skip
def test_each_value_that_differs_is_named_once(old, new, expected):
    assert [(change.name, change.before, change.after) for change in compare_configs(old, new)] == expected


def test_an_item_with_a_domain_of_its_own_is_a_value_of_its_own():
    domains = ({("dims", 0): "one of 1, 2"}, {})
    [change] = compare_configs({"dims": [1, 8]}, {"dims": [2, 8]}, domains)
    assert (change.name, change.before, change.after, change.domain) == ("dims[0]", "1", "2", "one of 1, 2")
