"""A data set of your own: scikit-learn's 178 wines as one graph, in which similar wines are neighbours."""

import torch
from sklearn.datasets import load_wine
from sklearn.neighbors import kneighbors_graph
from sklearn.preprocessing import StandardScaler
from torch_geometric.data import Data

from qgtune.data import GraphDataset, dataset_from_graphs


def similar_wines(neighbors: int, chemistry: int = 13) -> GraphDataset:
    """Return one graph whose nodes are wines, labelled with the cultivar that each was made of.

    Args:
        neighbors: how many of the most similar wines each wine is joined to.
        chemistry: how many of the 13 measurements are told, 1 to 13.
    """
    measurements, cultivars = load_wine(return_X_y=True)
    features = StandardScaler().fit_transform(measurements)[:, :chemistry]
    pairs = kneighbors_graph(features, neighbors).tocoo()
    edges = torch.tensor([[*pairs.row, *pairs.col], [*pairs.col, *pairs.row]])  # both directions
    graph = Data(
        x=torch.tensor(features, dtype=torch.float32),
        edge_index=torch.unique(edges, dim=1).long(),  # wines that chose each other are joined once
        y=torch.tensor(cultivars),
    )
    return dataset_from_graphs([graph], name="similar_wines", level="node")
