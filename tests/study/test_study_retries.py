"""Laws of trials whose worker died."""

import functools
import itertools

import pytest
import study_objectives as objectives

from qgtune.core.events import Notice, WorkerDied
from qgtune.study import RunSpec, create_study, open_study, run_trials, trial_records
from qgtune.study.attributes import DEATHS, FAILURE, LOST, OWNER, RETRY_OF
from qgtune.study.results.records import is_finished
from qgtune.study.running.gpus import share_of_gpus
from qgtune.study.running.process_ends import MemoryKills, end_of
from qgtune.study.running.retries import Blame, Loss, lose_trial, lose_trials_of_killed_run


def run(make_objective, total, **fields):
    events = []
    return run_trials(RunSpec("study", total, make_objective, **fields), events.append), events


@pytest.fixture
def study():
    return create_study("study", None)


def begun(study):
    trial = study.ask()
    trial.suggest_float("x", 0.0, 1.0)
    return trial


def test_the_parameters_of_a_lost_trial_are_tried_again_in_the_next_one(study):
    lost = begun(study)
    assert lose_trial(study, 0, "killed", retry=True, blame=Blame.WORKER) is Loss.RETRIED
    again = begun(study)
    assert again.params == lost.params
    assert again.user_attrs == {RETRY_OF: 0, DEATHS: 1}


def test_a_lost_trial_is_retried_once_however_often_it_is_lost(study):
    begun(study)
    # As if the supervisor had been killed after enqueuing and before failing the trial.
    study.enqueue_trial({"x": 0.5}, user_attrs={RETRY_OF: 0})
    lose_trial(study, 0, "killed", retry=True, blame=Blame.NOBODY)
    assert len(study.trials) == 2


def test_of_two_runs_that_lose_one_trial_at_the_same_moment_the_later_retry_gives_way(tmp_path):
    begun(create_study("study", tmp_path / "study.log"))
    first, second = (open_study("study", tmp_path / "study.log") for _ in range(2))
    enqueue = first.enqueue_trial

    def after_the_other_one(*arguments, **fields):
        lose_trial(second, 0, "killed", retry=True, blame=Blame.NOBODY)
        enqueue(*arguments, **fields)

    first.enqueue_trial = after_the_other_one
    lose_trial(first, 0, "killed", retry=True, blame=Blame.NOBODY)
    assert [trial.state.name for trial in second.trials] == ["FAIL", "WAITING", "FAIL"]
    assert LOST in second.trials[2].user_attrs, "it does not count"


def test_a_config_that_takes_its_whole_run_along_three_times_counts_as_failed(study):
    for _ in range(2):
        begun(study).set_user_attr(OWNER, None)
        assert lose_trials_of_killed_run(study, retry=True, alone=True)
    begun(study).set_user_attr(OWNER, None)
    lose_trials_of_killed_run(study, retry=True, alone=True)
    blamed = study.trials[-1]
    assert LOST not in blamed.user_attrs
    assert blamed.user_attrs[FAILURE].startswith("3 runs that had no other trial were killed")
    assert len({trial.params["x"] for trial in study.trials}) == 1


def test_nobody_is_blamed_for_a_killed_run_that_had_two_trials(study):
    for _ in range(4):
        for trial in (begun(study), begun(study)):
            trial.set_user_attr(OWNER, None)
        lose_trials_of_killed_run(study, retry=True, alone=True)
    begun_ones = [trial for trial in study.trials if trial.state.is_finished()]
    assert len(begun_ones) == 8
    assert all(LOST in trial.user_attrs for trial in begun_ones)


def test_a_trial_that_has_ended_is_neither_lost_nor_retried(study):
    study.tell(begun(study), 1.0)
    assert lose_trial(study, 0, "killed", retry=True, blame=Blame.WORKER) is Loss.ENDED
    assert len(study.trials) == 1


def test_a_trial_that_another_run_has_taken_for_lost_is_not_an_end(study):
    trial = begun(study)
    lose_trial(study, 0, "killed", retry=False, blame=Blame.NOBODY)
    assert lose_trial(study, trial.number, "killed", retry=True, blame=Blame.WORKER) is Loss.KNOWN
    assert len(study.trials) == 1


def test_a_trial_that_ends_while_it_is_taken_for_lost_is_complete_and_counts(study):
    trial = begun(study)
    trial.set_user_attr(LOST, "killed")  # what is written first
    study.tell(trial, 1.0)
    record = trial_records(study)[0]
    assert (record.state, record.lost, record.failure) == ("complete", False, "")
    assert is_finished(study.trials[0])


def test_without_retries_the_parameters_are_left(study):
    begun(study)
    assert lose_trial(study, 0, "killed", retry=False, blame=Blame.WORKER) is Loss.DROPPED
    assert len(study.trials) == 1


def test_what_was_enqueued_and_not_reached_is_not_forgotten(study):
    study.enqueue_trial({"x": 0.25, "y": 3})
    begun(study)
    lose_trial(study, 0, "killed", retry=True, blame=Blame.NOBODY)
    again = study.ask()
    assert (again.suggest_float("x", 0.0, 1.0), again.suggest_int("y", 1, 5)) == (0.25, 3)


def test_a_config_that_kills_three_workers_in_a_row_counts_as_failed_and_the_study_goes_on(tmp_path):
    outcome, events = run(
        functools.partial(objectives.kills_its_worker_at, 0.5), 3, storage=str(tmp_path / "study.log"), seed=1
    )
    by_config = {
        x: [record for record in outcome.records if record.params["x"] == x]
        for x in {record.params["x"] for record in outcome.records}
    }
    for x, records in by_config.items():
        if x > 0.5:
            assert [record.lost for record in records] == [True, True, False]
            assert records[-1].failure.startswith("3 worker processes in a row died with these parameters")
        else:
            assert [record.state for record in records] == ["complete"]
    assert any(x > 0.5 for x in by_config)
    assert sum(not record.lost for record in outcome.records) == 3
    deaths = [event for event in events if isinstance(event, WorkerDied)]
    assert len(deaths) == 3 * sum(x > 0.5 for x in by_config)
    assert any(
        "its parameters are tried again" in event.text for event in events if isinstance(event, Notice)
    )


def test_a_config_that_kills_its_worker_takes_another_trial_along_once(tmp_path):
    first = ({"x": 0.9}, {"x": 0.1}, {"x": 0.2})
    make_objective = functools.partial(objectives.takes_its_company_along, str(tmp_path))
    outcome, _ = run(make_objective, 3, storage=str(tmp_path / "study.log"), n_jobs=2, enqueue=first)
    ends = {x: [record for record in outcome.records if record.params["x"] == x] for x in (0.9, 0.1, 0.2)}
    assert [record.lost for record in ends[0.9]] == [True, True, False]
    assert ends[0.9][-1].failure.startswith("3 worker processes in a row died with these parameters")
    assert [[record.lost for record in ends[x]] for x in (0.1, 0.2)] == [[True, False], [False]]


def test_a_run_that_was_killed_tries_its_trial_s_parameters_again(tmp_path):
    study = create_study("study", tmp_path / "study.log", seed=1)
    trial = study.ask()
    x = trial.suggest_float("x", -1.0, 1.0)
    trial.set_user_attr(OWNER, None)  # of a process that nobody knows
    outcome, _ = run(objectives.parabola, 2, storage=str(tmp_path / "study.log"), seed=1)
    assert [(record.lost, record.params["x"] == x) for record in outcome.records] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    assert open_study("study", tmp_path / "study.log").trials[1].user_attrs[RETRY_OF] == 0


def test_a_spawned_worker_does_what_a_forked_one_does(tmp_path):
    values = []
    for method in ("fork", "spawn"):
        outcome, _ = run(objectives.parabola, 2, start_method=method, seed=3)
        values.append([record.values for record in outcome.records])
    assert values[0] == values[1]


def test_the_kernel_s_want_of_memory_is_told_from_its_own_counters(tmp_path):
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("0::/job\n")
    (tmp_path / "job").mkdir()
    for vmstat, group, expected in [(1, 0, False), (2, 0, True), (2, 0, False), (2, 5, True)]:
        (tmp_path / "vmstat").write_text(f"nr_free_pages 17\noom_kill {vmstat}\n")
        (tmp_path / "job" / "memory.events").write_text(f"oom 1\noom_kill {group}\n")
        kills = locals().get("kills") or MemoryKills(tmp_path, tmp_path)
        assert kills.happened() is expected


@pytest.mark.parametrize(
    ("code", "for_memory"), list(itertools.product([0, 7, 255, -9, -11, -40], [True, False]))
)
def test_every_end_has_words_and_only_a_sigkill_is_the_kernel_s(code, for_memory):
    end = end_of(code, for_memory=for_memory)
    assert end.killed == (code < 0)
    assert ("OOM killer" in end.reason) == (for_memory and code == -9)


@pytest.mark.parametrize(
    ("visible", "present", "expected"),
    [
        ("0,2", [], ["0", "2", "0"]),
        ("GPU-a, GPU-b", ["0"], ["GPU-a", "GPU-b", "GPU-a"]),
        ("", ["0", "1"], [None] * 3),
        ("1", ["0", "1"], [None] * 3),
        (None, ["10", "9", "ctl"], ["9", "10", "9"]),
        (None, [], [None] * 3),
    ],
)
def test_workers_take_the_visible_gpus_in_turn(tmp_path, visible, present, expected):
    for name in present:
        (tmp_path / f"nvidia{name}").touch()
    assert [share_of_gpus(worker, visible, tmp_path) for worker in range(3)] == expected
