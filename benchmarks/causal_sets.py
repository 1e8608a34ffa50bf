"""How hard the data set causal_sets is, and how long it takes to build.

Prints the time to build 2,000 causal sets, what the classes look like, and how well four classifiers tell
them apart: logistic regression on the mean node features, the same on means and standard deviations, a small
network that sees every node but no edge, and a small graph network. All figures are of one run with one seed,
on graphs that were not trained on.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader
from torch_geometric.nn import SAGEConv, global_mean_pool

from qgtune.data import GraphDataset, load_dataset, split_graphs
from qgtune.data.causal_orders import links, longest_past_chains, ordering_fraction
from qgtune.data.causal_sets import draw_causal_set
from qgtune.schema.data import CausalSetsSettings

EPOCHS = 20
SEED = 0


class NoMessages(torch.nn.Linear):
    """A layer that takes edges and does not look at them."""

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - as a layer
        """Return the same linear map of each node: float32 [nodes, features]."""
        return super().forward(x)


class Net(torch.nn.Module):
    """Two layers, mean readout, and a classifier of two layers."""

    def __init__(self, layer: Callable[[int, int], torch.nn.Module], num_features: int) -> None:
        super().__init__()
        hidden = 64
        self.layers = torch.nn.ModuleList([layer(num_features, hidden), layer(hidden, hidden)])
        self.norms = torch.nn.ModuleList([torch.nn.BatchNorm1d(hidden) for _ in self.layers])
        self.head = torch.nn.Sequential(torch.nn.Linear(hidden, 48), torch.nn.ReLU(), torch.nn.Linear(48, 2))

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return the logits of each graph: float32 [graphs, 2]."""
        x = batch.x
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = norm(layer(x, batch.edge_index)).relu()
        return self.head(global_mean_pool(x, batch.batch))


def main() -> None:
    """Build the data set in an empty folder and print the tables."""
    # The tensors are small: one thread is as fast as many, and faster on a machine that others use.
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        dataset = load_dataset({"name": "causal_sets"}, base_dir=Path(), cache_dir=Path(folder))
        built = time.perf_counter()
        load_dataset({"name": "causal_sets"}, base_dir=Path(), cache_dir=Path(folder))
        print(f"build {len(dataset)} graphs: {built - begin:.1f} s", end="; ")
        print(f"load them again: {(time.perf_counter() - built) * 1000:.1f} ms\n")
        print_families(600)
        print(f"\nall {dataset.num_node_features} default features:")
        print_classifiers(dataset)
        degrees = {"name": "causal_sets", "features": ["in_degree", "out_degree"]}
        print("\nthe two degrees alone, so that only edges can tell what lies further away:")
        print_classifiers(load_dataset(degrees, base_dir=Path(), cache_dir=Path(folder)))


def print_families(count: int) -> None:
    """Print what the first orders of the data set look like, by class and by family."""
    settings = CausalSetsSettings(name="causal_sets")
    rows = defaultdict(list)
    for index in range(count):
        drawn = draw_causal_set(settings, index)
        order = drawn.order
        n = len(order)
        height = longest_past_chains(order).max() + 1
        row = (n, ordering_fraction(order), links(order).sum() / n, height)
        rows["class 1" if drawn.dimension else "class 0"].append(row)
        rows[f"  {drawn.family} {drawn.dimension or ''}"].append(row)
    print(f"the first {count}, mean (standard deviation):")
    print(f"{'':24}{'graphs':>7}{'elements':>15}{'ordering fr.':>15}{'links/element':>15}{'height':>15}")
    for name, found in sorted(rows.items(), key=lambda item: (item[0].startswith(" "), item[0])):
        values = np.array(found, dtype=float)
        cells = "".join(
            f"{f'{mean:.2f} ({std:.2f})':>15}"
            for mean, std in zip(values.mean(axis=0), values.std(axis=0), strict=True)
        )
        print(f"{name:24}{len(found):7d}{cells}")


def print_classifiers(dataset: GraphDataset) -> None:
    """Print accuracy and weighted F1 of each classifier on the same graphs held back."""
    splits = split_graphs(dataset.labels, training=0.8, validation=0.2, seed=SEED)
    train, held_back = splits.training, splits.validation
    labels = dataset.labels[:, 0]
    means = dataset.mean_features()
    spreads = np.stack([graph.x.std(dim=0, correction=0).numpy() for graph in dataset])
    print(f"{len(train)} graphs to train on, {len(held_back)} held back:")
    print(f"{'':40}{'accuracy':>10}{'weighted F1':>13}{'seconds':>9}")
    for name, columns in (
        ("logistic regression, means", means),
        ("logistic regression, means and deviations", np.hstack([means, spreads])),
    ):
        begin = time.perf_counter()
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
        predicted = model.fit(columns[train], labels[train]).predict(columns[held_back])
        print_scores(name, labels[held_back], predicted, time.perf_counter() - begin)
    for name, layer in (("the same network without edges", NoMessages), ("SAGE network", SAGEConv)):
        torch.manual_seed(SEED)
        begin = time.perf_counter()
        predicted = train_net(layer, dataset, train, held_back)
        seconds = time.perf_counter() - begin
        print_scores(f"{name}, {EPOCHS} epochs", labels[held_back], predicted, seconds)


def print_scores(name: str, truth: np.ndarray, predicted: np.ndarray, seconds: float) -> None:
    """Print one line of the table of classifiers."""
    f1 = f1_score(truth, predicted, average="weighted")
    print(f"{name:42}{accuracy_score(truth, predicted):8.3f}{f1:13.3f}{seconds:9.1f}")


def train_net(
    layer: Callable[[int, int], torch.nn.Module],
    dataset: GraphDataset,
    train: np.ndarray,
    held_back: np.ndarray,
) -> np.ndarray:
    """Return the classes that a network gives to the graphs held back, after its last epoch."""
    loader = DataLoader(dataset.graphs(train), batch_size=32, shuffle=True)
    net = Net(layer, dataset.num_node_features)
    optimizer = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=3e-3, epochs=EPOCHS, steps_per_epoch=len(loader)
    )
    for _ in range(EPOCHS):
        for batch in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(batch), batch.y[:, 0]).backward()
            optimizer.step()
            schedule.step()
    net.eval()
    with torch.no_grad():
        whole = Batch.from_data_list(dataset.graphs(held_back))
        return net(whole).argmax(dim=1).numpy()


if __name__ == "__main__":
    main()
