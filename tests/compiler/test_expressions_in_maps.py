"""Expressions in a dependency map: computed values, every item at once, neighbours, facts of the data."""

import itertools

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import Chooser, codes, compiled

from qgtune.compiler.linking.link import Outside
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.document import Source
from qgtune.space import EvaluationError

BASE = """\
model:
  layers:
    - {in_dim: 12, out_dim: 8, heads: 1, norm: [8]}
    - {in_dim: 8, out_dim: 8, heads: 1, norm: [8]}
    - {in_dim: 8, out_dim: 8, heads: 1, norm: [8]}
  head: {width: 8, depth: 2}
training: {warmup: 5, epochs: 50, ratio: 1.0}
"""
SPACE = """\
model:
  layers:
    - {out_dim: [8, 16], heads: [1, 2, 4]}
    - {out_dim: [8, 16], heads: [1, 2, 4]}
    - {out_dim: [8, 16], heads: [1, 2, 4]}
training: {epochs: {type: int, low: 0, high: 100, step: 10}}
"""
EVERY = (
    '"model.layers[*].in_dim": prev.out_dim * prev.heads\n"model.layers[*].norm[0]": "@.out_dim * @.heads"\n'
)


def resolve(dependencies, trial=None):
    return compiled(SPACE, BASE, dependencies).plan.resolve(trial or Chooser())


def random_trial(seed):
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed)).ask()


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_every_target_equals_its_source_expression(seed):
    dependencies = (
        EVERY
        + "model: {head: {width: 'max(model.layers[*].out_dim) // 2', depth: 'len(model.layers[*].heads)'}}\n"
    )
    config = resolve(dependencies, random_trial(seed))
    layers = config["model"]["layers"]
    assert layers[0]["in_dim"] == 12
    for before, layer in itertools.pairwise(layers):
        assert layer["in_dim"] == before["out_dim"] * before["heads"]
    for layer in layers:
        assert layer["norm"] == [layer["out_dim"] * layer["heads"]]
    assert config["model"]["head"] == {"width": max(layer["out_dim"] for layer in layers) // 2, "depth": 3}


@pytest.mark.parametrize(
    "spelling",
    [
        '"model.layers[*].in_dim": prev.out_dim * prev.heads\n"model.layers[*].norm[0]": "@.out_dim * @.heads"',
        'model: {layers: {"[*]": {in_dim: prev.out_dim * prev.heads, norm: ["@.out_dim * @.heads"]}}}',
        'model: {layers: {"[*]": {norm: {"[*]": "@.out_dim * @.heads"}}}}\n"model.layers[*].in_dim": prev.out_dim * prev.heads',
    ],
)
def test_every_item_is_written_once_in_either_structure(spelling):
    trial = random_trial(5)
    expected = resolve(EVERY, optuna.trial.FixedTrial(_params(trial)))
    assert resolve(spelling, optuna.trial.FixedTrial(trial.params)) == expected


def _params(trial):
    compiled(SPACE, BASE).plan.resolve(trial)
    return trial.params


def test_what_is_said_of_one_item_wins_over_what_is_said_of_every_item():
    config = resolve(EVERY + '"model.layers[1].in_dim": training.warmup\n')
    assert [layer["in_dim"] for layer in config["model"]["layers"]] == [12, 5, 8]


def test_next_follows_the_item_after_and_the_last_keeps_its_own():
    config = resolve('"model.layers[*].heads": next.out_dim\n', Chooser(model__layers__1__out_dim=16))
    assert [layer["heads"] for layer in config["model"]["layers"]] == [16, 8, 1]


def test_a_list_of_values_may_be_followed_as_a_whole():
    config = resolve("model: {head: {width: 'model.layers[*].out_dim'}}")
    assert config["model"]["head"]["width"] == [8, 8, 8]


def test_facts_of_the_data_are_read_like_any_value():
    sources = SpaceSources(
        Source("s.yaml", SPACE),
        Source("b.yaml", BASE),
        Source(
            "d.yaml",
            "model: {layers: [{in_dim: data.num_node_features}], head: {width: 'data.num_classes * 4'}}",
        ),
    )
    facts = {("data", "num_node_features"): 7, ("data", "num_classes"): 3}
    config = compile_space(sources, outside=Outside(facts=facts)).plan.resolve(Chooser())
    assert (config["model"]["layers"][0]["in_dim"], config["model"]["head"]["width"]) == (7, 12)


def test_an_item_of_a_fact_that_is_a_list_is_read_by_its_position():
    sources = SpaceSources(
        Source("s.yaml", SPACE),
        Source("b.yaml", BASE),
        Source("d.yaml", "model: {head: {width: 'data.num_classes[1] * 4'}}"),
    )
    outside = Outside(facts={("data", "num_classes"): [3, 5]})
    assert compile_space(sources, outside=outside).plan.resolve(Chooser())["model"]["head"]["width"] == 20


def test_a_value_may_follow_a_computed_one():
    config = resolve(
        "training: {warmup: training.epochs // 10, ratio: training.warmup / 2}", Chooser(training__epochs=40)
    )
    assert config["training"] == {"warmup": 4, "epochs": 40, "ratio": 2.0}


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [
        ("model: {head: {width: 'model.layers[0].out_dim *'}}", ["QG303"]),
        ("model: {head: {width: 'model.layers[0].out_dims * 2'}}", ["QG301"]),
        ("model: {head: {width: 'model.layers[*].out_dims'}}", ["QG301"]),
        ("model: {layers: [{in_dim: prev.out_dim}]}", ["QG308"]),
        ("model: {layers: [{}, {}, {in_dim: next.out_dim}]}", ["QG308"]),
        ("training: {warmup: prev.x}", ["QG308"]),
        ("training: {warmup: training.ratio / (training.ratio - 1)}", ["QG309"]),
        ("training: {warmup: 100 // training.epochs}", ["QG310"]),
        ("training: {warmup: training.ratio * 2, ratio: training.warmup / 2}", ["QG305"]),
        ("model: {head: {width: 'max(model.head.depth, model.layers[0].norm[0])'}}\n" + EVERY, []),
        ("training: {ratio: training.warmup * 2, epochs: training.ratio.x}", ["QG301"]),
        ("model: {layers: {\"[*]\": {nothing_like_it: '@.out_dim'}}}", ["QG306"]),
        ("model: {head: {\"[*]\": '@.depth'}}", ["QG302"]),
    ],
)
def test_what_cannot_be_computed_is_told(dependencies, expected):
    assert codes(SPACE, BASE, dependencies) == expected


def test_a_config_without_a_value_says_which_one_and_why():
    with pytest.raises(EvaluationError) as caught:
        resolve("training: {warmup: 100 // training.epochs}", Chooser(training__epochs=0))
    assert str(caught.value) == "training.warmup follows 100 // training.epochs: division by zero in 100 // 0"


ITEMS = "m: {l: [{a: 5, i: 1}, {a: 6, i: 1}, {a: {type: int, low: 7, high: 8}, i: 1}]}"


@pytest.mark.parametrize("order", [1, -1])
def test_a_slice_wins_over_every_item_in_any_order_of_the_map(order):
    lines = ['"m.l[*].i": "@.a"', '"m.l[1:].i": "prev.a"'][::order]
    found = compiled(ITEMS, None, "\n".join(lines)).plan.resolve(Chooser())
    assert [item["i"] for item in found["m"]["l"]] == [5, 5, 6]


@pytest.mark.parametrize("order", [1, -1])
def test_two_slices_that_set_one_value_are_an_error(order):
    lines = ['"m.l[:2].i": "@.a"', '"m.l[1:].i": "prev.a"'][::order]
    assert "QG307" in codes(ITEMS, None, "\n".join(lines))
    assert "QG307" not in codes(ITEMS, None, "\n".join(lines).replace("[:2]", "[:1]"))
