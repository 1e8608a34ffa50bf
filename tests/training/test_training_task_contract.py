"""What every task does, whoever wrote it."""

import copy
import math
import pickle

import pytest
import torch
from task_cases import CASES

from qgtune.core.errors import ConfigValueError, TrialPruned
from qgtune.training import BUILT_IN, TASKS, Recycling, TrainingError


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def weights(model):
    return {name: value.tolist() for name, value in model.state_dict().items()}


def outcome(result):
    return result.value, result.epoch, result.epochs, dict(result.metrics), weights(result.model)


def test_every_registered_task_is_held_to_the_contract():
    assert set(TASKS) == set(BUILT_IN) == set(CASES) - {"own"}


def test_a_task_trains_and_reports_each_epoch(case):
    epochs = []
    result = case.task.train(case.config, case.dataset, metric=case.metric, on_epoch=epochs.append)
    assert [each.epoch for each in epochs] == [0, 1, 2, 3]
    assert all(math.isfinite(each.train_loss) for each in epochs)
    assert all({"loss", case.metric} <= each.metrics.keys() for each in epochs)
    assert all(each.value == each.metrics[case.metric] for each in epochs)
    assert result.value == epochs[result.epoch].value


def test_the_same_seed_gives_the_same_bits(case):
    runs = []
    for disturbance in (0, 1):
        torch.manual_seed(disturbance)
        runs.append(outcome(case.task.train(case.config, case.dataset, metric=case.metric)))
    assert runs[0] == runs[1]


def test_another_seed_gives_other_weights(case):
    first, second = (
        weights(case.task.train(case.config_with(seed=s), case.dataset, metric="loss").model) for s in (1, 2)
    )
    assert first != second


def test_the_value_is_that_of_the_best_epoch_measured_again(case):
    result = case.task.train(case.config, case.dataset, metric=case.metric)
    again = case.task.evaluate(case.config, case.dataset, result.model, section="validation")
    assert again == dict(result.metrics)
    assert again[case.metric] == result.value


@pytest.mark.parametrize("section", ["training", "validation", "testing", None])
def test_a_model_is_measured_on_each_section_and_on_everything(case, section):
    model = case.task.train(case.config_with(num_epochs=1), case.dataset, metric="loss").model
    measured = case.task.evaluate(case.config, case.dataset, model, section=section)
    assert {"loss", *case.task.metrics} <= measured.keys()
    assert math.isfinite(measured["loss"])


def test_pruning_passes_through(case):
    def prune(epoch):
        raise TrialPruned(f"at {epoch.epoch}")

    with pytest.raises(TrialPruned, match="at 0"):
        case.task.train(case.config, case.dataset, metric="loss", on_epoch=prune)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_training_that_was_killed_goes_on_to_the_same_bits(case, after, tmp_path):
    def kill(epoch):
        if epoch.epoch == after:
            raise Killed

    config = case.config_with(optimizer="AdamW", scheduler="ExponentialLR", scheduler_kwargs={"gamma": 0.7})
    whole = case.task.train(config, case.dataset, metric="loss")
    given = {"metric": "loss", "output_dir": tmp_path, "resume": True}
    with pytest.raises(Killed):
        case.task.train(config, case.dataset, on_epoch=kill, **given)
    epochs = []
    resumed = case.task.train(config, case.dataset, on_epoch=epochs.append, **given)
    assert [each.epoch for each in epochs] == list(range(after + 1, 4))
    assert outcome(resumed) == outcome(whole)


def test_a_loss_that_is_not_finite_is_named_with_its_place(case):
    config = case.config_with(optimizer="SGD", learning_rate=1e30, num_epochs=9)
    with pytest.raises(TrainingError, match=r"the loss .*(nan|inf).* \(epoch \d, .*learning rate 1e\+30\)"):
        case.task.train(config, case.dataset, metric="loss")


def test_a_key_that_no_section_has_is_refused_at_its_path(case):
    with pytest.raises(ConfigValueError) as caught:
        case.task.train(case.config_with(num_epoch=3), case.dataset, metric="loss")
    assert caught.value.path == ("training", "num_epoch")


def test_a_value_that_does_not_fit_is_refused_at_its_path(case):
    config = copy.deepcopy(case.config)
    *parents, key = case.path_of_a_wrong_value
    section = config
    for part in parents:
        section = section[part]
    section[key] = -1
    with pytest.raises(ConfigValueError) as caught:
        case.task.train(config, case.dataset, metric="loss")
    assert caught.value.path == case.path_of_a_wrong_value


def test_a_metric_that_the_task_does_not_report_is_refused_with_the_nearest(case):
    with pytest.raises(ConfigValueError, match="no metric is named") as caught:
        case.task.train(case.config, case.dataset, metric="los")
    assert caught.value.hint == "did you mean 'loss'?"


def test_a_task_that_was_pickled_does_the_same(case):
    again = pickle.loads(pickle.dumps(case.task))
    results = [task.train(case.config, case.dataset, metric="loss") for task in (case.task, again)]
    assert outcome(results[0]) == outcome(results[1])


def test_what_a_worker_uses_again_gives_the_bits_of_a_fresh_construction(case):
    recycling = Recycling()
    for learning_rate in (0.01, 0.03, 0.01):
        config = case.config_with(learning_rate=learning_rate)
        fresh = outcome(case.task.train(config, case.dataset, metric=case.metric))
        kept = case.task.train(config, case.dataset, metric=case.metric, recycling=recycling)
        assert outcome(kept) == fresh
    assert len(recycling) == 4  # that the data set was checked, two sections' batches, one model


def test_a_model_is_built_from_a_config_alone(case):
    torch.manual_seed(3)
    first = weights(case.task.build_model(case.config))
    torch.manual_seed(3)
    assert weights(case.task.build_model(case.config)) == first
