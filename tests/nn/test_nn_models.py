"""Models: built from the model section, and equal to the plain composition of torch_geometric's parts."""

import copy

import pytest
import torch
from torch_geometric.nn import global_add_pool, global_max_pool, global_mean_pool

from qgtune.core.errors import ConfigValueError
from qgtune.nn import LAYERS, POOLING, build_model


def config(**model):
    blocks = [
        {"in_dim": 6, "out_dim": 8, "gnn_layer_type": "sage", "normalizer": "batch_norm", "norm_args": [8]},
        {"in_dim": 8, "out_dim": 4, "gnn_layer_type": "gcn"},
    ]
    classifier = {"input_dim": 4, "hidden_dims": [5, 3], "output_dims": [2, 3], "activation": "elu"}
    return {"model": {"gcn_net": blocks, "pooling_layer": "max", "classifier": classifier, **model}}


def batch():
    x = torch.randn(7, 6, generator=torch.Generator().manual_seed(0))
    return x, torch.tensor([[0, 1, 2, 4, 5], [1, 2, 0, 5, 6]]), torch.tensor([0, 0, 0, 1, 2, 2, 2])


def broken(config):
    with pytest.raises(ConfigValueError) as caught:
        build_model(config)
    return caught.value


def test_the_forward_pass_equals_the_plain_composition_with_the_same_weights():
    model = build_model(config()).eval()
    x, edge_index, graphs = batch()
    first, second = model.blocks
    hidden = first.normalizer(first.conv(x, edge_index)).relu() + first.skip(x)
    hidden = second.conv(hidden, edge_index).relu() + second.skip(hidden)
    pooled = global_max_pool(hidden, graphs)
    lin1, _, lin2, _ = model.classifier.backbone
    elu = torch.nn.functional.elu
    shared = elu(lin2(elu(lin1(pooled))))
    for out, head, classes in zip(model(x, edge_index, graphs), model.classifier.heads, (2, 3), strict=True):
        assert out.shape == (3, classes)
        assert torch.equal(out, shared @ head.weight.T + head.bias)


def test_the_same_seed_gives_the_same_weights():
    states = []
    for _ in range(2):
        torch.manual_seed(5)
        states.append(build_model(config()).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_several_poolings_stand_side_by_side_before_the_classifier():
    classifier = {"input_dim": 12, "output_dims": [2]}
    model = build_model(config(pooling_layer=["mean", "max", "sum"], classifier=classifier)).eval()
    x, edge_index, graphs = batch()
    hidden = model.blocks[1](model.blocks[0](x, edge_index), edge_index)
    pooled = [pool(hidden, graphs) for pool in (global_mean_pool, global_max_pool, global_add_pool)]
    assert torch.equal(model(x, edge_index, graphs)[0], model.classifier(torch.cat(pooled, dim=1))[0])


def test_several_poolings_need_a_classifier_as_wide_as_all_of_them():
    error = broken(config(pooling_layer=["mean", "max"]))
    assert error.path == ("model", "classifier", "input_dim")
    assert error.message.endswith("out_dim times the 2 poolings of model.pooling_layer: 4 is not 8")


def test_what_a_pooling_of_the_users_own_really_yields_is_checked(monkeypatch):
    monkeypatch.setattr(POOLING, "_entries", dict(POOLING._entries))
    POOLING.register("half")(lambda x, batch, size: global_max_pool(x, batch, size)[:, ::2])
    error = broken(config(pooling_layer=["half", "mean"]))
    assert error.path == ("model", "classifier", "input_dim")
    assert error.message == (
        "must equal the number of features that model.pooling_layer yields for a graph: 4 is not 6"
    )
    model = build_model(config(pooling_layer="half", classifier={"input_dim": 2, "output_dims": [2]}))
    assert model(*batch())[0].shape == (3, 2)


@pytest.mark.parametrize(
    ("pooling", "said"),
    [
        (lambda x, _batch, _size: x, "own must give one row of features for each graph: (4, 4) of 1 graph"),
        (lambda _x, _batch, _size: 3, "own must give one row of features for each graph: int of 1 graph"),
        (lambda x, _batch: x, "own cannot gather 4 features: "),
    ],
)
def test_a_pooling_that_cannot_work_is_said_at_its_place_in_the_list(monkeypatch, pooling, said):
    monkeypatch.setattr(POOLING, "_entries", dict(POOLING._entries))
    POOLING.register("own")(pooling)
    error = broken(config(pooling_layer=["mean", "own"]))
    assert error.path == ("model", "pooling_layer", 1)
    assert error.message.startswith(said)


def test_a_graph_gets_the_same_logits_in_any_batch_where_each_graph_is_normalized_by_itself():
    blocks = [{"in_dim": 6, "out_dim": 4, "gnn_layer_type": "gin", "normalizer": "graph_norm"}]
    model = build_model(config(gcn_net=blocks)).eval()
    x, edge_index, graphs = batch()
    alone = model(x[:3], edge_index[:, :3], graphs[:3], 1)
    for part, whole in zip(alone, model(x, edge_index, graphs, 4), strict=True):
        torch.testing.assert_close(part[0], whole[0])


def test_weights_and_features_of_edges_reach_every_block_that_takes_them():
    kwargs = {"edge_dim": 3}
    blocks = [
        {"in_dim": 6, "out_dim": 8, "gnn_layer_type": "gcn"},
        {"in_dim": 8, "out_dim": 4, "gnn_layer_type": "gatv2", "gnn_layer_kwargs": kwargs},
    ]
    torch.manual_seed(0)
    model = build_model(config(gcn_net=blocks, pooling_layer="mean")).eval()
    weight, attr = torch.rand(5), torch.rand(5, 3)
    given = model(*batch(), edge_weight=weight, edge_attr=attr)[0]
    assert not torch.equal(given, model(*batch(), edge_attr=attr)[0])
    assert not torch.equal(given, model(*batch(), edge_weight=weight, edge_attr=-9 * attr)[0])
    with pytest.raises(ConfigValueError, match=r"gcn_net\[1\].gnn_layer_kwargs.edge_dim: .* 3 is not 0"):
        model(*batch())


def test_a_trailing_graph_without_nodes_still_gets_logits():
    x, edge_index, graphs = batch()
    assert [len(out) for out in build_model(config())(x, edge_index, graphs, 4)] == [4, 4]


def test_a_classifier_without_hidden_layers_is_linear():
    model = build_model(config(classifier={"input_dim": 4, "output_dims": [2]}))
    assert [tuple(p.shape) for p in model.classifier.parameters()] == [(2, 4), (2,)]


def test_one_mapping_of_kwargs_serves_all_layers_and_several_serve_one_each():
    classifier = {
        "input_dim": 4,
        "hidden_dims": [5, 3],
        "output_dims": [2],
        "backbone_kwargs": [{"bias": False}, {}],
        "output_kwargs": [{"bias": False}],
        "activation": "sigmoid",
        "activation_kwargs": [{"inplace": False}],
    }
    model = build_model(config(classifier=classifier))
    linear1, _, linear2, _ = model.classifier.backbone
    assert (linear1.bias, linear2.bias is None, model.classifier.heads[0].bias) == (None, False, None)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("gcn_net", 1, "in_dim"), 7, "must equal model.gcn_net[0].out_dim: 7 is not 8"),
        (("classifier", "input_dim"), 5, "must equal model.gcn_net[1].out_dim: 5 is not 4"),
        (
            ("gcn_net", 0, "norm_args", 0),
            16,
            "the num_features of batch_norm must equal model.gcn_net[0].out_dim: 16 is not 8",
        ),
    ],
)
def test_dims_that_do_not_meet_name_both_ends(path, value, said):
    wrong = copy.deepcopy(config())
    *parents, key = path
    owner = wrong["model"]
    for part in parents:
        owner = owner[part]
    owner[key] = value
    error = broken(wrong)
    assert (error.path, error.message) == (("model", *path), said)


def test_concatenated_heads_count_in_the_chain_of_dims():
    gat = {"in_dim": 6, "out_dim": 8, "gnn_layer_type": "gat", "heads": 2}
    after = {"in_dim": 8, "out_dim": 4}
    error = broken(config(gcn_net=[gat, after]))
    assert error.path == ("model", "gcn_net", 1, "in_dim")
    assert error.message == "must equal model.gcn_net[0].out_dim times its 2 concatenated heads: 8 is not 16"
    assert build_model(config(gcn_net=[gat, {**after, "in_dim": 16}])).blocks[0].width == 16
    assert build_model(config(gcn_net=[{**gat, "gnn_layer_kwargs": {"concat": False}}, after]))


def test_a_registered_layer_is_legal_and_its_real_width_is_checked(monkeypatch):
    class Doubled(torch.nn.Module):
        def __init__(self, in_channels, out_channels, alpha=1.0):
            super().__init__()
            self.linear = torch.nn.Linear(in_channels, 2 * out_channels)
            self.alpha = alpha

        def forward(self, x, _edge_index):
            return self.alpha * self.linear(x)

    monkeypatch.setattr(LAYERS, "_entries", dict(LAYERS._entries))
    LAYERS.register("doubled")(Doubled)
    block = {"in_dim": 6, "out_dim": 4, "gnn_layer_type": "doubled", "gnn_layer_kwargs": {"alpha": 2.0}}
    error = broken(config(gcn_net=[block]))
    assert error.path == ("model", "classifier", "input_dim")
    model = build_model(config(gcn_net=[block], classifier={"input_dim": 8, "output_dims": [2]}))
    assert (model.blocks[0].width, model.blocks[0].conv.alpha) == (8, 2.0)


def test_the_blocks_may_be_called_encoder_and_errors_call_them_so():
    blocks = config()["model"].pop("gcn_net")
    rest = {key: value for key, value in config()["model"].items() if key != "gcn_net"}
    assert build_model({"model": {**rest, "encoder": blocks}}).widths == (8, 4)
    kwargs = {"aggr": "nonsense"}
    error = broken({"model": {**rest, "encoder": [{**blocks[0], "gnn_layer_kwargs": kwargs}, blocks[1]]}})
    assert error.path == ("model", "encoder", 0, "gnn_layer_kwargs", "aggr")


def test_a_config_without_a_model_is_said():
    assert str(broken({})) == "model: the key 'model' is required, and is absent"
    assert str(broken({"model": []})) == "model: must be a mapping, not []"
