"""With samplers that learn nothing, the configs of a study follow from its seed, whoever draws them."""

import functools

import pytest
from own_projects import qgtune_here, write_project

from qgtune.study import open_study

OBJECTIVE = '''\
"""Waits in its first trials until every worker and every thread has one."""

import pathlib
import time

TOGETHER = int(pathlib.Path(__file__).with_name("together").read_text())


def score(trial, config):
    """Return the learning rate, once so many trials have begun as there may be at a time."""
    end = time.monotonic() + 100
    while len(trial.study.trials) < TOGETHER:
        assert time.monotonic() < end, "not every worker takes part"
        time.sleep(0.005)
    return config["training"]["learning_rate"]
'''
SPACES = {
    "random": "learning_rate: {type: float, low: 0.001, high: 1.0, log: true}",
    "qmc": "learning_rate: {type: float, low: 0.001, high: 1.0, log: true}",
    "grid": "learning_rate: {type: float, low: 0.1, high: 0.4, step: 0.1}",
}
AT_ONCE = {"n_processes: 1": 1, "n_processes: 2": 2, "n_processes: 4": 4, "n_processes: 2\nn_jobs: 2": 4}


@pytest.mark.parametrize("with_base", [True, False])
@pytest.mark.parametrize("sampler", SPACES)
def test_the_set_of_configs_follows_from_the_seed_alone(sampler, with_base, tmp_path):
    """With one, two and four workers, with threads, and whether or not the base settings come first."""
    found = {}
    for index, (workers, together) in enumerate(AT_ONCE.items()):
        folder = tmp_path / str(index)
        extra = f"n_trials: 9\nsampler: {sampler}\nenqueue_base: {str(with_base).lower()}\n{workers}\n"
        space = f"training:\n  {SPACES[sampler]}\n  batch_size: [16, 32]\n"
        tuning = write_project(folder, extra, objective=OBJECTIVE, space=space)
        (folder / "together").write_text(str(together))
        done = qgtune_here(tuning)
        assert done.returncode == 0, done.stderr
        trials = open_study("tiny", folder / "runs/tiny/study.log").trials
        assert {trial.state.name for trial in trials} == {"COMPLETE"}
        owners = {trial.user_attrs["qgtune:worker"] for trial in trials}
        assert len(owners) == int(workers.splitlines()[0].split()[-1])
        found[workers] = {tuple(sorted(trial.params.items())) for trial in trials}
    assert len(found["n_processes: 1"]) == (8 if sampler == "grid" else 9)
    assert functools.reduce(set.intersection, found.values()) == functools.reduce(set.union, found.values())
