"""Bad input and faults: whatever a study is like, each of its outputs tells of it, and nothing is lost."""

import csv
import io
import json
import os
import sys

import pytest
import yaml
from own_projects import BASE, finished_trials, write_project
from own_projects import qgtune as qgtune_alone
from own_projects import qgtune_here as qgtune

ODD = 'a <b>&|`é, "c"'
ONE_VALUE = '"""One value."""\n\n\ndef score(trial, config):\n    """Return it."""\n    return next(iter(config.values()))\n'


def name_in_study(folder):
    [trial] = json.loads((folder / "runs/tiny/best_params.json").read_text(encoding="utf-8"))["trials"]
    [name] = trial["params"]
    return name


def test_a_base_file_that_changed_since_the_study_began_is_told_by_path_and_costs_no_trial(tmp_path):
    assert qgtune(write_project(tmp_path, "n_trials: 2\n"), "--quiet").returncode == 0
    best = (tmp_path / "runs/tiny/best_config.yaml").read_bytes()
    done = qgtune(write_project(tmp_path, "n_trials: 4\n", base=BASE.replace("epochs: 3", "epochs: 4")))
    assert done.returncode == 1
    assert "training.epochs is 4 now, 3 before" in done.stderr
    assert len(finished_trials(tmp_path / "runs/tiny")) == 2
    assert (tmp_path / "runs/tiny/best_config.yaml").read_bytes() == best


def test_a_comment_in_the_base_file_may_change_and_comes_into_the_next_best_config(tmp_path):
    assert qgtune(write_project(tmp_path, "n_trials: 2\n"), "--quiet").returncode == 0
    commented = BASE.replace("# A tiny config.", "# Another comment.")
    done = qgtune(write_project(tmp_path, "n_trials: 3\n", base=commented), "--quiet")
    assert done.returncode == 0, done.stderr
    assert "# Another comment." in (tmp_path / "runs/tiny/best_config.yaml").read_text()
    assert len(finished_trials(tmp_path / "runs/tiny")) == 3


def test_a_name_with_odd_characters_is_in_every_output_as_it_is(tmp_path):
    key = json.dumps(ODD, ensure_ascii=False)
    space, base = f"{key}: {{type: float, low: 0.1, high: 1.0}}\n", f"{key}: 0.5\n"
    tuning = write_project(
        tmp_path,
        "n_trials: 2\nenqueue_base: false\n",
        space=space,
        base=base,
        dependencies="{}\n",
        objective=ONE_VALUE,
    )
    done = qgtune(tuning, "--verbose")
    assert done.returncode == 0, done.stderr
    assert f"the best so far: {name_in_study(tmp_path)} " in done.stdout
    runs = tmp_path / "runs/tiny"
    head = next(csv.reader(io.StringIO((runs / "trials.csv").read_text(encoding="utf-8"))))
    name = name_in_study(tmp_path)
    assert name in head
    for file in ("best_config.yaml", "built_search_space.yaml"):
        assert list(yaml.safe_load((runs / file).read_text(encoding="utf-8"))) == [ODD]
    assert list(yaml.safe_load((runs / "best_trial.yaml").read_text(encoding="utf-8"))) == [name]
    told = qgtune_alone(
        "diff", tmp_path / "base_settings.yaml", runs / "best_config.yaml", "--format", "json"
    )
    [change] = json.loads(told.stdout)["values"]
    assert change["before"] == "0.5"


FAULTS = {
    "one trial": ("n_trials: 1\n", "return 0.5", "1 complete"),
    "constant values": ("n_trials: 12\n", "return 0.5", "12 complete"),
    "all pruned": ("n_trials: 3\n", "import optuna; raise optuna.TrialPruned", "3 pruned"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_run_without_anything_to_compare_ends_well_and_leaves_its_report(tmp_path, kind):
    settings, body, counts = FAULTS[kind]
    objective = f'"""One end."""\n\n\ndef score(trial, config):\n    """End."""\n    {body}\n'
    done = qgtune(write_project(tmp_path, f"{settings}reuse_equal_configs: false\n", objective=objective))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"study tiny: {counts}" in done.stdout
    runs = tmp_path / "runs/tiny"
    assert (runs / "best_config.yaml").exists() == (kind != "all pruned")
    assert (runs / "summary_report.md").exists()
    assert (runs / "report.html").exists()
    if kind == "constant values":
        assert "importance" in (runs / "summary_report.md").read_text().lower()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a folder that root may not write")
def test_a_folder_that_may_only_be_read_is_said_before_the_first_trial(tmp_path):
    tuning = write_project(tmp_path / "project", "n_trials: 1\noutput_dir: /proc/sys/qgtune\n")
    done = qgtune(tuning)
    assert done.returncode == 1
    assert "error[QG413]: results cannot be written to " in done.stderr
    assert "Traceback" not in done.stderr
    assert not os.path.lexists("/proc/sys/qgtune")
