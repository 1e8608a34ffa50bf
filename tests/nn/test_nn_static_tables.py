"""The tables of the schema, which imports no torch, say the same as torch and torch_geometric."""

import inspect

import pytest
import torch
from torch.optim import lr_scheduler
from torch_geometric.nn import aggr
from torch_geometric.resolver import normalize_string

from qgtune.nn import ACTIVATIONS, LAYERS, NORMALIZERS, POOLING, registered_names, taken_kwargs
from qgtune.schema import gnn as schema


def classes_of(module, base):
    """Return the names of the classes of a module that are derived from ``base``."""
    public = {name: value for name, value in vars(module).items() if inspect.isclass(value)}
    return {name for name, value in public.items() if issubclass(value, base) and value is not base}


KINDS = {
    "layer": (LAYERS, schema.LAYER_TYPES),
    "normalizer": (NORMALIZERS, schema.NORMALIZERS),
    "activation": (ACTIVATIONS, schema.ACTIVATIONS),
}


@pytest.mark.parametrize(("registry", "table"), [*KINDS.values(), (POOLING, schema.POOLINGS)])
def test_each_table_has_the_names_of_its_registry(registry, table):
    assert set(registry) == set(table)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, (_, t) in KINDS.items() for name in t])
def test_each_table_has_the_keyword_arguments_of_the_real_constructor(kind, name):
    registry, table = KINDS[kind]
    assert taken_kwargs(registry[name]) == table[name]


@pytest.mark.parametrize("name", list(schema.LAYER_TYPES))
def test_each_layer_accepts_every_keyword_argument_of_its_table(name):
    values = {
        **dict.fromkeys(["root_weight", "bias", "add_self_loops", "normalize", "concat"], True),
        **dict.fromkeys(["project", "improved", "cached", "residual"], False),
        **dict.fromkeys(["share_weights", "train_eps", "beta"], True),
        "eps": 0.5,
        "hidden_channels": 7,
        "aggr": "mean",
        "aggr_kwargs": {},
        "flow": "source_to_target",
        "decomposed_layers": 1,
        "heads": 1,
        "negative_slope": 0.1,
        "dropout": 0.1,
        "edge_dim": None,
        "fill_value": "mean",
    }
    layer = LAYERS[name](3, 4, **{key: values[key] for key in schema.LAYER_TYPES[name]})
    assert layer(torch.ones(2, 3), torch.tensor([[0], [1]])).shape == (2, 4)


def test_the_optimizers_are_those_of_torch_that_need_nothing_but_dense_gradients():
    assert classes_of(torch.optim, torch.optim.Optimizer) - {"LBFGS", "SparseAdam", "Muon"} == set(
        schema.OPTIMIZERS
    )


@pytest.mark.parametrize("name", schema.OPTIMIZERS)
def test_each_optimizer_takes_the_keyword_arguments_of_the_table(name):
    taken = set(inspect.signature(getattr(torch.optim, name)).parameters)
    assert taken - {"params", "lr", "weight_decay"} == schema.OPTIMIZERS[name]


def test_every_scheduler_of_torch_can_be_named_or_is_refused_with_a_reason():
    classes = classes_of(lr_scheduler, lr_scheduler.LRScheduler)
    assert classes - {"_LRScheduler"} == {*schema.SCHEDULERS, *schema.UNUSABLE_SCHEDULERS}


@pytest.mark.parametrize("name", schema.SCHEDULERS)
def test_each_scheduler_takes_and_needs_the_keyword_arguments_of_the_tables(name):
    parameters = inspect.signature(getattr(lr_scheduler, name)).parameters.values()
    others = {"optimizer", "last_epoch", "scale_fn"}
    assert {p.name for p in parameters} - others == schema.SCHEDULERS[name]
    needed = tuple(p.name for p in parameters if p.default is p.empty and p.name not in others)
    assert needed == schema.NEEDED_BY_SCHEDULER.get(name, ())


def test_a_linear_layer_takes_the_keyword_arguments_of_the_table():
    assert taken_kwargs(torch.nn.Linear) - {"in_features", "out_features"} == schema.LINEAR_KWARGS


def test_built_in_names_are_not_reported_as_registered_by_the_user():
    assert registered_names() == schema.RegisteredNames()


def test_a_layer_of_the_users_own_takes_what_its_constructor_names():
    class Own(torch.nn.Module):
        def __init__(self, in_channels, out_channels, alpha=1.0):
            super().__init__()
            self.arguments = in_channels, out_channels, alpha

    def anything(**kwargs):
        return kwargs

    assert taken_kwargs(Own) == {"alpha"}
    assert taken_kwargs(anything) is None


@pytest.mark.parametrize("name", schema.LAYER_ARGUMENTS)
def test_each_layer_takes_the_positional_arguments_of_the_table_in_its_order(name):
    parameters = inspect.signature(LAYERS[name]).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert tuple(positional[2:]) == schema.LAYER_ARGUMENTS[name]


def test_the_aggregations_are_those_of_torch_geometric():
    found = {normalize_string(name) for name in classes_of(aggr, aggr.Aggregation)}
    assert {name.removesuffix("aggregation") for name in found} | {"add"} == schema.AGGREGATIONS
