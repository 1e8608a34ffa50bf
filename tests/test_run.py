"""Runs: a tuning file with an objective of its own, through the real command line."""

import os
import re
import signal
import sys

import optuna
import pytest
import yaml
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from own_projects import BASE, OBJECTIVE, finish, finished_trials, read_until, start, write_project
from own_projects import qgtune as qgtune_alone
from own_projects import qgtune_here as qgtune


def study_of(folder):
    storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
    return optuna.load_study(study_name="tiny", storage=storage)


def test_a_run_leaves_all_its_files(tmp_path):
    tuning = write_project(tmp_path / "project", "n_trials: 4\nn_iterations: 2\nn_processes: 2\n")
    done = qgtune_alone(tuning, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    runs = tmp_path / "project" / "runs" / "tiny"
    assert sorted(path.name for path in runs.iterdir() if not path.name.startswith(".")) == [
        "best_config.yaml",
        "best_params.json",
        "best_trial.yaml",
        "built_search_space.yaml",
        "config.json",
        "report.html",
        "study.log",
        "study_summary.json",
        "summary_report.md",
        "trials.csv",
    ]
    assert len(finished_trials(runs)) == 8
    best = study_of(runs).best_trial
    rate, size = best.params["training.learning_rate"], best.params["training.batch_size"]
    config = yaml.safe_load((runs / "best_config.yaml").read_text())
    assert config["training"] == {"learning_rate": rate, "batch_size": size, "warmup": rate, "epochs": 3}
    assert yaml.safe_load((runs / "best_trial.yaml").read_text()) == best.params
    told = ("best_config.yaml", "best_trial.yaml", "built_search_space.yaml", "trials.csv")
    for name in (*told, "summary_report.md", "report.html"):
        assert f"project/runs/tiny/{name}\n" in done.stdout
    assert "plots" not in done.stdout


def test_a_run_that_draws_pictures_says_where(tmp_path):
    pytest.importorskip("matplotlib")
    tuning = write_project(tmp_path, "n_trials: 2\nplots: true\n")
    done = qgtune(tuning, "--quiet")
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/runs/tiny/plots\n" in done.stdout
    assert list((tmp_path / "runs/tiny/plots").iterdir())


def test_the_best_config_is_the_base_settings_text_with_only_tuned_and_followed_lines_changed(tmp_path):
    assert qgtune(write_project(tmp_path, "n_trials: 3\n")).returncode == 0
    lines = (tmp_path / "runs/tiny/best_config.yaml").read_text().splitlines()
    header = [line for line in lines[:2] if line.startswith("#")]
    assert len(header) == 2
    assert header[0].startswith("# Study tiny: trial ")
    changed = {
        old.split(":")[0].strip() for old, new in zip(BASE.splitlines(), lines[2:], strict=True) if old != new
    }
    assert changed <= {"learning_rate", "batch_size", "warmup"}
    assert {"learning_rate", "warmup"} <= changed
    assert lines[4].endswith("   # tuned")


def test_the_same_seed_and_one_process_give_the_same_bytes(tmp_path):
    first, second = (write_project(tmp_path / name, "n_trials: 5\n") for name in ("a", "b"))
    assert qgtune_alone(first).returncode == qgtune(second).returncode == 0
    for name in ("best_config.yaml", "best_trial.yaml", "built_search_space.yaml"):
        assert (first.parent / "runs/tiny" / name).read_bytes() == (
            second.parent / "runs/tiny" / name
        ).read_bytes()


def test_a_rerun_goes_on_to_the_total_and_then_has_nothing_to_do(tmp_path):
    assert qgtune(write_project(tmp_path, "n_trials: 3\n")).returncode == 0
    before = finished_trials(tmp_path / "runs/tiny")
    assert qgtune(write_project(tmp_path, "n_trials: 5\n")).returncode == 0
    after = finished_trials(tmp_path / "runs/tiny")
    assert (len(before), len(after)) == (3, 5)
    assert before.items() <= after.items()
    assert qgtune(tmp_path / "tuning.yaml").returncode == 0
    assert finished_trials(tmp_path / "runs/tiny") == after


def test_a_run_whose_processes_are_all_killed_goes_on_to_the_total(tmp_path):
    slow = (
        '"""An objective that waits for nothing but computes for a while."""\n\n\n'
        "def score(trial, config):\n"
        '    """Return the learning rate."""\n'
        "    sum(i * i for i in range(2_000_000))\n"
        '    return config["training"]["learning_rate"]\n'
    )
    tuning = write_project(tmp_path, "n_trials: 12\nn_processes: 2\n", objective=slow)
    process = start(tuning)
    read_until(process, "4/12")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    runs = tmp_path / "runs" / "tiny"
    assert yaml.safe_load((runs / "best_config.yaml").read_text())["model"] == {"dims": [8, 4]}
    killed = {t.number: t.value for t in study_of(runs).trials if t.state.is_finished()}
    assert len(killed) >= 4
    done = qgtune(tuning)
    assert done.returncode == 0, done.stderr
    trials = study_of(runs).trials
    assert sum(trial.state == optuna.trial.TrialState.COMPLETE for trial in trials) == 12
    assert not any(trial.state == optuna.trial.TrialState.RUNNING for trial in trials)
    assert killed.items() <= {trial.number: trial.value for trial in trials}.items()


def test_ctrl_c_lets_running_trials_finish_and_exits_with_130(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 100000\n")
    process = start(tuning)
    read_until(process, "3/100000")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = finish(process)
    assert process.returncode == 130, errors
    assert "the same command goes on from here" in errors
    assert not any(
        trial.state == optuna.trial.TrialState.RUNNING for trial in study_of(tmp_path / "runs/tiny").trials
    )
    assert (tmp_path / "runs/tiny/trials.csv").exists()


def test_a_study_in_memory_leaves_its_results_but_no_study(tmp_path):
    done = qgtune(write_project(tmp_path, "n_trials: 2\nstorage: null\n"))
    assert done.returncode == 0, done.stderr
    runs = tmp_path / "runs" / "tiny"
    assert not (runs / "study.log").exists()
    assert len(finished_trials(runs)) == 2


def test_paths_are_relative_to_the_tuning_file(tmp_path):
    extra = "n_trials: 2\nstorage: experiments/results.log\nbest_param_path: out/best.yaml\noutput_dir: out\n"
    tuning = write_project(tmp_path / "project", extra)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert qgtune(tuning, cwd=elsewhere).returncode == 0
    assert (tmp_path / "project/experiments/results.log").exists()
    assert (tmp_path / "project/out/best.yaml").exists()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ("None", "must return a number, but returned None"),
        ("float('nan')", "must return a number, but returned NaN"),
    ],
)
def test_an_objective_that_never_returns_a_number_ends_the_run_early_and_says_why(tmp_path, returned, reason):
    objective = f'"""Wrong."""\n\n\ndef score(trial, config):\n    """Return nothing of use."""\n    return {returned}\n'
    done = qgtune(write_project(tmp_path, "n_trials: 50\n", objective=objective))
    assert done.returncode == 1
    assert reason in done.stdout
    assert len(finished_trials(tmp_path / "runs/tiny")) < 50


def test_a_trial_that_fails_costs_that_trial_and_its_reason_is_kept(tmp_path):
    objective = (
        '"""Fails now and then."""\n\n\ndef score(trial, config):\n    """Fail at every third."""\n'
        "    if trial.number % 3 == 1:\n        raise RuntimeError('out of luck')\n    return trial.number\n"
    )
    done = qgtune(write_project(tmp_path, "n_trials: 6\n", objective=objective))
    assert done.returncode == 0, done.stderr
    states = [state for state, _ in finished_trials(tmp_path / "runs/tiny").values()]
    assert (states.count("complete"), states.count("failed")) == (4, 2)
    assert "RuntimeError: out of luck" in (tmp_path / "runs/tiny/trials.csv").read_text()


def test_a_study_is_not_gone_on_with_after_its_search_space_changed(tmp_path):
    assert qgtune(write_project(tmp_path, "n_trials: 2\n")).returncode == 0
    space = "training:\n  batch_size: [16, 128]\n"
    done = qgtune(write_project(tmp_path, "n_trials: 4\n", space=space))
    assert done.returncode == 1
    assert "error[QG421]" in done.stderr
    assert "has changed since the study 'tiny' began" in done.stderr
    assert len(finished_trials(tmp_path / "runs/tiny")) == 2


def test_an_objective_finds_the_modules_beside_it(tmp_path):
    (tmp_path / "beside.py").write_text("VALUE = 3.0\n")
    objective = '"""Uses another module."""\n\nfrom beside import VALUE\n\n\ndef score(trial, config):\n    """Return it."""\n    return VALUE\n'
    done = qgtune_alone(write_project(tmp_path, "n_trials: 2\n", objective=objective))
    assert done.returncode == 0, done.stderr


FAILS = '"""Fails."""\n\n\ndef score(trial, config):\n    """Fail."""\n    {}\n'


def test_when_all_trials_fail_the_reason_comes_before_the_traceback(tmp_path):
    done = qgtune(write_project(tmp_path, objective=FAILS.format("raise ValueError('no luck\\n here')")))
    assert done.returncode == 1
    summary = done.stdout[done.stdout.index("study tiny: 5 failed (5 of 20 trials") :]
    assert "every trial failed; the first with\n  ValueError: no luck here\n" in summary
    assert summary.index("ValueError: no luck here") < summary.index("Traceback (most recent call last)")


def test_an_error_of_qgtune_s_own_in_every_trial_is_said_without_a_traceback(tmp_path):
    done = qgtune(write_project(tmp_path, objective=FAILS.format("return None")))
    assert done.returncode == 1
    assert "  QgtuneError: objective.py:score must return a number, but returned None\n" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("key", ["best_param_path", "best_trial_file", "built_search_space_path"])
def test_a_folder_where_a_file_is_to_be_is_said_before_the_first_trial(tmp_path, key):
    tuning = write_project(tmp_path, f"n_trials: 2\n{key}: taken\n")
    (tmp_path / "taken").mkdir()
    done = qgtune(tuning, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        f"tuning.yaml:8:{len(key) + 3}: error[QG413]: results cannot be written to taken: is a directory"
        in done.stderr
    )
    assert not (tmp_path / "runs/tiny/study.log").exists()


@pytest.mark.parametrize(
    ("storage", "kept"),
    [("kept.log", "the study keeps all finished trials"), ("null", "the study was in memory only")],
)
def test_results_that_can_no_longer_be_written_end_the_run_but_not_the_study(tmp_path, storage, kept):
    objective = (
        '"""Takes the results away, at once."""\n\nimport pathlib\n\n\n'
        'def score(trial, config):\n    """Fall."""\n    if trial.number == 2:\n'
        '        pathlib.Path(__file__).with_name("runs").rename(pathlib.Path(__file__).with_name("gone"))\n'
        "    return -float(trial.number)\n"
    )
    done = qgtune(write_project(tmp_path, f"n_trials: 6\nstorage: {storage}\n", objective=objective))
    assert done.returncode == 1
    # Whichever of the results is the next to be written.
    assert re.search(rf"runs/tiny/\S+: no such file or directory; {kept}", done.stderr)
    assert "Traceback" not in done.stderr
    if storage != "null":
        study = optuna.load_study(
            study_name="tiny", storage=JournalStorage(JournalFileBackend(str(tmp_path / storage)))
        )
        # The third may still be running when a result of the second cannot be written.
        assert [trial.value for trial in study.trials[:2]] == [0.0, -1.0]


def test_a_path_may_begin_at_the_home_folder(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    extra = "n_trials: 2\nstorage: ~/st.log\nbest_param_path: ~/best/config.yaml\noutput_dir: ~/out\n"
    tuning = write_project(tmp_path / "project", extra)
    for name in ("objective.py", "base_settings.yaml"):
        (tmp_path / "project" / name).rename(home / name)
        tuning.write_text(tuning.read_text().replace(f" {name}", f" ~/{name}"))
    done = qgtune(tuning)
    assert done.returncode == 0, done.stderr
    assert (home / "st.log").is_file()
    assert (home / "best/config.yaml").is_file()
    assert (home / "out/trials.csv").is_file()
    assert not any(path.name == "~" for path in tmp_path.rglob("*"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pipe cannot be opened for both ends at once")
def test_results_may_go_to_a_pipe_which_stays_one(tmp_path):
    extra = "n_trials: 2\nbest_trial_path: pipe\nbuilt_search_space_path: pipe\n"
    tuning = write_project(tmp_path, extra)
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        done = qgtune_alone(tuning)
        assert done.returncode == 0, done.stderr
        assert b"# Study tiny: trial " in os.read(pipe, 1 << 16)
    finally:
        os.close(pipe)
    assert (tmp_path / "pipe").is_fifo()


def test_a_study_whose_every_trial_failed_begins_anew_once_the_objective_is_mended(tmp_path):
    broken = '"""Broken."""\n\n\ndef score(trial, config):\n    """Fail."""\n    return 1 / 0\n'
    assert qgtune(write_project(tmp_path, "n_trials: 3\n", objective=broken)).returncode == 1
    done = qgtune(write_project(tmp_path, "n_trials: 3\n"))
    assert done.returncode == 0, done.stdout + done.stderr
    states = [state for state, _ in finished_trials(tmp_path / "runs/tiny").values()]
    assert (states.count("failed"), states.count("complete")) == (3, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"base": BASE.replace("epochs: 3", "epochs: 4")},
        {
            "objective": OBJECTIVE.replace("def score", "def other"),
            "tuning": "objective: objective.py:other\n",
        },
    ],
    ids=["other constants", "another objective"],
)
def test_a_study_is_not_gone_on_with_where_values_cannot_be_compared(tmp_path, change):
    assert qgtune(write_project(tmp_path, "n_trials: 2\n")).returncode == 0
    tuning = write_project(tmp_path, "n_trials: 4\n", **{k: v for k, v in change.items() if k != "tuning"})
    if "tuning" in change:
        tuning.write_text(tuning.read_text().replace("objective: objective.py:score\n", change["tuning"]))
    done = qgtune(tuning)
    assert done.returncode == 1
    assert "error[QG414]" in done.stderr or "error[QG421]" in done.stderr
    assert len(finished_trials(tmp_path / "runs/tiny")) == 2


GRID = """\
training:
  learning_rate: {type: float, low: 0.1, high: 0.3, step: 0.1}
  batch_size: [16, 32]
"""


@pytest.mark.parametrize("sampler", ["grid", "brute_force"])
def test_a_sampler_with_an_end_ends_the_run_there_and_says_so(tmp_path, sampler):
    tuning = write_project(tmp_path, f"n_trials: 50\nsampler: {sampler}\n", space=GRID)
    done = qgtune(tuning)
    assert done.returncode == 0, done.stderr
    trials = study_of(tmp_path / "runs" / "tiny").trials
    assert len({tuple(trial.params.items()) for trial in trials}) == len(trials) == 6
    assert f"{sampler}: there are 6 combinations" in done.stdout + done.stderr


def test_a_trial_that_breaks_a_constraint_is_pruned_and_its_study_says_so(tmp_path):
    space = GRID + "constraints: [training.batch_size < 30]\n"
    assert qgtune(write_project(tmp_path, "n_trials: 6\nsampler: grid\n", space=space)).returncode == 0
    trials = study_of(tmp_path / "runs" / "tiny").trials
    told = {trial.params["training.batch_size"]: sum(trial.constraints.values()) for trial in trials}
    assert told == {16: 0, 32: 1.0}


TWO_VALUES = '''\
"""Two values that cannot both be best."""


def score(trial, config):
    """Return the learning rate and what is left of 1."""
    rate = config["training"]["learning_rate"]
    return rate, 1 - rate
'''


def test_several_directions_leave_a_config_for_each_trial_of_the_front(tmp_path):
    settings = "n_trials: 5\nsampler: random\ndirections: [minimize, minimize]\n"
    done = qgtune(write_project(tmp_path, settings, objective=TWO_VALUES))
    assert done.returncode == 0, done.stderr
    assert "Pareto front: 5 trials" in done.stdout
    front = tmp_path / "runs" / "tiny" / "best_configs"
    trials = {trial.number: trial for trial in study_of(front.parent).best_trials}
    assert sorted(path.name for path in front.iterdir()) == [f"trial_{n:05}.yaml" for n in sorted(trials)]
    config = yaml.safe_load((front / "trial_00003.yaml").read_text())
    assert config["training"]["learning_rate"] == trials[3].params["training.learning_rate"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "directions: [minimize, maximize]\ndirection: minimize\n",
            "direction and directions set the same thing",
        ),
        ("directions: [minimize, maximize]\npruner: asha\n", "trials of several objectives cannot be pruned"),
        ("sampler: objective.py:scor\n", "error[QG415]"),
        (
            "sampler: {type: 'objective.py:score', trial: 1, config: 2}\n",
            "error[QG416]: sampler: objective.py:score",
        ),
    ],
)
def test_a_sampler_or_directions_that_cannot_be_are_told_before_the_first_trial(tmp_path, settings, message):
    done = qgtune(write_project(tmp_path, settings))
    assert done.returncode == 1
    assert message in done.stderr
    assert not (tmp_path / "runs" / "tiny" / "trials.csv").exists()
