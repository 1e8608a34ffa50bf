"""Blocks: every combination works, and equals what torch_geometric computes step by step."""

import pytest
import torch
from torch_geometric.nn import GATConv, GATv2Conv, GCNConv, GINConv, SAGEConv, TransformerConv

from qgtune.core.errors import ConfigValueError
from qgtune.nn import ACTIVATIONS, LAYERS, NORMALIZERS, GNNBlock

GUIDE_KWARGS = {"normalize": False, "bias": True, "project": False, "root_weight": False, "aggr": "mean"}
EDGES = torch.tensor([[0, 1, 2, 3, 0], [1, 2, 0, 4, 4]])
ATTENTION = {"gat": GATConv, "gatv2": GATv2Conv, "graph_transformer": TransformerConv}
PATH = ("model", "gcn_net", 0)


def features(nodes=5, dim=6):
    return torch.randn(nodes, dim, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("normalizer", list(NORMALIZERS))
@pytest.mark.parametrize("layer", list(LAYERS))
def test_every_combination_yields_out_dim_features_and_gradients(layer, normalizer, activation):
    # A graph transformer without root weight still has the parameters of it, which then get no gradient.
    kwargs = {**GUIDE_KWARGS, "root_weight": layer == "graph_transformer"}
    block = GNNBlock(
        6,
        8,
        gnn_layer_type=layer,
        normalizer=normalizer,
        activation=activation,
        norm_args=[8],
        gnn_layer_kwargs=kwargs,
        activation_kwargs={"inplace": False},
    )
    out = block(features(), EDGES)
    out.square().mean().backward()
    assert out.shape == (5, 8)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in block.parameters())


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "selu", "silu", "mish"])
@pytest.mark.parametrize("normalizer", list(NORMALIZERS))
def test_activations_in_place_change_no_result(normalizer, activation):
    outputs = []
    for inplace in (False, True):
        torch.manual_seed(1)
        kwargs = {"inplace": inplace}
        block = GNNBlock(
            6, 8, dropout=0, normalizer=normalizer, activation=activation, activation_kwargs=kwargs
        )
        out = block(features(), EDGES)
        out.sum().backward()
        outputs.append(out)
    torch.testing.assert_close(*outputs)


@pytest.mark.parametrize("in_dim", [6, 8])
def test_a_block_is_dropout_of_activation_of_normalizer_of_layer_plus_skip(in_dim):
    torch.manual_seed(0)
    block = GNNBlock(
        in_dim, 8, dropout=0.4, gnn_layer_type="sage", normalizer="batch_norm", activation="tanh"
    )
    conv, norm = SAGEConv(in_dim, 8), torch.nn.BatchNorm1d(8)
    conv.load_state_dict(block.conv.state_dict())
    x = features(dim=in_dim)
    skip = x if in_dim == 8 else x @ block.skip.weight.T
    expected = torch.tanh(norm(conv(x, EDGES))) + skip
    torch.manual_seed(3)
    out = block(x, EDGES)
    torch.manual_seed(3)
    torch.testing.assert_close(out, block.dropout(expected))


def test_without_residual_nothing_is_added():
    block = GNNBlock(6, 6, dropout=0, activation="relu", residual=False).eval()
    assert torch.equal(block(features(), EDGES), block.conv(features(), EDGES).relu())


@pytest.mark.parametrize(("concat", "width"), [(True, 24), (False, 8)])
@pytest.mark.parametrize(("layer", "make"), ATTENTION.items())
def test_the_width_of_attention_is_out_dim_times_its_concatenated_heads(layer, make, concat, width):
    kwargs = {"heads": 3, "concat": concat}
    block = GNNBlock(6, 8, dropout=0, gnn_layer_type=layer, normalizer="layer_norm", gnn_layer_kwargs=kwargs)
    conv = make(6, 8, **kwargs)
    conv.load_state_dict(block.conv.state_dict())
    x = features()
    expected = torch.nn.LayerNorm(width)(conv(x, EDGES)).relu() + block.skip(x)
    assert block.width == width
    torch.testing.assert_close(block(x, EDGES), expected)


def test_keyword_arguments_of_other_layer_types_are_dropped():
    block = GNNBlock(6, 8, gnn_layer_type="gco", gnn_layer_kwargs={**GUIDE_KWARGS, "heads": 4})
    assert block.width == 8
    assert block.conv.aggr == "mean"


def test_identity_takes_any_norm_args():
    assert GNNBlock(6, 8, normalizer="identity", norm_args=[128, "x"], norm_kwargs={"eps": 1}).width == 8


def test_the_probe_of_a_new_block_draws_no_random_numbers_and_leaves_no_trace():
    torch.manual_seed(0)
    kwargs = {"dropout": 0.5}
    block = GNNBlock(
        6, 8, dropout=0.5, gnn_layer_type="gat", normalizer="batch_norm", gnn_layer_kwargs=kwargs
    )
    after = torch.rand(1)
    torch.manual_seed(0)
    LAYERS["gat"](6, 8)
    torch.nn.Linear(6, 8, bias=False)
    assert torch.equal(after, torch.rand(1))
    assert block.normalizer.num_batches_tracked == 0
    assert all(module.training for module in block.modules())


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_of_a_single_node_works(training, statistics):
    block = GNNBlock(6, 8, normalizer="batch_norm", norm_kwargs={"track_running_stats": statistics}).train(
        training
    )
    out = block(features(nodes=1), torch.empty(2, 0, dtype=torch.int64))
    out.sum().backward()
    assert torch.isfinite(out).all()


@pytest.mark.parametrize(
    ("kwargs", "key", "said"),
    [
        ({"gnn_layer_type": "sgae"}, "gnn_layer_type", "no layer is named 'sgae'"),
        ({"normalizer": "batchnorm"}, "normalizer", "no normalizer is named 'batchnorm'"),
        ({"activation": "rleu"}, "activation", "no activation is named 'rleu'"),
        (
            {"normalizer": "batch_norm", "norm_args": [9]},
            "norm_args",
            "must fit the 8 features that the layer yields",
        ),
        ({"normalizer": "layer_norm", "norm_args": [[4, 2]]}, "norm_args", "must fit the 8 features"),
        ({"normalizer": "layer_norm", "norm_args": ["x"]}, "norm_args", "LayerNorm('x') cannot be built"),
        (
            {"gnn_layer_kwargs": {"normalize": False, "add_self_loops": True}},
            "gnn_layer_kwargs",
            "GCNConv(6, 8, normalize=False, add_self_loops=True) cannot be built",
        ),
        ({"gnn_layer_kwargs": {"aggr": "men"}}, "gnn_layer_kwargs", "cannot be built"),
        ({"gnn_layer_kwargs": {"cached": True}}, "gnn_layer_kwargs", "must not be cached"),
        ({"gnn_layer_args": [False, True]}, "gnn_layer_kwargs", "must not be cached"),
        (
            {"gnn_layer_type": "sage", "gnn_layer_kwargs": {"aggr": "lstm"}},
            "gnn_layer_kwargs",
            "sage cannot work with these arguments",
        ),
    ],
)
def test_what_cannot_be_built_is_said_at_its_path(kwargs, key, said):
    with pytest.raises(ConfigValueError) as caught:
        GNNBlock(6, 8, path=PATH, **kwargs)
    assert caught.value.path == (*PATH, key)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_several_aggregations_widen_a_sage_layer_and_the_block_knows():
    block = GNNBlock(6, 8, gnn_layer_type="sage", gnn_layer_kwargs={"aggr": ["mean", "max"]})
    assert block(features(), EDGES).shape == (5, 8)


def test_gin_is_the_sum_over_the_neighbours_through_an_mlp_of_one_hidden_layer():
    kwargs = {"eps": 0.5, "train_eps": True, "hidden_channels": 7}
    layer = LAYERS["gin"](6, 8, **kwargs)
    mlp = torch.nn.Sequential(torch.nn.Linear(6, 7), torch.nn.ReLU(), torch.nn.Linear(7, 8))
    conv = GINConv(mlp, eps=0.5, train_eps=True)
    conv.load_state_dict(layer.state_dict())
    assert torch.equal(layer(features(), EDGES), conv(features(), EDGES))
    assert "eps" in dict(layer.named_parameters())


def test_weights_of_edges_reach_a_layer_that_takes_them_and_no_other():
    weight = torch.tensor([0.5, 2.0, 1.0, 3.0, 0.1])
    for layer, takes in (("gcn", True), ("gco", True), ("sage", False), ("gin", False), ("gat", False)):
        block = GNNBlock(6, 8, gnn_layer_type=layer).eval()
        plain, weighted = block(features(), EDGES), block(features(), EDGES, edge_weight=weight)
        assert torch.equal(plain, weighted) is not takes
    block = GNNBlock(6, 8, activation="identity", residual=False).eval()
    conv = GCNConv(6, 8)
    conv.load_state_dict(block.conv.state_dict())
    torch.testing.assert_close(block(features(), EDGES, edge_weight=weight), conv(features(), EDGES, weight))


@pytest.mark.parametrize(("layer", "make"), ATTENTION.items())
def test_features_of_edges_reach_a_layer_with_an_edge_dim(layer, make):
    edge_attr = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))
    kwargs = {"edge_dim": 3}
    block = GNNBlock(
        6, 8, gnn_layer_type=layer, gnn_layer_kwargs=kwargs, activation="identity", residual=False
    ).eval()
    conv = make(6, 8, **kwargs)
    conv.load_state_dict(block.conv.state_dict())
    assert torch.equal(block(features(), EDGES, edge_attr=edge_attr), conv(features(), EDGES, edge_attr))
    without = GNNBlock(6, 8, gnn_layer_type=layer).eval()
    assert torch.equal(without(features(), EDGES, edge_attr=edge_attr), without(features(), EDGES))


@pytest.mark.parametrize(
    ("edge_attr", "features_of_edges"), [(None, 0), (torch.ones(5, 2), 2), (torch.ones(5), 1)]
)
def test_edges_without_the_features_that_a_layer_asks_for_are_said(edge_attr, features_of_edges):
    block = GNNBlock(6, 8, gnn_layer_type="gat", gnn_layer_kwargs={"edge_dim": 3}, path=PATH)
    with pytest.raises(ConfigValueError) as caught:
        block(features(), EDGES, edge_attr=edge_attr)
    assert caught.value.path == (*PATH, "gnn_layer_kwargs", "edge_dim")
    assert caught.value.message.endswith(f"3 is not {features_of_edges}")


def test_graph_norm_normalizes_each_graph_by_itself():
    first, second = torch.tensor([[0, 1, 2], [1, 2, 0]]), torch.tensor([[0], [1]])
    edges = torch.cat([first, second + 3], dim=1)
    block = GNNBlock(6, 8, dropout=0, normalizer="graph_norm", residual=False, activation="identity")
    alone = [block(features()[:3], first), block(features()[3:], second)]
    together = block(features(), edges, torch.tensor([0, 0, 0, 1, 1]), 2)
    torch.testing.assert_close(together, torch.cat(alone))
    assert not torch.allclose(block(features(), edges), together)


def test_graph_norm_of_a_single_node_works():
    block = GNNBlock(6, 8, normalizer="graph_norm")
    out = block(features(nodes=1), torch.empty(2, 0, dtype=torch.int64), torch.zeros(1, dtype=torch.int64), 1)
    out.sum().backward()
    assert torch.isfinite(out).all()


def test_a_normalizer_of_the_users_own_is_given_the_graph_of_each_node(monkeypatch):
    class Centred(torch.nn.Module):
        def __init__(self, features):
            super().__init__()
            self.features = features

        def forward(self, x, batch):
            sums = torch.zeros(int(batch.max()) + 1, self.features).index_add(0, batch, x)
            return x - (sums / batch.bincount().unsqueeze(1))[batch]

    monkeypatch.setattr(NORMALIZERS, "_entries", dict(NORMALIZERS._entries))
    NORMALIZERS.register("centred")(Centred)
    block = GNNBlock(6, 8, dropout=0, normalizer="centred", activation="identity", residual=False)
    out = block(features(), EDGES, torch.tensor([0, 0, 0, 1, 1]))
    for nodes in (out[:3], out[3:]):
        torch.testing.assert_close(nodes.sum(dim=0), torch.zeros(8), atol=1e-5, rtol=0)
