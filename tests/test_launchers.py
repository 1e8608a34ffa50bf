"""The contract of every launcher: local workers, a command that starts processes, and a user's own function."""

import os
import signal
import subprocess
import sys

import pytest
from optuna.trial import TrialState
from own_projects import finish, qgtune, start, wait_until, write_project

from qgtune.core.errors import ConfigValueError
from qgtune.schema.launcher_settings import LauncherChoice
from qgtune.study import Launching, open_study
from qgtune.study.running.launchers import launch_by_command
from qgtune.study.storage.run_lock import RunLock

OWN = '''\
"""A launcher of one's own."""

import subprocess


def launch(commands, environment, niceness=0):
    """Start each command line here."""
    return [Started(["nice", "-n", str(niceness), *words], environment) for words in commands]


class Started(subprocess.Popen):
    """A process that is stopped by SIGTERM."""

    def __init__(self, words, environment):
        super().__init__(
            words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    stop = subprocess.Popen.terminate
'''
LAUNCHERS = {
    "local": "launcher: local\nn_processes: 2\n",
    "command": "launcher: {type: command, command: 'env MARK=1 {command}', workers: 2}\n",
    "own": "launcher: {type: 'mine.py:launch', workers: 2, niceness: 1}\n",
}
OBJECTIVE = '''\
"""Takes a while, so that both processes get trials, and kills its own process once where it is asked to."""

import os
import pathlib
import signal
import time


def score(trial, config):
    """Return the learning rate."""
    flag = pathlib.Path(__file__).with_name("kill")
    if trial.number == 1 and flag.exists():
        flag.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return config["training"]["learning_rate"]
'''


@pytest.fixture(params=LAUNCHERS)
def launcher(request, tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    return LAUNCHERS[request.param]


def read(file):
    return file.read_bytes() if file.exists() else b""


def states(folder):
    return [trial.state.name for trial in study_of(folder).trials]


def study_of(folder):
    return open_study("tiny", folder / "runs/tiny/study.log")


def test_every_launcher_fills_the_study_although_a_worker_dies_and_leaves_the_results(launcher, tmp_path):
    (tmp_path / "kill").touch()
    done = qgtune(write_project(tmp_path, f"n_trials: 12\n{launcher}", objective=OBJECTIVE))
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(tmp_path).count("COMPLETE") == 12
    assert states(tmp_path).count("FAIL") == 1
    # One that nobody needed may have been given back.
    assert set(states(tmp_path)) <= {"COMPLETE", "FAIL", "WAITING"}
    trials = study_of(tmp_path).get_trials(states=[TrialState.COMPLETE, TrialState.FAIL])
    owners = {trial.user_attrs["qgtune:owner"]["pid"] for trial in trials}
    assert len(owners) >= 2
    left = {path.name for path in (tmp_path / "runs/tiny").iterdir()}
    assert {"best_config.yaml", "trials.csv", "report.html", "study.log"} <= left
    assert not [name for name in left if name.endswith((".run", ".lock"))]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_launched_run_says_what_it_should_know_of_its_storage_and_who_shares_it(tmp_path):
    settings = "n_trials: 1\nstorage: sqlite:///study.db\nlauncher: {type: command, command: '{command}', workers: 2}\n"
    tuning = write_project(tmp_path, settings)
    with RunLock(tmp_path / "study.db") as another:
        another.share()
        done = qgtune(tuning)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "another run on this storage is alive" in done.stdout
    assert "SQLite lets one process write at a time, and 2 trials at a time will wait" in done.stdout


def test_ctrl_c_lets_running_trials_finish_and_leaves_nothing_running(launcher, tmp_path):
    tuning = write_project(tmp_path, f"n_trials: 400\n{launcher}", objective=OBJECTIVE)
    run = start(tuning)
    journal = tmp_path / "runs/tiny/study.log"
    wait_until(lambda: b'"values":[' in read(journal), "no trial has finished")
    os.kill(run.pid, signal.SIGINT)
    out, _ = finish(run)
    assert run.returncode == 130, out
    found = states(tmp_path)
    assert set(found) <= {"COMPLETE", "WAITING"}
    assert 0 < found.count("COMPLETE") < 400


def test_a_signal_of_the_system_stops_launched_processes_at_once(tmp_path):
    slow = OBJECTIVE.replace("time.sleep(0.1)", "time.sleep(300 if trial.number else 0)")
    tuning = write_project(tmp_path, f"n_trials: 4\n{LAUNCHERS['command']}", objective=slow)
    run = start(tuning)
    wait_until(lambda: b'"values":[' in read(tmp_path / "runs/tiny/study.log"), "no trial has finished")
    run.send_signal(signal.SIGTERM)
    out, errors = finish(run)
    assert run.returncode == 128 + signal.SIGTERM, out + errors
    assert "RUNNING" not in states(tmp_path)
    assert (tmp_path / "runs/tiny/report.html").exists()


def test_the_first_error_of_launched_processes_is_shown_in_full(tmp_path):
    fails = '"""Fails."""\n\n\ndef score(trial, config):\n    """Fail."""\n    raise ValueError("no luck")\n'
    done = qgtune(write_project(tmp_path, f"n_trials: 20\n{LAUNCHERS['command']}", objective=fails))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "every trial failed; the first with\n  ValueError: no luck\n" in done.stdout
    assert 'raise ValueError("no luck")' in done.stdout
    assert "Traceback (most recent call last)" in done.stdout


def test_a_goal_that_was_reached_does_not_keep_launched_processes_from_more_trials(tmp_path):
    tuning = write_project(
        tmp_path, f"n_trials: 400\ntarget: 10.0\n{LAUNCHERS['command']}", objective=OBJECTIVE
    )
    assert qgtune(tuning).returncode == 0
    before = states(tmp_path).count("COMPLETE")
    done = qgtune(tuning, "--more", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert before < 400
    assert states(tmp_path).count("COMPLETE") == before + 3


def test_a_launched_process_that_is_killed_is_told_and_started_again(tmp_path):
    killer = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    (tmp_path / "mine.py").write_text(
        f'''"""Kills what it starts first."""

import subprocess
import sys


class Started(subprocess.Popen):
    """A process."""

    stop = subprocess.Popen.terminate

    def last_words(self):
        """Say why."""
        return "killed on purpose"


starts = []


def launch(commands, environment):
    """Start a command that is killed at once, then the real ones."""
    starts.append(commands)
    if len(starts) == 1:
        commands = [[sys.executable, "-c", {killer!r}] for _ in commands]
    return [Started(words, env=environment) for words in commands]
'''
    )
    done = qgtune(write_project(tmp_path, "n_trials: 3\nlauncher: 'mine.py:launch'\n"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "was killed by SIGKILL (often for want of memory): killed on purpose" in done.stdout + done.stderr
    assert states(tmp_path) == ["COMPLETE"] * 3


def test_processes_that_never_begin_are_given_up_with_the_last_reason(tmp_path):
    extra = "n_trials: 3\nlauncher: {type: command, command: 'ls --no-such-option {command}'}\n"
    done = qgtune(write_project(tmp_path, extra))
    assert done.returncode == 1
    text = " ".join((done.stdout + done.stderr).split())
    assert "3 workers died in a row and no trial finished between; the last: ended with exit code" in text
    assert "no-such-option" in text


def test_a_command_that_is_not_there_is_told_at_its_line(tmp_path):
    extra = "n_trials: 3\nlauncher: {type: command, command: 'no-such-program {command}'}\n"
    done = qgtune(write_project(tmp_path, extra))
    assert done.returncode == 1
    assert "tuning.yaml:8:11: error[QG422]" in done.stderr
    assert "could not start processes: FileNotFoundError" in done.stderr


def test_processes_that_run_go_on_where_another_one_cannot_be_started_again(tmp_path):
    (tmp_path / "mine.py").write_text(
        '''"""Starts two processes, of which one ends at once, and cannot start a third one."""

import subprocess
import sys


class Started(subprocess.Popen):
    """A process."""

    stop = subprocess.Popen.terminate


starts = []


def launch(commands, environment):
    """Start what is asked for; the first of the first two is another program."""
    starts.append(commands)
    if len(starts) > 1:
        raise OSError("the queue is full")
    commands = [[sys.executable, "-c", "raise SystemExit(3)"], *commands[1:]]
    return [Started(words, env=environment) for words in commands]
'''
    )
    done = qgtune(write_project(tmp_path, "n_trials: 3\nlauncher: {type: 'mine.py:launch', workers: 2}\n"))
    assert done.returncode == 0, done.stdout + done.stderr
    text = " ".join((done.stdout + done.stderr).split())
    assert "could not start processes: OSError: the queue is full: the processes that run go on" in text
    assert states(tmp_path) == ["COMPLETE"] * 3


def test_a_command_that_can_start_some_processes_only_leaves_none_of_them(monkeypatch):
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    with pytest.raises(FileNotFoundError):
        launch_by_command([["sleep", "3600"], ["no-such-program"]], dict(os.environ), command="{command}")
    [only] = started
    assert only.returncode is not None


def test_a_launcher_that_starts_too_few_processes_leaves_none_of_them(tmp_path):
    (tmp_path / "mine.py").write_text(
        '''"""Starts one process, whatever it is asked for."""

import subprocess


class Started(subprocess.Popen):
    """A process."""

    stop = subprocess.Popen.kill


started = []


def launch(commands, environment):
    """Start one process."""
    started.append(Started(["sleep", "3600"], env=environment))
    return started
'''
    )
    choice = LauncherChoice("mine.py:launch", workers=2)
    launch = Launching(choice, (), tmp_path).launcher()
    with pytest.raises(ConfigValueError, match="for each of 2 command lines") as caught:
        launch([["a"], ["b"]])
    assert "returncode: None" not in caught.value.message


def test_an_objective_ends_a_launched_run_too(tmp_path):
    objective = (
        '"""Ends the study."""\n\n\ndef score(trial, config):\n    """Return the learning rate."""\n'
        "    if trial.number == 2:\n        trial.study.stop()\n"
        '    return config["training"]["learning_rate"]\n'
    )
    extra = "n_trials: 400\nlauncher: {type: command, command: '{command}'}\n"
    done = qgtune(write_project(tmp_path, extra, objective=objective))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "has asked for the end of the study" in " ".join(done.stdout.split())
    assert states(tmp_path) == ["COMPLETE"] * 3


def test_launched_processes_that_heed_no_stop_are_killed_by_a_third_ctrl_c(tmp_path):
    (tmp_path / "stubborn.py").write_text(
        '''"""Notes each SIGTERM, and goes on."""

import pathlib
import signal
import time

NOTES = pathlib.Path(__file__).with_name("notes")


def note(number, frame):
    """Note a signal."""
    with NOTES.open("a") as file:
        file.write("stop\\n")


signal.signal(signal.SIGTERM, note)
NOTES.touch()
while True:
    time.sleep(3600)
'''
    )
    command = f"{sys.executable} {tmp_path / 'stubborn.py'} {{command}}"
    run = start(write_project(tmp_path, f"n_trials: 3\nlauncher: {{type: command, command: {command!r}}}\n"))
    notes = tmp_path / "notes"
    wait_until(notes.exists, "no process was launched")
    for stops in (1, 2):
        os.kill(run.pid, signal.SIGINT)
        wait_until(lambda n=stops: read(notes).count(b"stop") == n, "the signal was not passed on")
    os.kill(run.pid, signal.SIGINT)
    out, errors = finish(run)
    assert run.returncode == 130, out + errors
    assert "Ctrl-C once more kills them" in " ".join((out + errors).split())
    assert read(notes).count(b"stop") == 2
