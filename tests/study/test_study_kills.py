"""Laws of runs that are killed or interrupted: scripts in processes of their own, watched by what they print."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from own_projects import LONGEST, end_at_last, processes_of, wait_until

from qgtune.study import open_study, trial_records
from qgtune.study.storage.run_lock import RunLock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

SCRIPT = Path(__file__).with_name("study_script.py")


def is_alive(pid):
    """Return whether a process has not ended; one that only waits to be noticed has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Script:
    """A running script and the lines that it has printed."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(SCRIPT), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        end_at_last(self.process)
        self.lines = []

    def read_until(self, pattern, times=1):
        """Read until ``pattern`` stands in so many lines of all that was printed."""
        while sum(re.search(pattern, line) is not None for line in self.lines) < times:
            line = self.process.stdout.readline()
            assert line, f"the script ended: {self.lines}\n{self.process.stderr.read()}"
            self.lines.append(line)

    def pids(self):
        return [int(pid) for pid in re.findall(r"WorkerReady .*pid=(\d+)", "".join(self.lines))]

    def finish(self):
        """Return the exit status, what was printed since, and what went to the standard error."""
        out, err = self.process.communicate(timeout=LONGEST)
        return self.process.returncode, out, err


@pytest.fixture
def script():
    scripts = []

    def start(*arguments):
        scripts.append(Script(*arguments))
        return scripts[-1]

    yield start
    for started in scripts:
        with contextlib.suppress(ProcessLookupError):  # its workers may outlive it, in the same group
            os.killpg(started.process.pid, signal.SIGKILL)
        started.process.communicate()


def records_of(journal):
    return trial_records(open_study("study", journal))


def test_a_run_that_was_killed_goes_on_to_exactly_its_total(script, tmp_path):
    journal, go = tmp_path / "study.log", tmp_path / "go"
    arguments = (journal, 9, 2, "waits_from_the_fourth_trial_on", go)
    first = script(*arguments)
    first.read_until(r"^WorkerReady", times=2)
    first.read_until(r"^TrialStarted .*number=[45]$", times=2)
    for pid in [first.process.pid, *first.pids()]:
        os.kill(pid, signal.SIGKILL)
    first.finish()
    before = records_of(journal)
    assert [record.state for record in before] == ["complete"] * 4 + ["running"] * 2

    go.touch()
    status, out, err = script(*arguments).finish()
    after = records_of(journal)
    assert (status, err) == (0, "")
    assert "outcome interrupted=False resumed_from=4" in out
    assert after[:4] == before[:4]
    assert [record.state for record in after] == ["complete"] * 4 + ["failed"] * 2 + ["complete"] * 5
    assert {record.failure for record in after[4:6]} == {"the run was killed before this trial ended"}


def test_workers_outlive_a_killed_supervisor_for_their_trial_only(script, tmp_path):
    journal, go = tmp_path / "study.log", tmp_path / "go"
    first = script(journal, 9, 2, "waits_for_a_file", go)
    first.read_until(r"^TrialStarted", times=2)
    first.process.kill()
    first.process.wait()
    with RunLock(journal) as lock:
        assert not lock.claim(), "the run is alive as long as a worker is"
    go.touch()
    # The workers hold the script's output open: it ends when the last of them has.
    first.finish()
    with RunLock(journal) as lock:
        assert lock.claim()
    assert [record.state for record in records_of(journal)] == ["complete"] * 2
    assert names(tmp_path) == ["go", "study.log"]


@pytest.mark.skipif(sys.platform != "linux", reason="it looks at processes in /proc")
def test_a_worker_that_waits_for_a_killed_supervisor_ends_at_once(script, tmp_path):
    go = tmp_path / "go"
    run = script(tmp_path / "study.log", 2, 2, "first_trial_waits_for_a_file", go)
    run.read_until(r"^TrialFinished")
    run.read_until(r"^WorkerReady", times=2)
    busy = re.search(r"TrialStarted worker=(\d) number=0", "".join(run.lines))[1]
    pids = dict(re.findall(r"WorkerReady worker=(\d) pid=(\d+)", "".join(run.lines)))
    run.process.kill()
    run.process.wait()
    waits = int(pids[str(1 - int(busy))])
    wait_until(lambda: not is_alive(waits), "the worker that has nothing to do still runs")
    assert is_alive(int(pids[busy])), "the other one finishes its trial"
    go.touch()
    run.finish()
    assert [record.state for record in records_of(tmp_path / "study.log")] == ["complete"] * 2


def test_a_worker_whose_supervisor_is_killed_before_it_begins_ends_without_a_trial(script, tmp_path):
    begun, go = tmp_path / "begun", tmp_path / "go"
    run = script(tmp_path / "study.log", 2, 1, "waits_at_startup", begun, go)
    wait_until(begun.exists, "the worker has not begun")
    run.process.kill()
    go.touch()
    run.finish()  # whoever holds the script's output has ended
    assert records_of(tmp_path / "study.log") == []


def test_two_runs_on_one_study_give_it_exactly_its_total(script, tmp_path):
    journal = tmp_path / "study.log"
    runs = [script(journal, 6, 2, "takes_a_moment", 0.02) for _ in range(2)]
    assert [run.finish()[0] for run in runs] == [0, 0]
    states = [record.state for record in records_of(journal)]
    assert states == ["complete"] * 6


def test_a_killed_worker_is_replaced_and_its_trial_made_up_for(script, tmp_path):
    journal, go = tmp_path / "study.log", tmp_path / "go"
    run = script(journal, 4, 2, "waits_for_a_file", go)
    run.read_until(r"^TrialStarted", times=2)
    os.kill(run.pids()[0], signal.SIGKILL)
    run.read_until(r"^WorkerDied")
    run.read_until(r"^TrialStarted", times=3)
    go.touch()
    status, _, err = run.finish()
    assert (status, err) == (0, "")
    states = [record.state for record in records_of(journal)]
    assert sorted(states) == ["complete"] * 4 + ["failed"]


@pytest.mark.skipif(sys.platform != "linux", reason="it finds the server in /proc")
def test_a_killed_fork_server_costs_the_trials_of_its_workers_and_leaves_none_of_them(script, tmp_path):
    journal, go = tmp_path / "study.log", tmp_path / "go"
    run = script(journal, 4, 2, "waits_for_a_file", go)
    run.read_until(r"^TrialStarted", times=2)
    workers = run.pids()
    os.kill(processes_of(run.process.pid)[workers[0]], signal.SIGKILL)
    run.read_until(r"^WorkerDied .*reason=was lost together with the server", times=2)
    go.touch()
    status, _, err = run.finish()
    assert (status, err) == (0, "")
    assert not any(map(is_alive, workers))
    states = [record.state for record in records_of(journal)]
    assert sorted(states) == ["complete"] * 4 + ["failed"] * 2


def test_the_first_interrupt_lets_running_trials_finish(script, tmp_path):
    journal, go = tmp_path / "study.log", tmp_path / "go"
    run = script(journal, 9, 2, "waits_for_a_file", go)
    run.read_until(r"^TrialStarted", times=2)
    os.killpg(run.process.pid, signal.SIGINT)  # as a terminal does: to every process of the run
    run.read_until(r"^Notice text=interrupted: running trials may finish")
    go.touch()
    status, out, err = run.finish()
    assert (status, err) == (0, "")
    assert "RunEnded finished=2 interrupted=True" in out
    assert "outcome interrupted=True" in out
    assert [record.state for record in records_of(journal)] == ["complete"] * 2


def test_the_second_interrupt_fails_running_trials(script, tmp_path):
    journal = tmp_path / "study.log"
    run = script(journal, 9, 2, "waits_for_a_file", tmp_path / "never")
    run.read_until(r"^TrialStarted", times=2)
    os.killpg(run.process.pid, signal.SIGINT)
    run.read_until(r"^Notice")
    os.killpg(run.process.pid, signal.SIGINT)
    status, out, err = run.finish()
    assert (status, err) == (0, "")
    assert "RunEnded finished=0 interrupted=True" in out
    assert {record.failure for record in records_of(journal)} == {
        "the run was interrupted before this trial ended"
    }


CLAIMS = """
import sys
from pathlib import Path
from qgtune.study.storage.run_lock import RunLock
with RunLock(Path(sys.argv[1])) as lock:
    print(lock.claim(), flush=True)
    sys.stdin.readline()
"""

TELLS_WHEN_IT_WAITS = """
import fcntl, runpy, sys

def tell(event, arguments):
    if event == "fcntl.flock" and arguments[1] == fcntl.LOCK_SH:
        print("joins", flush=True)

sys.addaudithook(tell)
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_second_run_writes_nothing_while_the_first_one_repairs(tmp_path):
    journal = tmp_path / "study.log"
    python = [sys.executable, "-W", "error", "-c"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*python, CLAIMS, str(journal)], **pipes) as first:
        assert first.stdout.readline() == "True\n"
        run = [TELLS_WHEN_IT_WAITS, str(SCRIPT), str(journal), "2", "1", "parabola"]
        with subprocess.Popen([*python, *run], **pipes) as second:
            assert second.stdout.readline() == "joins\n"
            written_meanwhile = journal.read_bytes()
            first.communicate("\n")
            out, _ = second.communicate(timeout=LONGEST)
            assert (second.returncode, written_meanwhile) == (0, b"")
    assert "outcome interrupted=False resumed_from=0" in out
    assert [record.state for record in records_of(journal)] == ["complete"] * 2
