"""Junctions: where the widths of a model meet, found by building its parts."""

import pytest
import torch

from qgtune.core.errors import ConfigValueError
from qgtune.nn import ACTIVATIONS, LAYERS, NORMALIZERS, POOLING, Tracer, build_model, push_batch
from qgtune.schema.gnn import ModelConfig, RegisteredNames


def model(*blocks, names=None, **rest):
    classifier = {"input_dim": 4, "output_dims": [2]}
    section = {"gcn_net": list(blocks), "classifier": classifier, **rest}
    return ModelConfig.model_validate(section, context=names)


def block(**fields):
    return {"in_dim": 6, "out_dim": 4, **fields}


def misfits(trace):
    return {
        junction.target[1:]: (junction.given, junction.needed)
        for junction in trace.junctions
        if not junction.meets
    }


def test_all_misfits_of_a_model_are_found_at_once():
    blocks = (
        block(normalizer="batch_norm", norm_args=[5]),
        block(in_dim=7, gnn_layer_type="gat", heads=2),
        block(in_dim=9, normalizer="layer_norm", norm_args=[[3]]),
    )
    trace = Tracer().trace(
        model(*blocks, classifier={"input_dim": 5, "output_dims": [2]}), num_node_features=8, num_classes=[3]
    )
    assert trace.failures == ()
    assert misfits(trace) == {
        ("gcn_net", 0, "in_dim"): (6, 8),
        ("gcn_net", 0, "norm_args", 0): (5, 4),
        ("gcn_net", 1, "in_dim"): (7, 4),
        ("gcn_net", 2, "in_dim"): (9, 8),
        ("gcn_net", 2, "norm_args", 0, 0): (3, 4),
        ("classifier", "input_dim"): (5, 4),
        ("classifier", "output_dims", 0): (2, 3),
    }


@pytest.mark.parametrize("layer", list(LAYERS))
def test_a_sound_model_is_sound_on_the_meta_device_as_it_is_for_real(layer):
    section = {
        "gcn_net": [block(gnn_layer_type=layer, normalizer="layer_norm", norm_args=[4])],
        "classifier": {"input_dim": 4, "output_dims": [2]},
    }
    typed = ModelConfig.model_validate(section)
    assert Tracer().trace(typed, num_node_features=6, num_classes=[2]).is_sound
    push_batch(typed)
    build_model({"model": section})


@pytest.mark.parametrize("layer", ["gat", "gatv2", "graph_transformer"])
def test_a_layer_that_needs_features_of_edges_is_tried_with_as_many(layer):
    blocks = [block(gnn_layer_type=layer, heads=2, gnn_layer_kwargs={"edge_dim": 3}), block(in_dim=8)]
    typed = model(*blocks)
    assert Tracer().trace(typed, num_node_features=6).is_sound
    push_batch(typed)


def test_the_size_of_a_graph_norm_is_a_junction():
    trace = Tracer().trace(model(block(normalizer="graph_norm", norm_args=[5])))
    assert misfits(trace) == {("gcn_net", 0, "norm_args", 0): (5, 4)}


def test_a_size_is_a_junction_only_where_the_normalizer_needs_it():
    sized = Tracer().trace(model(block(normalizer="batch_norm", norm_args=[4])))
    ignored = Tracer().trace(model(block(normalizer="identity", norm_args=[4])))
    assert len(sized.junctions) == 2
    assert [junction.target for junction in ignored.junctions] == [("model", "classifier", "input_dim")]


def test_a_size_that_equals_the_width_by_coincidence_is_no_junction(monkeypatch):
    monkeypatch.setattr(NORMALIZERS, "_entries", dict(NORMALIZERS._entries))
    NORMALIZERS.register("group_norm")(torch.nn.GroupNorm)
    names = RegisteredNames(normalizers=frozenset({"group_norm"}))
    typed = model(block(normalizer="group_norm", norm_args=[4, 4]), names=names)
    targets = [junction.target[2:] for junction in Tracer().trace(typed).junctions]
    assert targets == [(0, "norm_args", 1), ("input_dim",)]


def test_building_on_the_meta_device_gives_parameters_without_memory():
    with torch.device("meta"):
        built = build_model({"model": model(block(gnn_layer_type="gat")).model_dump()})
    assert all(parameter.is_meta for parameter in built.parameters())
    assert built.training


def test_a_layer_that_fails_keeps_the_others_from_being_blamed():
    trace = Tracer().trace(model(block(gnn_layer_kwargs={"aggr": "nonsense"}), block(in_dim=5, out_dim=3)))
    [failure] = trace.failures
    assert failure.path == ("model", "gcn_net", 0, "gnn_layer_kwargs")
    assert misfits(trace) == {("classifier", "input_dim"): (4, 3)}


def test_failures_of_a_users_own_parts_are_told_with_their_paths(monkeypatch):
    class Halved(torch.nn.Module):
        def forward(self, x):
            return x[:, ::2]

    class OnlyEven(torch.nn.Module):
        def __init__(self, in_channels, out_channels):
            super().__init__()
            self.linear = torch.nn.Linear(in_channels, out_channels)

        def forward(self, x, _edge_index):
            if x.size(0) % 2 == 0:
                raise ValueError("an odd number of nodes is needed")
            return self.linear(x)

    for registry, name, entry in ((ACTIVATIONS, "halved", Halved), (LAYERS, "only_even", OnlyEven)):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
        registry.register(name)(entry)
    names = RegisteredNames(layer_types=frozenset({"only_even"}), activations=frozenset({"halved"}))
    classifier = {"input_dim": 4, "hidden_dims": [6], "output_dims": [2], "activation": "halved"}
    typed = model(block(gnn_layer_type="only_even"), names=names, classifier=classifier)
    of_block, of_classifier = Tracer().trace(typed).failures
    assert of_block.path == ("model", "gcn_net", 0)
    assert of_block.message == "the block cannot run: an odd number of nodes is needed"
    assert of_classifier.path == ("model", "classifier")
    assert of_classifier.message.startswith("the classifier cannot run: ")
    with pytest.raises(ConfigValueError, match="the model cannot run: an odd number of nodes is needed"):
        push_batch(typed)


def test_a_pooling_that_changes_the_width_is_followed_by_the_classifier(monkeypatch):
    monkeypatch.setattr(POOLING, "_entries", dict(POOLING._entries))
    mean = POOLING["mean"]
    POOLING.register("both")(lambda x, batch, size: torch.cat([mean(x, batch, size)] * 2, dim=1))
    typed = model(block(), names=RegisteredNames(poolings=frozenset({"both"})), pooling_layer="both")
    assert misfits(Tracer().trace(typed)) == {("classifier", "input_dim"): (4, 8)}


def test_several_poolings_widen_what_the_classifier_takes():
    typed = model(block(), pooling_layer=["mean", "max", "sum"])
    assert misfits(Tracer().trace(typed)) == {("classifier", "input_dim"): (4, 12)}
    classifier = {"input_dim": 8, "output_dims": [2]}
    sound = model(block(gnn_layer_type="sage"), pooling_layer=["mean", "max"], classifier=classifier)
    trace = Tracer().trace(sound)
    assert trace.is_sound
    assert trace.on_meta


def test_junctions_call_the_blocks_as_the_config_does():
    section = {"encoder": [block(), block(in_dim=5)], "classifier": {"input_dim": 4, "output_dims": [2]}}
    trace = Tracer().trace(ModelConfig.model_validate(section))
    assert misfits(trace) == {("encoder", 1, "in_dim"): (5, 4)}
    assert trace.junctions[0].source == ("model", "encoder", 0)


def test_a_part_that_was_seen_is_not_built_again(monkeypatch):
    built = []
    mean = POOLING["mean"]
    monkeypatch.setattr(POOLING, "_entries", dict(POOLING._entries))
    POOLING.register("counted")(lambda *inputs: built.append(1) or mean(*inputs))
    typed = model(block(), names=RegisteredNames(poolings=frozenset({"counted"})), pooling_layer="counted")
    tracer = Tracer()
    assert tracer.trace(typed) == tracer.trace(typed)
    assert len(built) == 1
