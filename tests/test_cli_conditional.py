"""Spaces in which what is there depends on the trial: how large they are, and what the commands say of them."""

import json

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from own_projects import write_project

from qgtune import cli
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.core.errors import DiagnosticError
from qgtune.document import Source
from qgtune.insight.counting import space_size
from qgtune.insight.difference import compare_spaces
from qgtune.insight.explain import explain_path
from qgtune.insight.graph import dependency_graph, dot_text, mermaid_text
from qgtune.insight.listing import listing
from qgtune.insight.outline import outline
from qgtune.space import walk
from qgtune.space.branches import config_path

BASE = """\
model:
  kind: gat
  hidden: 16
  conv: {width: 16}
  net:
    - {width: 8, in_dim: 4, act: relu}
  classifier: {input_dim: 8}
training: {lr: 0.1, batch_size: 64, num_epochs: 50}
"""
SPACE = """\
model:
  kind: [gat, sage, gcn]
  hidden: {type: int, low: 8, high: 64, step: 8}
  conv:
    type: switch
    on: model.kind
    cases:
      gat:
        width: [16, 32]
        heads: {type: int, low: 1, high: 4}
      default: {width: [8, 16, 24]}
  net:
    type: repeat
    count: {type: int, low: 1, high: 3}
    item: {width: {type: int, low: 4, high: model.hidden, step: 4}, act: [relu, tanh]}
    last: {width: 8}
training:
  lr: {when: "model.kind == 'gat'", type: float, low: 0.001, high: 1.0, log: true}
  batch_size: {type: coupled, to: training.num_epochs, values: {50: 64, 100: 32}}
  num_epochs: [50, 100]
constraints:
  - model.hidden * model.net.count <= 128
"""
MAP = """\
"model.net[*].in_dim": prev.width
"model.classifier.input_dim": model.net[-1].width
"""


def compiled(space, base=None, dependencies=None):
    texts = (("space.yaml", space), ("base.yaml", base), ("map.yaml", dependencies))
    return compile_space(SpaceSources(*(Source(name, text) if text else None for name, text in texts)))


def explained(*path):
    return str(explain_path(compiled(SPACE, BASE, MAP), path))


def test_check_says_when_each_parameter_and_reference_is_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    objective = "def score(trial, config):\n    return 1.0\n"
    write_project(tmp_path, space=SPACE, base=BASE, dependencies=MAP, objective=objective)
    assert cli.main(["check", "tuning.yaml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "_dim" not in line] == [
        "tuning.yaml: 13 parameters",
        "  model.kind                  one of gat, sage, gcn",
        "  model.hidden                int from 8 to 64, step 8",
        "  model.conv.width (gat)      one of 16, 32; only if model.kind is gat",
        "  model.conv.heads            int from 1 to 4; only if model.kind is gat",
        "  model.conv.width (default)  one of 8, 16, 24; only if model.kind is not gat",
        "  model.net.count             int from 1 to 3",
        "  model.net.0.width           int from 4 to model.hidden, step 4; from 2 items on",
        "  model.net.0.act             one of relu, tanh",
        "  model.net.1.width           int from 4 to model.hidden, step 4; from 3 items on",
        "  model.net.1.act             one of relu, tanh; from 2 items on",
        "  model.net.2.act             one of relu, tanh; from 3 items on",
        "  training.lr                 float from 0.001 to 1.0, log; only if model.kind == 'gat'",
        "  training.num_epochs         one of 50, 100",
        "3 references",
        "4 conditions",
        "  model.conv is chosen by model.kind",
        "  training.lr is chosen by model.kind == 'gat'",
        "  training.batch_size is chosen by training.num_epochs",
        "  the length of model.net is between 1 and 3",
        "1 constraint",
        "  model.hidden * model.net.count <= 128",
        "parameters   1 float, 5 int, 7 categorical",
        "size         191,296 combinations beside up to 1 continuous range, before the constraints",
        "references   3",
        "conditions   3 switches, 1 tuned length",
        "constraints  1",
        "a trial      calls objective.py:score; its value is minimized",
        "trials       20 in 1 process",
    ]
    whens = [line.partition(";")[2] for line in lines if line.startswith("  model.net[") and "in_dim" in line]
    assert whens == [" from 2 items on", " from 3 items on"]


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ("k: [a, b]\nx: {type: switch, on: k, cases: {a: {type: int, low: 1, high: 5}, b: 0}}\ny: {type: switch, on: k, cases: {a: 1, b: {type: int, low: 1, high: 3}}}", "8 combinations"),
        ("k: [true, false]\nx: {when: k, type: float, low: 0.0, high: 1.0}", "2 combinations beside up to 1 continuous range"),
        ("n: {type: repeat, count: {type: int, low: 0, high: 3}, item: {type: int, low: 1, high: 2}}", "15 combinations"),
        ("n: {type: repeat, count: {type: int, low: 1, high: 2}, item: {w: {type: int, low: 1, high: 3}}, last: {w: 1}}", "4 combinations"),
        ("a: {type: int, low: 1, high: 4}\nb: {type: int, low: 1, high: a}", "10 combinations"),
        # each item chooses for itself, which is no work at all
        ("n: {type: repeat, count: 9, item: {k: {type: categorical, choices: [p, q, r]}, x: {when: \"@.k == 'p'\", type: int, low: 1, high: 2}}}", "262,144 combinations"),
        # a chooser that has too many values
        ("a: {type: int, low: 1, high: 5000}\nx: {type: switch, on: a, cases: {3: {type: int, low: 1, high: 2}, default: {type: int, low: 1, high: 4}}}", "at least 10,000 combinations"),
        # one that is there only in one case itself
        ("k: [a, b]\nm: {type: switch, on: k, cases: {a: {w: {type: int, low: 1, high: 2}}, b: {w: {type: int, low: 3, high: 5}}}}\nx: {type: int, low: 1, high: m.w}", "15 combinations"),
    ],
)  # fmt: skip
def test_the_size_goes_through_what_decides_value_by_value(space, said):
    assert str(space_size(compiled(space).space)) == said


SELECTORS = {
    "k": {"type": "categorical", "choices": ["a", "b", "c"]},
    "f": {"type": "categorical", "choices": [True, False]},
    "n": {"type": "int", "low": 0, "high": 2},
}
TWO = {"type": "int", "low": 1, "high": 2}
LEAVES = st.sampled_from(
    [
        1,
        TWO,
        {"type": "categorical", "choices": ["p", "q", "r"]},
        {"type": "int", "low": 0, "high": "s.n"},
        {"type": "coupled", "to": "s.n", "values": {"0": 5, "default": None}},
    ]
)


@st.composite
def switches(draw, inner):
    on = draw(st.sampled_from(["s.k", "s.n", "s.n % 2"]))
    labels = draw(st.sets(st.sampled_from(["0", "1", "a", "b"]), max_size=2))
    return {
        "type": "switch",
        "on": on,
        "cases": {label: draw(inner) for label in [*sorted(labels), "default"]},
    }


@st.composite
def conditions(draw, inner):
    when = draw(st.sampled_from(["s.f", "s.k == 'a'", "s.n > 0 and s.f"]))
    then = draw(inner)
    then = then if isinstance(then, dict) and "when" not in then else {"type": "fixed", "value": 7}
    return {"when": when, **then, "otherwise": draw(LEAVES)}


@st.composite
def repeats(draw, inner):
    count = draw(st.sampled_from(["s.n", 2, {"type": "int", "low": 0, "high": 2}]))
    item = {"kind": {"type": "categorical", "choices": ["p", "q"]}, "a": draw(inner), "b": TWO}
    if draw(st.booleans()):
        item["c"] = {"when": "@.kind == 'p'", "type": "int", "low": 1, "high": 2}
    last = {"last": {"b": draw(st.sampled_from([1, TWO]))}} if draw(st.booleans()) else {}
    return {"type": "repeat", "count": count, "item": item, **last}


TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("ab"), inner, min_size=1, max_size=2),
        switches(inner),
        conditions(inner),
        repeats(inner),
    ),
    max_leaves=5,
)
SPACES = st.dictionaries(st.sampled_from("xy"), TREES, min_size=1).map(
    lambda tree: {"m": tree, "s": SELECTORS}
)
few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def compiled_data(space):
    try:
        return compiled(json.dumps(space))
    except DiagnosticError:  # a nested form that makes no sense in its place
        assume(False)


class Replay:
    """A trial that takes given choices first, and the first ones after that."""

    def __init__(self, taken):
        self.taken = list(taken)
        self.options = []

    def take(self, values):
        position = len(self.options)
        self.options.append(len(values))
        if position == len(self.taken):
            self.taken.append(0)
        return values[self.taken[position]]

    def suggest_int(self, name, low, high, *, step, log):
        return self.take(range(low, high + 1, step))

    def suggest_categorical(self, name, choices):
        return self.take(choices)


def count_trials(plan, at_most=3000):
    """Return how many sets of values trials can sample, by going through all of them."""
    waiting, count = [[]], 0
    while waiting:
        trial = Replay(waiting.pop())
        given = len(trial.taken)
        plan.resolve(trial)
        count += 1
        assume(count < at_most)
        for position in range(given, len(trial.options)):
            for other in range(1, trial.options[position]):
                waiting.append([*trial.taken[:position], other])
    return count


@few
@given(SPACES)
def test_the_size_is_the_number_of_sets_of_values_that_trials_can_sample(space):
    compilation = compiled_data(space)
    size = space_size(compilation.space)
    count = count_trials(compilation.plan)
    assert size.combinations == count if size.is_exact else size.combinations <= count


@few
@given(SPACES, SPACES)
def test_the_verdict_is_that_of_the_fingerprints(first, second):
    old, new = compiled_data(first), compiled_data(second)
    assert compare_spaces(outline(old), outline(old)).changes == ()
    goes_on = compare_spaces(outline(old), outline(new)).verdict.goes_on
    assert goes_on is (old.plan.fingerprint == new.plan.fingerprint)


@few
@given(SPACES)
def test_everything_that_is_there_in_some_trial_can_be_explained_listed_and_drawn(space):
    compilation = compiled_data(space)
    for path, _ in walk(compilation.space.root):
        assert str(explain_path(compilation, config_path(path)))
    graph = dependency_graph(compilation, with_all_parameters=True)
    assert {s.name for s in compilation.plan.suggestions} == {
        name for name, _ in listing(compilation).parameters
    }
    for text in (mermaid_text(graph), dot_text(graph)):
        assert len(text.splitlines()) >= len(graph.nodes) + len(graph.edges)


def test_a_value_with_variants_tells_each_and_what_chooses_it():
    assert explained("model", "conv", "width") == (
        "model.conv.width is tuned: one of 16, 32\n"
        "  set by the search space, space.yaml:9:16\n"
        "  overrules the base settings: 16, base.yaml:4:17\n"
        "  there only if model.kind is gat\n"
        "    model.kind is tuned: one of gat, sage, gcn\n"
        "      set by the search space, space.yaml:2:9\n"
        "      overrules the base settings: gat, base.yaml:2:9\n"
        "model.conv.width is tuned: one of 8, 16, 24\n"
        "  set by the search space, space.yaml:11:24\n"
        "  overrules the base settings: 16, base.yaml:4:17\n"
        "  there only if model.kind is not gat\n"
        "    model.kind is tuned: one of gat, sage, gcn\n"
        "      see above\n"
        "followed by nothing"
    )


def test_a_value_that_some_cases_lack_says_which():
    assert "there is no model.conv.heads if model.kind is not gat\n" in explained("model", "conv", "heads")
    assert "there is no training.lr if not (model.kind == 'gat')\n" in explained("training", "lr")


def test_a_length_tells_its_list_and_the_constraints_that_read_it():
    assert explained("model", "net", "count") == (
        "model.net.count is tuned: int from 1 to 3\n"
        "  set by the search space, space.yaml:14:12\n"
        "constrained by\n"
        "  model.hidden * model.net.count <= 128, space.yaml:22:5\n"
        "followed by\n"
        "  model.net, its length, space.yaml:12:3\n"
        "    model.classifier.input_dim, map.yaml:2:31"
    )


def test_a_range_tells_what_bounds_it_and_the_last_item_what_only_it_has():
    first = explained("model", "net", 0, "width").splitlines()
    assert first[:4] == [
        "model.net[0].width is tuned: int from 4 to model.hidden, step 4",
        "  set by the search space, space.yaml:15:19",
        "  overrules the base settings: 8, base.yaml:6:15",
        "  model.hidden is tuned: int from 8 to 64, step 8",
    ]
    assert "  there from 2 items on" in first
    assert "  there with 1 item" in first
    last = explained("model", "net", -1, "width").splitlines()
    assert [line for line in last if line.startswith("model.net")] == [
        f"model.net[{i}].width is 8" for i in range(3)
    ]


def test_what_bounds_a_range_is_followed_by_it():
    assert "  model.net[0].width, its high, space.yaml:15:19" in explained("model", "hidden").splitlines()


def test_the_graph_tells_choosing_bounding_checking_and_following_apart():
    text = mermaid_text(dependency_graph(compiled(SPACE, BASE, MAP)))
    numbers = {line.split('"')[1].split("<br/>")[0]: line.split()[0].rstrip('([{>/"') for line in text.splitlines()[1:] if '"' in line and "|" not in line}  # fmt: skip
    number = {name: word.partition("(")[0].partition("[")[0].partition("{")[0].partition(">")[0] for name, word in numbers.items()}  # fmt: skip
    kind, hidden, conv = number["model.kind"], number["model.hidden"], number["model.conv"]
    length, net = number["model.net.count"], number["model.net"]
    [constraint] = [one for name, one in number.items() if name.startswith("must hold")]
    for line in (
        f'{kind} ==>|"case"| {conv}',
        f'{number["model.conv.heads (gat)"]} -.->|"gat"| {conv}',
        f'{length} ==>|"length"| {net}',
        f'{hidden} -->|"high"| {number["model.net[0].width (middle)"]}',
        f"{hidden} --o {constraint}",
        f"{length} --o {constraint}",
    ):
        assert f"  {line}\n" in f"{text}\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("default: {width: [8, 16, 24]}", "sage: {width: [8, 16, 24]}\n      default: {width: 3}"), "  ~ model.conv: case added: sage"),
        (("on: model.kind", "on: model.kind if model.hidden > 8 else 'gat'"), "  ~ model.conv: chosen by model.kind if model.hidden > 8 else 'gat' now, chosen by model.kind before"),
        (("model.kind == 'gat'", "model.kind != 'gat'"), "  ~ training.lr: chosen by model.kind != 'gat' now, chosen by model.kind == 'gat' before"),
        (("low: 1, high: 3}", "low: 1, high: 4}"), "  ~ model.net: from 1 to 4 items now, from 1 to 3 items before"),
        (("<= 128", "<= 256"), "  + model.hidden * model.net.count <= 256"),
        (("high: model.hidden", "high: 2 * model.hidden"), "  ~ model.net[0].width: range changed: from 4 to 2 * model.hidden now, from 4 to model.hidden before"),
        (("100: 32}", "100: 16}"), "  ~ training.batch_size (100): 16 now, 32 before"),
    ],
)  # fmt: skip
def test_diff_names_cases_conditions_lengths_and_constraints(change, said, tmp_path, capsys):
    assert change[0] in SPACE
    projects = {"base": BASE, "dependencies": MAP, "objective": "def score(trial, config):\n    return 1.0\n"}
    old = write_project(tmp_path / "old", space=SPACE, **projects)
    new = write_project(tmp_path / "new", space=SPACE.replace(*change), **projects)
    assert cli.main(["diff", str(old), str(new)]) == 1
    assert said in capsys.readouterr().out.splitlines()
