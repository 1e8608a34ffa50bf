"""Configs of finished trials, from the parameters that a study stores, those of another space among them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spaces import Chooser, compiled

from qgtune.space import EvaluationError

BASE = "m: {kind: gat, width: 8, act: relu, head: {n: 1}, l: [{o: 0.5}], d: 1}\n"
SPACE = """\
m:
  kind: [gat, sage]
  width: {type: int, low: 4, high: 16}
  act: {type: categorical, choices: {small: {a: 1}, large: {a: 2}}}
  head: {type: switch, on: m.kind, cases: {gat: {n: [1, 2]}, default: {n: 3}}}
  l: {type: repeat, count: {type: int, low: 1, high: 3}, item: {o: {type: float, low: 0.0, high: 1.0}}}
"""
PLAN = compiled(SPACE, BASE, "m: {d: 'm.width // 2'}\n").plan
NAMES = [suggestion.name for suggestion in PLAN.suggestions]
VALUES = [
    "gat",
    "sage",
    "small",
    "large",
    1,
    2,
    3,
    8,
    0.5,
    "",
    None,
    True,
    -1,
    99,
    [],
    {},
    math.nan,
    math.inf,
]


def test_a_whole_trial_has_the_config_that_it_was_trained_with():
    config = PLAN.resolve(Chooser())
    assert config["m"]["d"] == config["m"]["width"] // 2


@pytest.mark.parametrize("params", [{}, {"m.kind": "gat"}, {"another": 1}])
def test_a_trial_of_another_space_has_no_config_and_says_so(params):
    with pytest.raises(EvaluationError, match="are not those of a config of this search space"):
        PLAN.config_of(params)


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES)))
def test_whatever_a_study_has_stored_is_a_config_or_an_evaluation_error(params):
    try:
        config = PLAN.config_of(params)
    except EvaluationError:
        return
    assert config.keys() == {"m"}
