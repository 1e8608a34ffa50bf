"""The schemas of search spaces and dependency maps: of any, and of those over given base settings."""

import copy
import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgtune.core.errors import ConfigValueError
from qgtune.schema.dependency_map import dependency_map_schema
from qgtune.schema.export import schema_text
from qgtune.schema.for_settings import schema_for
from qgtune.schema.search_space import search_space_schema

BASE = {
    "model": {
        "layers": [
            {"width": 8, "kind": "sage", "kwargs": {"heads": 1}, "norm_args": [8]},
            {"width": 8, "kind": "sage", "bias": True},
        ],
        "dims": [48, 18],
        "pooling": "mean",
        "extra": None,
        "free": {},
    },
    "training": {"rate": 0.001, "epochs": 50, "shuffle": True},
}
SPACE = schema_for(BASE)
MAP = schema_for(BASE, "dependency-map")


def problems(schema, data):
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(data)]


def at(path, value):
    """Return a document with one value, at a path such as ``training.rate``."""
    for key in reversed(path.split(".")):
        value = [{}] * int(key) + [value] if key.isdigit() else {key: value}
    return value


PARAMETERS = [
    ("training.rate", 0.01),
    ("training.rate", None),
    ("training.rate", [0.1, 0.01]),
    ("training.rate", {"type": "float", "low": 0.1, "high": 1, "step": 0.1}),
    ("training.rate", {"type": "float", "min": 0.1, "max": 1, "log": True}),
    ("training.rate", {"type": "float", "low": 0.1, "high": "training.epochs / 100"}),
    ("training.rate", {"type": "tuple", "value": [0.1, 0.5]}),
    ("training.rate", {"type": "tuple", "value": [0.1, 0.5, True]}),
    ("training.rate", {"type": "coupled", "to": "training.epochs", "values": {"50": 0.1, "100": 0.01}}),
    ("training.rate", {"type": "float", "low": 0, "high": 1, "when": "training.shuffle", "otherwise": 0.5}),
    ("training.epochs", {"type": "int", "low": 10, "high": 50, "step": 10}),
    ("training.epochs", {"type": "categorical", "values": [50, 100]}),
    ("training.epochs", {"type": "switch", "on": "model.pooling", "cases": {"mean": [10, 20], "default": 5}}),
    ("training.shuffle", [True, False]),
    ("model.pooling", ["mean", "max"]),
    ("model.pooling", {"type": "categorical", "choices": {"a": "mean", "b": "max"}}),
    ("model.pooling", {"type": "fixed", "value": "max"}),
    ("model.dims", [16]),
    ("model.dims", [[16], [32, 16]]),
    ("model.dims", [[], [16]]),
    ("model.pooling", {"type": "categorical", "choices": ["mean", ["mean", "max"]]}),
    ("model.dims", [{"type": "int", "low": 8, "high": 16}, 18]),
    ("model.dims", {"type": "fixed", "value": [48, 18]}),
    ("model.dims", {"type": "repeat", "count": "training.epochs // 10", "item": 8}),
    ("model.extra", {"anything": [1, "a"]}),
    ("model.free", {"inplace": False}),
    ("model.layers.0", {"width": [8, 16]}),
    ("model.layers.1", {"bias": [True, False], "when": "model.pooling == 'mean'"}),
    ("model.layers.2", {"width": 4, "bias": False}),
    ("model.layers", {"type": "repeat", "count": [1, 2, 3], "item": {"width": [8, 16]}, "shared": ["kind"]}),
    ("model.layers.0.kwargs", {"type": "switch", "on": "@.kind", "cases": {"gat": {"heads": 4}, "sage": {}}}),
    ("model.layers.0.kwargs", {"type": "categorical", "choices": {"a": {"heads": 1}, "b": {}}}),
    ("constraints", ["training.epochs < 60"]),
    ("extends", "other.yaml"),
]


@pytest.mark.parametrize(("path", "value"), PARAMETERS)
def test_every_form_is_legal_where_it_fits(path, value):
    data = at(path, value)
    assert problems(SPACE, data) == []
    assert problems(search_space_schema(), data) == []


MISFITS = [
    ("training.rat", 0.1),
    ("trainin", {}),
    ("training", 3),
    ("training.rate", "fast"),
    ("training.rate", ["fast", "slow"]),
    ("training.rate", {"low": 0.1, "high": 0.5}),
    ("training.rate", {"type": "flaot", "low": 0.1, "high": 0.5}),
    ("training.rate", {"type": "repeat", "count": 3, "item": 0.1}),
    ("training.rate", {"type": "switch", "on": "model.pooling", "cases": {"mean": "fast"}}),
    ("training.rate", {"type": "coupled", "to": "training.epochs", "values": {"50": "fast"}}),
    ("training.shuffle", 1),
    ("training.shuffle", {"type": "int", "low": 0, "high": 1}),
    ("model.pooling", {"type": "float", "low": 0, "high": 1}),
    ("model.pooling", {"mean": 1}),
    ("model.dims", 3),
    ("model.dims", {"width": 3}),
    ("model.layers", [3]),
    ("model.layers.0", {"widht": 3}),
    ("model.layers.0", {"bias": True}),
    ("model.layers.2", {"widht": 3}),
    ("model.layers", {"type": "repeat", "count": 3, "item": {"widht": 8}}),
    ("model.layers.0.kwargs", {"head": 2}),
]


@pytest.mark.parametrize(("path", "value"), MISFITS)
def test_what_the_base_settings_have_no_place_for_is_refused(path, value):
    assert problems(SPACE, at(path, value))


WRONG_FORMS = [
    {"type": "float", "low": 0.1},
    {"type": "float", "low": "0.1", "high": 0.5},
    {"type": "float", "low": 0.1, "min": 0.1, "high": 0.5},
    {"type": "float", "low": 0.1, "high": 0.5, "logg": True},
    {"type": "float", "low": 0.1, "high": 0.5, "log": "yes"},
    {"type": "float", "low": 0.1, "high": 0.5, "step": 0},
    {"type": "int", "low": 1, "high": 5, "step": 0.5},
    {"type": "float", "low": 0.1, "high": 0.5, "otherwise": 0.1},
    {"type": "float", "low": 0.1, "high": 0.5, "when": True},
    {"type": "tuple", "value": [0.1]},
    {"type": "tuple", "value": [0.1, 0.2, 0.1, True]},
    {"type": "tuple", "value": ["0.1", 0.2]},
    {"type": "categorical", "choices": []},
    {"type": "categorical", "choices": 3},
    {"type": "fixed"},
    {"type": "switch", "on": "model.pooling"},
    {"type": "switch", "on": 3, "cases": {"default": 1}},
    {"type": "coupled", "to": "training.epochs", "values": [1, 2]},
    {"type": "repeat", "count": -1, "item": 8},
    {"type": "repeat", "count": 3},
    {"type": "repeat", "count": 3, "item": 8, "shared": "kind"},
]


@pytest.mark.parametrize("form", WRONG_FORMS, ids=json.dumps)
def test_a_form_with_a_missing_an_unknown_or_a_wrong_field_is_refused(form):
    assert problems(search_space_schema(), {"x": form})


@pytest.mark.parametrize(
    "data",
    [
        {"model": {"layers": [None, {"width": "prev.width * 2"}]}},
        {"model": {"layers": [{"norm_args": ["@.width"]}, {"width": "model.layers[0].width", "bias": {}}]}},
        {"model": {"dims": "model.layers[*].width", "free": {"new": "training.rate"}}},
        {"model.layers[*].width": "prev.width", "training.rate": "data.num_classes / 10"},
        {"training": None},
    ],
)
def test_references_are_legal_in_both_spellings_of_a_map(data):
    assert problems(dependency_map_schema(), data) == []
    assert problems(MAP, data) == []


@pytest.mark.parametrize(
    "data",
    [
        {"training": {"rate": 3}},
        {"training": {"rate": "training..epochs"}},
        {"training": {"rate": "training.epochs *"}},
        {"training": {"rate": "  "}},
        {"model": {"layers": [{"width": 8}]}},
        {"training.rate": 0.1},
    ],
)
def test_what_is_no_reference_is_refused(data):
    assert problems(dependency_map_schema(), data)
    assert problems(MAP, data)


@pytest.mark.parametrize(
    "data", [{"trainin": {}}, {"training": {"rat": "training.epochs"}}, {"training": {"rate": {"a": "b"}}}]
)
def test_a_target_that_the_base_settings_do_not_have_is_refused(data):
    assert problems(MAP, data)


def offered(definition):
    return [path for part in definition["anyOf"] for path in part.get("enum", ())]


def test_the_paths_of_all_values_are_offered_and_the_facts_of_the_data():
    paths = offered(MAP["$defs"]["reference"])
    assert len(paths) == len(set(paths))
    assert {
        "training.rate",
        "model.dims",
        "model.dims[1]",
        "model.layers[0].kwargs.heads",
        "model.layers[-1].bias",
        "data.num_node_features",
        "data.num_classes",
        "data.num_graphs",
    } <= set(paths)
    assert "model.layers[-1].kwargs.heads" not in paths


def test_within_a_list_the_values_of_an_item_and_its_neighbours_are_offered():
    assert {"@.width", "prev.width", "next.kwargs.heads"} <= set(
        offered(MAP["$defs"]["reference_in_items_0"])
    )


def test_descriptions_show_the_base_values():
    training = SPACE["properties"]["training"]["else"]["properties"]
    assert training["rate"]["description"] == "Base settings: 0.001"
    assert training["shuffle"]["description"] == "Base settings: true"


def test_base_settings_that_are_no_mapping_are_refused_in_words():
    with pytest.raises(
        ConfigValueError, match="base settings are a mapping of sections, not a list of 1 item"
    ):
        schema_for([{"a": 1}])


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
keys = st.sampled_from(["a", "b.c", "d[0]", "e f", "type", "ü", "~/%", "model"])
trees = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(keys, below, max_size=4),
    max_leaves=30,
)
documents = st.dictionaries(keys, trees, max_size=4)


@settings(max_examples=60, deadline=None)
@given(documents)
def test_base_settings_are_a_search_space_over_themselves(base):
    schema = schema_for(base)
    jsonschema.Draft7Validator.check_schema(schema)
    assert problems(schema, base) == []
    assert problems(schema, {}) == []
    assert problems(search_space_schema(), base) == []


def mappings_in(data):
    """Yield the mappings of a document that have keys, at any depth."""
    if isinstance(data, dict):
        if data:
            yield data
        for value in data.values():
            yield from mappings_in(value)
    elif isinstance(data, list):
        # What is in a list among lists is not compared by position.
        for value in data if any(isinstance(item, dict) for item in data) else ():
            yield from mappings_in(value)


@settings(max_examples=60, deadline=None)
@given(documents.filter(bool), st.data())
def test_a_key_that_the_base_settings_do_not_have_is_refused_wherever_it_stands(base, data):
    space = copy.deepcopy(base)
    data.draw(st.sampled_from(list(mappings_in(space))))["unknown"] = 1
    assert problems(schema_for(base), space)


@settings(max_examples=60, deadline=None)
@given(documents)
def test_every_path_that_is_offered_is_legal_at_every_place(base):
    schema = schema_for(base, "dependency-map")
    jsonschema.Draft7Validator.check_schema(schema)
    for path in offered(schema["$defs"]["reference"]):
        assert problems(schema, dict.fromkeys(base, path)) == []


@settings(max_examples=60, deadline=None)
@given(documents)
def test_a_schema_grows_no_faster_than_its_base_settings(base):
    size = len(json.dumps(base, indent=1))
    assert len(json.dumps(schema_for(base))) < 100_000 + 150 * size


def test_lists_in_lists_do_not_multiply_a_schema():
    def nested(depth):
        return {"a": 1, "b": [nested(depth - 1), {"c": 2}]} if depth else {"a": 1}

    sizes = [len(schema_text(schema_for(nested(depth)))) for depth in (10, 20, 40)]
    assert sizes[2] - sizes[1] < 3 * (sizes[1] - sizes[0])
