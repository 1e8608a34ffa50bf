import warnings

# torch_geometric still calls torch.jit.script at import, which torch 2.13 announces to remove.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch_geometric.nn  # noqa: F401 - imported for its warning alone

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch_geometric.data import Data


@dataclass(frozen=True)
class NamedTarget:
    name: str
    num_classes: int
    class_names: tuple[str, ...] = ()


class TinyGraphs:
    """Rings whose node features tell the class of every target, more or less."""

    def __init__(self, num_graphs=60, num_classes=(2,), num_node_features=12, noise=1.0, min_nodes=1):
        self.targets = tuple(NamedTarget(f"target{k}", count) for k, count in enumerate(num_classes))
        self.num_node_features = num_node_features
        self.subset = None
        random = np.random.default_rng(0)
        columns = [np.arange(num_graphs) // (k + 1) % count for k, count in enumerate(num_classes)]
        self.labels = np.stack(columns, axis=1).astype(np.int64)
        self._graphs = []
        for label in self.labels:
            nodes = int(random.integers(min_nodes, min_nodes + 4))
            x = random.normal(size=(nodes, num_node_features)) * noise
            x[:, : len(num_classes)] += label
            ring = np.stack([np.arange(nodes), np.roll(np.arange(nodes), 1)])
            self._graphs.append(
                Data(
                    x=torch.tensor(x, dtype=torch.float32),
                    edge_index=torch.tensor(ring, dtype=torch.int64),
                    y=torch.tensor(label[None]),
                )
            )

    def __len__(self):
        return len(self._graphs)

    def graph(self, index):
        return self._graphs[index]


@pytest.fixture
def tiny_graphs():
    return TinyGraphs


@pytest.fixture
def make_config():
    """Return a function that makes a small config; its keywords change the sections."""

    def make(training=None, validation=None, output_dims=(2,), **sections):
        block = {"in_dim": 12, "out_dim": 8, "gnn_layer_type": "sage", "normalizer": "batch_norm"}
        classifier = {"input_dim": 8, "output_dims": list(output_dims), "hidden_dims": [6]}
        loader = {"batch_size": 8, "split": 0.2}
        config = {
            "model": {"gcn_net": [block], "classifier": classifier},
            "training": {"seed": 1, "num_epochs": 3, "batch_size": 8, "learning_rate": 0.01, "split": 0.6},
            "validation": dict(loader),
            "testing": dict(loader),
        }
        config["training"] |= training or {}
        config["validation"] |= validation or {}
        return {**config, **sections}

    return make


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
