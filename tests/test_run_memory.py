"""Want of memory in a run of two workers, through the real command line: ``on_oom`` says what becomes of it."""

import sys

import pytest
from own_projects import qgtune

from qgtune.study import open_study

FACTORY = '''\
"""Graphs that need much memory in a wide network."""

import torch
from torch_geometric.data import Data


def make():
    """Return 64 rings of 400 nodes."""
    ring = torch.stack([torch.arange(400), torch.arange(400).roll(1)])
    return [Data(x=torch.randn(400, 6) + k % 2, edge_index=ring, y=torch.tensor([k % 2])) for k in range(64)]
'''
LIMIT = '''\
"""A worker may take little more memory than it has when it begins."""

import multiprocessing
import pathlib
import resource
import sys

if multiprocessing.parent_process() is not None and "qgtune.training" in sys.modules:
    status = pathlib.Path("/proc/self/status").read_text().splitlines()
    size = int(next(line for line in status if line.startswith("VmSize")).split()[1]) * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size + 400 * 2**20, resource.RLIM_INFINITY))
'''
BASE = """\
model:
  gcn_net:
    - {in_dim: 6, out_dim: 8, gnn_layer_type: sage, normalizer: identity}
  classifier: {input_dim: 8, output_dims: [2]}
training: {batch_size: 32, split: 0.5, num_epochs: 1}
validation: {batch_size: 32, split: 0.25}
testing: {batch_size: 32, split: 0.25}
"""
TUNING = """\
base_settings_path: base.yaml
search_space_path: space.yaml
dependency_mapping_path: map.yaml
task: graph_classification
data: {name: 'graphs.py:make'}
plugins: [limit.py]
metric: loss
study_name: tiny
n_trials: 3
n_processes: 2
plots: false
enqueue: [{'model.gcn_net[0].out_dim': 4096}, {'model.gcn_net[0].out_dim': 16}]
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space of a process")
@pytest.mark.parametrize(("policy", "state"), [("prune", "PRUNED"), ("halve_batch", "COMPLETE")])
def test_a_trial_that_runs_out_of_memory_ends_as_on_oom_says_and_costs_no_other(policy, state, tmp_path):
    files = {
        "graphs.py": FACTORY,
        "limit.py": LIMIT,
        "base.yaml": BASE,
        "space.yaml": "model:\n  gcn_net:\n    - out_dim: {type: categorical, choices: [8, 16, 4096]}\n",
        "map.yaml": "model.classifier.input_dim: model.gcn_net[-1].out_dim\n",
        "tuning.yaml": f"{TUNING}on_oom: {policy}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = qgtune(tmp_path / "tuning.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    trials = open_study("tiny", tmp_path / "runs/tiny/study.log").trials
    assert [trial.state.name for trial in trials] == ["COMPLETE", state, "COMPLETE"]
    text = " ".join((done.stdout + str(trials[1].user_attrs)).split())
    assert "out of memory on the CPU" in text
    assert ("it begins again with batch_size 16" in text) == (policy == "halve_batch")
