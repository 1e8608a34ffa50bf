"""Laws of what can go wrong in a run besides its objective: servers, starts, environments, wishes to end."""

import functools
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing import forkserver
from multiprocessing.connection import wait

import pytest
import study_objectives as objectives

from qgtune.core.events import Notice, RunStarted, TrialStarted, WorkerDied, WorkerReady
from qgtune.core.fork_server import can_fork
from qgtune.study import RunSpec, create_study, open_study, run_trials
from qgtune.study.attributes import DEATHS, END_ASKED, OWNER, WORKER
from qgtune.study.running.interrupts import STOP_SIGNAL, Interrupts
from qgtune.study.running.process_ends import MemoryKills
from qgtune.study.running.worker_process import WorkerProcess, process_factory
from qgtune.study.storage.ownership import owner_of

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells in /proc")


def run(make_objective, total, *, on_event=lambda _event: None, **fields):
    events = []

    def hear(event):
        events.append(event)
        on_event(event)

    outcome = run_trials(RunSpec("study", total, make_objective, **fields), hear)
    return outcome, events


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def journal(tmp_path):
    return str(tmp_path / "study" / "study.log")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_exception_of_any_kind_costs_its_trial_only(n_jobs):
    outcome, events = run(objectives.cancels_once, 4, n_jobs=n_jobs)
    assert [record.failure for record in outcome.records] == ["CancelledError", "", "", ""]
    outcome, events = run(objectives.interrupts_itself, 4, n_jobs=n_jobs)
    assert [record.state for record in outcome.records] == ["complete", "failed"] * 2
    assert not of(WorkerDied, events)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_objective_may_end_its_study_and_the_next_run_goes_on(journal, n_jobs):
    outcome, events = run(objectives.stops_its_study, 30, storage=journal, n_jobs=n_jobs)
    assert 3 <= len(outcome.records) < 30
    assert {record.state for record in outcome.records} == {"complete"}
    assert "has asked for the end of the study" in outcome.goal_reached
    assert any(outcome.goal_reached in notice.text for notice in of(Notice, events))
    again, _ = run(objectives.stops_its_study, 32, storage=journal, n_jobs=n_jobs)
    assert (len(again.records), again.goal_reached) == (32, "")


def test_a_wish_to_end_that_stands_for_a_trial_elsewhere_says_until_when(journal):
    study = create_study("study", journal)
    study.set_user_attr(END_ASKED, True)
    trial = study.ask()
    trial.set_user_attr(WORKER, "0")
    trial.set_user_attr(OWNER, {"host": "far", "machine": "another", "pid": 1, "started": "1"})
    held, events = run(objectives.parabola, 2, storage=journal)
    assert "has asked for the end of the study" in held.goal_reached
    assert of(Notice, events)[0].text == (
        "the end of the study was asked for, and trial 0 on far has not ended: the same command goes on once "
        "it has, or has given no sign of life for 10 minutes"
    )
    study.tell(trial.number, 1.0)
    again, events = run(objectives.parabola, 2, storage=journal)
    assert (again.finished, again.goal_reached) == (2, "")
    assert not any("sign of life" in notice.text for notice in of(Notice, events))


def test_a_wish_to_end_with_the_last_trial_is_no_news(journal):
    outcome, _ = run(objectives.stops_its_study, 3, storage=journal)
    assert (len(outcome.records), outcome.goal_reached) == (3, "")


@linux_only
@pytest.mark.skipif(not can_fork(), reason="there is no server")
def test_workers_whose_server_is_killed_end_before_their_trials_are_lost(journal, tmp_path):
    go = tmp_path / "go"
    begun, owners = [], {}

    def kill_the_server(event):
        if isinstance(event, WorkerReady):
            owners.setdefault(event.worker, owner_of(event.pid))  # not those in their places
        elif isinstance(event, TrialStarted):
            begun.append(event)
            if len(begun) == 2:
                os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
        elif isinstance(event, WorkerDied):
            go.touch()
            assert not owners[event.worker].is_alive()

    make_objective = functools.partial(objectives.waits_and_tells, str(go))
    outcome, events = run(make_objective, 4, storage=journal, n_processes=2, on_event=kill_the_server)
    died = of(WorkerDied, events)
    assert [event.reason for event in died] == ["was lost together with the server that forks workers"] * 2
    states = [record.state for record in outcome.records]
    assert (states.count("complete"), states.count("failed")) == (4, 2)
    ended = [int(line.split()[0]) for line in (tmp_path / "go.ended").read_text().splitlines()]
    assert not {owner.pid for owner in owners.values()} & set(ended)
    assert not any(DEATHS in trial.user_attrs for trial in open_study("study", journal).trials)


@posix_only
def test_a_worker_s_own_exit_is_told_by_its_code_whatever_that_is(tmp_path):
    make_objective = functools.partial(objectives.leaves_with_once, 255, str(tmp_path / "flag"))
    outcome, events = run(make_objective, 2)
    assert [event.reason for event in of(WorkerDied, events)] == ["ended with exit code 255"]
    assert [record.state for record in outcome.records] == ["failed", "complete", "complete"]


@posix_only
def test_a_worker_that_cannot_take_another_one_s_place_is_a_death_and_the_run_goes_on(journal, tmp_path):
    make_objective = functools.partial(objectives.cannot_begin_again, str(tmp_path))
    outcome, events = run(make_objective, 3, storage=journal)
    reasons = [event.reason for event in of(WorkerDied, events)]
    assert reasons[1:] == ["could not begin: MemoryError: no room for the data"]
    assert [record.state for record in outcome.records].count("complete") == 3


@posix_only
def test_a_run_whose_worker_dies_after_the_deadline_says_why_it_ends(journal, tmp_path):
    began = tmp_path / "began"

    def note(event):
        if isinstance(event, RunStarted):
            began.write_text(str(time.monotonic()))

    make_objective = functools.partial(objectives.kills_its_worker_after, str(began), 2.5)
    outcome, _ = run(make_objective, 3, storage=journal, timeout=2.0, on_event=note)
    assert outcome.timed_out
    assert not any(record.state == "complete" for record in outcome.records)


def test_numpy_has_the_threads_of_its_share_although_it_is_loaded_before(journal, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(6)), raising=False)
    run(objectives.threads_of_numpy, 2, storage=journal, n_processes=2)
    found = [trial.user_attrs["threads"] for trial in open_study("study", journal).get_trials()]
    assert all(set(threads) <= {3} for threads in found)


def test_workers_that_are_not_needed_get_no_cores(journal, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(6)), raising=False)
    run(objectives.threads_of_this_worker, 1, storage=journal, n_processes=3)
    [trial] = open_study("study", journal).get_trials()
    assert trial.user_attrs["threads"] == [6, 6]


def test_workers_have_the_environment_of_the_moment_when_the_run_begins(monkeypatch):
    make_objective = functools.partial(objectives.variable_of_the_environment, "QGTUNE_TEST_VARIABLE")
    found = []
    for value in ("1", "2", None):
        if value is None:
            monkeypatch.delenv("QGTUNE_TEST_VARIABLE")
        else:
            monkeypatch.setenv("QGTUNE_TEST_VARIABLE", value)
        outcome, _ = run(make_objective, 1)
        found.append(outcome.records[0].values[0])
    assert found == [1.0, 2.0, -1.0]


@linux_only
def test_children_of_a_worker_do_not_hold_its_pipe(tmp_path):
    run(functools.partial(objectives.sockets_of_a_child, str(tmp_path / "sockets")), 1)
    mine, its = map(int, (tmp_path / "sockets").read_text().split())
    assert its == mine - 1


@pytest.mark.skipif(STOP_SIGNAL is None, reason="there is no such signal")
def test_a_wish_to_stop_that_comes_too_late_does_not_end_the_process():
    before = signal.signal(STOP_SIGNAL, signal.SIG_DFL)
    try:
        with Interrupts():
            pass
        os.kill(os.getpid(), STOP_SIGNAL)
    finally:
        signal.signal(STOP_SIGNAL, before)


def test_failures_that_were_forgiven_stay_so_once_others_succeed(journal):
    run(objectives.always_fails, 6, storage=journal)
    mended, _ = run(objectives.parabola, 6, storage=journal)
    assert [record.state for record in mended.records] == ["failed"] * 5 + ["complete"] * 6
    more, events = run(objectives.parabola, 8, storage=journal)
    assert (more.resumed_from, len(more.records)) == (6, 13)
    assert of(Notice, events)[0].text == (
        "of this study, 6 complete, 0 pruned, 0 failed trials count; "
        "5 that failed before anything had come of any trial do not"
    )


def test_a_run_that_joins_forgives_nothing(journal):
    run(objectives.always_fails, 6, storage=journal)
    joined, _ = run(objectives.parabola, 6, storage=journal, joins=True)
    assert [record.state for record in joined.records] == ["failed"] * 5 + ["complete"]


def test_what_failed_and_was_forgiven_is_tried_first_again_and_then_no_more(journal):
    first = ({"x": 0.5},)
    run(objectives.always_fails, 5, storage=journal, enqueue=first)
    for total in (3, 5):
        outcome, _ = run(objectives.parabola, total, storage=journal, enqueue=first)
    assert [record.params.get("x") == 0.5 for record in outcome.records[5:]] == [True] + [False] * 4


def test_what_was_lost_before_the_last_failure_that_was_forgiven_is_tried_first_again(journal):
    first = ({"x": 0.5},)
    study = create_study("study", journal)
    study.enqueue_trial(first[0])
    lost = study.ask()
    lost.suggest_float("x", -1, 1)
    lost.set_user_attr("qgtune:lost", "killed")
    study.tell(lost, state=objectives.optuna.trial.TrialState.FAIL)
    run(objectives.always_fails, 5, storage=journal, enqueue=first)
    for total in (3, 5):
        outcome, _ = run(objectives.parabola, total, storage=journal, enqueue=first)
    assert [record.params.get("x") == 0.5 for record in outcome.records[6:]] == [True] + [False] * 4


def test_a_failure_counts_as_long_as_somebody_else_is_at_work(journal):
    study = create_study("study", journal)
    study.tell(study.ask(), state=objectives.optuna.trial.TrialState.FAIL)
    study.ask().set_user_attr("qgtune:worker", "0")
    outcome, _ = run(objectives.parabola, 3, storage=journal, n_processes=1, timeout=0.0)
    assert outcome.resumed_from == 1


@posix_only
@pytest.mark.parametrize("code", [0, 7])
def test_an_end_is_told_as_it_was_although_the_start_of_another_process_has_read_it(code):
    process = process_factory("auto", ())(target=os._exit, args=(code,))
    process.start()
    ours, theirs = multiprocessing.Pipe()
    theirs.close()
    worker = WorkerProcess(0, process, ours)
    wait([worker.sentinel])
    multiprocessing.active_children()  # as every start does: it reads the codes of all that have ended
    assert worker.close(MemoryKills()).reason == f"ended with exit code {code}"
