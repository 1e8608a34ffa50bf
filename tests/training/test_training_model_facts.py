"""What a task tells of a config before it trains: the number of its model's parameters."""

import pathlib

import pytest
import torch

from qgtune.compiler.load import compile_files
from qgtune.core.errors import ConfigValueError
from qgtune.nn import LAYERS, build_model
from qgtune.study import random_trials
from qgtune.training import TASKS, count_parameters, late_facts

ROOT = pathlib.Path(__file__).parents[2]


def really_built(config):
    return sum(p.numel() for p in build_model(config).parameters() if p.requires_grad)


SPACES = {
    "guide": ("tests/guide", "depmap.yaml"),
    "causal_sets": ("sample_configs/causal_sets", "dependency_map.yaml"),
    "digits": ("sample_configs/digits", "dependency_map.yaml"),
}


@pytest.mark.parametrize("name", SPACES)
def test_the_count_is_that_of_the_model_really_built_for_random_configs_of_a_space(name):
    folder, dependencies = SPACES[name]
    names = ("search_space.yaml", dependencies, "base_settings.yaml")
    plan = compile_files(*(ROOT / folder / name for name in names)).plan
    for trial in random_trials(10, seed=0):
        config = plan.resolve(trial)
        assert count_parameters(config) == really_built(config)


def test_layers_that_need_values_are_counted_as_they_are_built():
    block = {"in_dim": 6, "out_dim": 8, "gnn_layer_type": "gat", "heads": 3, "normalizer": "layer_norm"}
    second = {"in_dim": 24, "out_dim": 5, "gnn_layer_type": "gcn", "gnn_layer_kwargs": {"normalize": True}}
    classifier = {"input_dim": 5, "hidden_dims": [4], "output_dims": [2, 3]}
    config = {"model": {"gcn_net": [block, second], "classifier": classifier}}
    assert count_parameters(config) == really_built(config)


class NeedsValues(torch.nn.Module):
    """A layer that looks at a value while it is built, which the meta device does not have."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.linear = torch.nn.Linear(in_channels, 2 * out_channels)
        self.frozen = torch.nn.Parameter(torch.ones(3), requires_grad=False)
        self.scale = torch.ones(1).sum().item()

    def forward(self, x, _edge_index):
        return self.scale * self.linear(x)


def test_a_layer_of_the_users_own_that_cannot_be_built_without_values_counts_and_frozen_ones_do_not(
    monkeypatch,
):
    monkeypatch.setattr(LAYERS, "_entries", dict(LAYERS._entries))
    LAYERS.register("needs_values")(NeedsValues)
    block = {"in_dim": 6, "out_dim": 4, "gnn_layer_type": "needs_values", "residual": False}
    config = {"model": {"gcn_net": [block], "classifier": {"input_dim": 8, "output_dims": [2]}}}
    assert count_parameters(config) == really_built(config) == (6 * 8 + 8) + (8 * 2 + 2)


def test_counting_uses_up_no_random_number(make_config):
    config = make_config()
    config["model"]["gcn_net"][0]["gnn_layer_type"] = "gat"
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    count_parameters(config)
    assert torch.equal(torch.rand(2), expected)


def test_a_model_far_larger_than_memory_is_counted():
    width = 3_000_000
    block = {"in_dim": width, "out_dim": width, "gnn_layer_type": "sage", "residual": False}
    config = {"model": {"gcn_net": [block], "classifier": {"input_dim": width, "output_dims": [1]}}}
    assert count_parameters(config) == 2 * width**2 + width + width + 1


def test_dims_that_do_not_meet_are_said(make_config):
    config = make_config()
    config["model"]["classifier"]["input_dim"] = 9
    with pytest.raises(ConfigValueError) as caught:
        count_parameters(config)
    assert caught.value.path == ("model", "classifier", "input_dim")


def test_the_task_tells_its_late_facts_under_the_paths_that_it_names(make_config):
    task = TASKS["graph_classification"]
    facts = late_facts(task, make_config())
    assert facts == {("model", "params"): really_built(make_config())}
    assert tuple(facts) == task.late_fact_paths


def test_a_task_with_nothing_but_train_tells_nothing():
    class OnlyTrains:
        def train(self, config, dataset, **_):
            raise NotImplementedError

    assert late_facts(OnlyTrains(), {}) == {}
