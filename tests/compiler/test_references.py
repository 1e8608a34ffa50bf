"""References: every spelling, any order, any chain, no circle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spaces import Chooser, codes, compiled

BASE = "m: {l: [{i: 1, o: 20}, {i: 3, o: 40}, {i: 5, o: 60}], d: 7}\nt: {x: 8}\n"
SPACE = "m: {l: [{o: [20, 21]}, {o: [40, 41]}, {o: [60, 61]}]}\n"


@pytest.mark.parametrize(
    "line",
    [
        "m: {d: 'm.l[2].o'}",
        "m: {d: 'm.l[-1].o'}",
        "m: {d: m.l.2.o}",
        "m: {d: ' m.l[2].o '}",
        "'m.d': m.l[2].o",
        "m: {l: [{}, {}, {}], d: 'm.l[2].o'}",
        "m: {l: [null, null], d: 'm.l[2].o'}",
    ],
)
def test_every_spelling_of_a_path_follows_the_same_value(line):
    config = compiled(SPACE, BASE, line).plan.resolve(Chooser(m__l__2__o=61))
    assert config["m"]["d"] == 61


def test_chains_are_followed_whatever_their_order():
    lines = ["m.d: t.x", "m.l[0].i: m.d", "t.x: m.l[0].o"]
    for order in (lines, lines[::-1], lines[1:] + lines[:1]):
        config = compiled(SPACE, BASE, "\n".join(order)).plan.resolve(Chooser(m__l__0__o=21))
        assert (config["t"]["x"], config["m"]["d"], config["m"]["l"][0]["i"]) == (21, 21, 21)


def test_a_reference_may_copy_a_whole_subtree_with_what_follows_in_it():
    dependencies = "t: {x: 'm.l[1]'}\n'm.l[1].i': m.l[0].o\n"
    config = compiled(SPACE, BASE, dependencies).plan.resolve(Chooser())
    assert config["t"]["x"] == {"i": 20, "o": 40}
    assert config["t"]["x"] is not config["m"]["l"][1]


def test_a_path_may_lead_through_another_reference():
    config = compiled(SPACE, BASE, "t: {x: 'm.l[1]'}\nm: {d: t.x.o}\n").plan.resolve(Chooser(m__l__1__o=41))
    assert config["m"]["d"] == 41


@given(
    st.permutations(
        [
            "'m.l[0].i': m.d",
            "'m.l[1].i': m.l[0].o",
            "'m.l[2].i': m.l[1].o",
            "'t.x': m.l[2].i",
            "'m.d': m.l[2].o",
        ]
    )
)
def test_the_order_of_keys_in_the_dependency_map_does_not_change_the_config(lines):
    config = compiled(SPACE, BASE, "\n".join(lines)).plan.resolve(Chooser())
    layers = config["m"]["l"]
    assert [layer["i"] for layer in layers] == [60, 20, 40]
    assert config["t"]["x"] == 40


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [
        ("m: {d: t.x}\nt: {x: m.d}", ["QG305"]),
        ("m: {d: m.d}", ["QG305"]),
        ("m: {d: m}", ["QG305"]),
        ("m: {d: t.x}\nt: {x: m.d}\n'm.l[0].i': m.d", ["QG305"]),
        ("m: {l: [{i: 'm.l[0].o', o: 'm.l[0].i'}, {i: 'm.l[1].o', o: 'm.l[1].i'}]}", ["QG305", "QG305"]),
        ("t: m\nm: {d: t.d}", ["QG305"]),
        ("m: {d: 'm.l[3].o'}", ["QG301"]),
        ("m: {d: 'm.l[-4].o'}", ["QG301"]),
        ("m: {d: m.l.o}", ["QG301"]),
        ("m: {d: t.x.y}", ["QG301"]),
        ("m: {d: nothing}", ["QG301"]),
        ("m: {l: [{}, {}, {}, {i: t.x}]}", ["QG302"]),
        ("mm: {d: t.x}", ["QG302"]),
        ("t: {x: {y: m.d}}", ["QG302"]),
        ("m: {momentum: t.x}", ["QG306"]),
        ("m: {d: [t.x]}", ["QG302"]),
        ("m: {d: 3}", ["QG304"]),
        ("t: m.l[0]\n't.x': m.d", ["QG307"]),
    ],
)
def test_what_cannot_be_followed_is_told_once(dependencies, expected):
    assert codes(SPACE, BASE, dependencies) == expected


def test_a_reference_over_a_parameter_leaves_nothing_to_sample():
    plan = compiled(SPACE, BASE, "m: {l: [{}, {o: 'm.l[0].o'}]}").plan
    assert [suggestion.name for suggestion in plan.suggestions] == ["m.l.0.o", "m.l.2.o"]
    assert plan.resolve(Chooser(m__l__0__o=21))["m"]["l"][1]["o"] == 21


def test_one_item_may_be_named_from_both_ends():
    config = compiled(SPACE, BASE, "'m.l[-1].i': t.x\n'm.l[2].o': m.d\n").plan.resolve(Chooser())
    assert config["m"]["l"][2] == {"i": 8, "o": 7}
    assert codes(SPACE, BASE, "'m.l[-1].i': t.x\n'm.l[2].i': m.d\n") == ["QG307"]


def test_a_copy_of_another_kind_is_warned_about():
    assert codes(SPACE, BASE, "m: {d: 'm.l[0]'}") == ["QG311"]
    assert codes(SPACE, BASE, "'m.l[0]': t.x") == ["QG311"]


def test_a_map_for_more_layers_than_an_untuned_section_has_is_a_warning():
    base = "m: {l: [{i: 1, o: 20}], d: 7}\nt: {x: 8}\n"
    compilation = compiled(
        SPACE + "t: {x: [8, 9]}\n", base, "'m.l[0].i': t.x\n'm.l[1].i': t.x\n", untuned={"m"}
    )
    assert [problem.code for problem in compilation.warnings] == ["QG302"]
    assert compilation.plan.resolve(Chooser(t__x=9))["m"] == {"l": [{"i": 9, "o": 20}], "d": 7}
