"""The plain study of time_to_target.py: Optuna and torch_geometric as everybody writes it.

Prints the time, the state and the value of each trial. The arguments are a folder for the journal, a seed and
the number of trials.
"""

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

# torch_geometric still calls torch.jit.script at import, which torch 2.13 announces to remove.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric import nn as pyg

import optuna
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from sklearn.metrics import f1_score
from time_to_target import (
    ACTIVATIONS,
    BATCH_SIZES,
    DROPOUT,
    EPOCHS,
    GRAPHS,
    LAYERS,
    LEARNING_RATE,
    NORMALIZERS,
    PATIENCE,
    PLAIN_TRIALS,
    POOLINGS,
    SPLIT_SEED,
    SPLITS,
    TOLERANCE,
    WEIGHT_DECAY,
    WIDTHS,
    WINDOW,
)
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader

from qgtune.data import load_dataset, split_graphs
from qgtune.training import EarlyStopping

CONVOLUTIONS = {"sage": pyg.SAGEConv, "gcn": pyg.GCNConv, "gat": pyg.GATConv, "gco": pyg.GraphConv}
NORMS = {"batch_norm": torch.nn.BatchNorm1d, "layer_norm": torch.nn.LayerNorm, "identity": torch.nn.Identity}
FUNCTIONS = {
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "identity": lambda x: x,
}
POOLS = {"mean": pyg.global_mean_pool, "max": pyg.global_max_pool, "sum": pyg.global_add_pool}


class Block(torch.nn.Module):
    """One layer of the guide's model."""

    def __init__(self, trial: optuna.Trial, index: int, in_dim: int) -> None:
        super().__init__()

        def choose(name: str, choices: list[Any]) -> Any:
            return trial.suggest_categorical(f"model.gcn_net.{index}.{name}", choices)

        self.width = choose("out_dim", WIDTHS)
        low, high, step = DROPOUT
        self.dropout = torch.nn.Dropout(
            trial.suggest_float(f"model.gcn_net.{index}.dropout", low, high, step=step)
        )
        self.conv = CONVOLUTIONS[choose("gnn_layer_type", LAYERS)](in_dim, self.width)
        self.norm = NORMS[choose("normalizer", NORMALIZERS)](self.width)
        self.activation = FUNCTIONS[choose("activation", ACTIVATIONS)]
        self.skip = torch.nn.Linear(in_dim, self.width, bias=False)

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
        """Return the new node features: float32 [nodes, width]."""
        return self.dropout(self.activation(self.norm(self.conv(x, edge_index))) + self.skip(x))


class Net(torch.nn.Module):
    """The guide's model: three layers, pooling, a classifier."""

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self.blocks, width = torch.nn.ModuleList(), 12
        for index in range(3):
            self.blocks.append(Block(trial, index, width))
            width = self.blocks[-1].width
        self.pool = POOLS[trial.suggest_categorical("model.pooling_layer", POOLINGS)]
        self.activation = FUNCTIONS[trial.suggest_categorical("model.classifier.activation", ACTIVATIONS)]
        dims = [width, 48, 18, 2]
        self.linear = torch.nn.ModuleList(map(torch.nn.Linear, dims[:-1], dims[1:]))

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return the logits of each graph: float32 [graphs, 2]."""
        x = batch.x
        for block in self.blocks:
            x = block(x, batch.edge_index)
        x = self.pool(x, batch.batch, batch.num_graphs)
        for linear in self.linear[:-1]:
            x = self.activation(linear(x))
        return self.linear[-1](x)


class Objective:
    """Trains one trial, and reports its validation F1 after each epoch."""

    def __init__(self, learned: list[Data], validated: list[Data]) -> None:
        self.learned, self.validated = learned, validated

    def __call__(self, trial: optuna.Trial) -> float:
        """Return the best validation F1 of a trial's epochs."""
        torch.manual_seed(SPLIT_SEED)
        model = Net(trial)
        optimizer = torch.optim.Adam(
            model.parameters(),
            lr=trial.suggest_float("training.learning_rate", *LEARNING_RATE, log=True),
            weight_decay=trial.suggest_float("training.weight_decay", *WEIGHT_DECAY, log=True),
        )
        size = trial.suggest_categorical("training.batch_size", BATCH_SIZES)
        learning = DataLoader(self.learned, size, shuffle=True, drop_last=True)
        stopping = EarlyStopping("maximize", patience=PATIENCE, window=WINDOW, tol=TOLERANCE)
        best = 0.0
        for epoch in range(trial.suggest_categorical("training.num_epochs", EPOCHS)):
            learn(model, optimizer, learning)
            f1 = validate(model, DataLoader(self.validated, 64))
            best = max(best, f1)
            trial.report(f1, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
            stopping.update(f1)
            if stopping.should_stop:
                break
        return best


def learn(model: Net, optimizer: torch.optim.Optimizer, batches: DataLoader) -> None:
    """Train for one epoch."""
    model.train()
    for batch in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(batch), batch.y[:, 0]).backward()
        optimizer.step()


@torch.no_grad()
def validate(model: Net, batches: DataLoader) -> float:
    """Return the weighted F1."""
    model.eval()
    found = [(model(batch).argmax(1), batch.y[:, 0]) for batch in batches]
    predicted, labels = (torch.cat(column).numpy() for column in zip(*found, strict=True))
    return float(f1_score(labels, predicted, average="weighted", zero_division=0))


def tell(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Print when a trial ended, and how."""
    del study
    print(json.dumps([time.time(), trial.state.name, trial.value]), flush=True)


def main(folder: Path, seed: int, n_trials: int) -> None:
    """Run the study."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    torch.set_num_threads(2)
    dataset = load_dataset(GRAPHS, base_dir=folder)
    parts = split_graphs(dataset.labels, **SPLITS, seed=SPLIT_SEED)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / "plain.log"))),
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=5, interval_steps=5),
    )
    objective = Objective(dataset.graphs(parts.training), dataset.graphs(parts.validation))
    study.optimize(objective, n_trials=n_trials, callbacks=[tell])


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    else:
        with tempfile.TemporaryDirectory() as name:
            main(Path(name), 0, PLAIN_TRIALS)
