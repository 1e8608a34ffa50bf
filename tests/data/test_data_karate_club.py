"""Laws of the karate club."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from qgtune.data import load_dataset, split_nodes
from qgtune.schema.data import KarateClubSettings


def load(tmp_path, **settings):
    return load_dataset({"name": "karate_club", **settings}, base_dir=Path(), cache_dir=tmp_path)


def test_the_friendships_are_zacharys_and_every_person_is_told_from_the_others(tmp_path):
    graph = load(tmp_path).graph(0)
    friends = set(nx.karate_club_graph().edges)
    assert {tuple(edge) for edge in graph.edge_index.T.tolist() if edge[0] < edge[1]} == friends
    assert graph.is_undirected()
    assert np.array_equal(graph.x, np.eye(34))


def test_the_clubs_are_those_that_people_went_to(tmp_path):
    dataset = load(tmp_path, target="club")
    [target] = dataset.targets
    went_to = [person["club"] for _, person in nx.karate_club_graph().nodes(data=True)]
    assert [target.class_names[label] for label in dataset.labels[:, 0]] == went_to


@pytest.mark.parametrize("target", ["community", "club"])
def test_the_settings_know_the_facts_of_the_karate_club(tmp_path, target):
    settings, dataset = KarateClubSettings(name="karate_club", target=target), load(tmp_path, target=target)
    for fact in ("num_node_features", "num_classes", "num_edge_features", "num_graph_features", "level"):
        assert getattr(settings, fact) == getattr(dataset, fact)
    assert (settings.num_graphs, settings.target_names) == (len(dataset), (target,))
    assert settings.labels_are == dataset.predicts


def test_its_nodes_are_split_with_every_community_in_training(tmp_path):
    dataset = load(tmp_path)
    training = split_nodes(dataset, training=0.5, validation=0.25, testing=0.25).training
    assert set(dataset.labels[training, 0]) == {0, 1, 2, 3}
