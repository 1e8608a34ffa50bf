"""Laws of a run's settings: what is tried first, what is not trained again, when it ends, what a change does."""

import json
import os

import optuna
import pytest
from own_projects import BASE, SPACE, write_project
from own_projects import qgtune_here as qgtune

from qgtune.study import open_study

SMALL = "training:\n  batch_size: [16, 32, 64]\n"
COUNTING = '''\
"""Writes down each call."""

import pathlib


def score(trial, config):
    """Return the batch size, after noting the call."""
    with pathlib.Path(__file__).with_name("calls.txt").open("a") as calls:
        calls.write(f"{config['training']['batch_size']} {config['training'].get('seed')}\\n")
    return config["training"]["batch_size"] / 100 + config["training"].get("seed", 0)
'''


def study_of(folder):
    return open_study("tiny", folder / "runs/tiny/study.log")


def calls_of(folder):
    return (folder / "calls.txt").read_text().splitlines()


def finished(study):
    return [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]


def test_the_base_settings_are_tried_first_and_then_what_is_enqueued(tmp_path):
    extra = "n_trials: 3\nenqueue:\n  - {training.learning_rate: 0.5, 'training.batch_size': 64}\n"
    assert qgtune(write_project(tmp_path, extra)).returncode == 0
    first, second, third = study_of(tmp_path).trials
    assert first.params == {"training.learning_rate": 0.1, "training.batch_size": 32}
    assert second.params == {"training.learning_rate": 0.5, "training.batch_size": 64}
    assert third.params not in (first.params, second.params)


def test_what_is_enqueued_may_stand_in_a_file_and_is_tried_once_however_often_a_run_goes_on(tmp_path):
    (tmp_path / "good.yaml").write_text("- {training.learning_rate: 0.25}\n")
    for total in (1, 3):
        tuning = write_project(tmp_path, f"n_trials: {total}\nenqueue: good.yaml\nenqueue_base: false\n")
        assert qgtune(tuning).returncode == 0
    rates = [trial.params["training.learning_rate"] for trial in study_of(tmp_path).trials]
    assert (len(rates), rates[0], rates.count(0.25)) == (3, 0.25, 1)


def test_a_base_that_lies_outside_of_the_space_is_not_tried(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 1\n", space=SPACE.replace("0.001", "0.2"))
    assert qgtune(tuning).returncode == 0
    assert study_of(tmp_path).trials[0].params["training.learning_rate"] >= 0.2


@pytest.mark.parametrize("n_processes", [1, 2, 3])
def test_an_equal_config_is_trained_once_on_any_number_of_workers(tmp_path, n_processes):
    """Whatever runs beside it: as many trainings as configs, and each trial has the value of its config."""
    tuning = write_project(
        tmp_path,
        f"n_trials: 9\nn_processes: {n_processes}\nsampler: random\n",
        objective=COUNTING,
        space=SMALL,
        dependencies="{}\n",
    )
    assert qgtune(tuning).returncode == 0
    trials = finished(study_of(tmp_path))
    drawn = {trial.params["training.batch_size"] for trial in trials}
    assert len(trials) == 9
    assert sorted(calls_of(tmp_path)) == [f"{size} None" for size in sorted(drawn)]
    assert len([trial for trial in trials if "qgtune:reused_from" in trial.user_attrs]) == 9 - len(drawn)
    assert all(trial.value == trial.params["training.batch_size"] / 100 for trial in trials)


ALWAYS_16 = '''

import os
import time

import optuna


def make(seed):
    """Return a sampler that always draws the same."""
    return optuna.samplers.PartialFixedSampler({"training.batch_size": 16}, optuna.samplers.RandomSampler(seed))


def seen_by_another(trial):
    """Wait until another trial has said which config it has; return whether one has."""
    end = time.monotonic() + 100
    while time.monotonic() < end:
        if any(t.number > trial.number and "qgtune:config" in t.user_attrs for t in trial.study.trials):
            return True
        time.sleep(0.01)
    return False
'''
AT_ONCE = "n_trials: 2\nn_processes: 2\nenqueue_base: false\nsampler: objective.py:make\n"


def test_a_config_that_another_worker_is_training_is_waited_for(tmp_path):
    objective = COUNTING + ALWAYS_16
    objective = objective.replace("    return config", "    assert seen_by_another(trial)\n    return config")
    tuning = write_project(tmp_path, AT_ONCE, objective=objective, space=SMALL, dependencies="{}\n")
    assert qgtune(tuning).returncode == 0
    first, second = finished(study_of(tmp_path))
    assert calls_of(tmp_path) == ["16 None"]
    assert (first.value, second.value) == (0.16, 0.16)
    assert second.user_attrs["qgtune:reused_from"] == 0


def test_a_config_whose_worker_dies_is_trained_by_the_one_that_waited_for_it(tmp_path):
    dies = """
    if not (flag := pathlib.Path(__file__).with_name("died")).exists():
        flag.touch()
        assert seen_by_another(trial)
        os.kill(os.getpid(), 9)
    return config"""
    objective = (COUNTING + ALWAYS_16).replace("\n    return config", dies)
    extra = AT_ONCE + "on_worker_death: fail\n"
    tuning = write_project(tmp_path, extra, objective=objective, space=SMALL, dependencies="{}\n")
    assert qgtune(tuning).returncode == 0
    assert [trial.value for trial in finished(study_of(tmp_path))] == [0.16, 0.16]
    assert calls_of(tmp_path) == ["16 None"] * 2


def test_a_config_that_was_pruned_is_pruned_at_once_the_next_time(tmp_path):
    pruning = (
        "    if config['training']['batch_size'] == 16:\n        raise __import__('optuna').TrialPruned\n"
    )
    objective = COUNTING.replace("    return config", pruning + "    return config")
    extra = "n_trials: 9\nn_processes: 2\nsampler: random\n"
    tuning = write_project(tmp_path, extra, objective=objective, space=SMALL, dependencies="{}\n")
    assert qgtune(tuning).returncode == 0
    trials = study_of(tmp_path).trials
    assert len(calls_of(tmp_path)) == len({trial.params["training.batch_size"] for trial in trials})
    first, *others = [trial for trial in trials if trial.params["training.batch_size"] == 16]
    assert all(trial.state.name == "PRUNED" for trial in (first, *others))
    assert others
    for trial in others:
        said = f"its config is that of trial {first.number}, which was pruned"
        assert trial.user_attrs["qgtune:pruned_because"] == said
        assert "qgtune:reused_from" not in trial.user_attrs  # it was given no values


def test_reusing_can_be_switched_off(tmp_path):
    extra = "n_trials: 5\nreuse_equal_configs: false\n"
    tuning = write_project(tmp_path, extra, objective=COUNTING, space=SMALL, dependencies="{}\n")
    assert qgtune(tuning).returncode == 0
    assert len(calls_of(tmp_path)) == 5


def test_repeats_train_with_seeds_of_their_own_and_the_value_is_the_mean(tmp_path):
    base = BASE.replace("  epochs: 3", "  epochs: 3\n  seed: 7")
    tuning = write_project(
        tmp_path, "n_trials: 1\nrepeats: 3\n", objective=COUNTING, space=SMALL, base=base, dependencies="{}\n"
    )
    assert qgtune(tuning).returncode == 0
    [trial] = study_of(tmp_path).trials
    assert calls_of(tmp_path) == ["32 7", "32 8", "32 9"]
    assert trial.value == pytest.approx(8.32)
    assert trial.user_attrs["qgtune:spread"] == pytest.approx(1.0)
    assert trial.user_attrs["qgtune:repeats"] == pytest.approx([7.32, 8.32, 9.32])


def test_an_equal_config_gets_the_mean_of_the_repeats(tmp_path):
    base = BASE.replace("  epochs: 3", "  epochs: 3\n  seed: 7")
    extra = "n_trials: 6\nrepeats: 3\nsampler: random\n"
    tuning = write_project(tmp_path, extra, objective=COUNTING, space=SMALL, base=base, dependencies="{}\n")
    assert qgtune(tuning).returncode == 0
    trials = study_of(tmp_path).trials
    drawn = {trial.params["training.batch_size"] for trial in trials}
    assert len(calls_of(tmp_path)) == 3 * len(drawn) < 3 * len(trials)
    assert [t.value for t in trials] == pytest.approx(
        [t.params["training.batch_size"] / 100 + 8 for t in trials]
    )


def test_an_objective_without_a_seed_can_ask_which_repeat_it_is(tmp_path):
    asking = COUNTING.replace('config["training"].get("seed", 0)', "trial.repeat")
    for repeats, value in ((1, 0.32), (3, 1.32)):
        folder = tmp_path / str(repeats)
        extra = f"n_trials: 1\nrepeats: {repeats}\n"
        done = qgtune(write_project(folder, extra, objective=asking, space=SMALL, dependencies="{}\n"))
        assert (done.returncode, "QG424" in done.stderr) == (0, False)
        assert study_of(folder).trials[0].value == pytest.approx(value)


def test_a_run_ends_at_its_target_and_does_nothing_when_it_is_started_again(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 50\ntarget: 1.0\n")
    done = qgtune(tuning)
    assert done.returncode == 0
    assert "no further trial was needed: trial 0 has reached the target of 1 with 1" in done.stdout
    assert qgtune(tuning).returncode == 0
    assert len(study_of(tmp_path).trials) == 1


def test_a_run_ends_after_so_many_trials_without_a_better_one(tmp_path):
    extra = "n_trials: 50\nstop_after_trials_without_improvement: 3\nreuse_equal_configs: false\n"
    constant = COUNTING.replace('config["training"]["batch_size"] / 100', "1").replace(
        '+ config["training"].get("seed", 0)', ""
    )
    tuning = write_project(tmp_path, extra, objective=constant, space=SMALL, dependencies="{}\n")
    done = qgtune(tuning)
    assert "3 trials have finished since the best one, trial 0" in done.stdout
    assert len(study_of(tmp_path).trials) == 4


@pytest.mark.parametrize(
    ("cores", "setting", "told"),
    [(16, "", True), (16, "n_processes: 1\n", False), (16, "n_jobs: 2\n", False), (2, "", False)],
)
def test_a_run_that_leaves_most_of_a_machine_idle_says_so_once_unless_it_is_meant(
    tmp_path, monkeypatch, cores, setting, told
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)), raising=False)
    done = qgtune(write_project(tmp_path, f"n_trials: 20\ntarget: 100.0\n{setting}"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("trials run one at a time, and this machine has 16 cores") == told
    assert ("n_processes: 8 would run 8 at once" in done.stdout) == told


def test_more_adds_so_many_trials_and_says_what_counts(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 2\n")
    assert qgtune(tuning).returncode == 0
    done = qgtune(tuning, "--more", "3")
    assert "2 complete, 0 pruned, 0 failed trials count" in done.stdout
    assert len(study_of(tmp_path).trials) == 5


def test_the_best_trials_of_another_study_that_fit_are_tried_first(tmp_path):
    assert qgtune(write_project(tmp_path / "old", "n_trials: 8\n")).returncode == 0
    narrower = SPACE.replace("high: 1.0", "high: 0.09")
    extra = "n_trials: 3\nenqueue_base: false\nwarm_start: ../old/tuning.yaml\n"
    assert qgtune(write_project(tmp_path / "new", extra, space=narrower)).returncode == 0
    fitting = [
        trial for trial in study_of(tmp_path / "old").trials if trial.params["training.learning_rate"] <= 0.09
    ]
    assert fitting
    best = sorted(fitting, key=lambda trial: trial.value)[:3]
    tried = [trial.params for trial in study_of(tmp_path / "new").trials]
    assert tried[: len(best)] == [trial.params for trial in best]


def test_a_study_goes_on_with_a_wider_range_and_says_so(tmp_path):
    assert qgtune(write_project(tmp_path, "n_trials: 2\n")).returncode == 0
    done = qgtune(write_project(tmp_path, "n_trials: 4\n", space=SPACE.replace("high: 1.0", "high: 2.0")))
    assert done.returncode == 0
    assert "the search space is wider than before, and the study goes on" in done.stdout
    assert len(study_of(tmp_path).trials) == 4


@pytest.mark.parametrize(
    ("space", "taken"),
    [(SPACE.replace("[16, 32, 64]", "[16, 32, 64, 128]"), 4), (SPACE.replace("0.001", "0.05"), None)],
)
def test_a_changed_domain_is_refused_and_migrating_keeps_what_fits(tmp_path, space, taken):
    assert qgtune(write_project(tmp_path, "n_trials: 4\n")).returncode == 0
    before = study_of(tmp_path).trials
    tuning = write_project(tmp_path, "n_trials: 6\n", space=space)
    refused = qgtune(tuning)
    assert refused.returncode == 1
    assert "error[QG421]" in refused.stderr
    assert [trial.params for trial in study_of(tmp_path).trials] == [trial.params for trial in before]
    done = qgtune(tuning, "--migrate")
    assert done.returncode == 0, done.stderr
    fitting = [trial for trial in before if taken or trial.params["training.learning_rate"] >= 0.05]
    after = study_of(tmp_path).trials
    assert [trial.params for trial in after[: len(fitting)]] == [trial.params for trial in fitting]
    assert [trial.value for trial in after[: len(fitting)]] == [trial.value for trial in fitting]
    assert len(finished(study_of(tmp_path))) == 6
    [kept] = (tmp_path / "runs/tiny").glob("study.log.*")
    assert len(open_study("tiny", kept).trials) == 4


def test_a_changed_constant_cannot_be_migrated_and_leaves_the_study_as_it_was(tmp_path):
    assert qgtune(write_project(tmp_path, "n_trials: 2\n")).returncode == 0
    journal = tmp_path / "runs/tiny/study.log"
    before = journal.read_bytes()
    tuning = write_project(tmp_path, "n_trials: 3\n", base=BASE.replace("epochs: 3", "epochs: 4"))
    done = qgtune(tuning, "--migrate")
    assert done.returncode == 1
    assert "training.epochs is 4 now, 3 before" in done.stderr
    assert journal.read_bytes() == before


def test_the_canonical_form_is_kept_with_the_study(tmp_path):
    assert qgtune(write_project(tmp_path, "n_trials: 1\n")).returncode == 0
    form = json.loads(study_of(tmp_path).user_attrs["qgtune:space"])
    assert form["parameters"]["training.batch_size"]["text"] == "one of 16, 32, 64"
    assert form["constants"]["training.epochs"] == "3"


@pytest.mark.parametrize(
    ("before", "now"), [("", "repeats: 3\n"), ("repeats: 3\n", ""), ("repeats: 2\n", "repeats: 3\n")]
)
def test_single_values_and_means_of_several_trainings_do_not_come_into_one_study(before, now, tmp_path):
    assert qgtune(write_project(tmp_path, f"n_trials: 1\n{before}")).returncode == 0
    assert qgtune(write_project(tmp_path, f"n_trials: 2\n{before}")).returncode == 0
    done = qgtune(write_project(tmp_path, f"n_trials: 3\n{now}"))
    assert done.returncode == 1
    assert "error[QG414]" in done.stderr
    was, become = (text.strip().rpartition(" ")[2] or "1" for text in (before, now))
    assert f"repeats has become {become}, and was {was}" in done.stderr
    assert "choose another study_name" in done.stderr
    assert len(study_of(tmp_path).trials) == 2


def test_the_trials_that_are_tried_first_are_the_best_by_their_own_study_s_direction(tmp_path):
    old = "n_trials: 12\nsampler: random\ndirection: maximize\n"
    assert qgtune(write_project(tmp_path / "old", old)).returncode == 0
    extra = "n_trials: 5\nenqueue_base: false\ndirection: minimize\nwarm_start: ../old/tuning.yaml\n"
    assert qgtune(write_project(tmp_path / "new", extra)).returncode == 0
    best = sorted(study_of(tmp_path / "old").trials, key=lambda trial: -trial.value)[:5]
    assert [trial.params for trial in study_of(tmp_path / "new").trials] == [trial.params for trial in best]


TWO_VALUES = '''\
"""Two values of which one is good where the other is bad, but for batches of 16, which are worse."""


def score(trial, config):
    """Return the learning rate and its negative."""
    rate, worse = config["training"]["learning_rate"], config["training"]["batch_size"] == 16
    return rate + worse, worse - rate
'''


def test_of_a_study_with_several_directions_members_of_its_front_are_tried_first(tmp_path):
    old = "n_trials: 12\nsampler: random\ndirections: [minimize, minimize]\nenqueue_base: false\n"
    assert qgtune(write_project(tmp_path / "old", old, objective=TWO_VALUES)).returncode == 0
    extra = "n_trials: 5\nenqueue_base: false\nwarm_start: ../old/tuning.yaml\n"
    assert qgtune(write_project(tmp_path / "new", extra)).returncode == 0
    front = sorted(study_of(tmp_path / "old").best_trials, key=lambda trial: trial.values)
    assert len(front) > 5
    tried = [trial.params for trial in study_of(tmp_path / "new").trials]
    assert all(params in [trial.params for trial in front] for params in tried)
    assert (tried[0], tried[-1], len(tried)) == (front[0].params, front[-1].params, 5)


def test_what_follows_from_the_parameters_is_kept_with_each_trial_in_one_write(tmp_path):
    """Its parameters, the name of its config and what follows come into the journal together."""
    assert qgtune(write_project(tmp_path, "n_trials: 3\n")).returncode == 0
    trials = study_of(tmp_path).trials
    for trial in trials:
        rate = trial.params["training.learning_rate"]
        assert trial.user_attrs["qgtune:follows"] == {"training.warmup": rate}
    assert len({trial.user_attrs["qgtune:config"] for trial in trials}) == 3
    records = [json.loads(line) for line in (tmp_path / "runs/tiny/study.log").read_text().splitlines()]
    of_last = [record for record in records if record.get("trial_id") == 2]
    kinds = [record["op_code"] for record in of_last[:4]]
    assert kinds == [5, 5, 8, 8]
    assert [next(iter(record["user_attr"])) for record in of_last[2:4]] == ["qgtune:follows", "qgtune:config"]
