"""Under each policy three trials, the second of which needs more memory than it may have; prints JSON.

Its only argument is the folder that holds the data and takes the results.
"""

import json
import pathlib
import resource
import sys

import optuna
import torch

from qgtune.objectives import TaskSpec, make_task_objective
from qgtune.study import WorkerContext, trial_records
from qgtune.study.running.workers import _Attempt

MiB = 2**20


class Configs:
    """Stands for a plan: gives each trial the config that is written here."""

    has_late_constraints = False

    def __init__(self, configs):
        self.configs = configs

    def resolve(self, trial):
        return self.configs[trial.number]


class NobodyListens:
    def send(self, message):
        pass

    send_epoch = send


def config(out_dim):
    block = {"in_dim": 6, "out_dim": out_dim, "gnn_layer_type": "sage", "normalizer": "identity"}
    loader = {"batch_size": 32, "split": 0.25}
    return {
        "model": {"gcn_net": [block], "classifier": {"input_dim": out_dim, "output_dims": [2]}},
        "training": {**loader, "split": 0.5, "num_epochs": 1},
        "validation": loader,
    }


def address_space():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmSize")).split()[1]) * 1024


def trials_under(policy, folder):
    notices = []
    # The features of 32 graphs of 400 nodes take 32 * 400 * 1024 * 4 bytes, 50 MiB, several times over.
    plan = Configs([config(8), config(1024), config(8)])
    data = {"name": "memory_graphs.py:make"}
    spec = TaskSpec("graph_classification", data, ("loss",), folder, folder, policy)
    objective = make_task_objective(WorkerContext(0, 1, 1, notices.append), plan=plan, spec=spec)
    study = optuna.create_study()

    def trial():
        study.optimize(_Attempt(0, NobodyListens(), objective, study, 10), n_trials=1, catch=(Exception,))

    trial()
    limit = address_space() + 150 * MiB
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    trial()
    left = limit - address_space()
    trial()
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    records = trial_records(study)
    return {
        "states": [record.state for record in records],
        "reason": records[1].failure,
        "notices": notices,
        "peaks": [record.peak_memory for record in records],
        "values": [record.values for record in records],
        "left": left,
    }


optuna.logging.set_verbosity(optuna.logging.CRITICAL)
torch.set_num_threads(1)
sys.stdout.write(
    json.dumps({p: trials_under(p, pathlib.Path(sys.argv[1])) for p in ("fail", "prune", "halve_batch")})
)
