"""The models of the three tasks: what they are given, and what they give."""

import copy

import pytest
import torch

from qgtune.core.errors import ConfigValueError
from qgtune.nn import Tracer, build_model, push_batch
from qgtune.schema.gnn import parse_shapes

BLOCKS = [
    {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "sage", "normalizer": "graph_norm"},
    {"in_dim": 8, "out_dim": 4, "gnn_layer_type": "gat", "heads": 2},
]
NODE = {"encoder": BLOCKS, "head": {"input_dim": 8, "output_dims": [5]}}
BESIDE = {
    "gcn_net": BLOCKS,
    "pooling_layer": ["mean", "sum"],
    "graph_features_net": {"input_dim": 2, "hidden_dims": [6], "output_dim": 3},
    "head": {"input_dim": 19, "output_dims": [1, 1], "hidden_dims": [7]},
}
X = torch.arange(18.0).view(6, 3) / 18
EDGES = torch.tensor([[0, 1, 2, 3, 4, 5], [1, 2, 0, 4, 5, 3]])
BATCH = torch.tensor([0, 0, 0, 1, 1, 1])


def test_a_node_task_gives_a_row_for_each_node_and_needs_no_batch():
    model = build_model({"model": NODE}, "node_classification").eval()
    [out] = model(X, EDGES)
    assert out.shape == (6, 5)
    assert torch.equal(out, model(X, EDGES, torch.zeros(6, dtype=torch.int64), 1)[0])
    assert model.pooling is None


def test_graph_features_stand_beside_the_pooled_ones():
    model = build_model({"model": BESIDE}, "graph_regression").eval()
    features = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    given = []
    model.classifier.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    out = model(X, EDGES, BATCH, 2, graph_features=features)
    assert [tuple(target.shape) for target in out] == [(2, 1), (2, 1)]
    assert torch.equal(given[0][:, 16:], model.graph_features_net(features))


@pytest.mark.parametrize(("features", "count"), [(None, 0), (torch.ones(2, 5), 5)])
def test_graphs_without_the_features_that_the_network_takes_are_refused_by_name(features, count):
    model = build_model({"model": BESIDE}, "graph_regression")
    with pytest.raises(ConfigValueError, match=rf"a graph of the data set has: 2 is not {count}$") as raised:
        model(X, EDGES, BATCH, 2, graph_features=features)
    assert raised.value.path == ("model", "graph_features_net", "input_dim")


def test_without_a_batch_all_nodes_are_of_one_graph():
    section = {**NODE, "head": {"input_dim": 8, "output_dims": [2]}}
    model = build_model({"model": section}).eval()
    one = torch.zeros(6, dtype=torch.int64)
    assert torch.equal(model(X, EDGES)[0], model(X, EDGES, one, 1)[0])


def test_the_head_is_named_in_messages_as_the_config_names_it():
    section = copy.deepcopy(NODE)
    section["head"]["activation_kwargs"] = [{}]
    section["head"]["hidden_dims"] = [4]
    section["head"]["activation"] = "no_such"
    with pytest.raises(ConfigValueError) as raised:
        build_model({"model": section}, "node_classification")
    assert raised.value.path == ("model", "head", "activation")


@pytest.mark.parametrize(("task", "section"), [("node_classification", NODE), ("graph_regression", BESIDE)])
def test_a_sound_model_of_each_task_is_sound_part_by_part_and_as_a_whole(task, section):
    model = parse_shapes(section, task=task)
    trace = Tracer().trace(model, num_node_features=3, num_graph_features=2)
    assert trace.is_sound
    push_batch(model, on_meta=trace.on_meta)


def test_a_misfit_beside_the_pooled_features_names_both_widths():
    section = copy.deepcopy(BESIDE)
    section["head"]["input_dim"] = 16
    model = parse_shapes(section, task="graph_regression")
    [wrong] = [j for j in Tracer().trace(model, num_graph_features=2).junctions if not j.meets]
    assert wrong.target == ("model", "head", "input_dim")
    assert (wrong.given, wrong.needed, wrong.beside) == (16, 19, 3)


def test_the_network_of_graph_features_must_take_those_of_the_data():
    trace = Tracer().trace(parse_shapes(BESIDE, task="graph_regression"), num_graph_features=4)
    [wrong] = [junction for junction in trace.junctions if not junction.meets]
    assert (wrong.target, wrong.needed) == (("model", "graph_features_net", "input_dim"), 4)
