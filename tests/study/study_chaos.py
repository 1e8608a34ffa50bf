"""A study whose processes are killed at random moments, and what must hold of it after each of them.

``python tests/study/study_chaos.py`` runs the long one: 200 trials, 4 workers, 100 kills.
"""

import argparse
import csv
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from own_projects import LONGEST, processes_of, qgtune, start, wait_until, write_project

from qgtune.core.errors import ConfigValueError
from qgtune.core.files import write_atomically
from qgtune.study import open_study, trial_records

N_WORKERS = 4
OBJECTIVE = '''\
"""A value that follows from the config alone, after a short while, once so many trials may have finished."""

import pathlib
import time

HERE = pathlib.Path(__file__).parent


def finished():
    """Return how many trials have got to their end."""
    return len(list((HERE / "ends").iterdir()))


def score(trial, config):
    """Return the learning rate, doubled."""
    for epoch in range(3):
        trial.report(config["training"]["learning_rate"], epoch)
        time.sleep({seconds} / 3)
    deadline = time.monotonic() + {longest}
    while finished() >= int((HERE / "allowed").read_text()):
        assert time.monotonic() < deadline, "nobody let the trial go"
        time.sleep(0.05)
    (HERE / "ends" / str(trial.number)).touch()
    return 2 * config["training"]["learning_rate"]
'''
VICTIMS = ("worker", "server", "supervisor", "everything")
"""The server is the process from which workers are forked."""


class BrokenLawError(AssertionError):
    """A law of the study does not hold."""


def check(holds, words):
    if not holds:
        raise BrokenLawError(words)


def kill(pid):
    """Kill a process; return whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def is_server(pid):
    try:
        return b"multiprocessing.forkserver" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def processes_by_kind(group):
    """Return the server and the workers of a run; workers are forked from the server."""
    parents = processes_of(group)
    servers = [pid for pid, parent in parents.items() if parent == group and is_server(pid)]
    workers = [pid for pid, parent in parents.items() if parent in servers]
    return {"server": servers, "worker": workers}


class Chaos:
    """Kills so often, starts again after each end, and checks the laws.

    Args:
        folder: where the project goes.
        total: trials of the study.
        kills: how often something is killed; each kind of victim comes about as often as the others.
        seed: of the order of the victims, of the moments, and of which worker it is.
        seconds: how long a trial takes at least.
        longest_wait: seconds between two kills, at most.
        say: is told of each kill in a line.
    """

    def __init__(self, folder, *, total, kills, seed, seconds, longest_wait, say=lambda _line: None):
        self.folder, self.total, self.kills = folder, total, kills
        self.longest_wait, self.say = longest_wait, say
        self.rng = random.Random(seed)  # noqa: S311 - moments, not secrets
        extra = f"n_trials: {total}\nn_processes: {N_WORKERS}\n"
        objective = OBJECTIVE.format(seconds=seconds, longest=LONGEST)
        self.tuning = write_project(folder, extra, objective=objective)
        (folder / "ends").mkdir()
        self.groups = []
        self.known = {}
        self.struck = dict.fromkeys(VICTIMS, 0)
        self.process = None

    def run(self):
        """Return how often each kind of victim was killed."""
        try:
            for number, victim in enumerate(self.victims(), start=1):
                self.allow(number)
                self.process = self.process or self.started()
                self.wait()
                self.strike(victim)
                self.struck[victim] += 1
                if victim in {"supervisor", "everything"}:
                    self.process = self.ended()
                    self.known = check_nothing_is_lost(self.folder, self.known)
                self.say(f"{number}/{self.kills}  killed {victim}; {len(self.known)} trials were there")
            self.finish()
        finally:
            self.kill_everything()
        return self.struck

    def victims(self):
        """Return what is killed, one after the other: all kinds in turns, each turn in another order."""
        order = []
        while len(order) < self.kills:
            order += self.rng.sample(VICTIMS, len(VICTIMS))
        return order[: self.kills]

    def allow(self, number):
        """Let so many trials end that the study lasts until the last kill, and gets on between all of them."""
        most = self.total - 2 * N_WORKERS
        write_atomically(self.folder / "allowed", str(most * number // self.kills))

    def started(self):
        process = start(self.tuning, "--quiet")
        self.groups.append(process.pid)
        return process

    def ended(self):
        # Workers may outlive it; they hold its pipes, so nothing waits for those to end.
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait(self):
        time.sleep(self.rng.uniform(0.05, self.longest_wait))
        if self.process.poll() is not None:
            out, errors = self.process.communicate()
            check(False, f"a run ended by itself with {self.process.returncode}: {out}{errors}")

    def strike(self, victim):
        """Kill one of a run's processes, its supervisor, or everything that any run has left."""
        if victim == "supervisor":
            check(kill(self.process.pid), "the supervisor was gone before it was killed")
        elif victim == "everything":
            check(self.kill_everything(), "there was nothing to kill")
        else:
            wait_until(lambda: self.kill_one(victim), f"there is no {victim} to kill")

    def kill_one(self, kind):
        found = processes_by_kind(self.process.pid)[kind]
        return bool(found) and kill(self.rng.choice(sorted(found)))

    def kill_everything(self):
        """Kill the supervisor and all processes of all runs; return whether the supervisor was there."""
        there = self.process is not None and self.process.poll() is None and kill(self.process.pid)
        for group in self.groups:
            for pid in processes_of(group):
                kill(pid)
        return there

    def finish(self):
        """Let the study get its total, with the command that has been given all the time."""
        write_atomically(self.folder / "allowed", str(10 * self.total))
        if self.process is not None:
            out, errors = self.process.communicate(timeout=LONGEST)
            check(self.process.returncode == 0, f"a run ended with {self.process.returncode}: {out}{errors}")
        last = qgtune(self.tuning, "--quiet")
        check(last.returncode == 0, f"the last run ended with {last.returncode}: {last.stdout}{last.stderr}")
        for group in self.groups:
            wait_until(lambda group=group: not processes_of(group), "a process of a killed run still runs")
        # What a killed process was writing stays under a name of its own until it is tidied away.
        tidied = qgtune("clean", self.tuning)
        check(tidied.returncode == 0, f"qgtune clean: {tidied.stdout}{tidied.stderr}")
        check_the_end(self.folder, check_nothing_is_lost(self.folder, self.known), self.total)


def finished_in(folder):
    """Return the values of finished trials by number; nothing as long as there is no study."""
    try:
        records = trial_records(open_study("tiny", folder / "runs/tiny/study.log"))
    except ConfigValueError:
        return {}
    return {
        record.number: (record.state, record.values, record.params["training.learning_rate"])
        for record in records
        if record.state in {"complete", "pruned"}
    }


def check_nothing_is_lost(folder, known):
    now = finished_in(folder)
    changed = {number: (end, now.get(number)) for number, end in known.items() if now.get(number) != end}
    check(not changed, f"finished trials have changed or are gone: {changed}")
    for state, values, rate in now.values():
        check(state != "complete" or values == (2 * rate,), f"the value of {rate} is {values}")
    return now


def check_the_end(folder, finished, total):
    """Check what the study and all of its files must be in the end."""
    runs = folder / "runs" / "tiny"
    records = trial_records(open_study("tiny", runs / "study.log"))
    blamed = [record for record in records if record.state == "failed" and not record.lost]
    running = [record.number for record in records if record.state == "running"]
    check(not running, f"trials {running} are still running")
    check(len(finished) + len(blamed) == total, f"{len(finished)} and {len(blamed)} of {total} have finished")
    check_the_files(runs)
    value = min(values[0] for state, values, _ in finished.values() if state == "complete")
    config = yaml.safe_load((runs / "best_config.yaml").read_text())
    check(2 * config["training"]["learning_rate"] == value, "the best config is not that of the best trial")
    rows = list(csv.DictReader((runs / "trials.csv").read_text().splitlines()))
    numbers = [record.number for record in records]
    check([int(row["number"]) for row in rows] == numbers, "the table of trials is not whole")


def check_the_files(runs):
    """Check that a run's folder holds whole files and nothing else."""
    left = {path.name: path for path in runs.rglob("*") if path.is_file()}
    odd = [name for name in left if name.endswith((".tmp", ".run", ".lock", ".rename")) or ".edited" in name]
    check(not odd, f"this should not be there: {sorted(odd)}")
    wanted = {"best_config.yaml", "best_trial.yaml", "built_search_space.yaml", "trials.csv"}
    wanted |= {"best_params.json", "study_summary.json", "config.json", "summary_report.md", "report.html"}
    check(wanted <= set(left), f"{sorted(wanted - set(left))} are missing")
    for name, path in left.items():
        text = path.read_text(encoding="utf-8")
        if name.endswith(".json"):
            json.loads(text)
        elif name.endswith(".yaml"):
            check(isinstance(yaml.safe_load(text), dict), f"{name} is not whole")
        elif name.endswith(".html"):
            check(text.rstrip().endswith("</html>"), f"{name} is not whole")
        elif name == "study.log":
            check(all(map(json.loads, text.splitlines())), f"{name} is not whole")


def chaos(folder, **options):
    """Return how often each kind of victim was killed; see ``Chaos``."""
    return Chaos(folder, **options).run()


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each trial")
    parser.add_argument("--longest-wait", type=float, default=8.0, help="seconds between two kills")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        struck = chaos(
            pathlib.Path(folder) / "project",
            total=options.trials,
            kills=options.kills,
            seed=options.seed,
            seconds=options.seconds,
            longest_wait=options.longest_wait,
            say=lambda line: say(f"{time.monotonic() - began:4.0f} s  {line}"),
        )
    check(sum(struck.values()) == options.kills, f"killed {struck}")
    counts = ", ".join(f"{kind} {count} times" for kind, count in struck.items())
    seconds = time.monotonic() - began
    say(f"{options.trials} trials, killed {counts}, {seconds:.0f} s: nothing finished was lost")


if __name__ == "__main__":
    main()
