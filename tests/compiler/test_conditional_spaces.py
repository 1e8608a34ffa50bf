"""Random conditional spaces mean what an interpreter says that was written apart from the compiler."""

import json
import os
import pickle

import pytest
from conditional_strategies import Expected, spaces, text_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from spaces import compiled

from qgtune.compiler.emit import annotations
from qgtune.compiler.planning.reading import walk_config
from qgtune.compiler.proving.probe import RandomTrial
from qgtune.core.diagnostics import Severity
from qgtune.core.errors import DiagnosticError
from qgtune.space import EvaluationError

EXAMPLES = int(os.environ.get("QGTUNE_EXAMPLES", "100"))
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Recorder(RandomTrial):
    """A random trial that remembers what it was asked for, and is never asked twice."""

    def __init__(self, seed):
        super().__init__(seed)
        self.params = {}

    def remember(self, name, value):
        assert name not in self.params, f"{name} is asked for twice"
        self.params[name] = value
        return value

    def suggest_float(self, name, *bounds, **given):
        return self.remember(name, super().suggest_float(name, *bounds, **given))

    def suggest_int(self, name, *bounds, **given):
        return self.remember(name, super().suggest_int(name, *bounds, **given))

    def suggest_categorical(self, name, choices):
        return self.remember(name, super().suggest_categorical(name, choices))


def asked(plan, seed):
    """Return the config of a random trial, and the parameters that it was asked for."""
    trial = Recorder(seed)
    try:
        return plan.resolve(trial), trial.params
    except EvaluationError:
        assume(False)


def mistakes(error):
    """Return the codes of the errors among the diagnostics."""
    return {problem.code for problem in error.diagnostics if problem.severity is Severity.ERROR}


def plan_of(space, dependencies=None):
    try:
        return compiled(text_of(space), None, dependencies).plan
    except DiagnosticError as error:
        # The one thing that these spaces may get wrong: bounds that leave no range, in every probe.
        if mistakes(error) != {"QG309"}:
            raise
        assume(False)


@many
@given(spaces, st.integers(0, 100))
def test_a_config_is_what_the_forms_say_and_only_active_parameters_are_asked_for(space, seed):
    config, params = asked(plan_of(space), seed)
    expected = Expected(space, params)
    assert config == expected.config()
    assert expected.used == set(params)


@many
@given(spaces, st.integers(0, 100))
def test_the_same_draws_give_the_same_config_and_no_two_share_anything(space, seed):
    plan = plan_of(space)
    first, params = asked(plan, seed)
    text = json.dumps(first)
    second = pickle.loads(pickle.dumps(plan)).config_of(params)
    assert json.dumps(second) == text
    assert json.dumps(plan.resolve(Recorder(seed))) == text
    assert not containers(first) & containers(plan.config_of(params))
    assert not containers(first, only_once=True) & containers(second)


def containers(value, *, only_once=False):
    """Return the identities of all dicts and lists in a config; none may be there twice."""
    found = [id(value)] if isinstance(value, dict | list) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        found += containers(item)
    assert not only_once or len(set(found)) == len(found)
    return set(found)


def shuffled(value, draw):
    """Return the same data with the keys of all mappings in another order, but for choices: theirs counts."""
    if isinstance(value, dict):
        keys = list(value) if "small" in value else draw(st.permutations(list(value)))
        return {key: shuffled(value[key], draw) for key in keys}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


@many
@given(spaces, st.data())
def test_the_order_of_keys_changes_neither_the_fingerprint_nor_the_config(space, data):
    plan = plan_of(space)
    config, params = asked(plan, 0)
    other = plan_of(shuffled(space, data.draw))
    assert other.fingerprint == plan.fingerprint
    assert other.config_of(params) == config


@st.composite
def paths_in(draw, node, path=""):
    """Draw a path to something in a space, through cases and items."""
    if not isinstance(node, dict) or draw(st.integers(0, 3)) == 0:
        return path
    if "when" in node:
        rest = {key: value for key, value in node.items() if key not in ("when", "otherwise")}
        inner = draw(st.sampled_from([rest, node.get("otherwise", rest)]))
        return draw(paths_in(inner, path))
    if node.get("type") == "switch":
        return draw(paths_in(draw(st.sampled_from(list(node["cases"].values()))), path))
    if node.get("type") == "repeat":
        index = draw(st.sampled_from(["[0]", "[-1]", "[1]", "[*]", "[1:]", ".count"]))
        return path + index if index == ".count" else draw(paths_in(node["item"], path + index))
    if "type" in node or not node:
        return path
    key = draw(st.sampled_from(list(node)))
    return draw(paths_in(node[key], f"{path}.{key}" if path else key))


MISSING = object()


def looked_up(value, path):
    """Return what a path finds in a config: a path walker of the test's own."""
    parts = path.replace("[", ".[").split(".")
    values, many = [value], False
    for part in parts:
        found = []
        for one in values:
            if part == "count":
                found.append(len(one) if isinstance(one, list) else MISSING)
            elif part in ("[*]", "[1:]"):
                many = True
                found += (one if part == "[*]" else one[1:]) if isinstance(one, list) else [MISSING]
            elif part.startswith("["):
                index = int(part[1:-1])
                inside = isinstance(one, list) and -len(one) <= index < len(one)
                found.append(one[index] if inside else MISSING)
            else:
                found.append(one.get(part, MISSING) if isinstance(one, dict) else MISSING)
        if MISSING in found:
            return MISSING
        values = found
    return values if many else values[0]


@many
@given(spaces, st.data(), st.integers(0, 100))
def test_every_reference_equals_its_path_in_the_final_config(space, data, seed):
    paths = [data.draw(paths_in(space)) for _ in range(3)]
    paths = [path for path in paths if path]
    space = {**space, "r": dict.fromkeys([f"r{i}" for i in range(len(paths))])}
    lines = {f"r.r{i}": path for i, path in enumerate(paths)}
    try:
        plan = compiled(text_of(space), None, json.dumps(lines)).plan
    except DiagnosticError as error:
        # QG301: the path is there in no trial, such as an item beyond the longest length.
        if not mistakes(error) <= {"QG309", "QG301"}:
            raise
        return
    trial = Recorder(seed)
    try:
        config = plan.resolve(trial)
    except EvaluationError:
        # Then either a path leads nowhere in the config, or a bound leaves no range.
        bare = compiled(text_of(space), None, None).plan
        try:
            config = bare.config_of(trial.params)
        except (EvaluationError, KeyError):
            return
        assert MISSING in [looked_up(config, path) for path in paths]
        return
    assert [config["r"][f"r{i}"] for i in range(len(paths))] == [looked_up(config, path) for path in paths]
    del config["r"]
    assert config == Expected(space, trial.params).config()


junk = st.sampled_from(
    [
        None,
        3,
        -1,
        2.5,
        True,
        "s.k",
        "s.zz",
        "@.kind",
        "prev.a",
        "1 +",
        "m",
        "m.a",
        [],
        {},
        [1, "a"],
        ["s.x < 3"],
    ]
)


@st.composite
def damaged(draw, value):
    """Return a space in which something is missing, misspelled, or something else."""
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(list(value)))
        match draw(st.integers(0, 7)):
            case 0:
                return {name: inner for name, inner in value.items() if name != key}
            case 1:
                return {(f"{name}x" if name == key else name): inner for name, inner in value.items()}
            case 2:
                return value | {
                    draw(st.sampled_from(["when", "otherwise", "type", "count", "last", "shared"])): draw(
                        junk
                    )
                }
        return value | {key: draw(damaged(value[key]))}
    return draw(junk)


@many
@given(spaces, spaces, st.data())
def test_a_damaged_space_gives_a_plan_or_diagnostics(space, other, data):
    space = data.draw(damaged(data.draw(damaged(space))))
    base = data.draw(
        st.sampled_from([None, json.dumps(space), text_of(other), "m: {a: 1, b: [1, {c: 2}]}\ns: {k: a}"])
    )
    target = data.draw(
        st.sampled_from(["m.a", "m.b[*].a", "m.a.count", "m.a[0]", "m.a[-1].b", "m.c.kind", "s.x"])
    )
    source = data.draw(
        st.sampled_from(["s.x", "m.b", "m.a[-1].b", "prev.a", "@.kind", "next.b + 1", "len(m.a)"])
    )
    found, config = (), None
    try:
        compilation = compiled(json.dumps(space), base, json.dumps({target: source}))
        config = compilation.plan.resolve(Recorder(0))
    except DiagnosticError as error:
        found = error.diagnostics
    except EvaluationError as error:
        found = (str(error),)
    assert (config is None) is bool(found)
    if config is not None:
        for path in annotations(compilation, config):
            walk_config(config, path)  # raises if what is annotated is not there
        assert compilation.plan.resolve(Recorder(0)) == config


@pytest.mark.parametrize("seed", range(3))
def test_the_interpreter_of_these_tests_knows_a_config_written_by_hand(seed):
    space = {
        "m": {
            "a": {
                "type": "repeat",
                "count": "s.n",
                "item": {"kind": {"type": "categorical", "choices": ["p"]}},
            }
        },
        "s": {"k": 1},
    }
    params = {"s.k": "a", "s.f": True, "s.n": seed, "s.x": 1}
    params |= {f"m.a.{i}.kind": "p" for i in range(seed)}
    assert Expected(space, params).config()["m"] == {"a": [{"kind": "p"}] * seed}
