"""The files of QGTune's guide, word for word, with base settings of the same shape."""

import pathlib
import pickle

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spaces import compiled, domains

GUIDE = pathlib.Path(__file__).parent.parent / "guide"
SPACE, BASE, MAP = (
    (GUIDE / f"{name}.yaml").read_text() for name in ("search_space", "base_settings", "depmap")
)

LAYER = {
    "dropout": "float from 0.2 to 0.5, step 0.1",
    "gnn_layer_type": "one of sage, gcn, gat, gco",
    "normalizer": "one of batch_norm, identity, layer_norm",
    "activation": "one of relu, leaky_relu, sigmoid, tanh, identity",
}
WIDTHS = ("one of 128, 256", "one of 256, 512", "one of 128, 256")
PARAMETERS = {
    f"model.gcn_net.{i}.{key}": domain
    for i, width in enumerate(WIDTHS)
    for key, domain in {"out_dim": width, **LAYER}.items()
} | {
    "model.pooling_layer": "one of mean, max, sum",
    "model.classifier.activation": "one of relu, leaky_relu, sigmoid, tanh, identity",
    "training.learning_rate": "float from 1e-05 to 0.1, log",
    "training.weight_decay": "float from 1e-06 to 0.01, log",
    "training.batch_size": "one of 32, 64",
    "training.num_epochs": "one of 50, 100, 200",
}


def test_exactly_the_21_parameters_vary():
    assert len(PARAMETERS) == 21
    assert domains(compiled(SPACE, BASE, MAP)) == PARAMETERS


@pytest.mark.parametrize("base", [BASE, None], ids=["with base settings", "without"])
def test_with_the_model_fixed_only_the_training_varies(base):
    untuned = {"model"} if base else set()
    expected = {name: d for name, d in PARAMETERS.items() if not untuned or name.startswith("training")}
    found = domains(compiled(SPACE, base, MAP, untuned))
    if base is None:  # nothing tells that these two are lists, and a warning says so
        expected |= {
            "model.classifier.output_dims": "one of 2",
            "model.classifier.hidden_dims": "one of 48, 18",
        }
    assert found == expected


@given(st.integers(0, 2**32 - 1))
def test_lists_stay_lists_and_dims_follow_in_every_config(seed):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    trial = study.ask()
    config = compiled(SPACE, BASE, MAP).plan.resolve(trial)
    layers, classifier = config["model"]["gcn_net"], config["model"]["classifier"]
    assert (classifier["hidden_dims"], classifier["output_dims"]) == ([48, 18], [2])
    assert [layer["norm_args"] for layer in layers] == [[layer["out_dim"]] for layer in layers]
    assert [layer["in_dim"] for layer in layers[1:]] == [layer["out_dim"] for layer in layers[:-1]]
    assert classifier["input_dim"] == layers[-1]["out_dim"]
    assert layers[0]["in_dim"] == 12
    assert config["training"]["learning_rate"] == trial.params["training.learning_rate"]
    assert config["testing"] == config["validation"]


def test_the_plan_survives_pickling():
    plan = compiled(SPACE, BASE, MAP).plan
    copy = pickle.loads(pickle.dumps(plan))
    params = optuna.create_study(sampler=optuna.samplers.RandomSampler(3)).ask()
    config = plan.resolve(params)
    assert copy == plan
    assert copy.config_of(params.params) == config


def test_configs_share_nothing():
    plan = compiled(SPACE, BASE, MAP).plan
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(3))
    first, second = plan.resolve(study.ask()), plan.resolve(study.ask())
    first["model"]["gcn_net"][0]["gnn_layer_kwargs"]["bias"] = "changed"
    first["validation"]["batch_size"] = "changed"
    first["model"]["gcn_net"][0]["norm_args"].append("changed")
    assert "changed" not in str(second)
    assert first["testing"]["batch_size"] == 32
    assert "changed" not in str(plan.resolve(study.ask()))
