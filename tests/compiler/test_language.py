"""The language: forms, the rule for bare lists, sparse spaces, aliases."""

import pytest
from spaces import Chooser, codes, compiled, domains

from qgtune.compiler.building.selection import Selection, parse_pattern
from qgtune.compiler.emit import built_search_space_text
from qgtune.compiler.linking.link import Outside
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.core.errors import DiagnosticError
from qgtune.core.paths import PathSyntaxError
from qgtune.document import Source


@pytest.mark.parametrize(
    ("form", "domain"),
    [
        ("{type: tuple, value: [0.2, 0.5, 0.1]}", "float from 0.2 to 0.5, step 0.1"),
        ("{type: tuple, value: [1e-5, 1e-1, true]}", "float from 1e-05 to 0.1, log"),
        ("{type: tuple, value: [16, 128, 16]}", "int from 16 to 128, step 16"),
        ("{type: tuple, value: [1, 64, true]}", "int from 1 to 64, log"),
        ("{type: tuple, value: [1, 64, false]}", "int from 1 to 64"),
        ("{type: tuple, value: [1, 4]}", "int from 1 to 4"),
        ("{type: tuple, value: [0, 1, 0.5]}", "float from 0.0 to 1.0, step 0.5"),
        ("{type: tuple, value: [0, 1.0]}", "float from 0.0 to 1.0"),
        ("{type: float, low: 0, high: 1}", "float from 0.0 to 1.0"),
        ("{type: float, min: 1e-4, max: 1e-1, log: true}", "float from 0.0001 to 0.1, log"),
        ("{type: float, low: 0, high: 1, step: null}", "float from 0.0 to 1.0"),
        ("{type: int, low: 1, high: 9, step: 4}", "int from 1 to 9, step 4"),
        ("{type: int, low: 1e1, high: 1e2}", "int from 10 to 100"),
        ("{type: categorical, choices: [a, null, 3]}", "one of a, null, 3"),
        ("{type: categorical, values: [[48], [48, 18]]}", "one of [48], [48, 18]"),
        ("[relu, tanh]", "one of relu, tanh"),
    ],
)
def test_each_form_becomes_its_domain(form, domain):
    assert domains(compiled(f"a: {{x: {form}}}", "a: {x: 1}")) == {"a.x": domain}


@pytest.mark.parametrize(
    ("value", "base", "parameters", "config"),
    [
        ("[48, 18]", "1", ["a.x"], 48),
        ("[48, 18]", "[64, 64]", [], [48, 18]),
        ("[48, 18]", "[]", [], [48, 18]),
        ("[]", "[64]", [], []),
        ("[[48], [48, 18]]", "[64]", ["a.x"], [48]),
        ("[[0, 1], [1, 2]]", "[[5, 6]]", [], [[0, 1], [1, 2]]),
        ("[{}, {}]", "[{}]", [], [{}, {}]),
        ("[{d: [1, 2]}]", "[{d: 5, e: 6}]", ["a.x.0.d"], [{"d": 1, "e": 6}]),
        ("{type: fixed, value: [1, 2]}", "5", [], [1, 2]),
        ("{type: fixed, value: {type: float}}", "5", [], {"type": "float"}),
        ("{type: adam, lr: [1, 2]}", "{type: sgd, lr: 5}", ["a.x.lr"], {"type": "adam", "lr": 1}),
        ("null", "5", [], None),
        ("{lr: [0.1, 0.2]}", "null", ["a.x.lr"], {"lr": 0.1}),
    ],
)
def test_what_the_base_settings_hold_tells_lists_from_choices(value, base, parameters, config):
    compilation = compiled(f"a: {{x: {value}}}", f"a: {{x: {base}}}")
    assert list(domains(compilation)) == parameters
    assert compilation.plan.resolve(Chooser()) == {"a": {"x": config}}


def test_a_list_in_the_dependency_map_tells_that_a_list_is_a_list():
    compilation = compiled("a: {n: [1, 2], x: [48, 18]}\n", None, "a: {x: ['a.n']}")
    assert domains(compilation) == {"a.n": "one of 1, 2"}
    assert compilation.plan.resolve(Chooser(a__n=2)) == {"a": {"n": 2, "x": [2, 18]}}


def test_what_a_sparse_space_does_not_mention_stays_as_in_the_base_settings():
    base = "m: {layers: [{w: 1, a: relu}, {w: 2, a: relu}], pool: mean}\nt: {lr: 0.1, e: 5}\n"
    compilation = compiled("m: {layers: [{}, {w: [4, 8]}]}\nt: {lr: [0.1, 0.2]}\n", base)
    assert list(domains(compilation)) == ["m.layers.1.w", "t.lr"]
    assert compilation.plan.resolve(Chooser(m__layers__1__w=8, t__lr=0.2)) == {
        "m": {"layers": [{"w": 1, "a": "relu"}, {"w": 8, "a": "relu"}], "pool": "mean"},
        "t": {"lr": 0.2, "e": 5},
    }


def test_an_untuned_section_is_the_base_settings_own_lists_and_all():
    compilation = compiled("m: {x: [1, 2]}", "m: {x: 7, dims: [48, 18], type: {type: float}}", untuned={"m"})
    assert compilation.plan.resolve(Chooser()) == {"m": {"x": 7, "dims": [48, 18], "type": {"type": "float"}}}


def test_an_alias_is_one_value_sampled_once():
    space = "a: &x {lr: {type: float, low: 0.0, high: 1.0}, k: 3}\nb: *x\nc: {<<: *x, k: 4}\n"
    base = "a: {lr: 0.5, k: 0}\nb: {lr: 0.5, k: 0}\nc: {lr: 0.5, k: 0}\n"
    compilation = compiled(space, base)
    assert list(domains(compilation)) == ["a.lr"]
    assert compilation.plan.resolve(Chooser(a__lr=0.25)) == {
        "a": {"lr": 0.25, "k": 3},
        "b": {"lr": 0.25, "k": 3},
        "c": {"lr": 0.25, "k": 4},
    }


def test_compound_choices_are_fresh_in_every_config():
    plan = compiled("a: [[1], [1, 2]]", "a: [3]").plan
    first = plan.resolve(Chooser())
    first["a"].append("changed")
    assert plan.resolve(Chooser()) == {"a": [1]}


def test_all_problems_of_all_files_are_told_at_once():
    found = codes(
        "a: {x: {type: flaot, low: 1, high: 2}, y: {type: int, low: 3, high: 1}}",
        "a: {x: 1, y: 2}\nb: 1\nb: 2\n",
        "a: {x: a..y}\n",
    )
    assert found == ["QG104"]  # a file that is not sound ends the reading of all three, with all their errors
    found = codes(
        "a: {x: {type: flaot, low: 1, high: 2}, y: {type: int, low: 3, high: 1}}",
        "a: {x: 1, y: 2}\n",
        "a: {z: a..y, x: a.w}\n",
    )
    assert found == ["QG303", "QG301", "QG202", "QG206"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("{type: tuple, value: [1]}", "QG205"),
        ("{type: tuple, value: 3}", "QG205"),
        ("{type: tuple, value: [1, yes, 3]}", "QG205"),
        ("{type: float, low: [1], high: 3}", "QG205"),
        ("{type: float, low: 1, high: 3, log: 1}", "QG205"),
        ("{type: int, low: 1.5, high: 3}", "QG205"),
        ("{type: categorical, choices: relu}", "QG205"),
        ("{type: categorical, choices: []}", "QG206"),
        ("{type: float, low: 0, high: 3, log: true}", "QG206"),
        ("{type: float, low: 1, min: 1, high: 3}", "QG203"),
        ("{type: integer, low: 1, high: 3}", "QG202"),
        ("{choices: [1, 2]}", "QG212"),
    ],
)
def test_a_form_that_makes_no_sense_is_one_error(form, code):
    assert [c for c in codes(f"x: {form}", "x: 1") if c != "QG110"] == [code]


def test_labelled_choices_are_stored_by_their_labels_and_stand_for_any_value():
    space = "m: {block: {type: categorical, choices: {small: {w: 1, dims: [8]}, large: {w: 2, dims: [8, 8]}, none: null}}}"
    compilation = compiled(space, "m: {block: null}")
    assert domains(compilation) == {"m.block": "one of small, large, none"}
    plan = compilation.plan
    assert plan.resolve(Chooser(m__block="large")) == {"m": {"block": {"w": 2, "dims": [8, 8]}}}
    assert plan.resolve(Chooser(m__block="none")) == {"m": {"block": None}}
    first = plan.resolve(Chooser(m__block="small"))
    first["m"]["block"]["dims"].append("changed")
    assert plan.resolve(Chooser(m__block="small")) == {"m": {"block": {"w": 1, "dims": [8]}}}


def test_a_key_with_nothing_behind_it_leaves_the_base_settings_as_they_are():
    base = "m: {a: 1, l: [{w: 1}, {w: 2}]}\nt: {x: 5}\n"
    compilation = compiled("m:\n  a:\n  l:\n    -\n    - {w: [2, 3]}\nt:\n", base)
    assert compilation.plan.resolve(Chooser()) == {"m": {"a": 1, "l": [{"w": 1}, {"w": 2}]}, "t": {"x": 5}}
    assert codes("m: null\n", base) == ["QG212"]


def test_an_alias_over_a_base_value_of_another_kind_is_read_as_if_it_were_written_out():
    compilation = compiled("a: &x [1, 2]\nb: *x\n", "a: 1\nb: [1, 2]\n")
    assert compilation.plan.resolve(Chooser(a=2)) == {"a": 2, "b": [1, 2]}
    assert "QG212" in codes("a: &x [1, 2]\nb: *x\n", "a: 1\nb: {c: 1}\n")


@pytest.mark.parametrize(
    "space",
    [
        'm: {"a.b": [1, 2], a: {b: [1, 2]}}',
        'm: {1: [1, 2], "1": [3, 4]}',
    ],
)
def test_two_parameters_never_share_a_name(space):
    assert "QG216" in codes(space)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (f"{{type: float, low: 0, high: 1{'0' * 400}}}", "QG205"),
        (f"{{type: tuple, value: [0.5, 1{'0' * 400}]}}", "QG205"),
        (f"!!float 1{'0' * 400}", "QG107"),
        ("{type: categorical, choices: [.nan, 1.0]}", "QG206"),
        ("{type: uniform, low: 1, high: 2}", "QG202"),
    ],
)
def test_numbers_out_of_range_are_errors_not_faults(form, code):
    assert code in codes(f"x: {form}", "x: 1")


def test_a_range_with_a_very_fine_grid_is_exact():
    assert domains(compiled("x: {type: float, low: 0, high: 1.0e+10, step: 1.0e-5}")) == {
        "x": "float from 0.0 to 10000000000.0, step 1e-05"
    }


@pytest.mark.parametrize(
    "bounds", ["high: 1.0e+30, step: 1.0e-5", "high: 1.0, step: 1.0e-300", "high: 1.7e+308, low: -1.7e+308"]
)
def test_a_range_that_no_sampler_can_count_is_refused(bounds):
    low = "" if "low" in bounds else "low: 0.0, "
    assert codes(f"x: {{type: float, {low}{bounds}}}") == ["QG206"]


def test_the_name_of_an_object_stays_one_when_it_is_chosen():
    sources = SpaceSources(
        Source("s.yaml", "o: !sweep {values: [!pyobject math.sin, !pyobject math.cos]}\np: !reference o")
    )
    compilation = compile_space(sources, outside=Outside(objects=("math",)))
    config = compilation.plan.config_of({"o": "math.cos"})
    assert [repr(config["o"]), repr(config["p"])] == ["!pyobject math.cos"] * 2
    assert "o: !pyobject math.cos" in built_search_space_text(compilation, config, [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("w: !sweep {values: [!reference a, 3]}\na: 5", "QG205"),
        ("w: {type: categorical, choices: [!sweep {values: [1, 2]}, 8]}", "QG205"),
        ("w: {type: categorical, choices: [{type: int, low: 1, high: 3}, 8]}", "QG217"),
        (
            "w: {type: fixed, value: {r: {type: int, low: 1, high: 3}}}\nb: {type: int, low: 1, high: 2}",
            "QG217",
        ),
    ],
)
def test_what_would_vary_where_a_value_is_taken_as_it_stands_is_told(text, code):
    assert codes(text) == [code]


def test_a_coupled_sweep_may_hold_what_varies_and_what_follows():
    text = "a: !sweep {values: [1, 2]}\nb: 7\nc: !sweep {values: [8, 9]}\nw: !coupled-sweep {target: a, values: [!reference b, !reference c]}"
    plan = compiled(text).plan
    assert [plan.resolve(Chooser(a=a, c=9))["w"] for a in (1, 2)] == [7, 9]


def test_depth_through_aliases_is_bounded():
    text = "".join(f"a{i}: &a{i} {'[' * 30}{f'*a{i - 1}' if i else '1'}{']' * 30}\n" for i in range(12))
    assert codes(text) == ["QG106"]


def test_the_fingerprint_covers_constants_and_references():
    space, base = "t: {x: [1, 2]}", "t: {x: 1, n: 1, m: 3}"
    prints = {
        compiled(space, base).plan.fingerprint,
        compiled(space, "t: {x: 1, n: 5, m: 3}").plan.fingerprint,
        compiled(space, base, "t: {m: t.n}").plan.fingerprint,
        compiled("t: {x: [1, 2, 3]}", base).plan.fingerprint,
    }
    assert len(prints) == 4
    assert compiled(space, "t: {m: 3, n: 1, x: 1}").plan.fingerprint == compiled(space, base).plan.fingerprint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("constraint: [m.a > 1]\nm: {a: {type: int, low: 1, high: 3}}", "constraints"),
        ("extend: x.yaml\nm: {a: {type: int, low: 1, high: 3}}", "extends"),
    ],
)
def test_a_misspelled_setting_of_a_space_is_told_with_and_without_base_settings(text, hint):
    for base in (None, "m: {a: 1}"):
        [problem] = [found for found in compiled(text, base).warnings if found.code == "QG209"]
        assert problem.hint == f"did you mean {hint!r}?"


def test_a_slice_of_tune_is_that_slice():
    base = "l: [{w: 1}, {w: 1}, {w: 1}]"
    space = "l: [{w: [1, 24]}, {w: [1, 24]}, {w: [1, 24]}]"
    sources = SpaceSources(Source("s.yaml", space), Source("b.yaml", base))
    selection = Selection(patterns=(parse_pattern("l[1:].w"),))
    assert list(domains(compile_space(sources, selection))) == ["l.1.w", "l.2.w"]
    for text in ("l[-1].w", "l[:-1].w"):
        with pytest.raises(PathSyntaxError, match="from the start"):
            parse_pattern(text)


def test_a_part_of_a_switch_cannot_be_tuned_alone():
    base = "k: b\nsub: {kind: base, x: 9}"
    space = "k: [a, b]\nsub: {type: switch, on: k, cases: {a: {x: [1, 2]}, b: {x: [3, 4]}}}"
    sources = SpaceSources(Source("s.yaml", space), Source("b.yaml", base))
    with pytest.raises(DiagnosticError, match=r"QG227.*tune names a part of sub"):
        compile_space(sources, Selection(patterns=(("sub", "x"),)))
