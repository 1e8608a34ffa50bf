"""What a trial and the probes before it do, and no more than that."""

import pytest
from spaces import Chooser, codes, compiled

from qgtune.compiler.planning.steps import Suggestion
from qgtune.compiler.proving.fallible import fallible_part

BASE = "m: {a: 1, b: 3, c: 1, d: 1, e: [1, 2]}\n"
SPACE = "m: {a: [0, 1, 2], b: [3, 4], c: {type: int, low: 1, high: 9}, e: [[5], [6, 7]]}\n"


class Recorder(Chooser):
    """A trial that notes what it is asked for, in order."""

    def __init__(self, **given):
        super().__init__(**given)
        self.asked = []

    def suggest_int(self, name, low, high, *, step=1, log=False):
        self.asked.append(name)
        return super().suggest_int(name, low, high, step=step, log=log)

    def suggest_categorical(self, name, choices):
        self.asked.append(name)
        return super().suggest_categorical(name, choices)


def test_a_trial_is_asked_once_for_each_parameter_in_the_order_of_the_config():
    plan = compiled(SPACE, BASE, "m: {d: m.c}").plan
    trial = Recorder()
    assert plan.resolve(trial) == {"m": {"a": 0, "b": 3, "c": 1, "d": 1, "e": [5]}}
    assert trial.asked == [s.name for s in plan.suggestions] == ["m.a", "m.b", "m.c", "m.e"]


@pytest.mark.parametrize(
    ("dependencies", "space", "sampled"),
    [
        ("m: {d: m.c}", SPACE, []),
        ("m: {d: m.c // m.a}", SPACE, ["m.a", "m.c"]),
        ("m: {b: m.c, d: m.b + 1}", SPACE, ["m.c"]),
        ("m: {d: m.c}", SPACE + "constraints: [m.d < m.b]\n", ["m.b", "m.c"]),
        ("", SPACE.replace("high: 9", "high: m.b + 1"), ["m.b", "m.c"]),
    ],
)
def test_probes_sample_only_what_can_make_something_fail(dependencies, space, sampled):
    compilation = compiled(space, BASE, dependencies)
    part = fallible_part(compilation.plan, compilation.space)
    steps = (*part.leading, *part.steps)
    assert sorted(step.name for step in steps if isinstance(step, Suggestion)) == sampled


def test_what_has_no_value_only_through_a_chain_is_still_found():
    assert codes(SPACE, BASE, "m: {b: m.a, d: 1 // m.b}") == ["QG310"]
    assert codes(SPACE, BASE, "m: {b: m.a, d: 1 // (m.b - m.b)}") == ["QG309"]


def test_a_constraint_that_reads_through_copied_values_is_checked():
    space = SPACE + "constraints: ['m.d > 9']\n"
    assert codes(space, BASE, "m: {d: m.c}") == ["QG313"]
    assert codes(space.replace("> 9", "> 8"), BASE, "m: {d: m.c}") == []
