"""The data set ``karate_club``: 34 people in one graph, each of them labelled; no file is needed.

Zachary's karate club (Zachary, J. Anthropol. Res. 33, 452, 1977) in the form of PyTorch Geometric: 156 edges,
each friendship in both directions, and node features that tell each person from the others (one-hot). The
``community`` of a person is one of the four that modularity finds (Brandes et al., 2008), the ``club`` the
one of two that the person went to after the split: Mr. Hi's, or the officer's.
"""

import numpy as np
from torch_geometric.datasets import KarateClub

from qgtune.data.graph_dataset import GraphDataset, Target
from qgtune.data.graph_store import Graph, stack_graphs
from qgtune.schema.data import KarateClubSettings

COMMUNITIES: tuple[str, ...] = ("0", "1", "2", "3")
CLUBS: tuple[str, ...] = ("Mr. Hi", "Officer")
_WITH_THE_OFFICER = (9, 14, 15, 18, 20, *range(22, 34))


def build_karate_club(settings: KarateClubSettings) -> GraphDataset:
    """Return the data set of one graph, whose nodes are labelled.

    Example:
        >>> dataset = build_karate_club(KarateClubSettings(name="karate_club"))
        >>> dataset.level, dataset.labels.shape
        ('node', (34, 1))
    """
    club = KarateClub()[0]
    if settings.target == "community":
        labels, names = club.y.numpy(), COMMUNITIES
    else:
        labels = np.isin(np.arange(club.num_nodes), _WITH_THE_OFFICER).astype(np.int64)
        names = CLUBS
    graph = Graph(club.x.numpy(), club.edge_index.numpy(), labels.reshape(-1, 1))
    return GraphDataset(
        name=settings.name,
        feature_names=tuple(f"person {number}" for number in range(club.num_nodes)),
        targets=(Target(settings.target, len(names), names),),
        arrays=stack_graphs([graph]),
        level="node",
    )
