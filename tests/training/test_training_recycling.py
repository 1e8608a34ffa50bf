"""What a worker uses again is what it would build anew, to the last bit, or is built anew."""

import pytest
import torch
from task_cases import CASES, classes
from torch_geometric.nn import MessagePassing

from qgtune.core.errors import TrialPruned
from qgtune.nn import LAYERS
from qgtune.training import BUILT_IN, Recycling, SupervisedTask
from qgtune.training.loop.recycling import FreshModel, model_for_trial

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


class CountingElsewhere(Counting):
    """Counts in an object, of which not even the text changes."""

    class Calls:
        def __init__(self):
            self.count = 0

    def __init__(self):
        super().__init__()
        self.elsewhere = self.Calls()

    def forward(self, x):
        self.elsewhere.count += 1
        return self.linear(x) * self.elsewhere.count


class CountingLinear(torch.nn.Linear):
    """Inherits a ``reset_parameters``, which does not know of the calls."""

    def __init__(self):
        super().__init__(6, 2)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x) * self.calls


class Configured(torch.nn.Module):
    """Holds numbers, names and functions that it never changes."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 2)
        self.settings = {"scale": (0.5, None), "kinds": ["a", torch.float32]}
        self.activation = torch.nn.functional.relu

    def forward(self, x):
        return self.activation(self.linear(x)) * self.settings["scale"][0]


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
    [
        (Counting, False),
        (CountingThatResets, True),
        (CountingElsewhere, False),
        (CountingLinear, False),
        (Configured, True),
        (Remembering, False),
        (RememberingThatResets, True),
    ],
)
def test_a_module_with_a_state_of_its_own_is_kept_only_if_it_can_be_reset(module, is_kept):
    task, recycling = Mean(module), Recycling()
    fresh = bits(train(CASE.config, task=task))
    for _ in range(3):
        assert bits(train(CASE.config, recycling, task=task)) == fresh
    kept = [value for value in recycling._kept.values() if isinstance(value, FreshModel)]
    assert bool(kept) is is_kept


class Scaled(MessagePassing):
    """A layer of a user's own, which adds up the neighbours' features."""

    def __init__(self, in_dim, out_dim):
        super().__init__(aggr="sum")
        self.linear = torch.nn.Linear(in_dim, out_dim)
        self.scale = 0.5

    def forward(self, x, edge_index):
        return self.propagate(edge_index, x=self.linear(x)) * self.scale


class CountingScaled(Scaled):
    def forward(self, x, edge_index):
        self.scale += 0.5
        return super().forward(x, edge_index)


@pytest.mark.parametrize(("layer", "is_kept"), [(Scaled, True), (CountingScaled, False)])
def test_a_layer_of_message_passing_is_kept_unless_it_changes_on_the_way(layer, is_kept):
    edge_index = torch.tensor([[0, 1], [1, 0]])
    fresh = FreshModel.build(lambda: layer(3, 4), CPU)
    fresh.model(torch.rand(2, 3), edge_index)
    assert fresh.can_be_reset is is_kept


class Widening(Mean):
    """Its model depends on more of the config than the section ``model``."""

    def __init__(self):
        super().__init__(None)

    def build_model(self, config):
        torch.manual_seed(config["training"]["num_epochs"])
        return torch.nn.Linear(6, 2)


def test_a_task_whose_model_depends_on_the_whole_config_gets_the_model_of_each_config():
    task, recycling = Widening(), Recycling()
    for epochs in (1, 2, 1):
        config = CASE.config_with(num_epochs=epochs)
        assert bits(train(config, recycling, task=task)) == bits(train(config, task=task))


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
