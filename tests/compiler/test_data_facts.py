"""What is known of a data set before it is loaded."""

import pytest

from qgtune.compiler.data_facts import data_facts
from qgtune.compiler.tuning import read_tuning


def facts(tmp_path, data):
    path = tmp_path / "tuning.yaml"
    path.write_text(f"task: graph_classification\ndata: {data}\n")
    tuning = read_tuning(path, [])
    assert tuning is not None
    return data_facts(tuning)


@pytest.mark.parametrize(
    ("data", "known"),
    [
        (
            "{name: digit_graphs, edge_features: [contrast]}",
            {"num_node_features": 8, "num_classes": 10, "num_graphs": 1797, "num_edge_features": 1}
            | {"num_graph_features": 0},
        ),
        (
            "{name: causal_sets, targets: [width], graph_features: [num_links]}",
            {"num_node_features": 12, "num_graphs": 2000, "num_edge_features": 0, "num_graph_features": 1},
        ),
        ("{name: torch_file, path: a.pt, num_classes: [2, 3]}", {"num_classes": [2, 3]}),
        ("{name: torch_file, path: a.pt, predicts: values}", {}),
    ],
)
def test_references_read_the_facts_that_settings_tell_and_no_number_of_classes_of_values(
    tmp_path, data, known
):
    assert facts(tmp_path, data).by_path() == {("data", name): value for name, value in known.items()}


@pytest.mark.parametrize(
    ("data", "level", "predicts"),
    [
        ("{name: karate_club}", "node", "classes"),
        ("{name: causal_sets, targets: [width]}", "graph", "values"),
        ("{name: torch_file, path: a.pt}", None, None),
        ("{name: torch_file, path: a.pt, level: node, num_classes: [3]}", "node", "classes"),
        ("{name: zarr_store, paths: [a], features: [b]}", "graph", None),
        ("{name: own.py:graphs}", None, None),
    ],
)
def test_what_labels_are_is_known_as_far_as_the_settings_say(tmp_path, data, level, predicts):
    found = facts(tmp_path, data)
    assert (found.level, found.predicts) == (level, predicts)
