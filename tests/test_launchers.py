"""The contract of every launcher: local workers, a command that starts processes, and a user's own function."""

import os
import signal
import subprocess
import time

import pytest
from own_projects import qgtune, start, write_project

from qgtune.core.errors import ConfigValueError
from qgtune.schema.launcher_settings import LauncherChoice
from qgtune.study import Launching, open_study
from qgtune.study.running.launchers import launch_by_command

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


def states(folder):
    return [trial.state.name for trial in study_of(folder).trials]


def study_of(folder):
    return open_study("tiny", folder / "runs/tiny/study.log")


def test_every_launcher_fills_the_study_although_a_worker_dies_and_leaves_the_results(launcher, tmp_path):
    (tmp_path / "kill").touch()
    done = qgtune(write_project(tmp_path, f"n_trials: 12\n{launcher}", objective=OBJECTIVE))
    assert done.returncode == 0, done.stdout + done.stderr
    # Two processes may both begin what one of them takes for the last trial.
    assert states(tmp_path).count("COMPLETE") in (12, 13)
    assert states(tmp_path).count("FAIL") == 1
    assert set(states(tmp_path)) == {"COMPLETE", "FAIL"}
    owners = {trial.user_attrs["qgtune:owner"]["pid"] for trial in study_of(tmp_path).trials}
    assert len(owners) >= 2
    left = {path.name for path in (tmp_path / "runs/tiny").iterdir()}
    assert {"best_config.yaml", "trials.csv", "report.html", "study.log"} <= left
    assert not [name for name in left if name.endswith((".run", ".lock"))]


def test_ctrl_c_lets_running_trials_finish_and_leaves_nothing_running(launcher, tmp_path):
    tuning = write_project(tmp_path, f"n_trials: 400\n{launcher}", objective=OBJECTIVE)
    run = start(tuning)
    journal = tmp_path / "runs/tiny/study.log"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (journal.exists() and "COMPLETE" in states(tmp_path)):
        time.sleep(0.1)
    os.kill(run.pid, signal.SIGINT)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 130, out
    found = states(tmp_path)
    assert set(found) <= {"COMPLETE", "WAITING"}
    assert 0 < found.count("COMPLETE") < 400


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
