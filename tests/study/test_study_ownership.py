"""Laws of ownership: a living process keeps its trials, a dead one loses them, another host is given time."""

import dataclasses
import os
import subprocess
import sys
import time

import pytest

from qgtune.study import create_study
from qgtune.study.attributes import LOST, OWNER, SEEN
from qgtune.study.running.retries import lose_abandoned_trials
from qgtune.study.storage.ownership import (
    Heartbeat,
    abandoned_trials,
    is_owner_dead,
    owner_attributes,
    this_owner,
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel tells when a process began in /proc"
)


@pytest.fixture
def study(tmp_path):
    return create_study("study", tmp_path / "study.log")


def asked_by(study, **changes):
    """Return a running trial of an owner that differs from this process."""
    trial = study.ask()
    trial.set_user_attr(OWNER, dataclasses.asdict(dataclasses.replace(this_owner(), **changes)))
    return frozen(study, trial)


def frozen(study, trial):
    return study.get_trials()[trial.number]


def test_a_trial_is_born_with_its_owner(study):
    assert frozen(study, study.ask()).user_attrs == owner_attributes()


@pytest.mark.parametrize("storage", ["{}/study.log", "sqlite:///{}/study.db"])
def test_an_enqueued_trial_has_its_owner_before_its_first_parameter_is_sampled(tmp_path, storage):
    study = create_study("study", storage.format(tmp_path))
    study.enqueue_trial({"x": 0.5})
    assert frozen(study, study.ask()).user_attrs == owner_attributes()


def test_the_trial_of_a_living_process_is_never_failed(study):
    study.ask()
    assert abandoned_trials(study, grace=0.0, alone=True) == []


def test_a_process_that_has_ended_is_dead_at_once(study):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
        assert is_owner_dead(asked_by(study, pid=ended.pid))


def test_a_process_that_ended_and_was_not_waited_for_is_dead(study):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert is_owner_dead(asked_by(study, pid=pid))
    os.waitpid(pid, 0)


def test_a_number_that_was_given_to_another_process_is_not_the_owner(study):
    assert is_owner_dead(asked_by(study, started="1"))


def test_another_host_is_given_a_grace_time_since_its_last_sign_of_life(study):
    trial = asked_by(study, host="elsewhere", machine="another boot")
    assert not is_owner_dead(trial, grace=60.0)
    assert not is_owner_dead(trial, grace=60.0, alone=True), "a lock does not reach every other host"
    assert is_owner_dead(trial, grace=0.0)
    trial.datetime_start = None
    trial.set_user_attr(SEEN, time.time() - 100)
    assert not is_owner_dead(trial, grace=120.0)
    assert is_owner_dead(trial, grace=80.0)


ASKS_WHO_IS_DEAD = """
import sys
from qgtune.study import open_study
from qgtune.study.storage.ownership import abandoned_trials
print(abandoned_trials(open_study("study", sys.argv[1])))
"""


def test_a_host_in_another_time_zone_takes_nobody_for_dead(tmp_path):
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    asked_by(create_study("study", storage), host="elsewhere", machine="another boot")
    done = subprocess.run(
        [sys.executable, "-c", ASKS_WHO_IS_DEAD, storage],
        env={**os.environ, "TZ": "AAA-14"},  # fourteen hours ahead
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_what_began_on_this_host_before_its_last_boot_is_dead_once_we_are_alone(study):
    trial = asked_by(study, machine="an earlier boot")
    assert not is_owner_dead(trial)
    assert is_owner_dead(trial, alone=True)


@pytest.mark.parametrize(
    "value", [None, "text", {"host": "here"}, {"host": 1, "machine": 2, "pid": "x", "started": 3}]
)
def test_a_trial_of_nobody_is_given_time_too_unless_we_are_alone(study, value):
    trial = study.ask()
    trial.set_user_attr(OWNER, value)
    [abandoned] = abandoned_trials(study, alone=True)
    assert abandoned.number == trial.number
    assert abandoned_trials(study, grace=60.0) == []


def test_a_failed_trial_says_why_and_is_failed_once(study):
    asked_by(study, started="1")
    [lost] = lose_abandoned_trials(study, "its process was killed", retry=False)
    assert study.get_trials()[lost].user_attrs[LOST] == "its process was killed"
    assert lose_abandoned_trials(study, "again", retry=False) == ()


def test_a_heartbeat_gives_signs_when_they_are_due_and_for_running_trials_only(study):
    running, ended = study.ask(), study.ask()
    study.tell(ended, 1.0)
    assert not Heartbeat(study, interval=3600.0).beat([running.number])
    assert Heartbeat(study, interval=0.0).beat([running.number, ended.number])
    signs = [trial.user_attrs.get(SEEN) for trial in study.get_trials()]
    assert signs[0] <= time.time() + 0.001, "it is rounded"
    assert signs[1] is None


def test_a_forked_child_is_another_owner():
    parent, (read, write) = this_owner(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, str(this_owner().pid == os.getpid() and this_owner() != parent).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 10) == b"True"
    os.close(read)
    os.close(write)
