"""The trainer: what a run yields, that it repeats itself, and what it says when it cannot go on."""

import math
import pickle

import numpy as np
import pytest
import torch

from qgtune.core.errors import ConfigValueError, TrialPruned
from qgtune.data import GraphDataset, Target
from qgtune.data.graph_store import Graph, stack_graphs
from qgtune.training import TASKS, TrainingError, evaluate, set_torch_threads, train
from qgtune.training.batching.parts import split_parts


def rejected(config, dataset, metric="loss"):
    with pytest.raises(ConfigValueError) as caught:
        train(config, dataset, metric=metric)
    return caught.value


def test_training_learns_what_the_features_tell(tiny_graphs, make_config):
    result = train(make_config({"num_epochs": 15}), tiny_graphs(noise=0.1), metric="accuracy")
    assert result.value == 1.0


def test_each_epoch_is_reported_with_its_validation_metrics(tiny_graphs, make_config):
    epochs = []
    result = train(make_config(), tiny_graphs(), metric="f1_macro", on_epoch=epochs.append)
    assert [each.epoch for each in epochs] == [0, 1, 2]
    assert all(each.value == each.metrics["f1_macro"] for each in epochs)
    assert all({"loss", "accuracy"} <= each.metrics.keys() for each in epochs)
    assert all(math.isfinite(each.train_loss) for each in epochs)
    assert result.value == max(each.value for each in epochs)
    assert result.epochs == 3


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_config_seed_and_threads_give_the_same_values(threads, tiny_graphs, make_config):
    torch.set_num_threads(threads)
    runs, dataset = [], tiny_graphs(30)
    for disturbance in (0, 1):
        torch.manual_seed(disturbance)
        epochs = []
        result = train(make_config({"num_epochs": 2}), dataset, metric="loss", on_epoch=epochs.append)
        runs.append((epochs, result.value, {k: v.tolist() for k, v in result.model.state_dict().items()}))
    assert runs[0] == runs[1]


def test_another_seed_gives_another_value(tiny_graphs, make_config):
    values = {train(make_config({"seed": s}), tiny_graphs(), metric="loss").value for s in (1, 2)}
    assert len(values) == 2


def test_the_random_numbers_of_the_caller_go_on_undisturbed(tiny_graphs, make_config):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(make_config({"num_epochs": 1}), tiny_graphs(), metric="loss")
    assert torch.equal(torch.rand(3), expected)


def test_the_weights_of_the_best_epoch_are_restored(tiny_graphs, make_config):
    config = make_config({"num_epochs": 12, "learning_rate": 0.3})
    epochs = []
    result = train(config, tiny_graphs(), metric="loss", on_epoch=epochs.append)
    values = [each.value for each in epochs]
    assert result.epoch == values.index(min(values))
    assert result.epoch < 11
    again = evaluate(config, tiny_graphs(), result.model, section="validation")
    assert again == pytest.approx(dict(result.metrics))
    assert again["loss"] == pytest.approx(result.value)


def test_early_stopping_ends_the_loop_and_chooses_the_epoch_by_its_own_metric(tiny_graphs, make_config):
    epochs = []
    config = make_config(
        {
            "num_epochs": 50,
            "early_stopping_patience": 2,
            "early_stopping_tol": 10.0,
            "early_stopping_metric": "f1_weighted",
        }
    )
    result = train(config, tiny_graphs(), metric="loss", on_epoch=epochs.append)
    scores = [each.metrics["f1_weighted"] for each in epochs]
    assert result.epochs == len(epochs) == 3
    assert result.epoch == scores.index(max(scores))
    assert result.value == epochs[result.epoch].metrics["loss"]


def test_pruning_passes_through(tiny_graphs, make_config):
    def prune(result):
        raise TrialPruned(f"at {result.epoch}")

    with pytest.raises(TrialPruned, match="at 0"):
        train(make_config(), tiny_graphs(), metric="loss", on_epoch=prune)


def test_several_targets_have_a_head_each_and_metrics_of_their_own(tiny_graphs, make_config):
    config = make_config(output_dims=(2, 3))
    result = train(config, tiny_graphs(num_classes=(2, 3)), metric="accuracy/target1")
    assert result.value == result.metrics["accuracy/target1"]
    both = [result.metrics[f"loss/target{k}"] for k in (0, 1)]
    assert result.metrics["loss"] == pytest.approx(np.mean(both))


def test_the_data_sets_of_qgtune_train(make_config):
    graph = (np.ones((3, 12), np.float32), np.array([[0, 1], [1, 2]]))
    arrays = stack_graphs([Graph(*graph, np.array([k % 2])) for k in range(40)])
    names = tuple(f"feature{k}" for k in range(12))
    dataset = GraphDataset("pairs", names, (Target("kind", 2, ("even", "odd")),), arrays)
    assert train(make_config(), dataset, metric="accuracy").value == 0.5


@pytest.mark.parametrize("optimizer", ["sgd", "AdamW", "Rprop", "RMSprop", "Adafactor"])
def test_any_listed_optimizer_trains(optimizer, tiny_graphs, make_config):
    config = make_config({"num_epochs": 1, "optimizer": optimizer})
    assert math.isfinite(train(config, tiny_graphs(), metric="loss").value)


def test_a_last_batch_of_one_graph_with_one_node_trains(tiny_graphs, make_config):
    dataset = tiny_graphs(num_graphs=22)
    dataset._graphs = [graph.subgraph(torch.tensor([0])) for graph in dataset._graphs]
    config = make_config({"split": 0.6, "batch_size": 4, "num_epochs": 2})
    assert len(split_parts(TASKS["graph_classification"].parse(config), dataset)["training"]) % 4 == 1
    assert math.isfinite(train(config, dataset, metric="loss").value)


def test_parts_are_disjoint_and_keep_the_share_of_each_class(tiny_graphs, make_config):
    dataset = tiny_graphs(num_graphs=100)
    parts = split_parts(TASKS["graph_classification"].parse(make_config()), dataset)
    assert {name: len(part) for name, part in parts.items()} == {
        "training": 60,
        "validation": 20,
        "testing": 20,
    }
    assert sorted(np.concatenate(list(parts.values()))) == list(range(100))
    assert all(dataset.labels[part].mean() == 0.5 for part in parts.values())


def test_a_gpu_that_is_not_there_is_said_once_and_the_cpu_is_used(tiny_graphs, make_config, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    notices = []
    result = train(make_config({"device": "cuda"}), tiny_graphs(), metric="loss", on_notice=notices.append)
    assert notices == [
        "training.device is cuda, and torch finds no GPU on this machine: the CPU is used instead"
    ]
    assert next(result.model.parameters()).device.type == "cpu"


def test_a_loss_that_is_not_finite_ends_the_training_with_its_place(tiny_graphs, make_config):
    config = make_config({"optimizer": "SGD", "learning_rate": 1e30})
    with pytest.raises(TrainingError) as caught:
        train(config, tiny_graphs(), metric="loss")
    error = caught.value
    assert (error.epoch, error.learning_rate) == (0, 1e30)
    assert error.step is not None
    assert error.step >= 1
    assert str(error) == f"{error.reason} (epoch 0, step {error.step}, learning rate 1e+30)"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_loss_that_breaks_in_the_last_step_shows_on_the_validation_graphs(tiny_graphs, make_config):
    training = {"optimizer": "SGD", "learning_rate": 1e38, "batch_size": 60}
    with pytest.raises(TrainingError, match=r"on the validation graphs is .* \(epoch 0, after its last step"):
        train(make_config(training), tiny_graphs(), metric="loss")


def test_drop_last_with_more_in_a_batch_than_there_are_graphs_is_said(tiny_graphs, make_config):
    error = rejected(make_config({"batch_size": 64, "drop_last": True}), tiny_graphs())
    assert error.path == ("training", "drop_last")
    assert error.message == ("would drop every batch: training has 36 graphs, and training.batch_size is 64")


@pytest.mark.parametrize(
    ("training", "validation", "section"),
    [(0.6, 0.001, "validation"), (0.01, 0.2, "training"), (0.6, 0.05, "validation"), (0.7, 0.7, "training")],
)
def test_parts_that_cannot_be_used_are_said(training, validation, section, tiny_graphs, make_config):
    config = make_config({"split": training}, {"split": validation})
    assert rejected(config, tiny_graphs(20)).path == (section, "split")


def test_a_part_with_one_class_names_target_and_class(tiny_graphs, make_config):
    dataset = tiny_graphs(60)
    dataset.labels[:, 0] = 1
    error = rejected(make_config(), dataset)
    assert error.path == ("training", "split")
    assert "at least two classes of 'target0': all 36 graphs of 60 are of class 1" in error.message


@pytest.mark.parametrize("wrong", [-1, 2])
def test_labels_out_of_range_are_said(wrong, tiny_graphs, make_config):
    dataset = tiny_graphs()
    dataset.labels[5, 0] = wrong
    error = rejected(make_config(), dataset)
    assert str(error) == f"data: labels of 'target0' must be from 0 to 1: graph 5 has {wrong}"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_features_that_are_not_finite_are_said(value, tiny_graphs, make_config):
    dataset = tiny_graphs()
    dataset.graph(3).x[0, 1] = value
    assert str(rejected(make_config(), dataset)) == (
        f"data: node features must be finite: graph 3 has {value}"
    )


def test_labels_of_the_wrong_shape_are_said(tiny_graphs, make_config):
    dataset = tiny_graphs()
    dataset.labels = dataset.labels[:-1]
    assert "their shape is (59, 1), not (60, 1)" in rejected(make_config(), dataset).message


def test_a_graph_without_nodes_is_said(tiny_graphs, make_config):
    dataset = tiny_graphs()
    dataset.graph(2).x = torch.empty(0, 12)
    assert str(rejected(make_config(), dataset)) == "data: every graph must have a node: graph 2 has none"


@pytest.mark.parametrize(
    ("data", "path", "said"),
    [
        ({"num_node_features": 7}, ("model", "gcn_net", 0, "in_dim"), "12 is not 7"),
        ({"num_classes": (2, 2)}, ("model", "classifier", "output_dims"), "1 entries ([2]), 2 targets"),
        ({"num_classes": (3,)}, ("model", "classifier", "output_dims", 0), "2 is not 3"),
    ],
)
def test_a_model_that_does_not_fit_the_data_set_names_both(data, path, said, tiny_graphs, make_config):
    error = rejected(make_config(), tiny_graphs(**data))
    assert error.path == path
    assert said in error.message


@pytest.mark.parametrize(
    ("training", "path", "said"),
    [
        ({"optimizer": "Rprop", "weight_decay": 0.1}, "weight_decay", "must be 0 with Rprop"),
        (
            {"optimizer_kwargs": {"fused": True, "foreach": True}},
            "optimizer_kwargs",
            "Adam cannot be built",
        ),
        ({"early_stopping_metric": "loss/nothing"}, "early_stopping_metric", "no target has a metric"),
        ({"num_epoch": 3}, "num_epoch", "training has no key 'num_epoch'"),
    ],
)
def test_values_that_cannot_be_used_are_said_at_their_path(training, path, said, tiny_graphs, make_config):
    error = rejected(make_config(training), tiny_graphs())
    assert error.path == ("training", path)
    assert said in error.message


def test_an_unknown_metric_is_said(tiny_graphs, make_config):
    assert rejected(make_config(), tiny_graphs(), metric="acuracy").hint == "did you mean 'accuracy'?"


def test_measuring_on_a_section_that_the_config_lacks_is_said(tiny_graphs, make_config):
    config = make_config()
    del config["testing"]
    model = train(config, tiny_graphs(), metric="loss").model
    with pytest.raises(ConfigValueError, match="must have a section 'testing'"):
        evaluate(config, tiny_graphs(), model)


def test_the_task_is_known_by_its_name_and_trains(tiny_graphs, make_config):
    result = TASKS["graph_classification"].train(make_config(), tiny_graphs(), metric="loss")
    assert result.value == train(make_config(), tiny_graphs(), metric="loss").value


def test_the_share_of_threads_can_be_set_at_any_time():
    for threads in (2, 1, 2):
        set_torch_threads(threads)
        assert torch.get_num_threads() == threads


def test_the_best_epoch_does_not_depend_on_the_smoothing_window(tiny_graphs, make_config):
    results = [
        train(make_config({"num_epochs": 8, "early_stopping_window": window}), tiny_graphs(), metric="loss")
        for window in (1, 5)
    ]
    assert results[0].value == results[1].value


def test_a_task_of_the_users_own_needs_only_train(tiny_graphs, make_config, monkeypatch):
    class Constant:
        def train(self, config, dataset, **_):
            return len(config), len(dataset)

    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    TASKS.register("constant")(Constant())
    assert TASKS["constant"].train(make_config(), tiny_graphs(), metric="loss") == (4, 60)


def test_the_train_loss_is_the_mean_over_graphs_not_over_batches(tiny_graphs, make_config):
    dataset, losses = tiny_graphs(50), []
    for batch_size in (7, 30):  # 30 graphs: batches of 7, 7, 7, 7, 2, and one of 30
        config = make_config({"batch_size": batch_size, "learning_rate": 1e-30, "num_epochs": 1})
        config["model"]["gcn_net"][0] |= {"normalizer": "identity", "dropout": 0.0}
        train(config, dataset, metric="loss", on_epoch=lambda epoch: losses.append(epoch.train_loss))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_the_seed_draws_the_parts(tiny_graphs, make_config):
    parts = [
        split_parts(TASKS["graph_classification"].parse(make_config({"seed": seed})), tiny_graphs())[
            "training"
        ]
        for seed in (1, 2)
    ]
    assert set(parts[0]) != set(parts[1])


def test_weight_decay_shrinks_the_weights(tiny_graphs, make_config):
    norms = []
    for weight_decay in (0.0, 10.0):
        config = make_config({"optimizer": "SGD", "weight_decay": weight_decay, "num_epochs": 5})
        model = train(config, tiny_graphs(), metric="loss").model
        norms.append(sum(p.square().sum().item() for p in model.parameters()))
    assert norms[1] < norms[0]
