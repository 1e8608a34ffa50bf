"""Laws of a run's settings where something is in the way: what is refused, pruned, or lost with its worker."""

import pytest
from own_projects import SPACE, qgtune_here, write_project

from qgtune.study import open_study

PRUNED = '''\
"""Odd trials are pruned in their first training; each training is written down."""

import pathlib

import optuna


def score(trial, config):
    """Return the seed of the training."""
    with pathlib.Path(__file__).with_name("calls.txt").open("a") as calls:
        calls.write(f"{trial.number}\\n")
    trial.report(1.0, 0)
    if trial.number % 2:
        raise optuna.TrialPruned
    return 1.0
'''
DEADLY = '''\
"""Kills its worker where the rate is a half, which no sampler draws by chance."""

import os
import signal


def score(trial, config):
    """Return the learning rate."""
    if config["training"]["learning_rate"] == 0.5:
        os.kill(os.getpid(), signal.SIGKILL)
    return config["training"]["learning_rate"]
'''


def trials_of(folder):
    return open_study("tiny", folder / "runs/tiny/study.log").trials


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("lost.log", "there is no file"),
        ("lost.yaml", "is no tuning file that can be read"),
        ("other/tuning.yaml", "is in memory only, and gone"),
        ("new/tuning.yaml", "there is no file"),
        ("new", "is a folder"),
        ("new/objective.py", "is a file of another kind"),
        ("database/tuning.yaml", "there is no file"),
    ],
)
def test_a_study_that_cannot_be_learnt_from_is_refused_at_its_line_by_check_too(source, said, tmp_path):
    write_project(tmp_path / "other", "storage: null\n")
    write_project(tmp_path / "new")
    write_project(tmp_path / "database", "storage: sqlite:///study.db\n")
    tuning = write_project(tmp_path, f"n_trials: 1\nwarm_start: {source}\n")
    for words in (["check"], []):
        done = qgtune_here(*words, tuning)
        assert done.returncode == 1
        assert "tuning.yaml:8:13: error[QG420]: warm_start: " in done.stderr
        assert said in done.stderr
    assert not (tmp_path / "runs/tiny/study.log").exists()


def test_a_study_that_was_learnt_from_and_is_gone_is_not_missed_by_what_reads_results(tmp_path):
    assert qgtune_here(write_project(tmp_path, "n_trials: 1\n")).returncode == 0
    tuning = write_project(tmp_path, "n_trials: 1\nwarm_start: gone.log\n")
    assert qgtune_here("report", tuning).returncode == 0
    assert qgtune_here("check", tuning).returncode == 1


def test_nothing_is_taken_over_from_a_study_none_of_whose_trials_fit(tmp_path):
    assert qgtune_here(write_project(tmp_path / "old", "n_trials: 2\n")).returncode == 0
    extra = "n_trials: 1\nenqueue_base: false\nwarm_start: ../old/runs/tiny/study.log\n"
    elsewhere = SPACE.replace("low: 0.001, high: 1.0", "low: 2.0, high: 3.0")
    assert qgtune_here(write_project(tmp_path / "new", extra, space=elsewhere)).returncode == 0
    [trial] = trials_of(tmp_path / "new")
    assert trial.params["training.learning_rate"] >= 2.0


def test_a_trial_that_is_pruned_in_its_first_training_is_not_repeated(tmp_path):
    extra = "n_trials: 2\nrepeats: 3\nenqueue_base: false\n"
    assert qgtune_here(write_project(tmp_path, extra, objective=PRUNED)).returncode == 0
    first, second = trials_of(tmp_path)
    assert (tmp_path / "calls.txt").read_text().split() == ["0", "0", "0", "1"]
    assert first.intermediate_values == second.intermediate_values == {0: 1.0}
    assert (first.state.name, second.state.name) == ("COMPLETE", "PRUNED")
    assert "qgtune:repeats" not in second.user_attrs


@pytest.mark.parametrize(("policy", "deaths"), [("fail", 1), ("retry", 3)])
def test_parameters_that_kill_their_worker_are_tried_as_often_as_the_policy_says(policy, deaths, tmp_path):
    entry = "[{training.learning_rate: 0.5, training.batch_size: 16}]"
    extra = f"n_trials: 3\non_worker_death: {policy}\nenqueue_base: false\nenqueue: {entry}\n"
    tuning = write_project(tmp_path, extra, objective=DEADLY)
    done = qgtune_here(tuning)
    trials = trials_of(tmp_path)
    same = [trial for trial in trials if trial.params["training.learning_rate"] == 0.5]
    assert (done.returncode, len(same)) == (0, deaths)
    assert "was killed by SIGKILL" in done.stdout
    blamed = "3 worker processes in a row died with these parameters"
    assert (blamed in str(same[-1].user_attrs)) == (policy == "retry")
    # A config that is blamed counts as failed, one that is only lost is made up for.
    finished = [trial for trial in trials if "qgtune:lost" not in trial.user_attrs]
    assert len(finished) == 3
