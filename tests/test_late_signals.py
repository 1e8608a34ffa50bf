"""Laws of runs that are told to end after their last trial, while they write what is read of them."""

import dataclasses
import signal
import sys

import pytest
from own_projects import qgtune_here as qgtune
from own_projects import write_project

from qgtune.cli import entry
from qgtune.outputs import writer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


@pytest.fixture
def run_until_closing(tmp_path, monkeypatch):
    """Return a function that runs a study of three trials; signals come as its report is begun."""

    def run(*signals, tuning=""):
        write = writer.write_report

        def write_report(*arguments):
            for number in signals:
                signal.raise_signal(number)
            return write(*arguments)

        monkeypatch.setattr(writer, "write_report", write_report)
        return qgtune(write_project(tmp_path / "project", f"n_trials: 3\n{tuning}"))

    before = {number: signal.signal(number, _refuse) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield run
    for number, handler in before.items():
        assert signal.getsignal(number) is _refuse, "a run has left its signal handlers behind"
        signal.signal(number, handler)


def _refuse(number, _frame):
    raise AssertionError(f"signal {number} came through")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_after_the_last_trial_waits_until_all_files_are_written(
    run_until_closing, tmp_path, name, code
):
    pytest.importorskip("matplotlib", reason="it draws the pictures")
    done = run_until_closing(signal.Signals[name], tuning="plots: true\n")
    assert done.returncode == code, done.stdout + done.stderr
    assert "interrupted; no trial is missing" in done.stderr
    assert "best value: " in done.stdout
    left = tmp_path / "project/runs/tiny"
    assert {path.name for path in left.iterdir()} >= {"report.html", "summary_report.md", "plots"}
    assert (left / "plots/history.png").exists()


def test_a_second_ctrl_c_after_the_last_trial_leaves_out_pictures_only(run_until_closing, tmp_path):
    pytest.importorskip("matplotlib", reason="it draws the pictures")
    done = run_until_closing(signal.SIGINT, signal.SIGINT, tuning="plots: true\n")
    assert done.returncode == 130, done.stdout + done.stderr
    assert "plots/: not all pictures are drawn; qgtune report draws them" in done.stdout
    left = tmp_path / "project/runs/tiny"
    assert {path.name for path in left.iterdir()} >= {"report.html", "summary_report.md"}
    assert not list(left.glob("plots/*"))
    assert not [path for path in left.rglob("*") if path.name.endswith(".tmp")]


def test_a_command_that_is_interrupted_prints_the_command_that_goes_on(monkeypatch, capsys):
    def interrupt(_options):
        raise KeyboardInterrupt

    run = entry.COMMANDS["run"]
    stopped = dataclasses.replace(run, execute=interrupt)
    monkeypatch.setitem(entry.COMMANDS, "run", stopped)
    assert entry.main(["my study.yaml", "--quiet"]) == 130
    expected = "interrupted; the same command goes on from here:  qgtune 'my study.yaml' --quiet\n"
    assert capsys.readouterr().err == expected
