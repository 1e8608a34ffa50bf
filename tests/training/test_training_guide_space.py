"""Every configuration that the guide's search space can sample builds and trains."""

import random

import pytest

from qgtune.schema.gnn import find_problems
from qgtune.training import evaluate, train

LAYERS = ["sage", "gcn", "gat", "gco"]
NORMALIZERS = ["batch_norm", "identity", "layer_norm"]
ACTIVATIONS = ["relu", "leaky_relu", "sigmoid", "tanh", "identity"]


def sampled(draw, *, sizes, num_epochs):
    """Return one config of the guide's space, its references followed; ``draw`` chooses from a list."""
    blocks, in_dim = [], 12
    for choices in sizes:
        out_dim = draw(choices)
        blocks.append(
            {
                "in_dim": in_dim,
                "out_dim": out_dim,
                "dropout": draw([0.2, 0.3, 0.4, 0.5]),
                "gnn_layer_type": draw(LAYERS),
                "normalizer": draw(NORMALIZERS),
                "activation": draw(ACTIVATIONS),
                "norm_args": [out_dim],
                "gnn_layer_kwargs": {
                    "normalize": False,
                    "bias": True,
                    "project": False,
                    "root_weight": False,
                    "aggr": "mean",
                },
            }
        )
        in_dim = out_dim
    measured = {
        "batch_size": 32,
        "num_workers": 12,
        "pin_memory": False,
        "drop_last": True,
        "shuffle": True,
        "persistent_workers": True,
        "split": 0.1,
    }
    return {
        "model": {
            "name": "QuantumGravSearchSpace",
            "gcn_net": blocks,
            "pooling_layer": draw(["mean", "max", "sum"]),
            "classifier": {
                "input_dim": in_dim,
                "output_dims": [2],
                "hidden_dims": [48, 18],
                "activation": draw(ACTIVATIONS),
                "backbone_kwargs": [{}, {}],
                "output_kwargs": [{}],
                "activation_kwargs": [{"inplace": False}],
            },
        },
        "training": {
            "seed": 42,
            "device": "cuda",
            "early_stopping_patience": 5,
            "early_stopping_window": 7,
            "early_stopping_tol": 0.001,
            "early_stopping_metric": "f1_weighted",
            "checkpoint_at": 2,
            "checkpoint_path": "/path/to/where/the/intermediate/models/should/go",
            "learning_rate": draw([1e-5, 1e-3, 1e-1]),
            "weight_decay": draw([1e-6, 1e-4, 1e-2]),
            "batch_size": draw([32, 64]),
            "num_workers": 12,
            "pin_memory": False,
            "drop_last": True,
            "num_epochs": num_epochs,
            "split": 0.8,
        },
        "validation": measured,
        "testing": measured,
    }


@pytest.mark.parametrize("seed", range(24))
def test_a_sample_of_the_guides_space_trains_and_is_measured(seed, tiny_graphs):
    draw = random.Random(seed).choice  # noqa: S311 - a test's choice, not a secret
    config = sampled(draw, sizes=[[128, 256], [256, 512], [128, 256]], num_epochs=1)
    dataset = tiny_graphs(320)
    result = train(config, dataset, metric="loss", on_notice=lambda _: None)
    assert result.metrics["loss"] == pytest.approx(result.value)
    assert 0 <= evaluate(config, dataset, result.model, on_notice=lambda _: None)["f1_weighted"] <= 1


@pytest.mark.parametrize("seed", range(200))
def test_a_sample_of_the_guides_space_has_no_problems(seed):
    draw = random.Random(seed).choice  # noqa: S311 - a test's choice, not a secret
    config = sampled(draw, sizes=[[128, 256], [256, 512], [128, 256]], num_epochs=draw([50, 100, 200]))
    assert find_problems(config, num_node_features=12, num_classes=[2]) == ()
