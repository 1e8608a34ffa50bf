"""What a task's schema says of every value that can be sampled, before the first trial."""

import pathlib

import pytest

from qgtune.compiler.prepare import prepare
from qgtune.core.errors import DiagnosticError

GUIDE = pathlib.Path(__file__).parent.parent / "guide"
TUNING = """\
task: graph_classification
data: {name: causal_sets, num_graphs: 400}
base_settings_path: base_settings.yaml
search_space_path: search_space.yaml
dependency_mapping_path: depmap.yaml
"""


def problems(folder, space, dependencies=None, tuning=TUNING):
    """Return code, line, column and message of each error for a search space over the guide's base settings."""
    dependencies = (GUIDE / "depmap.yaml").read_text() if dependencies is None else dependencies
    files = {"tuning.yaml": tuning, "search_space.yaml": space, "depmap.yaml": dependencies}
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "base_settings.yaml").write_text((GUIDE / "base_settings.yaml").read_text())
    try:
        prepare(folder / "tuning.yaml")
    except DiagnosticError as error:
        found = [problem for problem in error.diagnostics if problem.severity == "error"]
        return [
            (p.code, pathlib.Path(p.location.file).name, p.location.line, p.location.column) for p in found
        ]
    return []


def test_the_guides_base_settings_are_sound(tmp_path):
    assert problems(tmp_path, "training: {batch_size: [16, 32]}") == []


@pytest.mark.parametrize(
    ("space", "place"),
    [
        ("model: {pooling_layer: [mean, maxx]}", (1, 31)),
        ("model: {pooling_layer: {type: categorical, choices: [mean, maxx]}}", (1, 60)),
        ("training: {learning_rate: {type: float, low: -1.0, high: 0.1}}", (1, 27)),
        ("model: {gcn_net: [{}, {norm_args: [300]}, {}]}", (1, 36)),
        ("model: {classifier: {output_dims: [3]}}", (1, 36)),
        ("training: {epochs: 3}", (1, 12)),
    ],
)
def test_a_value_that_cannot_be_used_is_found_where_it_is_written(space, place, tmp_path):
    dependencies = "" if "norm_args" in space else None
    assert ("QG214", "search_space.yaml", *place) in problems(tmp_path, space, dependencies)


def test_dims_that_do_not_meet_are_found_in_whichever_choice_they_are(tmp_path):
    space = "model: {gcn_net: [{out_dim: [128, 64]}, {}, {}]}"
    found = problems(tmp_path, space, "model: {gcn_net: [{norm_args: ['model.gcn_net[0].out_dim']}]}")
    assert [code for code, *_ in found] == ["QG214"]


@pytest.mark.parametrize(
    "space",
    [
        "model: {gcn_net: {type: categorical, choices: [[{in_dim: 12}], [{in_dim: 12, out_dim: 5}]]}}",
        "model: {type: categorical, choices: [{gcn_net: []}, 3]}",
        "model: {gcn_net: [{type: categorical, choices: [{in_dim: 12}, {}]}, {}, {}]}",
    ],
)
def test_choices_of_mappings_are_checked_like_any_value(space, tmp_path):
    found = problems(tmp_path, space, "")
    assert found
    assert {code for code, *_ in found} == {"QG214"}


@pytest.mark.parametrize(
    ("data", "metric", "code"),
    [
        ("{name: causal_sets, num_graphs: 400}", "f1_weighted/dimension", ["QG410"]),
        (
            "{name: causal_sets, num_graphs: 400, targets: [manifold_like, dimension]}",
            "loss/dimensions",
            ["QG410"],
        ),
        ("{name: digit_graphs}", "accuracy/digit", ["QG410"]),
        ("{name: causal_sets, num_graph: 400}", "loss", ["QG409"]),
        ("{name: 'nowhere.py:graphs'}", "loss", ["QG409"]),
    ],
)
def test_a_metric_or_a_data_set_that_does_not_exist_is_found(data, metric, code, tmp_path):
    tuning = TUNING.replace("{name: causal_sets, num_graphs: 400}", data) + f"metric: {metric}\n"
    found = problems(tmp_path, "training: {batch_size: [16, 32]}", tuning=tuning)
    assert [found_code for found_code, *_ in found if found_code != "QG214"] == code


def test_the_caret_of_an_unknown_setting_stands_under_its_key(tmp_path):
    tuning = TUNING.replace("num_graphs", "num_graph")
    assert problems(tmp_path, "training: {batch_size: [16, 32]}", tuning=tuning) == [
        ("QG409", "tuning.yaml", 2, 27)
    ]
