"""Repeats: lists whose length is tuned, with what their items have, share and follow."""

import itertools
import pickle

import pytest
from spaces import Chooser, codes, compiled, config, domains, problems

from qgtune.space import EvaluationError

BASE = "m: {layers: [{i: 12, o: 8, act: relu}, {i: 8, o: 4, act: tanh}], out: 0, n: 2}\n"
SPACE = """\
m:
  layers:
    type: repeat
    count: {type: int, low: 1, high: 4}
    item: {o: {type: int, low: 1, high: 64}}
"""


def layers(space, base=None, dependencies=None, /, **given):
    return config(space, base, dependencies, **given)["m"]["layers"]


@pytest.mark.parametrize(
    ("count", "parameter"),
    [
        ("{type: int, low: 1, high: 3}", "int from 1 to 3"),
        ("[1, 3]", "one of 1, 3"),
        ("{type: categorical, choices: [1, 3]}", "one of 1, 3"),
        ("{type: tuple, value: [1, 3]}", "int from 1 to 3"),
    ],
)
def test_a_tuned_length_is_a_parameter_of_its_own(count, parameter):
    compilation = compiled(f"m: {{layers: {{type: repeat, count: {count}, item: {{w: 1}}}}}}")
    assert domains(compilation) == {"m.layers.count": parameter}
    for length in (1, 3):
        assert len(compilation.plan.resolve(Chooser(m__layers__count=length))["m"]["layers"]) == length


def test_a_constant_length_gives_a_plain_list():
    compilation = compiled("m: {layers: {type: repeat, count: 2, item: {w: {type: int, low: 1, high: 2}}}}")
    assert not compilation.plan.is_conditional
    assert list(domains(compilation)) == ["m.layers.0.w", "m.layers.1.w"]
    assert config("m: {layers: {type: repeat, count: 0, item: {w: 1}}, p: [1, 2]}")["m"] == {
        "layers": [],
        "p": 1,
    }


@pytest.mark.parametrize(
    ("count", "lengths"), [("m.n", {1: 1, 3: 3}), ("m.n * 2 - 1", {1: 1, 2: 3}), ("m.k", {1: 2})]
)
def test_a_length_may_follow(count, lengths):
    space = f"""\
m:
  n: {{type: int, low: 1, high: 3}}
  k: {{type: coupled, to: m.n, values: {{1: 2, default: 0}}}}
  layers: {{type: repeat, count: {count}, item: {{w: 1}}}}
"""
    for n, length in lengths.items():
        assert len(layers(space, m__n=n)) == length


def test_items_lie_over_the_base_items_and_the_last_of_them_beyond():
    found = layers(SPACE, BASE, m__layers__count=4)
    assert found == [
        {"i": 12, "o": 1, "act": "relu"},
        *[{"i": 8, "o": 1, "act": "tanh"}] * 3,
    ]


def test_first_and_last_are_laid_over_item():
    space = SPACE + "    first: {o: 100, only: {first: 1}}\n    last: {o: 200, only: {last: 2}}\n"
    assert layers(space) == [{"o": 200, "only": {"first": 1, "last": 2}}]
    assert layers(space, m__layers__count=3, m__layers__1__o=7) == [
        {"o": 100, "only": {"first": 1}},
        {"o": 7},
        {"o": 200, "only": {"last": 2}},
    ]
    assert list(domains(compiled(space))) == ["m.layers.count", "m.layers.1.o", "m.layers.2.o"]


def test_items_may_be_scalars_lists_or_switches():
    space = "m: {layers: {type: repeat, count: [0, 2], item: {type: int, low: 3, high: 4}}}"
    assert layers(space, m__layers__count=2, m__layers__1=4) == [3, 4]
    assert layers(space) == []
    assert layers("m: {layers: {type: repeat, count: [1, 2], item: {type: fixed, value: [1, 2]}}}") == [
        [1, 2]
    ]
    space = "m: {k: {type: categorical, choices: [1, 2]}, layers: {type: repeat, count: [1, 2], item: {type: coupled, to: m.k, values: {1: 5, 2: {w: 1}}}}}"
    assert layers(space, m__layers__count=2) == [5, 5]
    assert layers(space, m__k=2) == [{"w": 1}]


def test_shared_values_are_sampled_once_where_no_item_overrides_them():
    space = SPACE.replace("item: {", "item: {act: {type: categorical, choices: [relu, elu]}, ") + (
        "    last: {act: none}\n    shared: [act]\n"
    )
    assert "m.layers.1.act" not in domains(compiled(space))
    assert [one["act"] for one in layers(space, m__layers__count=4, m__layers__0__act="elu")] == [
        "elu",
        "elu",
        "elu",
        "none",
    ]
    first = space.replace("    last:", "    first:")
    assert [one["act"] for one in layers(first, m__layers__count=3, m__layers__1__act="elu")] == [
        "none",
        "elu",
        "elu",
    ]


def test_shared_may_name_a_path_within_the_item():
    space = "m: {layers: {type: repeat, count: [2, 3], item: {norm: {eps: {type: float, low: 0, high: 1}, k: 1}}, shared: [norm.eps]}}"
    found = layers(space, m__layers__count=3, m__layers__0__norm__eps=0.5)
    assert found == [{"norm": {"eps": 0.5, "k": 1}}] * 3
    assert found[0]["norm"] is not found[1]["norm"]


MAP = '"m.layers[*].i": prev.o\n"m.out": "m.layers[-1].o"\n'


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_chain_through_a_list_of_any_length_holds(count):
    given = {f"m__layers__{i}__o": 10 + i for i in range(4)}
    made = config(SPACE, BASE, MAP, m__layers__count=count, **given)["m"]
    assert made["layers"][0]["i"] == 12
    for before, layer in itertools.pairwise(made["layers"]):
        assert layer["i"] == before["o"]
    assert made["out"] == made["layers"][-1]["o"] == 9 + count


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("len(m.layers)", 3),
        ("m.layers.count", 3),
        ("m.layers.count * 2", 6),
        ("sum(m.layers[*].o)", 6),
        ("m.layers[1:].o", [2, 3]),
        ("m.layers[-2:].o", [2, 3]),
        ("m.layers[0].o", 1),
        ("m.layers[-2].o", 2),
        ("m.layers[-1]", {"i": 8, "o": 3, "act": "tanh"}),
    ],
)
def test_an_expression_reads_the_list_of_this_trial(expression, expected):
    given = {f"m__layers__{i}__o": 1 + i for i in range(4)}
    assert (
        config(SPACE, BASE, f'"m.out": "{expression}"', m__layers__count=3, **given)["m"]["out"] == expected
    )


def test_what_an_item_beyond_the_length_would_give_is_told_before_the_first_trial():
    assert codes(SPACE, BASE, '"m.out": "m.layers[2].o"') == ["QG310"]
    assert codes(SPACE, BASE, '"m.out": "m.layers[4].o"') == ["QG301"]
    with pytest.raises(EvaluationError, match=r"there is no m\.layers\[2\] in this config"):
        config(SPACE, BASE, '"m.out": "m.layers[2].o"', m__layers__count=2)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("m.layers[*].o", [2, 2, 2]),
        ("m.layers[0].o", [2, 1, 1]),
        ("m.layers[1:].o", [1, 2, 2]),
        ("m.layers[:2].o", [2, 2, 1]),
    ],
)
def test_targets_lie_inside_a_repeat(target, expected):
    assert [one["o"] for one in layers(SPACE, BASE, f'"{target}": m.n', m__layers__count=3)] == expected


@pytest.mark.parametrize("target", ["m.layers[-1].o", "m.layers[-2:].o", "m.layers[4].o"])
def test_a_target_counted_from_an_unknown_end_is_an_error_with_a_way_out(target):
    assert codes(SPACE, BASE, f'"{target}": m.n') == ["QG302"]


def test_next_follows_the_item_after_and_the_last_keeps_its_own():
    space = SPACE.replace("item: {", "item: {k: 0, ")
    given = {f"m__layers__{i}__o": 5 + i for i in range(4)}
    for count in (1, 2, 4):
        found = layers(space, None, '"m.layers[*].k": next.o', m__layers__count=count, **given)
        assert [one["k"] for one in found] == [*range(6, 5 + count), 0]


def test_a_length_may_be_a_target():
    compilation = compiled(SPACE, BASE, '"m.layers.count": m.n')
    assert list(domains(compilation)) == [f"m.layers.{i}.o" for i in range(4)]
    assert len(compilation.plan.resolve(Chooser())["m"]["layers"]) == 2
    with pytest.raises(
        EvaluationError, match=r"length of m\.layers must be a whole number from 1 to 4, but is 7"
    ):
        config(SPACE + "  big: [1, 7]\n", None, '"m.layers.count": m.big', m__big=7)


NESTED = """\
m:
  blocks:
    type: repeat
    count: {type: int, low: 1, high: 3}
    item:
      kind: {type: categorical, choices: [conv, mlp]}
      body:
        type: switch
        on: "@.kind"
        cases:
          conv: {heads: {type: int, low: 1, high: 4}}
          mlp:
            widths: {type: repeat, count: [1, 2], item: {w: {type: int, low: 4, high: 8}, d: {when: "@.w > 5", type: fixed, value: 1}}}
    last: {head: {when: "@.kind == 'mlp'", type: int, low: 1, high: 2}}
"""


def test_a_repeat_in_a_switch_in_a_repeat_samples_only_what_is_there():
    plan = pickle.loads(pickle.dumps(compiled(NESTED).plan))
    given = {
        "m.blocks.count": 2,
        "m.blocks.0.kind": "conv",
        "m.blocks.0.body.heads": 3,
        "m.blocks.1.kind": "mlp",
        "m.blocks.1.body.widths.count": 2,
        "m.blocks.1.body.widths.0.w": 4,
        "m.blocks.1.body.widths.1.w": 6,
        "m.blocks.1.head": 2,
    }
    assert plan.config_of(given)["m"]["blocks"] == [
        {"kind": "conv", "body": {"heads": 3}},
        {"kind": "mlp", "body": {"widths": [{"w": 4}, {"w": 6, "d": 1}]}, "head": 2},
    ]


def test_a_repeat_in_an_item_of_a_repeat_has_a_length_for_each_item():
    space = "m: {layers: {type: repeat, count: [2], item: {w: {type: repeat, count: [1, 2], item: {type: int, low: 1, high: 9}}}}}"
    found = layers(space, m__layers__1__w__count=2, m__layers__1__w__1=5)
    assert found == [{"w": [1]}, {"w": [1, 5]}]


def test_an_alias_from_outside_is_one_value_in_all_items_and_in_any_order_of_sections():
    space = (
        "t: {d: &d {type: float, low: 0, high: 1}}\nm: {layers: {type: repeat, count: [1, 3], item: {d: *d}}}"
    )
    for base in ("t: {d: 0.1}\nm: {layers: [{d: 0.1}]}", "m: {layers: [{d: 0.1}]}\nt: {d: 0.1}"):
        assert len(domains(compiled(space, base))) == 2
        [name] = [name for name in domains(compiled(space, base)) if name.endswith(".d")]
        made = compiled(space, base).plan.config_of({"m.layers.count": 3, name: 0.5})
        assert made == {"t": {"d": 0.5}, "m": {"layers": [{"d": 0.5}] * 3}}


def test_an_alias_within_the_item_is_one_value_for_each_item():
    space = "m: {layers: {type: repeat, count: [1, 2], item: {a: &a {type: int, low: 1, high: 9}, b: *a}}}"
    assert layers(space, m__layers__count=2, m__layers__1__a=5) == [{"a": 1, "b": 1}, {"a": 5, "b": 5}]


def test_an_alias_of_a_whole_repeat_is_the_same_list():
    space = (
        "m: {layers: &l {type: repeat, count: [1, 3], item: {w: {type: int, low: 1, high: 9}}}, again: *l}"
    )
    assert list(domains(compiled(space))) == [
        "m.layers.count",
        "m.layers.0.w",
        "m.layers.1.w",
        "m.layers.2.w",
    ]
    made = config(space, m__layers__count=3, m__layers__2__w=5)["m"]
    assert made["again"] == made["layers"] == [{"w": 1}, {"w": 1}, {"w": 5}]
    assert made["again"][0] is not made["layers"][0]


def test_an_alias_that_leaves_the_items_is_an_error():
    space = "m: {layers: {type: repeat, count: 2, item: {a: &a {type: int, low: 1, high: 9}}}, b: *a}"
    [(code, _, _, message)] = problems(space)
    assert (code, message) == (
        "QG219",
        "this alias stands for a parameter of which each item of m.layers has its own",
    )


def test_a_mapping_named_count_is_no_length():
    assert config(
        "m: {count: {a: {type: int, low: 1, high: 2}}, k: null}", None, "m: {k: m.count}", m__count__a=2
    ) == {"m": {"count": {"a": 2}, "k": {"a": 2}}}


@pytest.mark.parametrize(
    ("count", "message"),
    [
        ("2.5", "the length of a repeat must be a whole number from 0"),
        ("-1", "the length of a repeat must be a whole number from 0"),
        ("true", "the length of a repeat must be a whole number from 0"),
        ("[1, x]", "the length of a repeat must be a whole number from 0"),
        ("{type: float, low: 1, high: 2}", "the length of a repeat must be a whole number from 0"),
        ("{type: int, low: -1, high: 2}", "the length of a repeat must be a whole number from 0"),
        ("5000", "a repeat has at most 1000 items, but this one up to 5000"),
        ("m.d", "the length of a repeat must be a whole number from 0, but can be 0.5"),
        ("m.x", "nothing tells how long this can become: m.x is no parameter and no constant"),
    ],
)
def test_a_length_that_is_none_is_one_error_at_the_length(count, message):
    space = f"m: {{d: 0.5, p: [1, 2], out: 0, layers: {{type: repeat, count: {count}, item: {{o: 1}}}}}}"
    base = "m: {d: 0.5, p: 1, out: 0, layers: [{o: 1}]}"
    [(code, _, column, found)] = problems(space, base, '"m.out": "m.layers[1].o"\n"m.layers[*].o": m.p')
    assert (code, found) == ("QG221", message)
    assert column == space.index("count: ") + len("count: ") + 1


def test_one_mistake_in_an_item_is_one_diagnostic():
    space = """\
m:
  layers:
    type: repeat
    count: 5
    item:
      a: {type: int, low: 3, high: 1}
      b: {type: int, low: 1, high: m.zz}
      c: {when: "@.zz", w: 1}
      d: {type: flaot, low: 1, high: 2}
      e: [1, 2]
      f: {type: coupled, to: "@.g", values: {1: 2}}
      g: 3
"""
    assert codes(space) == ["QG206", "QG301", "QG301", "QG202", "QG211"]
    assert codes(
        space[: space.index("      a:")] + "      f: {type: coupled, to: '@.g', values: {1: 2}}\n      g: 3\n"
    ) == ["QG223"]
    dependencies = '"m.layers[*].o": "@.zork"\n"m.layers[*].new_one": "@.o"\n'
    assert codes(SPACE, BASE, dependencies) == ["QG301", "QG306"]


def test_what_no_item_shares_is_told_at_its_name():
    space = SPACE + "    shared: [o, oo]\n"
    [(code, line, column, message)] = problems(space)
    assert (code, line, column) == ("QG222", 6, 17)
    assert message == "shared names oo, but no item has it to share"
    assert codes(SPACE + "    shared: ['a..b']\n") == ["QG205"]


def test_an_item_is_never_absent():
    space = "m: {k: 1, layers: {type: repeat, count: [1, 2], item: {when: m.k == 1, w: 1}, last: {w: 2}}}"
    assert codes(space) == ["QG220"]


def test_a_circle_through_a_length_is_told_in_words():
    space = "m: {n: 1, layers: {type: repeat, count: m.n, item: {o: {type: int, low: 1, high: 2}}}}"
    [(code, _, _, message)] = problems(space, "m: {n: 1, layers: [{o: 1}]}", '"m.n": "m.layers[0].o"')
    assert code == "QG305"
    assert message.startswith("these values follow each other in a circle: m.")
    assert "m.layers.count" in message
    assert "m.n" in message


def test_a_deep_list_keeps_its_chain():
    space = "m: {layers: {type: repeat, count: {type: int, low: 1, high: 200}, item: {i: 0, o: 0}, first: {i: 3}}}"
    dependencies = '"m.layers[*].i": prev.o\n"m.layers[*].o": "@.i + 1"\n'
    found = layers(space, None, dependencies, m__layers__count=150)
    assert len(found) == 150
    assert found[-1] == {"i": 152, "o": 153}


def test_the_fingerprint_tells_repeats_apart_and_not_the_order_of_keys():
    texts = [
        SPACE,
        SPACE.replace("high: 4", "high: 5"),
        SPACE.replace("low: 1, high: 4", "low: 2, high: 4"),
        SPACE + "    first: {o: 1}\n",
        SPACE + "    last: {o: 1}\n",
        SPACE + "    shared: [o]\n",
    ]
    assert len({compiled(text).plan.fingerprint for text in texts}) == len(texts)
    other = "m: {layers: {item: {o: {high: 64, low: 1, type: int}}, count: {high: 4, low: 1, type: int}, type: repeat}}"
    assert compiled(other).plan.fingerprint == compiled(SPACE).plan.fingerprint


def test_what_stands_in_a_wrong_repeat_is_no_cascade():
    inner = "{type: repeat, count: [1, 3], item: {k: {type: int, low: 1, high: 2}, a: 0}, last: {a: 1}}"
    assert codes(f"m: {{a: {{type: repeat, count: nowhere, item: {inner}}}}}") == ["QG221"]


def test_prev_alone_is_the_value_before_in_a_list_of_values():
    space = """\
m:
  dims:
    type: repeat
    count: {type: int, low: 1, high: 3}
    first: {type: int, low: 8, high: 64}
    item: {type: int, low: 4, high: prev}
"""
    base = "m: {dims: [32, 16]}"
    assert codes(space, base) == []
    given = {"m.dims.count": 3, "m.dims.0": 20, "m.dims.1": 10, "m.dims.2": 7}
    assert config(space, base, **{name.replace(".", "__"): value for name, value in given.items()})["m"][
        "dims"
    ] == [20, 10, 7]
    assert domains(compiled(space, base))["m.dims.2"] == "int from 4 to prev"


def test_prev_alone_is_a_target_of_every_value_of_a_list():
    space, base = "m: {dims: [{type: int, low: 8, high: 64}, 0, 0]}", "m: {dims: [8, 8, 8]}"
    assert config(space, base, "m: {dims: {'[*]': prev // 2}}", m__dims__0=64)["m"]["dims"] == [64, 32, 16]


def test_at_in_a_list_of_values_within_an_item_is_the_item():
    base = "m: {l: [{o: 1, norm: [1]}, {o: 2, norm: [2]}]}"
    space = "m: {l: [{o: [1, 2]}, {o: [2, 3]}]}"
    assert config(space, base, "m: {l: {'[*]': {norm: ['@.o']}}}", m__l__1__o=3)["m"]["l"][1]["norm"] == [3]


def test_a_length_that_the_map_lets_vary_beyond_what_was_built_is_reported():
    space = "k: {type: int, low: LOW, high: 5}\nn: 3\nl: {type: repeat, count: n, item: {d: 1}}"
    assert "QG310" in codes(space.replace("LOW", "1"), None, "n: k")
    assert "QG309" in codes(space.replace("LOW", "4"), None, "n: k")


def test_repeats_within_repeats_are_bounded_together():
    space = "1"
    for _ in range(3):
        space = f"{{type: repeat, count: 1000, item: {{x: {space}}}}}"
    assert set(codes(f"l: {space}")) == {"QG221"}


@pytest.mark.parametrize(
    "form",
    [
        "{when: \"@.k == 'x'\", type: int, low: 1, high: 2, otherwise: 0}",
        "{when: \"k == 'x'\", type: int, low: 1, high: 2}",
    ],
)
def test_what_depends_on_its_item_is_not_shared(form):
    space = f"k: {{type: categorical, choices: [x, y]}}\nl: {{type: repeat, count: [1, 2], item: {{k: {{type: categorical, choices: [x, y]}}, d: {form}}}, shared: [d]}}"
    assert codes(space) == ["QG222"]
