"""Laws of trying every combination of a space in which parameters depend on others."""

import collections

import pytest
from own_projects import qgtune_here, write_project

from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.document import Source
from qgtune.insight.combinations import every_params
from qgtune.insight.counting import space_size
from qgtune.study import open_study

BASE = "model: {kind: gat, heads: 1, width: 8, depth: 2}\n"
CONDITIONAL = """\
model:
  kind: [gat, sage]
  width: {type: int, low: 8, high: 32, step: 8}
  heads: {type: int, low: 1, high: 3, when: "model.kind == 'gat'", otherwise: 1}
"""
FOLLOWING = """\
model:
  width: {type: int, low: 1, high: 3}
  depth: {type: int, low: 1, high: model.width}
"""
STEPS = """\
model:
  kind: [gat, sage]
  heads: {type: float, low: 0.1, high: 0.3, step: 0.1, when: "model.kind == 'gat'"}
"""
SCORE = '''\
"""Kills its worker once, in a trial that has all of its parameters."""

import os
import pathlib
import signal


def score(trial, config):
    """Return the width."""
    flag = pathlib.Path(__file__).with_name("killed")
    if trial.number == 5 and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return float(config["model"]["width"])
'''


def compiled(space):
    return compile_space(SpaceSources(Source("space", space), Source("base", BASE)))


@pytest.mark.parametrize("space", [CONDITIONAL, FOLLOWING, STEPS], ids=["conditions", "bounds", "steps"])
def test_every_combination_is_listed_once_and_their_number_is_what_is_told(space):
    compilation = compiled(space)
    every = list(every_params(compilation.plan))
    assert len({frozenset(params.items()) for params in every}) == len(every)
    assert len(every) == space_size(compilation.space).combinations


def test_what_is_listed_is_what_trials_can_sample():
    every = list(every_params(compiled(CONDITIONAL).plan))
    heads = collections.Counter(params["model.kind"] for params in every)
    assert heads == {"gat": 12, "sage": 4}
    assert all(("model.heads" in params) == (params["model.kind"] == "gat") for params in every)


@pytest.mark.parametrize("policy", ["retry", "fail"])
def test_two_workers_of_which_one_is_killed_try_every_combination_of_a_conditional_space_once(
    tmp_path, policy
):
    extra = f"n_trials: 50\nsampler: brute_force\nn_processes: 2\non_worker_death: {policy}\n"
    project = {"space": CONDITIONAL, "base": BASE, "dependencies": "{}\n", "objective": SCORE}
    done = qgtune_here(write_project(tmp_path, extra, **project))
    assert done.returncode == 0, done.stderr
    trials = open_study("tiny", tmp_path / "runs/tiny/study.log").trials
    finished = [frozenset(trial.params.items()) for trial in trials if trial.state.name == "COMPLETE"]
    assert len(set(finished)) == len(finished) == 16
