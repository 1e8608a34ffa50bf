"""For each task a data set, and a config that fits it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from own_task import Separation

from qgtune.data import GraphDataset, Target
from qgtune.data.graph_store import Graph, stack_graphs
from qgtune.training import BUILT_IN, SupervisedTask

WIDTH = 6


@dataclass(frozen=True)
class Case:
    task: SupervisedTask
    dataset: GraphDataset
    config: dict[str, Any]
    metric: str
    path_of_a_wrong_value: tuple

    def config_with(self, **training):
        return {**self.config, "training": {**self.config["training"], **training}}


def graphs(labels, rng, features=False):
    for label in labels:
        nodes = int(rng.integers(3, 7))
        x = rng.normal(size=(nodes, WIDTH)).astype(np.float32)
        x[:, 0] += label[0]
        ring = np.stack([np.arange(nodes), np.roll(np.arange(nodes), 1)])
        weight = rng.random(nodes).astype(np.float32) if features else None
        of_edges = rng.normal(size=(nodes, 2)).astype(np.float32) if features else None
        of_graph = rng.normal(size=(1, 3)).astype(np.float32) if features else None
        yield Graph(x, ring, label, weight, of_edges, of_graph)


def dataset_of(labels, targets, *, features=False):
    rng = np.random.default_rng(0)
    arrays = stack_graphs(list(graphs(labels, rng, features)))
    return GraphDataset("cases", tuple(f"x{k}" for k in range(WIDTH)), targets, arrays)


def classes(count=40, features=False):
    return dataset_of(np.arange(count)[:, None] % 2, (Target("kind", 2, ("a", "b")),), features=features)


def values(count=40, targets=1, features=False):
    labels = np.stack([np.arange(count) % 5 + 100.0 * (k + 1) for k in range(targets)], 1).astype(np.float32)
    named = tuple(Target(f"size{k}", None, ()) for k in range(targets))
    return dataset_of(labels, named, features=features)


def nodes(count=60):
    rng = np.random.default_rng(0)
    labels = (np.arange(count) % 3)[:, None]
    labels[-3:] = -1
    x = rng.normal(size=(count, WIDTH)).astype(np.float32)
    x[:, :1] += labels
    edges = rng.integers(0, count, size=(2, 3 * count))
    arrays = stack_graphs([Graph(x, edges, labels)])
    target = Target("community", 3, ("a", "b", "c"))
    return GraphDataset("nodes", tuple(f"x{k}" for k in range(WIDTH)), (target,), arrays, level="node")


def config_of(output_dims, *, loader=True, layer="sage", **block):
    batches = {"batch_size": 8} if loader else {}
    first = {
        "in_dim": WIDTH,
        "out_dim": 8,
        "gnn_layer_type": layer,
        "normalizer": "batch_norm",
        "dropout": 0.2,
    }
    width = 8 * block.get("gnn_layer_kwargs", {}).get("heads", 1)
    if width != 8:
        first["norm_args"] = [width]
    return {
        "model": {
            "gcn_net": [{**first, **block}],
            "classifier": {"input_dim": width, "output_dims": output_dims, "hidden_dims": [6]},
        },
        "training": {"seed": 3, "num_epochs": 4, "learning_rate": 0.01, "split": 0.6, **batches},
        "validation": {"split": 0.2, **batches},
        "testing": {"split": 0.2, **batches},
    }


IN_DIM = ("model", "gcn_net", 0, "in_dim")
OWN_CONFIG = {**config_of([1]), "model": {"width": WIDTH}}
CASES = {
    "graph_classification": Case(
        BUILT_IN["graph_classification"], classes(), config_of([2]), "f1_macro", IN_DIM
    ),
    "graph_regression": Case(BUILT_IN["graph_regression"], values(), config_of([1]), "rmse", IN_DIM),
    "node_classification": Case(
        BUILT_IN["node_classification"], nodes(), config_of([3], loader=False), "accuracy", IN_DIM
    ),
    "own": Case(Separation(), classes(), OWN_CONFIG, "bias", ("training", "num_epochs")),
}
