"""Starts a run as a user's script does, and prints its events one a line: the class name, then its fields."""

import dataclasses
import functools
import sys

import study_objectives

from qgtune.core.events import TrialFinished
from qgtune.study import RunSpec, run_trials


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def show(event):
    fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    if isinstance(event, TrialFinished):
        fields["record"] = event.record.number
    shown = " ".join(f"{name}={value}" for name, value in fields.items() if name != "best")
    say(f"{type(event).__name__} {shown}")


def main(storage, total, n_processes, objective, *arguments):
    make_objective = functools.partial(getattr(study_objectives, objective), *arguments)
    spec = RunSpec("study", int(total), make_objective, storage=storage, n_processes=int(n_processes), seed=1)
    outcome = run_trials(spec, show)
    say(f"outcome interrupted={outcome.interrupted} resumed_from={outcome.resumed_from}")


if __name__ == "__main__":
    main(*sys.argv[1:])
