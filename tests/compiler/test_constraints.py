"""Constraints: what must hold of a config for it to be trained."""

import pickle

import pytest
from spaces import Chooser, codes, compiled, config, problems

from qgtune.compiler.linking.link import Outside
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.compiler.planning.checks import ConstraintError
from qgtune.document import Source

SPACE = (
    "constraints: [m.a * m.b <= 20]\nm: {a: {type: int, low: 1, high: 10}, b: {type: int, low: 1, high: 10}}"
)


def test_a_config_that_breaks_a_constraint_is_refused_with_its_values():
    assert config(SPACE, m__a=5, m__b=4)["m"] == {"a": 5, "b": 4}
    with pytest.raises(ConstraintError) as caught:
        config(SPACE, m__a=5, m__b=5)
    assert str(caught.value) == "the config breaks the constraint m.a * m.b <= 20 (m.a is 5, m.b is 5)"


def test_constraints_are_no_section_of_the_config():
    assert "constraints" not in config(SPACE)
    base = "constraints: {a: 1}\nm: {a: 1}"
    assert config("constraints: {a: [1, 2]}", base)["constraints"] == {"a": 1}


def test_a_finished_trial_has_its_config_whatever_it_breaks():
    assert compiled(SPACE).plan.config_of({"m.a": 9, "m.b": 9}) == {"m": {"a": 9, "b": 9}}


def test_a_constraint_reads_the_final_config_through_cases_and_lengths():
    space = """\
constraints: ["m.l[-1].w < 3 or len(m.l) == 1", "m.x.p == 1"]
m:
  l: {type: repeat, count: {type: int, low: 1, high: 3}, item: {w: {type: int, low: 1, high: 5}}}
  x: {type: switch, on: m.l.count, cases: {3: {q: 1}, default: {p: 1}}}
"""
    plan = compiled(space).plan
    assert len(plan.resolve(Chooser(m__l__count=2))["m"]["l"]) == 2
    with pytest.raises(ConstraintError, match="w < 3"):
        plan.resolve(Chooser(m__l__count=2, m__l__1__w=4))
    with pytest.raises(ConstraintError, match=r"there is no m\.x\.p in this config"):
        plan.resolve(Chooser(m__l__count=3))


def test_a_constraint_that_never_holds_is_an_error_at_its_line():
    space = SPACE.replace("]", ", m.a > 100]", 1)
    [(code, line, column, message)] = problems(space)
    assert (code, line, column) == ("QG313", 1, space.index("m.a > 100") + 1)
    assert "m.a > 100" in message


def test_a_constraint_that_is_no_condition_never_holds():
    assert codes(SPACE.replace("m.a * m.b <= 20", "m.a + 1")) == ["QG313"]


@pytest.mark.parametrize(
    ("constraints", "code"),
    [
        ("m.a < 3", "QG205"),
        ("[3]", "QG205"),
        ("[[m.a < 3]]", "QG205"),
        ("[m.a <]", "QG303"),
        ("[m.aa < 3]", "QG301"),
        ("[prev.a < 3]", "QG308"),
    ],
)
def test_a_mistake_in_a_constraint_is_one_diagnostic(constraints, code):
    assert codes(f"constraints: {constraints}\nm: {{a: {{type: int, low: 1, high: 5}}}}") == [code]


def test_what_only_the_trainer_can_tell_is_checked_where_it_is_told():
    late = ("model", "params")
    sources = SpaceSources(
        Source("s.yaml", "constraints: [model.params <= m.a * 100]\nm: {a: {type: int, low: 1, high: 5}}")
    )
    plan = compile_space(sources, outside=Outside(late_facts=frozenset({late}))).plan
    plan = pickle.loads(pickle.dumps(plan))
    made = plan.resolve(Chooser(m__a=2))
    plan.check_late(made, {late: 200})
    with pytest.raises(ConstraintError, match=r"model\.params is 201, m\.a is 2"):
        plan.check_late(made, {late: 201})


def test_the_fingerprint_tells_constraints_apart():
    assert compiled(SPACE).plan.fingerprint != compiled(SPACE.replace("20", "30")).plan.fingerprint


def test_a_constraint_on_what_only_some_trials_have_is_a_warning_unless_it_says_what_holds_without():
    space = (
        "k: {type: categorical, choices: [sage, gat]}\n"
        "h: {when: k == 'gat', type: int, low: 1, high: 8}\nconstraints: [\"CONDITIONh <= 4\"]\n"
    )
    assert codes(space.replace("CONDITION", "")) == ["QG310"]
    assert codes(space.replace("CONDITION", "k != 'gat' or ")) == []
