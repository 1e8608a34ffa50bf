"""``qgtune.register``: every kind of plug-in is known under its name where it was registered."""

import pytest
import torch

import qgtune
from qgtune.core.errors import UsageError
from qgtune.data import DATASETS
from qgtune.nn import ACTIVATIONS, LAYERS, NORMALIZERS, POOLING, build_model
from qgtune.schema.samplers import OWN
from qgtune.training import METRICS, REGRESSION_METRICS, TASKS

REGISTRIES = {
    "layer": LAYERS,
    "normalizer": NORMALIZERS,
    "activation": ACTIVATIONS,
    "pooling": POOLING,
    "metric": METRICS,
    "regression_metric": REGRESSION_METRICS,
    "task": TASKS,
    "dataset": DATASETS,
    **OWN,
}


@pytest.mark.parametrize("kind", REGISTRIES)
def test_what_is_registered_is_known_by_its_name(kind, monkeypatch):
    """The registry of the kind has the very thing that was registered."""
    registry = REGISTRIES[kind]
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    mine = object()
    assert qgtune.register(kind, "mine")(mine) is mine
    assert registry["mine"] is mine


def test_a_registered_layer_is_built_by_a_config(monkeypatch):
    """A config that names the layer gets a model that has it."""
    monkeypatch.setattr(LAYERS, "_entries", dict(LAYERS._entries))

    @qgtune.register("layer", "dense")
    class Dense(torch.nn.Linear):
        def forward(self, x, edge_index):
            return super().forward(x)

    block = {"in_dim": 3, "out_dim": 4, "gnn_layer_type": "dense"}
    head = {"input_dim": 4, "output_dims": [2]}
    model = build_model({"model": {"encoder": [block], "head": head}})
    assert isinstance(model.blocks[0].conv, Dense)


def test_a_kind_that_there_is_not_is_named_with_the_nearest():
    """A slip in the kind is told with the kind that is meant."""
    with pytest.raises(UsageError, match="did you mean 'layer'"):
        qgtune.register("layr", "mine")
