"""What the data section refuses, in which words, at which path."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from qgtune.core.errors import ConfigValueError
from qgtune.data import DATASETS, load_dataset
from qgtune.schema.data import CAUSAL_FEATURES, DATA_SETTINGS, DIGIT_FEATURES, DataSettings
from qgtune.schema.data_checks import find_data_problems, parse_data_settings, parse_file_settings
from qgtune.schema.data_on_disk import FILE_SETTINGS

CAUSAL = {"name": "causal_sets"}
DIGITS = {"name": "digit_graphs"}
FILE = {"name": "torch_file"}
ON_DISK = [
    {"name": "torch_file", "path": "graphs.pt", "num_classes": [2, 3]},
    {"name": "pyg", "dataset": "TUDataset", "root": "data", "arguments": {"name": "MUTAG"}},
    {"name": "zarr_store", "paths": ["a.zarr", "b.zarr"], "features": ["in_degree"], "fill_nan": 0.0},
]

REFUSED = [
    (
        CAUSAL | {"targets": ["manifold_like", "width"]},
        ("data", "targets", 1),
        "targets must be all classes or all values: 'manifold_like' is a class, 'width' a value",
        "",
    ),
    (
        CAUSAL | {"graph_features": ["num_link"]},
        ("data", "graph_features", 0),
        "causal_sets has no graph feature 'num_link'",
        "did you mean 'num_links'?",
    ),
    (
        {"name": "torch_file", "path": "a.pt", "predicts": "values", "num_classes": [2]},
        ("data", "num_classes"),
        "values have no classes: leave out num_classes, or write predicts: classes",
        "",
    ),
    (
        CAUSAL | {"features": ["in_degree", "past_sise"]},
        ("data", "features", 1),
        "causal_sets has no node feature 'past_sise'",
        "did you mean 'past_size'?",
    ),
    (
        DIGITS | {"features": ["intensty"]},
        ("data", "features", 0),
        "digit_graphs has no node feature 'intensty'",
        "did you mean 'intensity'?",
    ),
    (
        CAUSAL | {"targets": ["dimensions"]},
        ("data", "targets", 0),
        "causal_sets has no target 'dimensions'",
        "did you mean 'dimension'?",
    ),
    (
        CAUSAL | {"families": {"layerd": 1}},
        ("data", "families", "layerd"),
        "causal_sets has no family of orders 'layerd'",
        "did you mean 'layered'?",
    ),
    (
        CAUSAL | {"num_graph": 10},
        ("data", "num_graph"),
        "causal_sets has no setting 'num_graph'",
        "did you mean 'num_graphs'?",
    ),
    (CAUSAL | {"num_graphs": 1}, ("data", "num_graphs"), "must be greater than or equal to 2, not 1", ""),
    (CAUSAL | {"num_graphs": "10"}, ("data", "num_graphs"), "must be an integer, not '10'", ""),
    (CAUSAL | {"balance": 1.0}, ("data", "balance"), "must be less than 1, not 1.0", ""),
    (
        CAUSAL | {"min_nodes": 90, "max_nodes": 80},
        ("data", "min_nodes"),
        "min_nodes must not exceed max_nodes: 90 > 80",
        "",
    ),
    (
        CAUSAL | {"rewiring": [0.3, 0.1]},
        ("data", "rewiring"),
        "rewiring[0] must not exceed rewiring[1]: 0.3 > 0.1",
        "",
    ),
    (
        CAUSAL | {"features": ["past_size", "past_size"]},
        ("data", "features", 1),
        "each entry may stand once, and 'past_size' stands twice",
        "",
    ),
    (CAUSAL | {"features": []}, ("data", "features"), "must have at least 1 item, not []", ""),
    (CAUSAL | {"features": "past_size"}, ("data", "features"), "must be a list, not 'past_size'", ""),
    (CAUSAL | {"families": {}}, ("data", "families"), "must have at least 1 item, not {}", ""),
    (DIGITS | {"connectivity": 6}, ("data", "connectivity"), "must be 4 or 8, not 6", ""),
    (DIGITS | {"threshold": 1}, ("data", "threshold"), "must be less than 1, not 1", ""),
    (
        {"name": "causal_set"},
        ("data", "name"),
        "no data set is named 'causal_set'",
        "did you mean 'causal_sets'?",
    ),
    (
        {},
        ("data", "name"),
        "the key 'name' must name a data set, and is absent",
        "known: causal_sets, digit_graphs, karate_club, pyg, torch_file, zarr_store, or file.py:factory",
    ),
    (
        FILE,
        ("data",),
        "torch_file needs the setting 'path', which is absent",
        FILE_SETTINGS["torch_file"].model_fields["path"].description,
    ),
    (FILE | {"path": 3}, ("data", "path"), "must be a string, not 3", ""),
    (
        FILE | {"path": "a.pt", "weights_only": 1},
        ("data", "weights_only"),
        "must be true or false, not 1",
        "",
    ),
    (
        FILE | {"path": "a.pt", "num_classes": [1]},
        ("data", "num_classes", 0),
        "must be greater than or equal to 2, not 1",
        "",
    ),
    (
        FILE | {"file": "a.pt", "path": "a.pt"},
        ("data", "file"),
        "torch_file has no setting 'file'",
        "known: level, masks, name, num_classes, num_node_features, path, predicts, subset, weights_only",
    ),
    (DIGITS | {"subset": 0}, ("data", "subset"), "must be greater than 0, not 0", ""),
    (DIGITS | {"subset": "half"}, ("data", "subset"), "must be a number, not 'half'", ""),
    (
        DIGITS | {"subset": 2.5},
        ("data", "subset"),
        "must be a share up to 1 or a whole number of graphs, not 2.5",
        "",
    ),
    (
        {"name": "own.py:graphs", "subset": -1},
        ("data", "subset"),
        "must be greater than 0, not -1",
        "",
    ),
    ("causal_sets", ("data",), "must be a mapping with the key 'name', not 'causal_sets'", ""),
]


@pytest.mark.parametrize(("settings", "path", "message", "hint"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_setting_is_refused_once_at_its_path_with_rule_and_value(settings, path, message, hint):
    [problem] = find_data_problems(settings)
    assert (problem.path, problem.message, problem.hint) == (path, message, hint)
    with pytest.raises(ConfigValueError) as caught:
        load_dataset(settings, base_dir=Path())
    assert (caught.value.path, caught.value.message) == (path, message)


def test_all_problems_are_found_at_once():
    problems = find_data_problems(CAUSAL | {"seed": -1, "edges": "past", "typo": 1})
    assert [problem.path[-1] for problem in problems] == ["edges", "seed", "typo"]


def test_every_built_in_data_set_has_settings_and_a_name_in_the_registry():
    assert set(DATA_SETTINGS) == set(DATASETS)


def test_a_plain_dict_is_told_apart_by_its_name():
    union = TypeAdapter(DataSettings)
    for name, model in DATA_SETTINGS.items():
        assert union.validate_python({"name": name}) == parse_data_settings({"name": name})
        assert isinstance(parse_data_settings({"name": name}), model)


@pytest.mark.parametrize("settings", ON_DISK, ids=lambda settings: settings["name"])
def test_a_data_set_on_disk_is_told_apart_by_its_name_and_survives_a_round_trip(settings):
    parsed = parse_file_settings(settings)
    assert TypeAdapter(DataSettings).validate_python(settings) == parsed
    assert parse_file_settings(parsed.model_dump(mode="json")) == parsed


def test_every_kind_of_data_set_on_disk_is_among_these_tests():
    assert [settings["name"] for settings in ON_DISK] == list(FILE_SETTINGS)


def test_settings_survive_a_round_trip_through_json():
    settings = parse_data_settings(CAUSAL | {"features": list(CAUSAL_FEATURES), "targets": ["dimension"]})
    assert parse_data_settings(settings.model_dump(mode="json")) == settings
    assert parse_data_settings(DIGITS | {"threshold": None}).model_dump()["features"] == DIGIT_FEATURES


def test_every_setting_has_a_description_in_the_json_schema():
    for model in [*DATA_SETTINGS.values(), *FILE_SETTINGS.values()]:
        assert all("description" in entry for entry in model.model_json_schema()["properties"].values())


def test_a_subset_changes_nothing_of_what_is_loaded_and_stands_in_the_data_set(tmp_path):
    settings = {"name": "causal_sets", "num_graphs": 10, "min_nodes": 5, "max_nodes": 9}
    whole = load_dataset(settings, base_dir=tmp_path, cache_dir=tmp_path / "cache")
    less = load_dataset(settings | {"subset": 0.5}, base_dir=tmp_path, cache_dir=tmp_path / "cache")
    assert (whole.subset, less.subset) == (None, 0.5)
    assert len(less) == len(whole) == 10
    assert len(list((tmp_path / "cache").glob("*.graphs"))) == 1


def test_what_is_known_of_a_data_set_on_disk_is_what_its_settings_say():
    def facts(**settings):
        parsed = parse_file_settings(settings)
        return parsed.num_node_features, parsed.num_classes, parsed.num_graphs, parsed.target_names

    assert facts(name="torch_file", path="a.pt") == (None, None, None, None)
    given = {"num_node_features": 7, "num_classes": [2, 3]}
    assert facts(name="pyg", dataset="QM9", root=".", **given) == (7, (2, 3), None, ("y0", "y1"))
    stores = {"name": "zarr_store", "paths": ["a.zarr"], "features": ["in_degree"]}
    assert facts(**stores) == (1, None, None, ("manifold_like",))
