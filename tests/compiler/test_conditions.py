"""Conditions: when with otherwise, switches, coupled values, and what refers to them."""

import pickle

import pytest
from spaces import Chooser, codes, compiled, config, domains, problems

from qgtune.compiler.emit import annotations
from qgtune.insight.counting import space_size
from qgtune.space import EvaluationError

BASE = "m: {t: gat, heads: 2, aggr: mean, block: {w: 1, d: 0.5}, out: 0}\n"
TYPE = "t: {type: categorical, choices: [gat, sage, gin]}"


def test_what_a_false_condition_takes_away_is_absent_and_never_sampled():
    space = f"m: {{{TYPE}, heads: {{when: m.t == 'gat', type: int, low: 1, high: 4}}}}"
    assert config(space, BASE, m__heads=3)["m"]["heads"] == 3
    assert "heads" not in config(space, BASE, m__t="sage")["m"]


def test_otherwise_stands_instead_and_may_be_any_form():
    space = (
        f"m: {{{TYPE}, heads: {{when: m.t == 'gat', type: int, low: 1, high: 4, otherwise: 0}}, "
        "block: {when: m.t == 'gat', w: 8, otherwise: {w: {type: int, low: 5, high: 6}}}}"
    )
    assert config(space, BASE)["m"]["block"] == {"w": 8, "d": 0.5}
    other = config(space, BASE, m__t="gin")["m"]
    assert (other["heads"], other["block"]) == (0, {"w": 5})


def test_a_condition_alone_keeps_the_base_settings_value():
    space = f"m: {{{TYPE}, heads: {{when: m.t == 'gat'}}, block: {{when: m.t == 'gat', otherwise: null}}}}"
    assert config(space, BASE)["m"] == {
        "t": "gat",
        "heads": 2,
        "aggr": "mean",
        "block": {"w": 1, "d": 0.5},
        "out": 0,
    }
    assert config(space, BASE, m__t="gin")["m"] == {"t": "gin", "aggr": "mean", "block": None, "out": 0}


def test_a_condition_alone_needs_a_base_value():
    assert codes(f"m: {{{TYPE}, heads: {{when: m.t == 'gat'}}}}") == ["QG204"]


def test_a_key_named_when_is_a_key_where_the_base_settings_have_it():
    assert config("m: {r: {when: later}}", "m: {r: {when: now}}") == {"m": {"r": {"when": "later"}}}


def test_an_item_of_a_list_is_never_absent():
    space = f"m: {{{TYPE}, l: [{{when: m.t == 'gat', type: int, low: 1, high: 2}}, 7]}}"
    assert codes(space, "m: {t: gat, l: [1, 7]}") == ["QG220"]
    in_a_case = f'm: {{{TYPE}, l: [{{type: switch, "on": m.t, cases: {{gat: {{when: "m.t == \'x\'", w: 1}}, default: 1}}}}, 7]}}'
    assert codes(in_a_case, "m: {t: gat, l: [1, 7]}") == ["QG220"]
    whole = f"m: {{{TYPE}, l: [{{when: m.t == 'gat', type: int, low: 1, high: 2, otherwise: 9}}, 7]}}"
    assert config(whole, "m: {t: gat, l: [1, 7]}", m__t="gin")["m"]["l"] == [9, 7]


def test_a_case_says_all_that_stands_there():
    space = f"m: {{{TYPE}, block: {{type: switch, on: m.t, cases: {{gat: {{w: 5}}, sage: null, default: [[1], [2]]}}}}}}"
    assert config(space, BASE)["m"]["block"] == {"w": 5}
    assert config(space, BASE, m__t="sage")["m"]["block"] is None


def test_the_base_settings_tell_lists_from_choices_in_a_case():
    space = "m: {t: [a, b], block: {type: switch, on: m.t, cases: {a: {dims: [1, 2], w: [3, 4]}, b: {w: [3, 4]}}}}"
    compilation = compiled(space, "m: {t: a, block: {dims: [5], w: 9}}")
    assert compilation.warnings == ()
    assert domains(compilation) == {"m.t": "one of a, b", "m.block.w": "one of 3, 4"}
    assert compilation.plan.resolve(Chooser())["m"]["block"] == {"dims": [1, 2], "w": 3}


def test_the_order_of_keys_is_kept_where_a_case_is_filled_in():
    space = (
        f"m: {{a: 1, x: {{type: switch, on: m.t, cases: {{gat: {{q: 1, p: 2}}, default: 5}}}}, {TYPE}, z: 1}}"
    )
    for kind in ("gat", "sage"):
        assert list(config(space, m__t=kind)["m"]) == ["a", "x", "t", "z"]
    assert list(config(space)["m"]["x"]) == ["q", "p"]


@pytest.mark.parametrize(
    ("choices", "label", "value"),
    [
        ("[true, false]", '"true"', True),
        ("[50, 100]", "50", 50),
        ("[null, 1]", '"null"', None),
        ("[gat, x]", "gat", "gat"),
    ],
)
def test_labels_compare_by_text(choices, label, value):
    space = f"m: {{t: {{type: categorical, choices: {choices}}}, x: {{type: coupled, to: m.t, values: {{{label}: 7, default: 8}}}}}}"
    assert config(space, m__t=value)["m"]["x"] == 7


def test_a_label_is_given_once():
    assert codes('m: {n: 1, x: {type: coupled, to: m.n, values: {1: 2, "1": 3}}}') == ["QG203", "QG213"][:1]


def test_coupled_follows_a_followed_value():
    space = "m: {a: {type: categorical, choices: [1, 2]}, b: 0, x: {type: coupled, to: m.b, values: {2: small, 4: large}}}"
    assert config(space, None, "m: {b: m.a * 2}", m__a=2)["m"] == {"a": 2, "b": 4, "x": "large"}


def test_a_value_without_a_case_is_told_before_the_first_trial():
    space = "m: {t: {type: categorical, choices: [a, b]}, x: {type: coupled, to: m.t, values: {a: 1}}}"
    [(code, _, column, message)] = problems(space)
    assert (code, column) == ("QG223", space.index("m.t") + 1)
    assert message == "m.t can be b, but there is no such case"


def test_a_computed_value_without_a_case_is_told_before_the_first_trial():
    space = "m: {t: {type: categorical, choices: [1, 2]}, x: {type: coupled, to: m.t * 2, values: {2: 1}}}"
    [(code, _, column, message)] = problems(space)
    assert (code, column) == ("QG310", space.index("m.t") + 1)
    assert message == "for some values of the space, m.x is chosen by m.t * 2, but has no case for 4"
    with pytest.raises(EvaluationError, match="no case for 4"):
        config(space, m__t=2)


NESTED = f"""\
m:
  {TYPE}
  x:
    type: switch
    on: m.t
    cases:
      gat:
        heads: {{type: int, low: 1, high: 4}}
        edge: {{when: m.x.heads > 2, type: categorical, choices: {{small: {{w: 1}}, large: {{w: 2, d: [1, 2]}}}}}}
        k: {{type: int, low: 1, high: 9}}
      sage:
        heads: {{type: int, low: 5, high: 6}}
        k: {{type: int, low: 1, high: 9}}
        inner: {{type: switch, on: m.x.heads, cases: {{5: {{p: {{type: float, low: 0, high: 1}}}}, default: none}}}}
      default: {{type: categorical, choices: [0, 1]}}
""".replace("  t: {type", "  t: {type")


def test_names_tell_the_case_only_where_cases_differ():
    assert list(domains(compiled(NESTED))) == [
        "m.t",
        "m.x.heads (gat)",
        "m.x.edge",
        "m.x.k",
        "m.x.heads (sage)",
        "m.x.inner.p",
        "m.x",
    ]


def test_cases_nest_and_only_what_is_chosen_is_sampled():
    given = {"m.t": "gat", "m.x.heads (gat)": 3, "m.x.edge": "large", "m.x.k": 2}
    plan = compiled(NESTED).plan
    assert plan.config_of(given)["m"]["x"] == {"heads": 3, "edge": {"w": 2, "d": [1, 2]}, "k": 2}
    given = {"m.t": "gat", "m.x.heads (gat)": 2, "m.x.k": 2}
    assert plan.config_of(given)["m"]["x"] == {"heads": 2, "k": 2}
    given = {"m.t": "sage", "m.x.heads (sage)": 5, "m.x.k": 1, "m.x.inner.p": 0.5}
    assert plan.config_of(given)["m"]["x"] == {"heads": 5, "k": 1, "inner": {"p": 0.5}}
    assert plan.config_of({"m.t": "gin", "m.x": 1})["m"]["x"] == 1


def test_no_two_configs_share_what_a_case_puts_there():
    plan = pickle.loads(pickle.dumps(compiled(NESTED).plan))
    given = {"m.t": "gat", "m.x.heads (gat)": 3, "m.x.edge": "large", "m.x.k": 2}
    first = plan.config_of(given)
    first["m"]["x"]["edge"]["d"].append("changed")
    first["m"]["x"]["new"] = 1
    assert plan.config_of(given)["m"]["x"] == {"heads": 3, "edge": {"w": 2, "d": [1, 2]}, "k": 2}


SWITCH = f"""\
m:
  {TYPE}
  x: {{type: switch, on: m.t, cases: {{gat: {{dim: 1, w: 2}}, sage: {{dim: 3}}, default: {{other: 4}}}}}}
  out: 0
"""


def test_a_reference_reads_through_cases():
    dependencies = "m: {out: m.x.dim * 10}"
    assert config(SWITCH, None, dependencies)["m"]["out"] == 10
    assert config(SWITCH, None, dependencies, m__t="sage")["m"]["out"] == 30
    with pytest.raises(EvaluationError, match=r"there is no m\.x\.dim in this config"):
        config(SWITCH, None, dependencies, m__t="gin")
    assert codes(SWITCH, None, dependencies) == ["QG310"]


def test_a_reference_to_what_no_case_has_is_an_error_that_names_what_they_have():
    from qgtune.core.errors import DiagnosticError

    with pytest.raises(DiagnosticError) as caught:
        compiled(SWITCH, None, "m: {out: m.x.width}")
    [problem] = caught.value.diagnostics
    assert problem.code == "QG301"
    assert problem.message == "m.out follows m.x.width, but there is no m.x.width"
    assert problem.hint == "m.x has dim, w, other"


def test_a_target_in_a_switch_is_set_in_every_case_that_has_it():
    dependencies = "m: {x: {dim: m.out}}"
    assert [config(SWITCH, None, dependencies, m__t=t)["m"]["x"] for t in ("gat", "sage", "gin")] == [
        {"dim": 0, "w": 2},
        {"dim": 0},
        {"other": 4},
    ]


def test_a_target_that_no_case_has_is_added_to_each_of_them_and_told_once():
    dependencies = "m: {x: {extra_thing: m.out}}"
    assert codes(SWITCH, None, dependencies) == ["QG306"]
    assert all(
        config(SWITCH, None, dependencies, m__t=t)["m"]["x"]["extra_thing"] == 0
        for t in ("gat", "sage", "gin")
    )
    assert codes(SWITCH, None, "m: {x: {dimm: m.out}}") == ["QG302"]


def test_a_target_with_a_condition_follows_only_while_it_holds():
    space = f"m: {{{TYPE}, heads: {{when: m.t == 'gat', type: int, low: 1, high: 2, otherwise: 0}}, out: 9}}"
    compilation = compiled(space, None, "m: {heads: m.out}")
    assert list(domains(compilation)) == ["m.t"]
    assert compilation.plan.resolve(Chooser())["m"]["heads"] == 9
    assert compilation.plan.resolve(Chooser(m__t="gin"))["m"]["heads"] == 0


def test_conditions_in_list_items_read_their_own_item():
    space = "m: {l: [{t: [a, b], w: {when: '@.t == \"a\"', type: int, low: 1, high: 2}}, {t: [a, b], w: {when: prev.t == 'b', type: int, low: 1, high: 2}}]}"
    base = "m: {l: [{t: a, w: 1}, {t: a, w: 1}]}"
    assert config(space, base)["m"]["l"] == [{"t": "a", "w": 1}, {"t": "a"}]
    assert config(space, base, m__l__0__t="b")["m"]["l"] == [{"t": "b"}, {"t": "a", "w": 1}]


@pytest.mark.parametrize("order", ["m: {w: {when: m.k == 1, d: *d}, k: [1, 2]}\nt: {d: *d}"])
def test_an_alias_is_one_value_wherever_it_is_defined(order):
    space = "z: {d: &d {type: float, low: 0, high: 1}}\n" + order
    base = "m: {w: {d: 0.1}, k: 1}\nt: {d: 0.1}\nz: {d: 0.1}"
    assert list(domains(compiled(space, base))) == ["m.k", "t.d"]
    made = config(space, base, t__d=0.25)
    assert made["m"]["w"]["d"] == made["t"]["d"] == made["z"]["d"] == 0.25


def test_each_case_samples_an_alias_for_itself():
    space = "m: {t: [a, b], x: {type: switch, on: m.t, cases: {a: {p: &p {type: int, low: 1, high: 2}, q: *p}, b: {p: *p}}}}"
    assert list(domains(compiled(space, "m: {t: a, x: {p: 1}}"))) == ["m.t", "m.x.p"]
    assert config(space, "m: {t: a, x: {p: 1}}", m__x__p=2)["m"]["x"] == {"p": 2, "q": 2}


def test_an_alias_of_what_only_some_trials_have_is_an_error():
    space = "m: {t: [a, b], f: [1, 2], x: {when: m.t == 'a', p: &p {type: int, low: 1, high: 2}}, y: {when: m.f == 1, q: *p}}"
    [found] = problems(space, "m: {t: a, f: 1, x: {p: 1}, y: {q: 1}}")
    assert found[0] == "QG219"
    assert found[3] == "this alias stands for a parameter that m.x.p has only in some trials"


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            "m: {a: {when: m.a > 1, type: int, low: 1, high: 2}}",
            "m.a is chosen by m.a > 1, and so follows itself",
        ),
        (
            "m: {a: {type: switch, on: m.b, cases: {1: 2}}, b: {type: switch, on: m.a, cases: {1: 2}}}",
            "these values follow each other in a circle: m.a -> m.b -> m.a",
        ),
        (
            "m: {a: {type: switch, on: m.a.b, cases: {1: {b: 1}}}}",
            "m.a is chosen by m.a.b, and so follows itself",
        ),
    ],
)
def test_a_circle_through_conditions_is_told_in_words(space, message):
    assert [(code, text) for code, _, _, text in problems(space, "m: {a: 1, b: 1}")] == [("QG305", message)]


@pytest.mark.parametrize(
    ("x", "code", "blamed"),
    [
        ("{type: switch, on: m.tt, cases: {a: {q: 1}}}", "QG301", "m.tt"),
        ("{type: switch, on: 'm.t ==', cases: {a: {q: 1}}}", "QG303", "'"),
        ("{type: switch, on: 3, cases: {a: {q: 1}}}", "QG205", "3,"),
        ("{type: switch, on: m.t, cases: [1]}", "QG205", "[1]"),
        ("{type: switch, on: m.t, cases: {}}", "QG205", "{}"),
        ("{type: switch, on: m.t}", "QG204", "switch"),
        ("{type: switch, on: m.t, cass: {a: 1}}", "QG203", "cass"),
        ("{type: coupled, to: m.t, values: 5}", "QG205", "5"),
        ("{type: coupled, to: m.zz, values: {a: {q: 1}}}", "QG301", "m.zz"),
        ("{when: m.tt == 1, q: 1}", "QG301", "m.tt"),
        ("{when: true, q: 1}", "QG205", "true"),
        ("{when: m.t, q: 1}", "QG309", "m.t"),
    ],
)
def test_one_mistake_is_one_diagnostic_at_its_place(x, code, blamed):
    space = f"m: {{t: [a, b], x: {x}, y: 0}}"
    found = problems(space, "m: {t: a, x: {q: 1}, y: 0}", "m: {y: m.x.q}")
    assert [found[0] for found in found if found[0] != "QG110"] == [code]
    column = next(found[2] for found in found if found[0] == code)
    at = space.index(blamed, space.index("x:") + 2)
    assert column == at + 1 or code == "QG303"


def test_what_is_wrong_in_a_case_is_told_together_with_what_is_wrong_with_the_switch():
    space = "m: {x: {type: switch, on: '1 +', cases: {a: {q: {type: int, low: 3, high: 1}}}}}"
    assert [code for code, *_ in problems(space)] == ["QG303", "QG206"]


def test_a_base_value_is_compared_with_no_case():
    assert (
        codes("m: {t: [a, b], x: {type: switch, on: m.t, cases: {a: [1, 2], b: [3, 4]}}}", "m: {t: a, x: 1}")
        == []
    )


def test_a_long_chain_of_conditions_is_resolved():
    links = ", ".join(
        f"x{i}: {{when: m.x{i - 1} == {i - 1}, type: fixed, value: {i}, otherwise: -1}}"
        for i in range(1, 300)
    )
    space = f"m: {{x0: {{type: categorical, choices: [0, 5]}}, {links}}}"
    assert list(config(space)["m"].values()) == list(range(300))
    assert list(config(space, m__x0=5)["m"].values()) == [5, *[-1] * 299]


def fingerprint(space, dependencies=None):
    return compiled(space, None, dependencies).plan.fingerprint


def test_the_fingerprint_is_independent_of_key_order_and_changed_by_every_change_of_meaning():
    def switch(on="m.t", cases="a: {p: [1, 2], q: 1}, b: {p: [1, 2], q: 2}"):
        return f"m: {{t: [a, b, c], u: a, x: {{type: switch, on: {on}, cases: {{{cases}, default: 0}}}}}}"

    assert fingerprint(switch()) == fingerprint(switch(cases="b: {q: 2, p: [1, 2]}, a: {q: 1, p: [1, 2]}"))
    texts = [
        switch(),
        switch(on="m.u"),
        switch(cases="a: {p: [1, 2], q: 2}, b: {p: [1, 2], q: 1}"),
        switch(cases="a: {p: [1, 2], q: 1}, c: {p: [1, 2], q: 2}"),
        switch(cases="a: {p: [1, 2], q: 1}, b: {q: 2}"),
        switch(cases="a: {p: [1, 2], q: 1}, b: {p: [1, 3], q: 2}"),
        "m: {t: [a, b], x: {when: m.t == 'a', type: int, low: 1, high: 2}}",
        "m: {t: [a, b], x: {when: m.t == 'a', type: int, low: 1, high: 2, otherwise: null}}",
        "m: {t: [a, b], x: {when: m.t == 'b', type: int, low: 1, high: 2}}",
    ]
    assert len(set(map(fingerprint, texts))) == len(texts)


def test_a_reference_that_leads_into_itself_is_a_circle():
    assert codes("m: {a: 0, b: 1}", None, '"m.a": "m.a.c"') == ["QG305"]
    space = "m: {a: {type: repeat, count: [1, 3], item: {b: 0}}}"
    assert codes(space, None, '"m.a[0]": "m.a[-1].b"') == ["QG305"]


def test_a_mapping_laid_over_another_kind_of_value_replaces_it():
    space = "m: {l: {type: repeat, count: 2, item: {a: 5}, last: {a: {w: 1}}}}"
    assert config(space)["m"]["l"] == [{"a": 5}, {"a": {"w": 1}}]


def test_a_switch_with_a_default_alone_may_be_a_target():
    space = 'm: {t: [1, 2], x: {type: switch, "on": m.t, cases: {default: 5}}}'
    assert config(space, None, "m: {x: m.t}")["m"]["x"] == 1


LABELLED = "b: {type: categorical, choices: {small: {x: 1}, large: {x: 2}}}"


def test_a_labelled_choice_is_known_to_conditions_and_constraints_by_its_label():
    space = f"""\
m:
  {LABELLED}
  h: {{type: int, low: 1, high: 2, when: "m.b == 'small'"}}
  g: {{type: switch, "on": m.b, cases: {{small: 1, large: 2}}}}
constraints: ["m.b != 'large' or m.g == 2"]
"""
    assert codes(space) == []
    assert config(space)["m"] == {"b": {"x": 1}, "h": 1, "g": 1}
    assert config(space, m__b="large")["m"] == {"b": {"x": 2}, "g": 2}


def test_a_reference_to_a_labelled_choice_copies_its_value():
    assert config(f"m: {{{LABELLED}, c: 0}}", None, "m: {c: m.b}", m__b="large")["m"]["c"] == {"x": 2}


def test_a_list_chooses_a_case_by_the_text_that_a_study_stores_for_it():
    space = "m: {c: {type: categorical, choices: [[1], [1, 2]]}, k: {type: coupled, to: m.c, values: {'[1]': a, '[1, 2]': b}}}"
    assert codes(space) == []
    assert config(space, m__c="[1, 2]")["m"] == {"c": [1, 2], "k": "b"}


def test_what_an_if_does_not_choose_may_be_absent():
    space = """\
m:
  use: {type: categorical, choices: [true, false]}
  skip: {when: m.use, dim: {type: int, low: 3, high: 4}}
  w: 0
constraints: ["m.skip.dim < 9 if m.use else true"]
"""
    dependencies = "m: {w: 'm.skip.dim if m.use else 1'}"
    assert codes(space, None, dependencies) == []
    assert config(space, None, dependencies, m__use=False)["m"] == {"use": False, "w": 1}
    assert config(space, None, dependencies, m__use=True)["m"] == {"use": True, "skip": {"dim": 3}, "w": 3}


def test_a_condition_that_no_config_meets_is_warned_about():
    space = """\
m:
  kind: {type: categorical, choices: [mean, max]}
  h: {type: int, low: 1, high: 2, when: "m.kind == 'men'"}
"""
    [(code, line, _, message)] = problems(space)
    assert (code, line) == ("QG232", 3)
    assert message == "m.kind == 'men' is true in none of the configs looked at, so m.h is never there"
    always = space.replace("== 'men'", "!= 'men'")
    assert [found[3] for found in problems(always)] == [
        "m.kind != 'men' is true in all of the configs looked at"
    ]


def test_a_config_chosen_by_a_label_is_written_with_its_own_variants():
    space = f"m: {{{LABELLED}, h: {{type: int, low: 1, high: 2, when: m.b == 'small', otherwise: 7}}}}"
    compilation = compiled(space)
    config = compilation.plan.resolve(Chooser(m__b="large"))
    assert annotations(compilation, config) == {("m", "b"): "one of small, large"}


KINDS = "k: {type: categorical, choices: [sage, gat, gcn]}\n"


def test_an_alias_in_a_case_and_in_the_default_of_another_switch_is_one_value_where_both_stand():
    space = (
        f"{KINDS}a: {{type: switch, on: k, cases: {{sage: 0, default: &p {{type: int, low: 1, high: 9}}}}}}\n"
        "b: {type: switch, on: k, cases: {gat: *p, default: 0}}\n"
    )
    assert config(space, None, k="gat", a=5, b=3) == {"k": "gat", "a": 5, "b": 5}
    assert config(space, None, k="gcn", a=5) == {"k": "gcn", "a": 5, "b": 0}


@pytest.mark.parametrize(("wide", "order"), [("{gat: 0, default: X}", 1), ("{default: X}", -1)])
def test_an_alias_is_sampled_in_the_case_that_covers_the_other(wide, order):
    forms = ["{sage: X, default: 0}", wide][::order]
    written = [forms[0].replace("X", "&p {type: int, low: 1, high: 9}"), forms[1].replace("X", "*p")]
    lines = [
        f"{key}: {{type: switch, on: k, cases: {form}}}\n" for key, form in zip("ab", written, strict=True)
    ]
    found = config(KINDS + "".join(lines), None, k="sage", a=5, b=5)
    assert (found["a"], found["b"]) == (5, 5)
    assert len(compiled(KINDS + "".join(lines)).plan.suggestions) == 2


def test_an_alias_in_two_defaults_of_which_neither_covers_the_other_is_an_error():
    space = (
        f"{KINDS}a: {{type: switch, on: k, cases: {{sage: 0, default: &p {{type: int, low: 1, high: 9}}}}}}\n"
        "b: {type: switch, on: k, cases: {gat: 0, default: *p}}\n"
    )
    assert "QG219" in codes(space)


def test_an_alias_under_a_condition_and_in_a_switch_of_the_same_text_is_never_two_values():
    space = (
        "k: {type: int, low: 1, high: 9}\n"
        "a: {when: k > 3, type: fixed, value: 0, otherwise: &p {type: int, low: 1, high: 9}}\n"
        "b: {type: switch, on: k > 3, cases: {true: 0, false: *p}}\n"
    )
    assert "QG219" in codes(space)


COMPOUND = "s: {type: categorical, choices: {small: {w: 1}, big: {w: 2}}}"


@pytest.mark.parametrize(
    "copy",
    [
        "c: {x: 0}\n",
        "c: {type: switch, on: k, cases: {sage: {x: 0}, default: {x: 0}}}\n",
    ],
)
def test_a_condition_knows_the_label_also_of_a_copy(copy):
    space = f"{KINDS}{COMPOUND}\n{copy}y: {{when: c.x == 'big', type: fixed, value: 7, otherwise: 8}}"
    assert [config(space, None, "c: {x: s}", s=s)["y"] for s in ("small", "big")] == [8, 7]


def test_a_condition_knows_the_label_of_what_only_some_trials_have():
    space = (
        f"{KINDS}s: {{when: k == 'gat', type: categorical, choices: {{small: {{w: 1}}, big: {{w: 2}}}}, "
        "otherwise: none}\ny: {when: s == 'big', type: fixed, value: 7, otherwise: 8}"
    )
    assert [config(space, None, k="gat", s=s)["y"] for s in ("small", "big")] == [8, 7]
    assert config(space, None, k="sage")["y"] == 8


def test_labels_of_values_that_are_equal_only_to_python_are_kept_apart():
    space = (
        "s: {type: categorical, choices: {yes: true, one: 1}}\n"
        "y: {when: s == 'one', type: fixed, value: 7, otherwise: 8}"
    )
    assert [config(space, None, s=s)["y"] for s in ("yes", "one")] == [8, 7]


@pytest.mark.parametrize("choices", ['{1: a, "1": b}', "{a: {w: 1}, b: {w: 1}}"])
def test_each_label_stands_for_a_value_of_its_own(choices):
    assert codes(f"s: {{type: categorical, choices: {choices}}}") == ["QG206"]


def test_a_float_chooses_its_case_however_the_case_is_written():
    space = "lr: {type: categorical, choices: [0.001, 0.01]}\nw: {type: coupled, to: lr, values: {1e-3: 5, 0.01: 6}}"
    assert [config(space, None, lr=lr)["w"] for lr in (0.001, 0.01)] == [5, 6]


@pytest.mark.parametrize(
    ("form", "size"),
    [
        ("{type: switch, on: s, cases: {small: {type: int, low: 1, high: 5}, big: 0}}", "6 combinations"),
        ("{when: s == 'small', type: int, low: 1, high: 5}", "6 combinations"),
    ],
)
def test_what_a_label_chooses_is_counted_once(form, size):
    assert str(space_size(compiled(f"{COMPOUND}\nc: {form}").space)) == size


def test_a_label_with_a_comma_names_no_other_case():
    inner = "{type: switch, on: j, cases: {y: {type: int, low: 1, high: 5}, z: 0}}"
    space = (
        'k: {type: categorical, choices: ["x, y", x]}\nj: {type: categorical, choices: [y, z]}\n'
        f'a: {{type: switch, on: k, cases: {{"x, y": {{type: int, low: 1, high: 3}}, x: {inner}}}}}\n'
    )
    assert list(domains(compiled(space))) == ["k", "j", "a ('x, y')", "a (x, y)"]


def test_a_labelled_choice_is_its_label_where_it_is_compared_and_its_value_elsewhere():
    choices = "s: {type: categorical, choices: {small: 16, big: 64}}"
    space = f"{choices}\ny: 0\nz: 0\nw: {{type: int, low: 1, high: 's // 8'}}\nv: {{when: s > 20, type: fixed, value: 1, otherwise: 2}}\nu: {{when: 's in [big]', type: fixed, value: 1, otherwise: 2}}"
    space = space.replace("[big]", '["big"]')
    dependencies = "y: '1 if s == \"small\" else 2'\nz: 's * 2 if s == 64 else 0'"
    assert [config(space, None, dependencies, s=s, w=1) for s in ("small", "big")] == [
        {"s": 16, "y": 1, "z": 0, "w": 1, "v": 2, "u": 2},
        {"s": 64, "y": 2, "z": 128, "w": 1, "v": 1, "u": 1},
    ]
