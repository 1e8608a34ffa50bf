"""Laws of equal trials: the lower number is trained, the higher one waits for it and ends as it does."""

import threading
from datetime import timedelta

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from qgtune.study import CONFIG, EqualTrials, create_study


class Waiting(threading.Thread):
    """Asks in a thread of its own how a trial ends."""

    def __init__(self, trial, key):
        super().__init__(daemon=True)
        self.trial, self.key, self.answer = trial, key, "none yet"
        self.start()

    def run(self):
        self.answer = EqualTrials(lambda _params: None, lambda _text: None).ended_like(self.trial, self.key)

    def result(self):
        self.join(100)
        return self.answer


def asked(study, key=None):
    trial = study.ask()
    if key is not None:
        trial.set_user_attr(CONFIG, key)
    return trial


def pruned(study, trial):
    study.tell(trial, state=TrialState.PRUNED)


def complete(study, trial):
    study.tell(trial, 0.5)


@pytest.mark.parametrize(("end", "values"), [(complete, (0.5,)), (pruned, None)])
def test_a_trial_waits_for_one_before_it_that_has_not_said_which_config_it_has(end, values):
    """And then for its end, if it turns out to be equal."""
    study = create_study(None, None)
    first = asked(study)
    waiting = Waiting(asked(study, "same"), "same")
    first.set_user_attr(CONFIG, "same")
    end(study, first)
    ended = waiting.result()
    assert (ended.number, ended.values) == (0, values)


def test_a_trial_is_trained_once_those_before_it_turn_out_to_be_others_or_fail():
    study = create_study(None, None)
    other, failing = asked(study), asked(study, "same")
    waiting = Waiting(asked(study, "same"), "same")
    other.set_user_attr(CONFIG, "other")
    study.tell(failing, state=TrialState.FAIL)
    assert waiting.result() is None


def test_nobody_waits_for_a_higher_number():
    study = create_study(None, None)
    first = asked(study, "same")
    asked(study, "same")
    assert Waiting(first, "same").result() is None


def test_a_trial_that_began_long_ago_and_says_nothing_is_not_waited_for():
    """It is a script's own, or its worker is gone."""
    study = create_study(None, None)
    old = create_trial(state=TrialState.RUNNING)
    old.datetime_start -= timedelta(hours=1)
    study.add_trial(old)
    assert Waiting(asked(study, "same"), "same").result() is None


def test_a_complete_trial_is_taken_before_a_pruned_one_and_the_first_of_several():
    study = create_study(None, None)
    for end in (pruned, complete, complete):
        end(study, asked(study, "same"))
    assert Waiting(asked(study, "same"), "same").result().number == 1


def test_trials_that_were_not_told_their_config_are_known_by_their_parameters():
    study = create_study(None, None)
    distribution = optuna.distributions.IntDistribution(0, 9)
    study.add_trial(create_trial(params={"x": 3}, distributions={"x": distribution}, value=0.25))
    equals = EqualTrials(lambda params: f"x is {params['x']}", lambda _text: None)
    assert equals.ended_like(asked(study, "x is 3"), "x is 3").values == (0.25,)


def test_a_trial_is_said_to_train_the_same_config_once_it_has_told_its_own_and_not_before(monkeypatch):
    monkeypatch.setattr("qgtune.study.running.equal_trials._SECONDS_UNTOLD", 0.0)
    monkeypatch.setattr("qgtune.study.running.equal_trials._SECONDS_TO_SAMPLE", 0.5)
    study = create_study(None, None)
    first, second = asked(study), asked(study, "same")
    told = []

    def hear(text):
        told.append(text)
        complete(study, first)

    equals = EqualTrials(lambda _params: None, hear)
    assert equals.ended_like(second, "same") is None
    assert told == []
    first.set_user_attr(CONFIG, "same")
    assert equals.ended_like(second, "same").number == 0
    assert told == ["trial 1 waits for trial 0, which trains the same config"]
