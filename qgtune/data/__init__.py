"""Data sets of graphs, their compact store on disk, and their splits."""

from qgtune.data.datasets import DATASETS, load_dataset
from qgtune.data.flat_cache import default_cache_dir
from qgtune.data.graph_dataset import GraphDataset, Target
from qgtune.data.pyg_graphs import dataset_from_graphs
from qgtune.data.run_store import load_and_keep, load_kept
from qgtune.data.splits import Splits, draw_subset, split_graphs, split_nodes

__all__ = [
    "DATASETS",
    "GraphDataset",
    "Splits",
    "Target",
    "dataset_from_graphs",
    "default_cache_dir",
    "draw_subset",
    "load_and_keep",
    "load_dataset",
    "load_kept",
    "split_graphs",
    "split_nodes",
]
