"""The loop's arithmetic: steps of several batches, clipped gradients, schedules, precisions, determinism."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from own_task import Separation
from task_cases import CASES, WIDTH, classes, config_of, values

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn import LAYER_TYPES
from qgtune.schema.gnn.optimization import OPTIMIZERS, SCHEDULERS
from qgtune.training import BUILT_IN, TASKS
from qgtune.training.loop.optimizers import make_optimizer
from qgtune.training.loop.precision import Precision
from qgtune.training.loop.schedulers import Schedule
from qgtune.training.loop.stepping import Stepper

CLASSIFY, REGRESS = BUILT_IN["graph_classification"], BUILT_IN["graph_regression"]
CASE = CASES["graph_classification"]

NEEDED = {
    "CosineAnnealingLR": {"T_max": 4},
    "CosineAnnealingWarmRestarts": {"T_0": 2},
    "CyclicLR": {"base_lr": 1e-4, "max_lr": 1e-2, "step_size_up": 3},
    "ExponentialLR": {"gamma": 0.9},
    "MultiStepLR": {"milestones": [1, 3]},
    "OneCycleLR": {"max_lr": 0.02},
    "StepLR": {"step_size": 2},
    "ReduceLROnPlateau": {"patience": 0, "threshold": 10.0},
}


def weights(model):
    return torch.cat([value.double().flatten() for value in model.state_dict().values()])


def plain(**training):
    """Return a config without anything that depends on which samples share a batch."""
    config = config_of([2], normalizer="identity", dropout=0.0)
    config["training"] |= {"shuffle": False, "optimizer": "SGD", "learning_rate": 0.1, **training}
    return config


def trained(config, dataset=None, task=CLASSIFY, **kwargs):
    return task.train(config, dataset or classes(), metric="loss", **kwargs)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([(1, 12), (2, 6), (3, 4), (5, 5), (7, 2), (24, 1)]))
def test_a_step_of_several_batches_is_that_of_one_larger_batch(pair):
    count, size = pair
    apart = trained(plain(batch_size=size, accumulate_batches=count))
    together = trained(plain(batch_size=size * count))
    assert torch.allclose(weights(apart.model), weights(together.model), rtol=1e-5, atol=1e-6)


def test_a_step_of_batches_of_unequal_size_weighs_each_sample_alike():
    apart = trained(plain(batch_size=7, accumulate_batches=4))  # 24 graphs: 7, 7, 7, 3
    together = trained(plain(batch_size=24))
    assert torch.allclose(weights(apart.model), weights(together.model), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("key", "bound"), [("clip_grad_norm", 1e-3), ("clip_grad_value", 1e-5)])
def test_a_step_is_no_longer_than_clipped_gradients_allow(key, bound):
    config = plain(batch_size=24, num_epochs=1, learning_rate=1.0, **{key: bound})
    torch.manual_seed(config["training"]["seed"])
    start = CLASSIFY.build_model(config)
    change = weights(trained(config).model) - weights(start)
    size = change.norm() if key == "clip_grad_norm" else change.abs().max()
    assert bound * 0.9 < size <= bound * 1.01


@pytest.mark.parametrize("name", SCHEDULERS)
def test_each_scheduler_trains_and_goes_on_after_a_kill(name, tmp_path):
    class Killed(BaseException):
        pass

    def kill(epoch):
        if epoch.epoch == 1:
            raise Killed

    config = plain(scheduler=name, scheduler_kwargs=NEEDED.get(name, {}), batch_size=8)
    whole = trained(config)
    with pytest.raises(Killed):
        trained(config, output_dir=tmp_path, on_epoch=kill, resume=True)
    resumed = trained(config, output_dir=tmp_path, resume=True)
    assert math.isfinite(whole.value)
    assert torch.equal(weights(resumed.model), weights(whole.model))


def learning_rates(tmp_path, **training):
    config = plain(num_epochs=4, batch_size=8, checkpoint_at=1, **training)
    trained(config, output_dir=tmp_path)
    states = [torch.load(tmp_path / f"checkpoints/00000/epoch_000{k}.pt") for k in range(4)]
    return [state["optimizer"]["param_groups"][0]["lr"] for state in states]


def test_a_scheduler_steps_once_an_epoch(tmp_path):
    rates = learning_rates(tmp_path, scheduler="StepLR", scheduler_kwargs={"step_size": 2, "gamma": 0.1})
    assert rates == pytest.approx([0.1, 0.01, 0.01, 0.001])


def test_one_cycle_ends_with_the_last_step_of_the_last_epoch(tmp_path):
    kwargs = {"max_lr": 1.0, "div_factor": 10, "final_div_factor": 100}
    rates = learning_rates(tmp_path, scheduler="OneCycleLR", scheduler_kwargs=kwargs)
    assert rates[-1] == pytest.approx(1.0 / 10 / 100)


def test_a_step_whose_gradients_do_not_fit_changes_neither_weights_nor_learning_rate():
    """What fp16 does on a GPU, with the same scaler on a CPU."""
    kwargs = {"max_lr": 1.0, "total_steps": 10}
    training = CLASSIFY.parse(plain(scheduler="OneCycleLR", scheduler_kwargs=kwargs)).training
    model = torch.nn.Linear(2, 1)
    optimizer = make_optimizer(training, model.parameters())
    precision = Precision("float32", torch.device("cpu"), print)
    precision.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**20)
    schedule = Schedule(training, optimizer, steps_per_epoch=5, direction="minimize")
    stepper = Stepper(training, model, optimizer, schedule, precision)
    seen = []
    for factor in (1e38, 1.0):
        before = stepper.learning_rate, weights(model).tolist()
        stepper.backward(model(torch.ones(1, 2)).sum() * factor)
        stepper.step()
        after = stepper.learning_rate, weights(model).tolist()
        seen.append([new == old for new, old in zip(after, before, strict=True)])
        optimizer.zero_grad()
    assert seen == [[True, True], [False, False]]


def test_the_plateau_is_that_of_the_validation_metric(tmp_path):
    kwargs = {"patience": 0, "factor": 0.5, "threshold": 1e9, "threshold_mode": "abs"}
    rates = learning_rates(tmp_path, scheduler="ReduceLROnPlateau", scheduler_kwargs=kwargs)
    # The first epoch is better than none; no other is better by a thousand million.
    assert rates == pytest.approx([0.1, 0.05, 0.025, 0.0125])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_optimizer_trains(optimizer):
    assert math.isfinite(trained(plain(optimizer=optimizer, num_epochs=1)).value)


def optimizer_of(name, **kwargs):
    section = CLASSIFY.parse(plain(optimizer=name, optimizer_kwargs=kwargs)).training
    return make_optimizer(section, [torch.nn.Parameter(torch.ones(3))])


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
def test_the_fused_way_is_taken_unless_the_config_says_how(name):
    assert optimizer_of(name).defaults["fused"] is True
    assert optimizer_of(name, fused=False).defaults["fused"] is False
    assert not optimizer_of(name, foreach=True).defaults["fused"]


@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
def test_the_fused_way_has_the_same_mathematics(name):
    runs = [
        trained(plain(optimizer=name, learning_rate=0.01, optimizer_kwargs=kwargs))
        for kwargs in ({}, {"fused": False})
    ]
    assert torch.allclose(weights(runs[0].model), weights(runs[1].model), rtol=1e-4, atol=1e-6)


def test_bf16_trains_to_about_the_same_and_leaves_float32_weights():
    half, full = (trained(plain(precision=precision)) for precision in ("bf16", "float32"))
    assert half.value == pytest.approx(full.value, rel=0.05)
    assert half.value != full.value
    assert {value.dtype for value in half.model.state_dict().values()} == {torch.float32}


def test_a_model_trained_in_fp16_is_measured_on_a_cpu_in_float32():
    """A model file names no device: a CPU computes with its float32 weights, and says so."""
    model, told = trained(plain()).model, []
    half = CLASSIFY.evaluate(plain(precision="fp16", device="cuda"), classes(), model, on_notice=told.append)
    assert half == CLASSIFY.evaluate(plain(), classes(), model)
    assert len(told) == 1
    assert "measured in float32" in told[0]


@pytest.mark.parametrize("count", [5, 12])
def test_a_whole_data_set_is_measured_to_its_last_sample(count):
    """What validation leaves out of its last batch is not left out of other data."""
    model = trained(plain()).model
    dropping = {**plain(), "validation": {"split": 0.2, "batch_size": 8, "drop_last": True}}
    measured = [
        CLASSIFY.evaluate(config, classes(count), model, section=None) for config in (dropping, plain())
    ]
    assert measured[0] == measured[1]


def test_fp16_on_a_cpu_is_refused_with_the_reason(monkeypatch):
    with pytest.raises(ConfigValueError, match="fp16 needs a GPU") as caught:
        trained(plain(precision="fp16"))
    assert caught.value.path == ("training", "precision")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigValueError, match="fp16 needs a GPU"):
        trained(plain(precision="fp16", device="cuda"), on_notice=[].append)


EDGE_DIMS = {"gat", "gatv2", "graph_transformer"}


@pytest.mark.parametrize("layer", LAYER_TYPES)
def test_the_same_seed_gives_the_same_bits_with_each_layer_and_with_edges(layer):
    kwargs = {"edge_dim": 2} if layer in EDGE_DIMS else {}
    config = config_of([2], layer=layer, gnn_layer_kwargs=kwargs)
    config["training"]["num_epochs"] = 2
    dataset = classes(features=True)
    first, second = (trained(config, dataset) for _ in range(2))
    assert first.value == second.value
    assert torch.equal(weights(first.model), weights(second.model))


def test_features_of_graphs_reach_the_head():
    config = config_of([2])
    config["model"]["graph_features_net"] = {"input_dim": 3, "output_dim": 4, "hidden_dims": [5]}
    config["model"]["classifier"]["input_dim"] += 4
    result = trained(config, classes(features=True))
    assert math.isfinite(result.value)
    with pytest.raises(ConfigValueError):
        trained(config, classes())


def test_predicted_values_are_in_the_units_of_the_data():
    config = config_of([1], dropout=0.0)
    config["training"] |= {"num_epochs": 40, "learning_rate": 0.02}
    dataset = values()
    result = trained(config, dataset, REGRESS)
    mean = np.asarray(dataset.labels).mean()
    assert abs(float(result.model.target_mean[0]) - mean) < 0.5
    learned = REGRESS.evaluate(config, dataset, result.model, section="training")
    assert learned["mae"] < 1.5
    assert learned["rmse"] == pytest.approx(math.sqrt(learned["mse"]))


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_the_loss_of_a_regression_does_not_change_with_the_unit(loss):
    small, large = values(), values()
    large.arrays.y[:] *= 1000.0
    config = config_of([1])
    config["training"] |= {"loss": loss}
    first, second = (trained(config, dataset, REGRESS) for dataset in (small, large))
    assert second.value == pytest.approx(first.value, rel=1e-3)
    assert second.metrics["mae"] == pytest.approx(1000 * first.metrics["mae"], rel=1e-3)


def test_without_standardizing_the_loss_is_that_of_the_metric():
    config = config_of([1])
    config["training"] |= {"standardize_targets": False}
    result = trained(config, values(), REGRESS)
    assert result.metrics["loss"] == pytest.approx(result.metrics["mse"], rel=1e-5)


def test_the_loss_of_one_of_several_values_can_be_tuned():
    result = trained_by("loss/size1", values(targets=2))
    assert result.value == result.metrics["loss/size1"]
    with pytest.raises(ConfigValueError, match="no target has a metric 'loss/size9'"):
        trained_by("loss/size9", values(targets=2))


def trained_by(metric, dataset):
    return REGRESS.train(config_of([1, 1]), dataset, metric=metric)


def test_a_task_that_tells_no_loss_for_each_target_says_so():
    case = CASES["own"]
    with pytest.raises(ConfigValueError, match="the loss is that of all targets together"):
        case.task.train(case.config, case.dataset, metric="loss/kind")


def test_several_values_have_a_loss_each():
    result = trained(config_of([1, 1]), values(targets=2), REGRESS)
    apart = [result.metrics[f"loss/size{k}"] for k in (0, 1)]
    assert result.metrics["loss"] == pytest.approx(np.mean(apart), rel=1e-5)


@pytest.mark.parametrize(
    ("task", "dataset", "said"),
    [
        ("graph_classification", values(), "'size0' is a number"),
        ("graph_regression", classes(), "'kind' is a class"),
        ("node_classification", classes(), "a label for each node"),
        ("graph_classification", CASES["node_classification"].dataset, "a label for each graph"),
    ],
)
def test_a_data_set_of_another_task_is_named(task, dataset, said):
    with pytest.raises(ConfigValueError, match=said):
        trained(CASES[task].config, dataset, TASKS[task])


def test_nodes_without_a_known_class_are_in_no_part():
    case = CASES["node_classification"]
    parts = case.task.split(case.task.parse(case.config), case.dataset)
    numbers = np.concatenate(list(parts.values()))
    assert len(set(numbers)) == len(numbers)
    assert (case.dataset.labels[numbers] >= 0).all()
    assert case.dataset.num_node_features == WIDTH


@pytest.mark.parametrize(("empty", "said"), [("training", "to train on"), ("validation", "to measure on")])
def test_a_task_that_gives_no_batch_is_told_so(empty, said):
    class WithoutBatches(Separation):
        def batches(self, section, *args, **kwargs):
            return [] if section == empty else super().batches(section, *args, **kwargs)

    with pytest.raises(ConfigValueError, match=f"there must be a batch {said}"):
        WithoutBatches().train(CASES["own"].config, classes(), metric="loss")


def test_a_checkpoint_of_another_config_is_not_gone_on_from(tmp_path):
    trained(plain(num_epochs=1), output_dir=tmp_path, save=True)
    with pytest.raises(ConfigValueError, match="another config"):
        trained(plain(num_epochs=1, learning_rate=0.2), output_dir=tmp_path, resume=True)


@pytest.mark.parametrize(("metric", "dataset"), [("accuracy", classes()), ("loss", classes(50))])
def test_a_checkpoint_of_another_metric_or_data_set_is_not_gone_on_from(metric, dataset, tmp_path):
    """The same config does not make it the same training."""
    trained(plain(num_epochs=1), output_dir=tmp_path, save=True)
    with pytest.raises(ConfigValueError, match="another config, metric or data set"):
        CLASSIFY.train(plain(num_epochs=2), dataset, metric=metric, output_dir=tmp_path, resume=True)


def test_a_checkpoint_that_is_not_gone_on_from_stays_beside_its_own_config(tmp_path):
    trained(plain(num_epochs=1), output_dir=tmp_path, save=True)
    before = (tmp_path / "checkpoints/00000/cfg.yaml").read_bytes()
    with pytest.raises(ConfigValueError, match="another config"):
        trained(plain(num_epochs=1, learning_rate=0.2), output_dir=tmp_path, resume=True)
    assert (tmp_path / "checkpoints/00000/cfg.yaml").read_bytes() == before


def test_every_epoch_after_which_a_training_goes_on_has_been_told(tmp_path):
    """A kill at any time costs whoever listens no epoch; some may be told twice."""
    saved = []

    def look(result):
        file = tmp_path / "checkpoints/00000/last.pt"
        saved.append(torch.load(file, weights_only=True)["epoch"] if file.exists() else None)

    trained(plain(num_epochs=3), output_dir=tmp_path, save=True, on_epoch=look)
    assert saved == [None, 0, 1]


def test_a_training_can_be_made_longer_after_its_end(tmp_path):
    longer = trained(plain(num_epochs=4))
    trained(plain(num_epochs=2), output_dir=tmp_path, save=True)
    resumed = trained(plain(num_epochs=4), output_dir=tmp_path, resume=True)
    assert torch.equal(weights(resumed.model), weights(longer.model))


def test_a_checkpoint_that_was_cut_off_is_named(tmp_path):
    trained(plain(num_epochs=1), output_dir=tmp_path, save=True)
    file = tmp_path / "checkpoints/00000/last.pt"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ConfigValueError, match="cannot be read"):
        trained(plain(num_epochs=1), output_dir=tmp_path, resume=True)


def test_the_whole_config_stands_beside_the_weights(tmp_path):
    import yaml

    config = plain(num_epochs=1)
    trained(config, output_dir=tmp_path, save=True, trial_number=74)
    assert yaml.safe_load((tmp_path / "checkpoints/00074/cfg.yaml").read_text()) == config
