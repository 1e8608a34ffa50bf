"""Checking configs one after another finds what checking each of them alone finds."""

import copy
import pathlib

from hypothesis import given, settings
from hypothesis import strategies as st

from qgtune.compiler.incremental import IncrementalCheck, blocks_of
from qgtune.compiler.load import read_data_file
from qgtune.schema.gnn import find_problems

GUIDE = read_data_file(pathlib.Path(__file__).parent.parent / "guide" / "base_settings.yaml").data
BLOCK = blocks_of(GUIDE)[0] | {"in_dim": 8, "out_dim": 8, "normalizer": "batch_norm", "norm_args": [8]}

CHANGES = st.tuples(
    st.integers(0, 6),
    st.sampled_from(
        [
            ("in_dim", 8),
            ("in_dim", 16),
            ("in_dim", -1),
            ("in_dim", 8.0),
            ("out_dim", 8),
            ("out_dim", 16),
            ("norm_args", [16]),
            ("norm_args", [8]),
            ("activation", "nothing"),
            ("activation", "relu"),
            ("gnn_layer_kwargs", {"normalize": True}),
        ]
    ),
)


def config_with(changes, length):
    config = copy.deepcopy(GUIDE)
    config["model"]["gcn_net"] = [copy.deepcopy(BLOCK) for _ in range(length)]
    config["model"]["classifier"]["input_dim"] = 8
    for position, (key, value) in changes:
        if position < length:
            config["model"]["gcn_net"][position][key] = value
    return config


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(CHANGES, max_size=3), st.sampled_from([7, 7, 7, 4, 1])), max_size=6))
def test_each_config_has_the_problems_that_it_has_alone(sequence):
    check = IncrementalCheck(lambda config: find_problems(config, num_node_features=8))
    for changes, length in [([], 7), *sequence]:
        config = config_with(changes, length)
        found = check.problems(config, [repr(block) for block in blocks_of(config)])
        alone = find_problems(config, num_node_features=8)
        assert [str(problem) for problem in found] == [str(problem) for problem in alone]


def test_of_a_config_that_is_mostly_known_only_what_changed_is_looked_at():
    looked_at = []

    def find(config):
        looked_at.append(len(blocks_of(config)))
        return ()

    check = IncrementalCheck(find)
    for changes in ([], [(3, ("activation", "relu"))], [(0, ("out_dim", 16))]):
        config = config_with(changes, 50)
        check.problems(config, [repr(block) for block in blocks_of(config)])
    assert looked_at[0] == 50
    assert max(looked_at[1:]) <= 5


def test_the_config_that_the_others_are_compared_with_is_sound():
    assert find_problems(config_with([], 7), num_node_features=8) == ()
