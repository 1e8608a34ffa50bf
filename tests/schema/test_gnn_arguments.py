"""The arguments that a config hands on to torch are such as the built-in layers can take."""

import pytest

from qgtune.schema.gnn import (
    ACTIVATION_VALUES,
    ACTIVATIONS,
    LAYER_ARGUMENTS,
    LAYER_TYPES,
    LAYER_VALUES,
    LINEAR_KWARGS,
    LINEAR_VALUES,
    NORMALIZER_VALUES,
    NORMALIZERS,
    RegisteredNames,
    find_problems,
    parse_shapes,
)

BLOCK = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "gat"}


def problems(block=BLOCK, head=(), **known):
    classifier = {"input_dim": 8, "output_dims": [2], "hidden_dims": [4], **dict(head)}
    config = {"model": {"gcn_net": [block], "head": classifier}, "training": {}, "validation": {}}
    return [str(problem) for problem in find_problems(config, **known)]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"gnn_layer_kwargs": {"heads": 0}},
            "gnn_layer_kwargs.heads: must be a whole number of at least 1, not 0",
        ),
        (
            {"gnn_layer_kwargs": {"concat": "no"}},
            "gnn_layer_kwargs.concat: must be true or false, not 'no'",
        ),
        (
            {"gnn_layer_kwargs": {"dropout": 2.0}},
            "gnn_layer_kwargs.dropout: must be a number from 0 to 1, not 2.0",
        ),
        (
            {"gnn_layer_kwargs": {"edge_dim": True}},
            "gnn_layer_kwargs.edge_dim: must be a whole number of at least 1, or null, not True",
        ),
        (
            {"gnn_layer_kwargs": {"aggr": "medain"}},
            (
                "gnn_layer_kwargs.aggr: must be the name of an aggregation, such as mean, sum or max, "
                "or a list of such, not 'medain' (did you mean 'median'?)"
            ),
        ),
        (
            {"gnn_layer_type": "sage", "gnn_layer_args": [3]},
            (
                "gnn_layer_args[0]: is the argument aggr of sage, and must be the name of an aggregation, "
                "such as mean, sum or max, or a list of such, not 3"
            ),
        ),
        (
            {"gnn_layer_args": [1, "no"]},
            "gnn_layer_args[1]: is the argument concat of gat, and must be true or false, not 'no'",
        ),
        (
            {"gnn_layer_args": [1], "heads": 2},
            "gnn_layer_args[0]: is the argument heads of gat, which heads sets as well",
        ),
        (
            {"gnn_layer_type": "gco", "gnn_layer_args": ["add", True, 3]},
            "gnn_layer_args: gco takes 2 arguments after its two dims: aggr, bias; here are 3",
        ),
        (
            {"normalizer": "batch_norm", "norm_kwargs": {"momentum": "a"}},
            "norm_kwargs.momentum: must be a number, or null, not 'a'",
        ),
        (
            {"activation": "gelu", "activation_kwargs": {"approximate": "tan"}},
            "activation_kwargs.approximate: must be 'none' or 'tanh', not 'tan'",
        ),
    ],
)
def test_an_argument_that_a_built_in_part_cannot_take_is_said_alone_at_its_place(keys, said):
    assert problems({**BLOCK, **keys}) == [f"model.gcn_net[0].{said}"]


def test_an_argument_of_the_head_is_said_under_the_heads_own_name():
    head = {"activation": "leaky_relu", "activation_kwargs": [{"negative_slope": "steep"}]}
    assert problems(head={**head, "backbone_kwargs": [{"bias": "no"}], "output_kwargs": [{"bias": 1}]}) == [
        "model.head.activation_kwargs[0].negative_slope: must be a number, not 'steep'",
        "model.head.backbone_kwargs[0].bias: must be true or false, not 'no'",
        "model.head.output_kwargs[0].bias: must be true or false, not 1",
    ]


def test_an_argument_that_is_dropped_is_not_judged():
    assert problems({**BLOCK, "gnn_layer_type": "gcn", "gnn_layer_kwargs": {"heads": 0}}) == []


def test_the_arguments_of_the_users_own_parts_are_not_judged():
    names = RegisteredNames(layer_types=frozenset({"mine"}), activations=frozenset({"my_act"}))
    block = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "mine", "activation": "my_act"}
    block |= {"gnn_layer_kwargs": {"heads": "many"}, "activation_kwargs": {"alpha": "x"}}
    assert problems({**block, "gnn_layer_args": [1, 2, 3]}, names=names) == []
    assert parse_shapes(
        {"gcn_net": [block], "head": {"input_dim": 8, "output_dims": [2]}}, names=names
    ).gcn_net[0].layer_kwargs == {"heads": "many"}


@pytest.mark.parametrize(
    ("tables", "rules", "left_to_the_layer"),
    [
        (LAYER_TYPES, LAYER_VALUES, {"aggr_kwargs", "fill_value"}),
        (NORMALIZERS, NORMALIZER_VALUES, set()),
        (ACTIVATIONS, ACTIVATION_VALUES, set()),
        ({"": LINEAR_KWARGS}, LINEAR_VALUES, set()),
    ],
)
def test_every_argument_of_the_tables_has_a_rule_and_every_rule_an_argument(tables, rules, left_to_the_layer):
    assert frozenset().union(*tables.values()) - left_to_the_layer == set(rules)


@pytest.mark.parametrize("layer", LAYER_ARGUMENTS)
def test_every_positional_argument_can_be_given_by_its_name_too(layer):
    assert set(LAYER_ARGUMENTS[layer]) <= LAYER_TYPES[layer]


def test_a_misspelled_aggregation_is_told_the_nearest_one():
    for layer, aggr in [("sage", "medain"), ("gco", ["mean", "medain"]), ("gin", "Medain_Aggregation")]:
        block = {**BLOCK, "gnn_layer_type": layer, "gnn_layer_kwargs": {"aggr": aggr}}
        config = {"model": {"gcn_net": [block], "head": {"input_dim": 8, "output_dims": [2]}}}
        (found,) = find_problems({**config, "training": {}, "validation": {}})
        assert "'median'" in found.hint


@pytest.mark.parametrize("aggr", ["mean", "power_mean", "MaxAggregation", ["mean", "std"], "quantile"])
def test_an_aggregation_may_be_spelled_in_every_way_that_torch_geometric_reads(aggr):
    assert problems({**BLOCK, "gnn_layer_kwargs": {"aggr": aggr}}) == []
