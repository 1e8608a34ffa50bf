"""Laws of a run: real processes on real journals."""

import functools
import os
import sys
from pathlib import Path

import pytest
import study_objectives as objectives

from qgtune.core.errors import ConfigValueError, QgtuneError, UsageError
from qgtune.core.events import (
    EpochReported,
    Notice,
    RunEnded,
    RunStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    WorkerDied,
    WorkerReady,
)
from qgtune.study import RunSpec, WorkerStartupError, open_study, run_trials


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Events(list):
    def of(self, kind):
        return [event for event in self if isinstance(event, kind)]


@pytest.fixture
def journal(tmp_path):
    return str(tmp_path / "deep" / "study.log")


def run(make_objective, total, **fields):
    events = Events()
    outcome = run_trials(RunSpec("study", total, make_objective, **fields), events.append)
    return outcome, events


def states(outcome):
    return [record.state for record in outcome.records]


def test_a_run_ends_with_exactly_its_total(journal, capfd):
    outcome, events = run(objectives.parabola, 11, storage=journal, n_processes=2, seed=3)
    assert states(outcome) == ["complete"] * 11
    assert [record.number for record in outcome.records] == list(range(11))
    assert isinstance(events[0], RunStarted)
    assert events[-1] == RunEnded(11)
    assert sorted(event.record.number for event in events.of(TrialFinished)) == list(range(11))
    assert len(events.of(TrialStarted)) == 11
    assert capfd.readouterr() == ("", "")


def test_only_the_journal_is_left(journal):
    run(objectives.parabola, 2, storage=journal)
    assert names(Path(journal).parent) == ["study.log"]


def test_a_rerun_goes_on_to_the_total_and_a_third_run_does_nothing(journal):
    first, _ = run(objectives.parabola, 4, storage=journal, n_processes=2)
    second, events = run(objectives.parabola, 7, storage=journal, n_processes=2)
    before = Path(journal).read_bytes()
    third, third_events = run(objectives.parabola, 7, storage=journal, n_processes=2)
    assert (second.resumed_from, len(second.records)) == (4, 7)
    assert second.records[:4] == first.records
    assert events[0].finished_before == 4
    assert events[0].best == min(first.records, key=lambda record: record.values)
    assert third.records == second.records
    assert [type(event) for event in third_events] == [RunStarted, Notice, RunEnded]
    assert third_events[1].text == "of this study, 7 complete, 0 pruned, 0 failed trials count"
    assert Path(journal).read_bytes() == before


def test_all_workers_work_at_the_same_time(journal, tmp_path):
    outcome, events = run(
        functools.partial(objectives.meets_a_second_process, str(tmp_path)),
        4,
        storage=journal,
        n_processes=2,
    )
    assert {record.worker for record in outcome.records} == {"0", "1"}
    assert len({event.pid for event in events.of(WorkerReady)}) == 2


def test_no_more_workers_than_trials_are_started(journal):
    _, events = run(objectives.parabola, 1, storage=journal, n_processes=3)
    assert len(events.of(WorkerReady)) == 1


def test_threads_of_one_worker_share_the_total(journal):
    outcome, _ = run(objectives.meets_a_second_thread, 4, storage=journal, n_jobs=2)
    assert states(outcome) == ["complete"] * 4


def test_without_a_storage_the_records_are_all_that_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outcome, _ = run(objectives.parabola, 3)
    assert states(outcome) == ["complete"] * 3
    assert names(tmp_path) == []


def test_the_same_seed_draws_the_same_startup_trials_on_any_number_of_workers(tmp_path):
    draws = []
    for name, n_processes in [("one", 1), ("two", 2)]:
        outcome, _ = run(
            objectives.parabola, 6, storage=str(tmp_path / name), n_processes=n_processes, seed=7
        )
        draws.append([record.params for record in outcome.records])
    assert draws[0] == draws[1]
    assert len({params["x"] for params in draws[0]}) == 6


def test_one_worker_in_one_run_draws_what_it_draws_in_several(tmp_path):
    whole, _ = run(objectives.parabola, 14, storage=str(tmp_path / "whole"), seed=7)
    for total in (5, 12, 14):
        parts, _ = run(objectives.parabola, total, storage=str(tmp_path / "parts"), seed=7)
    assert [record.params for record in parts.records] == [record.params for record in whole.records]


def test_the_best_trial_is_marked_as_it_comes(journal):
    outcome, events = run(objectives.parabola, 6, storage=journal, directions=("maximize",), seed=1)
    best = [event.record for event in events.of(TrialFinished) if event.is_best]
    assert best[-1] == max(outcome.records, key=lambda record: record.values)
    assert [record.values for record in best] == sorted(record.values for record in best)


def test_several_objectives_have_several_values_and_no_best(journal):
    outcome, events = run(objectives.two_values, 3, storage=journal, directions=("minimize", "maximize"))
    assert [len(record.values) for record in outcome.records] == [2, 2, 2]
    assert not any(event.is_best for event in events.of(TrialFinished))


def test_the_median_rule_prunes_what_is_worse_than_its_elders(journal):
    outcome, events = run(objectives.pruned_by_median, 8, storage=journal)
    assert states(outcome)[:2] == ["complete", "complete"]
    assert states(outcome)[3::2] == ["pruned"] * 3
    assert states(outcome)[2::2] == ["complete"] * 3
    assert outcome.records[3].values == ()
    assert events.of(EpochReported)


def test_optuna_s_own_pruning_counts_as_well(journal):
    outcome, _ = run(objectives.prunes_by_optuna, 2, storage=journal)
    assert states(outcome) == ["pruned", "pruned"]


def test_a_failing_objective_keeps_its_reason_and_counts(journal, capfd):
    outcome, events = run(objectives.fails_on_odd, 4, storage=journal)
    assert states(outcome) == ["complete", "failed", "complete", "failed"]
    assert outcome.records[1].failure == "ValueError: shapes differ: 3 and 4 in trial 1"
    failed = events.of(TrialFailed)[0]
    assert (failed.number, failed.reason) == (1, outcome.records[1].failure)
    assert "study_objectives.py" in failed.traceback
    assert outcome.first_failure == failed.reason
    assert outcome.first_traceback == failed.traceback
    assert outcome.stopped_early_reason == ""
    assert capfd.readouterr() == ("", "")


def test_a_run_whose_first_trials_all_fail_gives_up_and_says_why(journal):
    outcome, _ = run(objectives.always_fails, 30, storage=journal)
    assert states(outcome) == ["failed"] * 5
    assert outcome.stopped_early_reason == "the first 5 trials have all failed"
    assert outcome.first_failure == "RuntimeError: no luck in trial 0"
    assert outcome.first_traceback.rstrip().endswith("RuntimeError: no luck in trial 0")


def test_an_error_of_qgtune_s_own_fails_its_trial_without_a_traceback():
    outcome, events = run(objectives.fails_with_words_of_qgtune, 1)
    assert outcome.first_failure == "ConfigValueError: model.dim: a dimension is positive, it is -1"
    assert (outcome.first_traceback, events.of(TrialFailed)[0].traceback) == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_run_whose_journal_is_removed_ends_and_says_so(journal):
    make_objective = functools.partial(objectives.removes, journal)
    with pytest.raises((QgtuneError, OSError), match=r"was the file removed|No such file"):
        run(make_objective, 20, storage=journal)


@pytest.mark.parametrize(
    ("value", "directions", "failure"),
    [
        (
            float("nan"),
            ("minimize",),
            "ValueError: the objective must return a number that can be compared, it returned nan",
        ),
        (None, ("minimize",), "TypeError: the objective must return a number, it returned None"),
        ("0.5", ("minimize",), "TypeError: the objective must return a number, it returned '0.5'"),
        (
            0.5,
            ("minimize", "minimize"),
            "ValueError: the objective must return 2 numbers, it returned 0.5",
        ),
    ],
)
def test_what_is_not_a_value_fails_its_trial(value, directions, failure):
    outcome, _ = run(functools.partial(objectives.returns, value), 1, directions=directions)
    assert [record.failure for record in outcome.records] == [failure]


def test_an_objective_that_exits_fails_its_trial_only():
    outcome, events = run(objectives.exits, 2)
    assert [record.failure for record in outcome.records] == ["SystemExit: enough"] * 2
    assert not events.of(WorkerDied)


def test_a_worker_that_is_killed_costs_one_trial(journal, tmp_path):
    outcome, events = run(
        functools.partial(objectives.kills_its_worker_once, str(tmp_path / "flag")),
        4,
        storage=journal,
        n_processes=2,
    )
    lost = [record for record in outcome.records if record.state == "failed"]
    assert sorted(states(outcome)) == ["complete"] * 4 + ["failed"]
    assert [event.numbers for event in events.of(WorkerDied)] == [(lost[0].number,)]
    # By the kernel, it says, if that has killed anything on the machine for want of memory meanwhile.
    assert lost[0].failure.startswith("its worker process was lost: was killed by ")
    assert lost[0].lost
    assert events[-1].finished == 4


def test_a_run_whose_workers_all_die_gives_up(journal):
    outcome, events = run(objectives.always_kills_its_worker, 4, storage=journal)
    assert len(events.of(WorkerDied)) == 3
    assert outcome.stopped_early_reason.startswith("3 workers died in a row")
    assert states(outcome) == ["failed"] * 3
    assert events[-1].finished == 0


def test_an_error_of_qgtune_s_at_startup_is_raised_in_the_caller():
    with pytest.raises(ConfigValueError) as caught:
        run(objectives.rejects_the_config, 2, n_processes=2)
    assert str(caught.value) == "data.name: no data set is named 'x' (did you mean 'y'?)"


def test_any_other_error_at_startup_is_raised_with_its_traceback():
    with pytest.raises(WorkerStartupError, match=r"(?s)in breaks_at_startup.*ZeroDivisionError: at startup"):
        run(objectives.breaks_at_startup, 2)


def test_a_worker_that_ends_before_it_begins_is_an_error_with_a_hint():
    with pytest.raises(WorkerStartupError, match="ended with exit code 7 before it could begin"):
        run(objectives.leaves_at_startup, 2)


def test_an_objective_that_cannot_be_sent_is_a_usage_error():
    with pytest.raises(UsageError, match="at the top level of a module"):
        run(lambda _context: None, 1)


def test_a_notice_is_shown_once_in_a_run():
    _, events = run(objectives.notifies, 2, n_processes=2)
    assert events.of(Notice) == [Notice("the data set has one class only")]


def test_workers_share_the_cores(journal, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(6)), raising=False)
    run(objectives.threads_of_this_worker, 2, storage=journal, n_processes=2)
    trials = open_study("study", journal).get_trials()
    assert [trial.user_attrs["threads"] for trial in trials] == [[3, 3], [3, 3]]


def test_torch_has_the_threads_of_its_share(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(3)), raising=False)
    outcome, _ = run(objectives.torch_threads, 1, set_threads=torch.set_num_threads)
    assert outcome.records[0].values == (3.0,)


def test_no_trial_begins_after_the_timeout(journal):
    outcome, events = run(objectives.parabola, 3, storage=journal, timeout=0.0)
    assert (outcome.timed_out, outcome.records) == (True, ())
    assert events[-1] == RunEnded(0, timed_out=True)


def test_a_study_goes_on_only_with_its_own_search_space(journal):
    run(objectives.parabola, 1, storage=journal, fingerprint="a")
    run(objectives.parabola, 2, storage=journal, fingerprint="a")
    with pytest.raises(ConfigValueError, match="has changed since the study 'study' began"):
        run(objectives.parabola, 3, storage=journal, fingerprint="b")


def test_an_exception_of_the_view_ends_the_run_and_its_workers(journal):
    def view(event):
        if isinstance(event, TrialStarted):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_trials(RunSpec("study", 5, objectives.parabola, storage=journal), view)
    assert names(Path(journal).parent) == ["study.log"]
    outcome, _ = run(objectives.parabola, 5, storage=journal)
    assert states(outcome).count("complete") == 5


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_the_run_says_so_when_another_one_is_alive(journal):
    seen = Events()

    def start_another(event):
        if isinstance(event, TrialStarted) and not seen:
            run_trials(RunSpec("study", 3, objectives.parabola, storage=journal), seen.append)

    run_trials(RunSpec("study", 3, objectives.parabola, storage=journal), start_another)
    assert seen.of(Notice)[0].text.startswith("another run on this storage is alive")
