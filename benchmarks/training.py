"""How fast QGTune trains, against the same model written with torch_geometric in the plain way.

The model is the one of QuantumGrav's guide: three SAGE layers 12-128-256-128 with batch norm and dropout 0.3,
mean pooling, a classifier 48-18-2; 1,600 causal sets of 50 to 200 nodes, batches of 32, Adam. The baseline is
the class ``Plain`` below: ``SAGEConv`` and ``Dropout`` as they come, ``DataLoader`` over a list of graphs,
``Adam`` as it comes.

Both run by turns in one process, a few batches each, so that a machine that others use slows both; ratios are
medians over the turns. Trials are counted with as many processes as cores, one thread each, against one
process of the baseline with all cores; starting processes and reading the data is not counted on either side.
"""

import multiprocessing
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice, pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# torch_geometric still calls torch.jit.script at import, which torch 2.13 announces to remove.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch_geometric.nn  # noqa: F401 - imported for its warning alone

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch_geometric.loader import DataLoader
from torch_geometric.nn import SAGEConv, global_mean_pool

from qgtune.data import GraphDataset, load_dataset, split_graphs
from qgtune.nn import build_model
from qgtune.schema.gnn import parse_config
from qgtune.training import train
from qgtune.training.batching.loaders import GraphSubset, make_loader
from qgtune.training.loop.optimizers import make_optimizer

GRAPHS = {"name": "causal_sets", "num_graphs": 1600}
WIDTHS = (12, 128, 256, 128)
DROPOUT, BATCH_SIZE, LEARNING_RATE = 0.3, 32, 0.001
TURNS, BATCHES_A_TURN = 7, 4
SEEDS, CURVE_GRAPHS, CURVE_EPOCHS = range(5), 320, 4
TRIAL_EPOCHS, TRIAL_ROUNDS = 1, 3


class Block(torch.nn.Module):
    """One layer as everybody writes it: SAGE, batch norm, ReLU, skip connection, dropout."""

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.conv = SAGEConv(in_dim, out_dim)
        self.norm = torch.nn.BatchNorm1d(out_dim)
        self.skip = torch.nn.Linear(in_dim, out_dim, bias=False)
        self.dropout = torch.nn.Dropout(DROPOUT)

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
        """Return the new node features: float32 [nodes, out_dim]."""
        return self.dropout(self.norm(self.conv(x, edge_index)).relu() + self.skip(x))


class Plain(torch.nn.Module):
    """The baseline."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(map(Block, WIDTHS[:-1], WIDTHS[1:]))
        layers = [torch.nn.Linear(128, 48), torch.nn.ReLU(), torch.nn.Linear(48, 18), torch.nn.ReLU()]
        self.classifier = torch.nn.Sequential(*layers, torch.nn.Linear(18, 2))

    def forward(
        self, x: torch.Tensor, edge_index: torch.Tensor, batch: torch.Tensor, num_graphs: int
    ) -> list[torch.Tensor]:
        """Return the logits of each graph: float32 [graphs, 2]."""
        for block in self.blocks:
            x = block(x, edge_index)
        return [self.classifier(global_mean_pool(x, batch, num_graphs))]


def guide_config(seed: int = 0, num_epochs: int = TRIAL_EPOCHS) -> dict[str, Any]:
    """Return the config of the same model for QGTune."""
    blocks = [
        {
            "in_dim": in_dim,
            "out_dim": out_dim,
            "dropout": DROPOUT,
            "gnn_layer_type": "sage",
            "normalizer": "batch_norm",
        }
        for in_dim, out_dim in pairwise(WIDTHS)
    ]
    loader = {"batch_size": BATCH_SIZE, "shuffle": False}
    return {
        "model": {
            "gcn_net": blocks,
            "pooling_layer": "mean",
            "classifier": {"input_dim": 128, "hidden_dims": [48, 18], "output_dims": [2]},
        },
        "training": {
            "seed": seed,
            "num_epochs": num_epochs,
            "batch_size": BATCH_SIZE,
            "learning_rate": LEARNING_RATE,
            "optimizer": "Adam",
            "split": 0.8,
            "shuffle": True,
            "device": "cpu",
        },
        "validation": {**loader, "split": 0.1},
        "testing": {**loader, "split": 0.1},
    }


class Side:
    """A model, its optimizer and its batches: one of the two that are compared."""

    def __init__(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, loader: Iterable) -> None:
        self.model, self.optimizer, self.loader = model, optimizer, loader

    @classmethod
    def plain(cls, dataset: GraphDataset, indices: np.ndarray, seed: int = 0) -> "Side":
        """Return the baseline."""
        torch.manual_seed(seed)
        model = Plain()
        loader = DataLoader(dataset.graphs(indices), BATCH_SIZE, shuffle=True)
        return cls(model, torch.optim.Adam(model.parameters(), lr=LEARNING_RATE), loader)

    @classmethod
    def qgtune(cls, dataset: GraphDataset, indices: np.ndarray, seed: int = 0) -> "Side":
        """Return what a trial of QGTune trains with."""
        config = parse_config(guide_config(seed))
        torch.manual_seed(seed)
        model = build_model(guide_config(seed))
        loader = make_loader(
            "training",
            config.training,
            GraphSubset(dataset, indices),
            seed=seed,
            device=torch.device("cpu"),
            on_notice=print,
        )
        return cls(model, make_optimizer(config.training, model.parameters()), loader)

    def learn(self, batches: int | None = None) -> float:
        """Train on so many batches, by default on all of one epoch, and return the mean loss."""
        self.model.train()
        losses = []
        for batch in islice(self.loader, batches):
            self.optimizer.zero_grad()
            [logits] = self.model(batch.x, batch.edge_index, batch.batch, batch.num_graphs)
            loss = F.cross_entropy(logits, batch.y[:, 0])
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
        return statistics.fmean(losses)

    @torch.no_grad()
    def predict(self, batches: int | None = None) -> torch.Tensor:
        """Return the logits of the graphs of so many batches."""
        self.model.eval()
        parts = [
            self.model(batch.x, batch.edge_index, batch.batch, batch.num_graphs)[0]
            for batch in islice(self.loader, batches)
        ]
        return torch.cat(parts)


def seconds(action: Callable[[], object]) -> tuple[float, float]:
    """Return how long an action takes, by the clock and in time of the process's cores."""
    begin, begin_of_cores = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - begin, time.process_time() - begin_of_cores


def print_speeds(dataset: GraphDataset, threads: int) -> None:
    """Print graphs a second of training and of evaluation with so many threads."""
    torch.set_num_threads(threads)
    everything = np.arange(len(dataset))
    sides = Side.plain(dataset, everything), Side.qgtune(dataset, everything)
    graphs = BATCHES_A_TURN * BATCH_SIZE
    for name, actions in (
        ("learning", [side.learn for side in sides]),
        ("predicting", [side.predict for side in sides]),
    ):
        for action in actions:
            action(2)
        turns = [[seconds(partial(action, BATCHES_A_TURN)) for action in actions] for _ in range(TURNS)]
        plain, own = (
            graphs / statistics.median(wall for wall, _ in times) for times in zip(*turns, strict=True)
        )
        ratios = sorted(theirs / mine for (theirs, _), (mine, _) in turns)
        of_cores = statistics.median(theirs / mine for (_, theirs), (_, mine) in turns)
        print(
            f"threads: {threads}  {name:10}  graphs/s: plain {plain:.0f}, qgtune {own:.0f}; "
            f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}), "
            f"of the time of cores {of_cores:.2f}"
        )


def print_difference(dataset: GraphDataset) -> None:
    """Print how far the outputs differ with the same weights, after some training."""
    some = np.arange(256)
    ours = Side.qgtune(dataset, some)
    ours.learn()
    plain = Plain().eval()
    weights = ours.model.state_dict().values()
    plain.load_state_dict(dict(zip(plain.state_dict(), weights, strict=True)))
    ours.model.eval()
    worst = 0.0
    with torch.no_grad():
        for batch in DataLoader(dataset.graphs(some), BATCH_SIZE):
            inputs = batch.x, batch.edge_index, batch.batch, batch.num_graphs
            worst = max(worst, (plain(*inputs)[0] - ours.model(*inputs)[0]).abs().max().item())
    print(f"same weights, evaluation: the logits differ by at most {worst:.1e}")


def print_curves(dataset: GraphDataset) -> None:
    """Print the training losses of each epoch for some seeds."""
    some = np.arange(CURVE_GRAPHS)
    print(f"training loss of {CURVE_EPOCHS} epochs over {CURVE_GRAPHS} graphs:")
    ends: dict[str, list[float]] = {"plain": [], "qgtune": []}
    for seed in SEEDS:
        for name, make in (("plain", Side.plain), ("qgtune", Side.qgtune)):
            side = make(dataset, some, seed)
            curve = [side.learn() for _ in range(CURVE_EPOCHS)]
            ends[name].append(curve[-1])
            print(f"  seed {seed}  {name:6}  {'  '.join(f'{loss:.4f}' for loss in curve)}")
    for name, losses in ends.items():
        print(f"  last    {name:6}  {statistics.fmean(losses):.4f} +- {statistics.stdev(losses):.4f}")


def plain_trial(dataset: GraphDataset) -> None:
    """Train and validate the baseline as a trial does."""
    parts = split_graphs(dataset.labels, training=0.8, validation=0.1, testing=0.1, seed=0)
    side = Side.plain(dataset, parts.training)
    validation = Side(side.model, side.optimizer, DataLoader(dataset.graphs(parts.validation), BATCH_SIZE))
    for _ in range(TRIAL_EPOCHS):
        side.learn()
        validation.predict()


def work(connection: Connection, cache: Path) -> None:
    """Train one trial with one thread each time that the parent asks for it; the target of a process."""
    torch.set_num_threads(1)
    dataset = load_dataset(GRAPHS, base_dir=Path(), cache_dir=cache)
    train(guide_config(), dataset, metric="accuracy")
    connection.send("ready")
    while connection.recv():
        train(guide_config(), dataset, metric="accuracy")
        connection.send("done")


def print_trials(dataset: GraphDataset, cache: Path, cores: int) -> None:
    """Print trials an hour: one process of the baseline with all cores, and a process a core of QGTune."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(cores):
        parent, child = context.Pipe()
        processes.append(context.Process(target=work, args=(child, cache)))
        pipes.append(parent)
        processes[-1].start()
    for pipe in pipes:
        pipe.recv()

    def one_trial_each() -> None:
        for pipe in pipes:
            pipe.send(True)
        for pipe in pipes:
            pipe.recv()

    torch.set_num_threads(cores)
    plain_trial(dataset)
    turns = [
        (seconds(lambda: plain_trial(dataset))[0], seconds(one_trial_each)[0] / cores)
        for _ in range(TRIAL_ROUNDS)
    ]
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(False)
        process.join()
    baseline, own = (3600 / statistics.median(times) for times in zip(*turns, strict=True))
    ratio = statistics.median(theirs / mine for theirs, mine in turns)
    print(
        f"trials of {TRIAL_EPOCHS} epoch an hour on {cores} cores: plain, 1 process x {cores} threads "
        f"{baseline:.0f}; qgtune, {cores} processes x 1 thread {own:.0f}; ratio {ratio:.2f}"
    )


def main() -> None:
    """Print the tables."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        dataset = load_dataset(GRAPHS, base_dir=Path(), cache_dir=cache)
        for threads in range(1, min(cores, 2) + 1):
            print_speeds(dataset, threads)
        print_difference(dataset)
        print_trials(dataset, cache, cores)
        print_curves(dataset)


if __name__ == "__main__":
    main()
