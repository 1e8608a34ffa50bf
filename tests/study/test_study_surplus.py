"""Laws of trials that are given back: no study gets more than its total, and nothing is lost by that."""

import threading

import pytest
from optuna.trial import TrialState

from qgtune.study import create_study, open_study
from qgtune.study.attributes import OWNER
from qgtune.study.running.surplus import GivenBackError, give_back, is_surplus
from qgtune.study.storage.born_trials import become_worker
from qgtune.study.storage.ownership import Owner, abandoned_trials


@pytest.fixture(autouse=True)
def _a_worker(monkeypatch):
    monkeypatch.setattr("qgtune.study.storage.born_trials._worker", {})
    become_worker(0)


@pytest.fixture(params=["study.log", "sqlite"])
def storage(request, tmp_path):
    name = "study.log" if request.param == "study.log" else "study.db"
    return str(tmp_path / name) if name == "study.log" else f"sqlite:///{tmp_path / name}"


def hand_back(study, trial):
    with pytest.raises(GivenBackError):
        give_back(study, trial)


def test_a_trial_is_surplus_once_those_before_it_fill_the_study(storage):
    study = create_study("study", storage)
    study.tell(study.ask(), 1.0)
    first, second = study.ask(), study.ask()
    assert not is_surplus(study, first.number, 3)
    assert not is_surplus(study, second.number, 3)
    assert is_surplus(study, second.number, 2)


def test_of_two_that_begin_the_last_trial_the_earlier_one_stays(storage):
    study = create_study("study", storage)
    first, second = study.ask(), study.ask()
    stays = []
    looks = threading.Thread(target=lambda: stays.append(not is_surplus(study, first.number, 1)))
    looks.start()
    assert is_surplus(study, second.number, 1)
    hand_back(study, second)
    looks.join()
    assert stays == [True]


def test_a_trial_that_began_late_gives_way_to_one_with_a_higher_number(storage):
    study = create_study("study", storage)
    study.enqueue_trial({"x": 0.5})
    assert study.ask().number == 0
    waiting = create_study("study", storage)
    waiting.ask()
    assert is_surplus(study, 0, 1), "the other one has looked before and seen nobody"


def test_a_trial_of_a_user_s_script_is_not_waited_for(storage, monkeypatch):
    study = create_study("study", storage)
    monkeypatch.setattr("qgtune.study.storage.born_trials._worker", {})
    study.ask()
    become_worker(0)
    assert not is_surplus(study, study.ask().number, 1)


def test_what_was_given_back_is_begun_once_and_with_its_parameters(storage):
    study, other = create_study("study", storage), create_study("study", storage)
    study.enqueue_trial({"x": 0.25})
    hand_back(study, study.ask())
    assert open_study("study", storage).trials[0].state == TrialState.WAITING
    again, next_one = other.ask(), study.ask()
    assert (again.number, next_one.number) == (0, 1)
    assert again.suggest_float("x", 0.0, 1.0) == 0.25


def test_a_thread_does_not_take_what_it_has_given_back_for_its_own(tmp_path):
    study = create_study("study", str(tmp_path / "study.log"))
    trial = study.ask()
    hand_back(study, trial)
    other = open_study("study", str(tmp_path / "study.log"))
    assert other._storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
    assert not study._storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)


def test_what_was_given_back_and_begun_again_is_not_lost_because_its_first_process_has_ended(
    storage, monkeypatch
):
    study = create_study("study", storage)
    trial = study.ask()
    ended = {**trial.user_attrs[OWNER], "pid": 2**22 + 1}
    trial.set_user_attr(OWNER, ended)
    assert [lost.number for lost in abandoned_trials(study)] == [trial.number]
    hand_back(study, trial)
    # The moment between the two records of a beginning: it runs, and who runs it is not yet written.
    monkeypatch.setattr("qgtune.study.storage.shared_journal.runner_attributes", dict)
    monkeypatch.setattr("qgtune.study.storage.databases.record_runner", lambda _storage, _trial: None)
    other = open_study("study", storage, writing=True)
    assert other._storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
    [running] = other.trials
    assert running.state == TrialState.RUNNING
    assert Owner.read(running.user_attrs.get(OWNER)) is None
    assert abandoned_trials(other) == []
