"""Laws of a run's goals: a target, patience, and what becomes of both when more is asked for."""

import study_objectives as objectives
from optuna.trial import create_trial

from qgtune.core.events import RunEnded, TrialFinished
from qgtune.study import RunSpec, open_study, run_trials


def run(journal, total, on_event=None, make_objective=objectives.number_of_trial, **fields):
    events = []

    def note(event):
        events.append(event)
        if on_event is not None:
            on_event(event)

    spec = RunSpec("study", total, make_objective, storage=str(journal), **fields)
    return run_trials(spec, note), events


def test_a_goal_that_was_reached_ends_a_run_before_it_begins(tmp_path):
    for fields in ({"target": 0.0}, {"patience": 3}):
        outcome, _ = run(tmp_path / str(fields), 50, **fields)
        again, _ = run(tmp_path / str(fields), 50, **fields)
        assert outcome.goal_reached
        assert len(again.records) == len(outcome.records) < 50


def test_more_trials_go_beyond_a_target_that_was_reached(tmp_path):
    run(tmp_path / "study.log", 50, target=0.0)
    outcome, _ = run(tmp_path / "study.log", 50, target=0.0, more=4)
    assert len(outcome.records) == 5
    assert outcome.goal_reached == ""


def test_more_trials_end_at_a_target_that_was_not_reached(tmp_path):
    run(tmp_path / "study.log", 2, target=5.0, directions=("maximize",))
    outcome, _ = run(tmp_path / "study.log", 2, target=5.0, directions=("maximize",), more=40)
    assert outcome.goal_reached == "trial 5 has reached the target of 5 with 5"
    assert len(outcome.records) == 6


def test_patience_begins_anew_where_more_trials_are_asked_for(tmp_path):
    run(tmp_path / "study.log", 50, patience=3)
    outcome, _ = run(tmp_path / "study.log", 50, patience=3, more=20)
    assert len(outcome.records) == 4 + 3
    assert outcome.goal_reached == "3 trials have finished since the best one, trial 0"


def test_a_target_that_another_run_on_the_study_reaches_ends_this_one_too(tmp_path):
    journal = tmp_path / "study.log"

    def reach(event):
        if isinstance(event, TrialFinished) and event.record.number == 0:
            open_study("study", journal).add_trial(create_trial(value=-1.0))

    outcome, events = run(journal, 50, reach, target=-1.0)
    assert "has reached the target of -1 with -1" in outcome.goal_reached
    assert len(outcome.records) < 50
    assert isinstance(events[-1], RunEnded)


def test_a_trial_is_the_best_only_if_no_other_run_has_a_better_one(tmp_path):
    journal = tmp_path / "study.log"

    def be_better(event):
        if isinstance(event, TrialFinished) and event.record.number == 0:
            open_study("study", journal).add_trial(create_trial(value=100.0))

    _, events = run(journal, 6, be_better, directions=("maximize",))
    best = [event.record.number for event in events if isinstance(event, TrialFinished) and event.is_best]
    assert set(best) <= {0, 1}, "1 may have begun before the other one was there"
