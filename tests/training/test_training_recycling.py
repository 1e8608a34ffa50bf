"""What a worker uses again is what it would build anew, to the last bit, or is built anew."""

import pytest
import torch
from task_cases import CASES, classes

from qgtune.core.errors import TrialPruned
from qgtune.nn import LAYERS
from qgtune.training import BUILT_IN, Recycling, SupervisedTask
from qgtune.training.recycling import FreshModel, model_for_trial

CASE = CASES["graph_classification"]
CPU = torch.device("cpu")


def bits(result):
    return result.value, [value.tolist() for value in result.model.state_dict().values()]


def train(config, recycling=None, task=CASE.task, dataset=CASE.dataset, **kwargs):
    return task.train(config, dataset, metric="loss", recycling=recycling, **kwargs)


def test_trials_of_changing_architectures_seeds_and_batches_get_what_is_theirs():
    recycling = Recycling()
    for seed, out_dim, batch_size in [(3, 8, 8), (3, 4, 8), (4, 8, 8), (3, 8, 5), (3, 8, 8), (4, 8, 8)]:
        config = CASE.config_with(seed=seed, batch_size=batch_size, num_epochs=2)
        block = {**config["model"]["gcn_net"][0], "out_dim": out_dim}
        classifier = {**config["model"]["classifier"], "input_dim": out_dim}
        config["model"] = {"gcn_net": [block], "classifier": classifier}
        assert bits(train(config, recycling)) == bits(train(config))


def test_a_trial_that_was_pruned_leaves_nothing_behind():
    recycling = Recycling()

    def prune(epoch):
        raise TrialPruned("now")

    fresh = bits(train(CASE.config))
    with pytest.raises(TrialPruned):
        train(CASE.config, recycling, on_epoch=prune)
    assert bits(train(CASE.config, recycling)) == fresh


def test_two_threads_never_share_what_is_kept():
    recycling = Recycling()
    recycling.put("model", object())
    assert recycling.take("model") is not None
    assert recycling.take("model") is None


def test_only_the_latest_few_are_kept():
    recycling = Recycling(2)
    for key in "abc":
        recycling.put(key, key)
    assert [recycling.take(key) for key in "abc"] == [None, "b", "c"]


def test_another_data_set_is_checked_and_batched_for_itself():
    recycling, other = Recycling(), classes(60)
    train(CASE.config, recycling)
    assert bits(train(CASE.config, recycling, dataset=other)) == bits(train(CASE.config, dataset=other))


class Counting(torch.nn.Module):
    """Its output depends on how often it was called, which no state dict tells."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 2)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.linear(x) * self.calls


class CountingThatResets(Counting):
    def reset_parameters(self):
        self.calls = 0


class Remembering(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 2)
        self.register_buffer("seen", torch.zeros(()), persistent=False)

    def forward(self, x):
        self.seen += 1
        return self.linear(x) * self.seen


class RememberingThatResets(Remembering):
    def reset_parameters(self):
        self.seen.zero_()


class Mean(SupervisedTask):
    def __init__(self, module):
        self.module = module

    def build_model(self, config):
        return self.module()

    def forward(self, model, batch):
        return model(batch.x[:: len(batch.x) // batch.num_graphs][: batch.num_graphs])

    def loss(self, outputs, batch, context):
        return torch.nn.functional.cross_entropy(outputs[0], batch.y[:, 0])


@pytest.mark.parametrize(
    ("module", "is_kept"),
    [(Counting, False), (CountingThatResets, True), (Remembering, False), (RememberingThatResets, True)],
)
def test_a_module_with_a_state_of_its_own_is_kept_only_if_it_can_be_reset(module, is_kept):
    task, recycling = Mean(module), Recycling()
    fresh = bits(train(CASE.config, task=task))
    for _ in range(3):
        assert bits(train(CASE.config, recycling, task=task)) == fresh
    kept = [value for value in recycling._kept.values() if isinstance(value, FreshModel)]
    assert bool(kept) is is_kept


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_a_model_with_each_layer_is_set_back_with_the_random_numbers_that_follow(layer):
    config = CASE.config_with()
    block = {**config["model"]["gcn_net"][0], "gnn_layer_type": layer}
    config["model"] = {**config["model"], "gcn_net": [block]}
    recycling, task = Recycling(), BUILT_IN["graph_classification"]
    seen = []
    for _ in range(2):
        torch.manual_seed(5)
        fresh = model_for_trial(recycling, "key", lambda: task.build_model(config), CPU)
        seen.append(([value.tolist() for value in fresh.model.state_dict().values()], torch.rand(3).tolist()))
        with torch.no_grad():
            for parameter in fresh.model.parameters():
                parameter.add_(1.0)
        assert fresh.can_be_reset
        recycling.put("key", fresh)
    assert seen[0] == seen[1]
