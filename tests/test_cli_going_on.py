"""What a run says when it ends before its total, and when nobody reads what it says."""

import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from own_projects import environment, finished_trials, start, write_project
from own_projects import qgtune_here as qgtune

from qgtune import cli
from qgtune.cli.entry import COMMANDS
from qgtune.compiler.emit import best_config_text
from qgtune.outputs import config_files

RATE = '''\
"""An objective that is done at once."""


def score(trial, config):
    """Return the learning rate."""
    return config["training"]["learning_rate"]
'''
ASKS_TO_STOP = f'''\
"""An objective that asks its run to stop, from the fifth trial on."""

import os
import signal


def score(trial, config):
    """Return the learning rate."""
    if trial.number >= 4:
        os.kill({os.getpid()}, signal.SIGUSR1)
    return config["training"]["learning_rate"]
'''
has_the_signal = pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")


def command_in(text):
    """Return the words of the command that a text says goes on, without the program's own name."""
    [words] = re.findall(r"goes on from here:  qgtune (.*)", text)
    return shlex.split(words)


@has_the_signal
def test_a_run_of_more_trials_that_is_stopped_says_how_to_run_those_that_are_missing(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 3\n", objective=RATE)
    assert qgtune(tuning).returncode == 0
    (tmp_path / "objective.py").write_text(ASKS_TO_STOP)
    stopped = qgtune(tuning, "--more", 20)
    assert stopped.returncode == 130
    finished = len(finished_trials(tmp_path / "runs/tiny"))
    assert 3 < finished < 23
    assert f"({finished} of 23 trials, " in stopped.stdout
    assert "interrupted; this goes on from here:" in stopped.stderr
    words = command_in(stopped.stderr)
    assert words == [str(tuning), "--more", str(23 - finished)]
    (tmp_path / "objective.py").write_text(RATE)
    assert "(23 of 23 trials, " in qgtune(*words).stdout


@has_the_signal
def test_a_run_that_is_stopped_says_that_the_same_command_goes_on(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 30\n", objective=ASKS_TO_STOP)
    stopped = qgtune(tuning)
    assert "interrupted; the same command goes on from here:" in stopped.stderr
    assert command_in(stopped.stderr) == [str(tuning)]
    assert " of 30 trials, " in stopped.stdout


@has_the_signal
def test_of_a_study_in_memory_nothing_goes_on_and_that_is_said(tmp_path):
    stopped = qgtune(write_project(tmp_path, "n_trials: 30\nstorage: null\n", objective=ASKS_TO_STOP))
    assert stopped.returncode == 130
    assert "in memory only, so the same command begins anew" in stopped.stderr
    assert "goes on" not in stopped.stderr


@pytest.mark.parametrize(("words", "more"), [([], []), (["--more", 2], ["--more", "2"])])
def test_after_a_timeout_the_command_that_goes_on_is_said(tmp_path, words, more):
    tuning = write_project(tmp_path, "n_trials: 3\ntimeout: 0.000001\n", objective=RATE)
    done = qgtune(tuning, *words)
    assert done.returncode == 0, done.stderr
    assert "the timeout of 1e-06 s ended the run; " in done.stderr
    assert command_in(done.stderr) == [str(tuning), *more]
    assert f"(0 of {3 if not more else 2} trials, " in done.stdout


def test_a_quiet_run_still_says_what_nobody_else_tells(tmp_path):
    tuning = write_project(tmp_path, "n_trials: 1\n", objective=RATE)
    assert qgtune(tuning, "--quiet").returncode == 0
    best = tmp_path / "runs/tiny/best_config.yaml"
    best.write_text("mine: 1\n")
    done = qgtune(tuning, "--quiet", "--more", 3)
    assert "best_config.yaml was edited by hand: it is kept as best_config.edited.yaml" in done.stderr
    assert "edited" not in done.stdout
    migrated = qgtune(tuning, "--quiet", "--migrate")
    assert migrated.stdout.startswith("nothing to migrate: the study was begun with this search space\n")


def test_that_comments_could_not_be_kept_is_said_once_in_a_run(tmp_path, monkeypatch):
    """Each trial is better than the one before."""
    monkeypatch.setattr(
        config_files, "best_config_text", lambda *given: best_config_text(*given)._replace(kept_layout=False)
    )
    falling = RATE.replace('config["training"]["learning_rate"]', "-trial.number")
    done = qgtune(write_project(tmp_path, "n_trials: 4\n", objective=falling))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("best_config.yaml is written afresh") == 1


def test_a_run_that_nobody_reads_any_more_comes_to_its_end(tmp_path):
    process = start(write_project(tmp_path, "n_trials: 12\nn_processes: 2\n"))
    assert process.stdout.readline()
    process.stdout.close()
    with process.stderr:
        errors = process.stderr.read()
    assert process.wait(timeout=120) == 0, errors
    assert errors == ""
    assert len(finished_trials(tmp_path / "runs/tiny")) == 12
    assert (tmp_path / "runs/tiny/report.html").exists()


@pytest.mark.parametrize("unbuffered", [[], ["-u"]], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", [["explain"], ["--help"], ["schema", "--kind", "tuning"]])
def test_a_command_whose_reader_has_gone_ends_quietly(words, unbuffered):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, *unbuffered, "-m", "qgtune", *words]
    done = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, text=True, check=False, env=environment(), timeout=120
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["status", "trials", "show", "stop", "clean"])
def test_a_file_that_the_system_refuses_is_told_by_its_name_and_nothing_is_said_to_go_on(tmp_path, command):
    tuning = write_project(tmp_path, "n_trials: 1\nstorage: sub\n")
    (tmp_path / "sub").mkdir()
    done = qgtune(command, tuning, *([0] if command == "show" else []))
    assert (done.returncode, "/sub" in done.stderr) == (1, True)
    for words in ("Traceback", "fault of qgtune", "has finished is kept", "goes on"):
        assert words not in done.stderr


def test_interrupts_and_refusals_promise_to_go_on_only_where_something_does(monkeypatch, capsys):
    for error, code, said in (
        (KeyboardInterrupt(), 130, "interrupted"),
        (PermissionError(13, "Permission denied", "study.log"), 1, "qgtune: study.log: permission denied"),
        (OSError(28, "No space left on device"), 1, "qgtune: no space left on device"),
        (ZeroDivisionError("1/0"), 3, "a fault of qgtune's own"),
    ):
        for name, goes_on in (("status", False), ("run", True), ("train", True)):

            def refuse(_options, error=error):
                raise error

            command = COMMANDS[name]
            monkeypatch.setitem(COMMANDS, name, dataclasses.replace(command, execute=refuse))
            assert cli.main([name, "t.yaml"]) == code
            errors = capsys.readouterr().err
            assert said in errors
            assert ("goes on" in errors or "is kept" in errors) is goes_on
            monkeypatch.setitem(COMMANDS, name, command)


def test_an_interrupt_outside_of_the_trials_does_not_promise_that_more_of_them_go_on(monkeypatch, capsys):
    def interrupt(_options):
        raise KeyboardInterrupt

    monkeypatch.setitem(COMMANDS, "run", dataclasses.replace(COMMANDS["run"], execute=interrupt))
    assert cli.main(["run", "t.yaml", "--more", "20"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_trials_that_were_forgiven_count_nowhere(tmp_path):
    broken = 'def score(trial, config):\n    raise ValueError("no such column")\n'
    tuning = write_project(tmp_path, "n_trials: 3\n", objective=broken)
    assert qgtune(tuning).returncode == 1
    write_project(tmp_path, "n_trials: 3\n")
    done = qgtune(tuning)
    assert done.returncode == 0, done.stdout + done.stderr
    ends = "3 complete, 3 failed and forgiven"
    assert f"study tiny: {ends} (3 of 3 trials" in done.stdout
    assert f"study tiny: 3 of 3 trials finished ({ends})" in qgtune("status", tuning).stdout
    folder = tmp_path / "runs/tiny"
    assert json.loads((folder / "study_summary.json").read_text())["asked"] == 3
    report = (folder / "summary_report.md").read_text()
    assert "3 finished, of 3 that were asked for" in report
    assert "3 of these failed before anything had come of any trial, and do not count" in report
    assert "is the best of 3 trials" in (folder / "best_config.yaml").read_text()
