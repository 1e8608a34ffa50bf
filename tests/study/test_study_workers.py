"""Laws of workers: what each sees of the machine, and how they share trials, with other hosts too."""

import collections
import dataclasses
import functools
import time

import pytest
import study_objectives as objectives

from qgtune.core.events import TrialFinished, TrialStarted
from qgtune.study import RunSpec, create_study, open_study, run_trials
from qgtune.study.attributes import LOST, OWNER, RETRY_OF, SEEN, WORKER
from qgtune.study.storage.ownership import GRACE_SECONDS, this_owner


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_each_worker_sees_one_of_the_gpus_that_the_run_may_use(tmp_path, monkeypatch, method):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    make = functools.partial(objectives.worker_sees_gpus, str(tmp_path))
    journal = str(tmp_path / "study.log")
    run_trials(RunSpec("study", 2, make, storage=journal, n_processes=2, start_method=method), lambda _: None)
    seen = {trial.user_attrs[WORKER]: trial.user_attrs["gpus"] for trial in open_study(None, journal).trials}
    assert seen == {"0": "3", "1": "5"}


def test_one_worker_sees_the_one_gpu_that_the_run_may_use(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4")
    make = functools.partial(objectives.worker_sees_gpus, str(tmp_path))
    journal = str(tmp_path / "study.log")
    run_trials(RunSpec("study", 1, make, storage=journal, start_method="spawn"), lambda _: None)
    assert open_study(None, journal).trials[0].user_attrs["gpus"] == "4"


def test_nobody_idles_while_trials_are_left_however_long_one_of_them_is(tmp_path):
    total = 8
    make = functools.partial(objectives.first_trial_waits_for_the_last, str(tmp_path / "last"), total)
    started = []
    spec = RunSpec("study", total, make, storage=str(tmp_path / "study.log"), n_processes=2)
    run_trials(spec, lambda event: started.append(event) if isinstance(event, TrialStarted) else None)
    assert sorted(collections.Counter(event.worker for event in started).values()) == [1, total - 1]


def begin_elsewhere(journal):
    """Begin a trial as a worker on another host does, which shows life now."""
    study = create_study("study", journal)
    trial = study.ask()
    x = trial.suggest_float("x", 0.0, 1.0)
    elsewhere = dataclasses.replace(this_owner(), host="elsewhere", machine="another boot")
    trial.set_user_attr(OWNER, dataclasses.asdict(elsewhere))
    trial.set_user_attr(WORKER, "0")
    trial.set_user_attr(SEEN, time.time())
    return study, trial, x


def test_a_run_waits_for_a_trial_of_another_host_that_shows_life(tmp_path):
    journal = str(tmp_path / "study.log")
    study, trial, _ = begin_elsewhere(journal)

    def end_it_too(event):
        if isinstance(event, TrialFinished):
            study.tell(trial, 0.5)

    outcome = run_trials(RunSpec("study", 2, objectives.parabola, storage=journal), end_it_too)
    assert [record.state for record in outcome.records] == ["complete", "complete"]
    assert outcome.records[0].values == (0.5,)


def test_a_trial_of_another_host_is_lost_and_tried_again_after_the_grace_time(tmp_path, monkeypatch):
    journal = str(tmp_path / "study.log")
    _, _, x = begin_elsewhere(journal)
    monkeypatch.setattr("qgtune.study.storage.ownership.time", Later(2 * GRACE_SECONDS))
    outcome = run_trials(RunSpec("study", 2, objectives.takes_no_time, storage=journal), lambda _: None)
    assert [record.lost for record in outcome.records] == [True, False, False]
    trials = open_study("study", journal).trials
    assert trials[0].user_attrs[LOST] == "the run was killed before this trial ended"
    assert (trials[1].user_attrs[RETRY_OF], trials[1].params["x"]) == (0, x)


class Later:
    """The clock of a host on which it is so many seconds later."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self, seconds):
        self._seconds = seconds

    def time(self):
        return time.time() + self._seconds
