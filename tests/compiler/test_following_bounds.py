"""Bounds that follow: a range within what other values of the trial allow."""

import pickle

import pytest
from spaces import Chooser, codes, compiled, config, domains, problems

from qgtune.space import EvaluationError


class Bounds(Chooser):
    """Remembers the bounds that it was asked for, and gives the highest value."""

    def __init__(self, **given):
        super().__init__(**given)
        self.asked = {}

    def suggest_int(self, name, low, high, *, step=1, log=False):
        self.asked[name] = (low, high, step, log)
        return self.given.get(name, high)

    def suggest_float(self, name, low, high, *, step=None, log=False):
        self.asked[name] = (low, high, step, log)
        return self.given.get(name, high)


def asked(space, dependencies=None, **given):
    trial = Bounds(**given)
    compiled(space, None, dependencies).plan.resolve(trial)
    return trial.asked


SPACE = "m: {a: {type: int, low: 1, high: 10}, b: {type: int, low: 1, high: m.a}, c: {type: float, low: m.b / 2, high: m.a * 1.5}}"


def test_bounds_are_those_of_the_trial():
    assert asked(SPACE, m__a=6, m__b=4) == {
        "m.a": (1, 10, 1, False),
        "m.b": (1, 6, 1, False),
        "m.c": (2.0, 9.0, None, False),
    }
    assert domains(compiled(SPACE))["m.c"] == "float from m.b / 2 to m.a * 1.5"


def test_a_grid_ends_at_its_last_step_below_the_bound():
    space = "m: {a: {type: int, low: 8, high: 30}, b: {type: int, low: 4, high: m.a, step: 8}, c: {type: float, low: 0.1, high: m.a / 10, step: 0.5}}"
    found = asked(space, m__a=21)
    assert found["m.b"] == (4, 20, 8, False)
    assert found["m.c"] == (0.1, 2.1, 0.5, False)


def test_both_spellings_and_a_log_scale_may_follow():
    space = "m: {a: {type: int, low: 2, high: 9}, b: {type: int, min: m.a, max: m.a * 10, log: true}}"
    assert asked(space, m__a=3)["m.b"] == (3, 30, 1, True)


def test_a_bound_may_follow_a_followed_value_a_length_and_a_case():
    space = """\
m:
  n: {type: int, low: 1, high: 3}
  l: {type: repeat, count: m.n, item: {w: {type: int, low: 1, high: m.l.count}}}
  f: 0
  x: {type: switch, on: m.n, cases: {1: 10, default: 20}}
  b: {type: int, low: m.f, high: m.x}
"""
    found = asked(space, "m: {f: m.n * 2}", m__n=2)
    assert found["m.b"] == (4, 20, 1, False)
    assert found["m.l.0.w"] == found["m.l.1.w"] == (1, 2, 1, False)
    assert "m.l.2.w" not in found


def test_a_config_without_a_range_says_why_and_is_told_before_the_first_trial():
    space = "m: {a: {type: int, low: 1, high: 9}, b: {type: int, low: 5, high: m.a}}"
    with pytest.raises(EvaluationError) as caught:
        config(space, m__a=2)
    reason = "m.b is int from 5 to m.a: high must not be below low, but low is 5 and high is 2"
    assert str(caught.value) == reason
    assert codes(space) == ["QG310"]
    assert codes("m: {a: {type: int, low: 1, high: 4}, b: {type: int, low: 5, high: m.a}}") == ["QG309"]
    assert codes("m: {a: relu, b: {type: int, low: 5, high: m.a}}") == ["QG309"]
    assert codes("m: {a: 7.5, b: {type: int, low: 5, high: m.a}}") == ["QG309"]


def test_a_mistake_in_a_bound_is_told_at_the_bound():
    space = "m: {a: {type: int, low: 1, high: 9}, b: {type: int, low: 5, max: m.aa}}"
    [(code, _, column, message)] = problems(space)
    assert (code, column) == ("QG301", space.index("m.aa") + 1)
    assert message == "m.b has a high that follows m.aa, but there is no m.aa"
    assert codes("m: {b: {type: int, low: 5, high: m.aa +}}") == ["QG303"]
    assert codes('m: {b: {type: int, low: 5, high: "9"}}') == ["QG205"]


def test_a_circle_of_bounds_is_told_in_words():
    space = "m: {a: {type: int, low: 1, high: m.b}, b: {type: int, low: m.a, high: 9}}"
    [(code, _, _, message)] = problems(space)
    assert code == "QG305"
    assert message == "these values follow each other in a circle: m.a -> m.b -> m.a"
    own = "m: {a: {type: int, low: 1, high: m.a}}"
    assert problems(own)[0][3] == "m.a has a high that follows m.a, and so follows itself"


def test_a_plan_with_bounds_pickles_and_gives_a_stored_trial_its_config():
    plan = pickle.loads(pickle.dumps(compiled(SPACE).plan))
    assert plan.config_of({"m.a": 6, "m.b": 4, "m.c": 3.5}) == {"m": {"a": 6, "b": 4, "c": 3.5}}


def test_the_fingerprint_tells_bounds_apart():
    texts = [SPACE, SPACE.replace("m.b / 2", "m.b / 3"), SPACE.replace("high: m.a}", "high: 10}")]
    assert len({compiled(text).plan.fingerprint for text in texts}) == 3
