"""A study whose processes are killed at random moments, and what must hold of it after each of them.

``python tests/study/study_chaos.py`` runs the long one: 200 trials, 4 workers, 100 kills.
"""

import argparse
import csv
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from own_projects import start, write_project

from qgtune.core.errors import ConfigValueError
from qgtune.study import open_study, trial_records

OBJECTIVE = '''\
"""A value that follows from the config alone, after a short while."""

import time


def score(trial, config):
    """Return the learning rate, doubled."""
    for epoch in range(3):
        trial.report(config["training"]["learning_rate"], epoch)
        time.sleep({seconds} / 3)
    return 2 * config["training"]["learning_rate"]
'''


class BrokenLawError(AssertionError):
    """A law of the study does not hold."""


def check(holds, words):
    if not holds:
        raise BrokenLawError(words)


def processes_of(group):
    """Return the processes of a group, its leader not among them."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == group:
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(entry.name))
    return sorted(found)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


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


def strike(process, rng):
    """Kill one of a run's processes, its supervisor, or everything; return what was killed."""
    victim = rng.choice(["worker", "worker", "supervisor", "everything"])
    others = processes_of(process.pid)
    if victim == "worker" and others:
        kill(rng.choice(others))
    if victim in {"supervisor", "everything"}:
        kill(process.pid)
    if victim == "everything":
        for pid in others:
            kill(pid)
    return victim


def chaos(folder, *, total, kills, seed, seconds=0.2, longest_wait=3.0):
    """Kill so often, start again after each end, and check the laws.

    Returns:
        how often each kind of victim was killed.
    """
    rng = random.Random(seed)  # noqa: S311 - moments, not secrets
    objective = OBJECTIVE.format(seconds=seconds)
    tuning = write_project(folder, f"n_trials: {total}\nn_processes: 4\n", objective=objective)
    known, struck, process = {}, {}, None
    while sum(struck.values()) < kills:
        if process is None:
            process = start(tuning, "--quiet")
        try:
            process.communicate(timeout=rng.uniform(0.05, longest_wait))
        except subprocess.TimeoutExpired:
            victim = strike(process, rng)
            struck[victim] = struck.get(victim, 0) + 1
            if victim == "worker":
                continue
        # Workers may outlive it; they hold its pipes, so nothing waits for those to end.
        process.wait()
        process.stdout.close()
        process.stderr.close()
        process = None
        known = check_nothing_is_lost(folder, known)
        if len(known) >= total:
            break
    if process is not None:
        process.communicate(timeout=120)
    last = subprocess.run(
        [sys.executable, "-m", "qgtune", str(tuning), "--quiet"], capture_output=True, text=True, check=False
    )
    check(last.returncode == 0, f"the last run ended with {last.returncode}: {last.stdout}{last.stderr}")
    check_the_end(folder, check_nothing_is_lost(folder, known), total)
    return struck


def check_the_end(folder, finished, total):
    runs = folder / "runs" / "tiny"
    records = trial_records(open_study("tiny", runs / "study.log"))
    blamed = [record for record in records if record.state == "failed" and not record.lost]
    running = [record.number for record in records if record.state == "running"]
    check(not running, f"trials {running} are still running")
    check(len(finished) + len(blamed) == total, f"{len(finished)} and {len(blamed)} of {total} have finished")
    left = sorted(path.name for path in runs.iterdir() if "lock" in path.name or path.name.endswith(".run"))
    check(not left, f"locks are left: {left}")
    best = max if "maximize" in (folder / "tuning.yaml").read_text() else min
    value = best(values[0] for state, values, _ in finished.values() if state == "complete")
    config = yaml.safe_load((runs / "best_config.yaml").read_text())
    check(2 * config["training"]["learning_rate"] == value, "the best config is not that of the best trial")
    for name in ("best_trial.yaml", "built_search_space.yaml"):
        check(isinstance(yaml.safe_load((runs / name).read_text()), dict), f"{name} is not whole")
    rows = list(csv.DictReader((runs / "trials.csv").read_text().splitlines()))
    check([int(row["number"]) for row in rows] == list(range(len(rows))), "the table of trials is not whole")
    check(len(rows) == len(records), "the table lacks trials")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each trial")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        struck = chaos(
            pathlib.Path(folder) / "project",
            total=options.trials,
            kills=options.kills,
            seed=options.seed,
            seconds=options.seconds,
            longest_wait=8.0,
        )
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"{options.trials} trials, killed {struck}, {seconds:.0f} s: nothing finished was lost\n"
    )


if __name__ == "__main__":
    main()
