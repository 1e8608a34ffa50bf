"""Layers that sum over sorted edges give what torch_geometric's layers give, and so do their gradients."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric import nn as pyg
from torch_geometric.explain import Explainer, GNNExplainer, ModelConfig

from qgtune.nn.aggregation import SortedEdges, aggregate, can_aggregate
from qgtune.nn.blocks import GNNBlock
from qgtune.nn.convolutions import GCNConv, GraphConv, SAGEConv
from qgtune.nn.gin import GINLayer
from qgtune.nn.layers import LAYERS

EDGES = torch.tensor([[0, 1, 2, 2, 0, 0, 4], [1, 0, 1, 1, 0, 4, 0]])
"""Five nodes: a double edge, a loop, and node 3 alone."""

VARIANTS = {
    "sage": (SAGEConv, pyg.SAGEConv, [{}, {"aggr": "sum"}, {"aggr": "max"}, {"root_weight": False}]),
    "sage, more": (SAGEConv, pyg.SAGEConv, [{"normalize": True}, {"project": True}, {"bias": False}]),
    "sage, less": (SAGEConv, pyg.SAGEConv, [{"aggr": ["mean", "max"]}, {"flow": "target_to_source"}]),
    "gco": (GraphConv, pyg.GraphConv, [{}, {"aggr": "mean"}, {"aggr": "max"}, {"bias": False}]),
    "gcn": (GCNConv, pyg.GCNConv, [{}, {"improved": True}, {"add_self_loops": False}, {"normalize": False}]),
    "gcn, more": (GCNConv, pyg.GCNConv, [{"aggr": "mean"}, {"bias": False}, {"decomposed_layers": 2}]),
}
CASES = [
    pytest.param(ours, theirs, kwargs, id=f"{name}-{kwargs}")
    for name, (ours, theirs, variants) in VARIANTS.items()
    for kwargs in variants
]
WEIGHTED = [case for case in CASES if case.values[0] is not SAGEConv]


class PlainGIN(pyg.GINConv):
    """The same layer with torch_geometric's message passing."""

    def __init__(self, in_channels, out_channels, **kwargs):
        super().__init__(copy.deepcopy(GINLayer(in_channels, out_channels).nn), **kwargs)


GIN_CASES = [
    pytest.param(GINLayer, PlainGIN, kwargs, id=f"gin-{kwargs}")
    for kwargs in ({}, {"train_eps": True, "eps": 0.3}, {"aggr": "mean"}, {"aggr": "max"})
]


def twins(ours, theirs, kwargs):
    """Return a layer and torch_geometric's with the same weights, from 3 features to 4."""
    torch.manual_seed(0)
    layer, reference = ours(3, 4, **kwargs), theirs(3, 4, **kwargs)
    reference.load_state_dict(layer.state_dict())
    return layer, reference


def assert_same(layer, reference, x, edges, *inputs):
    """Compare outputs, gradients of features and gradients of weights."""
    results = []
    for module, edge_index in ((layer, edges), (reference, edges.as_subclass(torch.Tensor))):
        module.zero_grad()
        leaf = x.clone().requires_grad_()
        out = module(leaf, edge_index, *inputs)
        (out * torch.arange(1.0, 1 + out.numel()).view_as(out)).sum().backward()
        gradients = {name: weight.grad for name, weight in module.named_parameters()}
        results.append((out, leaf.grad, gradients))
    torch.testing.assert_close(results[0], results[1], rtol=1e-5, atol=1e-5)


@st.composite
def graphs(draw):
    """Draw node features and edges: none, isolated nodes, loops and repetitions among them."""
    nodes = draw(st.integers(1, 6))
    ends = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(ends, ends), max_size=12))
    seed = draw(st.integers(0, 1000))
    x = torch.randn(nodes, 3, generator=torch.Generator().manual_seed(seed))
    return x, torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T.contiguous()


@pytest.mark.parametrize(("ours", "theirs", "kwargs"), CASES + GIN_CASES)
@given(graph=graphs(), is_sorted=st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_layer_and_its_gradients_are_those_of_torch_geometric(ours, theirs, kwargs, graph, is_sorted):
    x, edges = graph
    layer, reference = twins(ours, theirs, kwargs)
    assert_same(layer, reference, x, SortedEdges.of(edges, len(x)) if is_sorted else edges)


@pytest.mark.parametrize(("ours", "theirs", "kwargs"), WEIGHTED)
@given(graph=graphs(), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_weights_of_edges_count_as_in_torch_geometric(ours, theirs, kwargs, graph, seed):
    x, edges = graph
    weights = torch.rand(edges.size(1), generator=torch.Generator().manual_seed(seed))
    layer, reference = twins(ours, theirs, kwargs)
    assert_same(layer, reference, x, SortedEdges.of(edges, len(x)), weights)


@pytest.mark.parametrize(("ours", "theirs"), [(GraphConv, pyg.GraphConv), (GCNConv, pyg.GCNConv)])
def test_weights_of_edges_that_are_learned_get_their_gradient(ours, theirs):
    layer, reference = twins(ours, theirs, {})
    gradients = []
    for module in (layer, reference):
        weights = torch.linspace(0.1, 1.0, EDGES.size(1)).requires_grad_()
        module(torch.ones(5, 3), EDGES, weights).square().sum().backward()
        gradients.append(weights.grad)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("aggr", ["sum", "mean"])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_are_those_of_finite_differences_also_the_second(aggr, weighted):
    weights = torch.linspace(0.1, 1.0, EDGES.size(1), dtype=torch.float64) if weighted else None
    edges = SortedEdges.of(EDGES, 5)

    def summed(x):
        return aggregate(x, edges, aggr, weights) ** 2

    x = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(summed, x)
    assert torch.autograd.gradgradcheck(summed, x)


@pytest.mark.parametrize(("ours", "theirs", "kwargs"), CASES)
def test_weights_have_the_names_and_shapes_of_torch_geometric(ours, theirs, kwargs):
    shapes = [
        {name: value.shape for name, value in make(3, 4, **kwargs).state_dict().items()}
        for make in (ours, theirs)
    ]
    assert shapes[0] == shapes[1]


def test_the_same_seed_gives_the_weights_of_torch_geometric():
    for ours, theirs, _ in VARIANTS.values():
        states = []
        for make in (ours, theirs):
            torch.manual_seed(5)
            states.append(make(3, 4).state_dict())
        torch.testing.assert_close(*states, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["sage", "gcn", "gco", "gin"])
def test_edges_are_sorted_once_for_all_layers(name, monkeypatch):
    sorts = []
    argsort = torch.argsort
    monkeypatch.setattr(torch, "argsort", lambda *args, **kwargs: sorts.append(1) or argsort(*args, **kwargs))
    edges = SortedEdges.of(EDGES, 5)
    x = torch.ones(5, 3, requires_grad=True)
    for _ in range(3):
        LAYERS[name](3, 3)(x, edges).sum().backward()
    assert len(sorts) == 2  # by target and, for the gradient, by source


def test_nodes_that_a_layer_took_away_have_edges_of_their_own():
    edges = SortedEdges.of(EDGES, 5)
    assert SortedEdges.of(edges, 5) is edges
    assert SortedEdges.of(edges, 7).into.ptr.numel() == 8


def test_other_layers_of_a_block_are_given_a_plain_tensor():
    seen = []

    class Looking(torch.nn.Linear):
        def forward(self, x, edge_index):
            seen.append(type(edge_index))
            return super().forward(x)

    LAYERS.register("looking")(Looking)
    try:
        GNNBlock(3, 4, gnn_layer_type="looking")(torch.ones(5, 3), SortedEdges.of(EDGES, 5))
    finally:
        del LAYERS._entries["looking"]
    assert set(seen) == {torch.Tensor}


def test_what_is_computed_from_sorted_edges_is_a_plain_tensor():
    edges = SortedEdges.of(EDGES, 5)
    assert {type(part) for part in (edges[0], edges + 1, edges.flip(0), edges.clone())} == {torch.Tensor}


def test_half_precision_under_autocast_is_close():
    layer = SAGEConv(3, 4)
    x = torch.randn(5, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(layer.lin_l.weight.new_zeros(1) + x, EDGES)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), layer(x, EDGES), rtol=0.05, atol=0.05)


def test_hooks_on_messages_are_called():
    layer, called = SAGEConv(3, 4), []
    layer.register_message_forward_hook(lambda *_: called.append(1))
    layer(torch.ones(5, 3), EDGES)
    assert called
    assert not can_aggregate(layer, EDGES, torch.ones(5, 3))


def test_a_bipartite_graph_goes_the_way_of_torch_geometric():
    layer, reference = twins(SAGEConv, pyg.SAGEConv, {})
    inputs = (torch.randn(5, 3), torch.randn(2, 3)), torch.tensor([[0, 3, 4], [1, 0, 1]])
    torch.testing.assert_close(layer(*inputs), reference(*inputs))


def test_layers_can_be_explained():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = GCNConv(3, 2)

        def forward(self, x, edge_index):
            return self.conv(x, edge_index)

    config = ModelConfig(mode="regression", task_level="node", return_type="raw")
    explainer = Explainer(
        Net(), GNNExplainer(epochs=3), explanation_type="model", edge_mask_type="object", model_config=config
    )
    mask = explainer(torch.randn(5, 3), EDGES).edge_mask
    assert mask.shape == (7,)
    assert mask.count_nonzero() > 0


def test_a_copy_of_a_layer_is_as_good():
    layer = SAGEConv(3, 4)
    x = torch.randn(5, 3)
    assert torch.equal(copy.deepcopy(layer)(x, EDGES), layer(x, EDGES))
