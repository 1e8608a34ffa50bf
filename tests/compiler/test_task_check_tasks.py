"""What is said before the first trial differs with the task: its metrics, its data, its configs."""

import pytest

from qgtune.compiler.prepare import prepare
from qgtune.core.errors import DiagnosticError
from qgtune.schema.gnn.installed import names_of_packages

NODES = """\
model:
  encoder:
    - {in_dim: 34, out_dim: 8, gnn_layer_type: gcn}
    - {in_dim: 8, out_dim: 8, gnn_layer_type: gat, gnn_layer_kwargs: {heads: 1}}
  head: {input_dim: 8, output_dims: [4]}
training: {learning_rate: 0.01}
validation: {}
"""
GRAPHS = """\
model:
  gcn_net: [{in_dim: 12, out_dim: 8, gnn_layer_type: gcn}]
  classifier: {input_dim: 8, output_dims: [1]}
training: {learning_rate: 0.01}
validation: {}
"""
RATE = "training: {learning_rate: [0.1, 0.01]}\n"


def checked(folder, task, data, base, *, space=RATE, more=""):
    """Return code, place and message of everything that is said of a study."""
    (folder / "base_settings.yaml").write_text(base)
    (folder / "search_space.yaml").write_text(space)
    (folder / "tuning.yaml").write_text(
        f"task: {task}\ndata: {data}\nbase_settings_path: base_settings.yaml\n"
        f"search_space_path: search_space.yaml\n{more}"
    )
    try:
        found = prepare(folder / "tuning.yaml").warnings
    except DiagnosticError as error:
        found = error.diagnostics
    return [(p.code, p.location.line, p.location.column, p.message) for p in found]


def test_a_node_task_is_checked_by_its_own_schema(tmp_path):
    assert checked(tmp_path, "node_classification", "{name: karate_club}", NODES) == []
    wrong = NODES.replace("head:", "pooling_layer: mean\n  head:")
    [(code, line, column, message)] = checked(tmp_path, "node_classification", "{name: karate_club}", wrong)
    assert (code, line, column) == ("QG214", 5, 3)
    assert "predicts the class of each node, so that nothing is pooled" in message


def test_a_regression_is_checked_by_its_own_schema_and_metrics(tmp_path):
    data = "{name: causal_sets, targets: [width]}"
    assert checked(tmp_path, "graph_regression", data, GRAPHS, more="metric: rmse\n") == []
    found = checked(tmp_path, "graph_regression", data, GRAPHS, more="metric: f1_weighted\n")
    assert [(code, message) for code, *_, message in found] == [
        ("QG410", "the task reports no metric 'f1_weighted'")
    ]
    found = checked(tmp_path, "graph_regression", data, GRAPHS, more="metric: r2\ndirection: minimize\n")
    assert [code for code, *_ in found] == ["QG411"]
    assert checked(tmp_path, "graph_regression", data, GRAPHS, more="direction: maximize\n") == []


@pytest.mark.parametrize(
    ("task", "data", "base", "said"),
    [
        (
            "graph_classification",
            "{name: karate_club}",
            GRAPHS.replace("in_dim: 12", "in_dim: 34").replace("[1]", "[4]"),
            (
                "data set karate_club has a label for each node, and the task graph_classification wants one "
                "for each graph"
            ),
        ),
        (
            "node_classification",
            "{name: causal_sets}",
            NODES.replace("34", "12").replace("[4]", "[2]"),
            (
                "data set causal_sets has a label for each graph, and the task node_classification wants one "
                "for each node"
            ),
        ),
        (
            "graph_regression",
            "{name: causal_sets}",
            GRAPHS,
            "the labels of data set causal_sets are classes, and the task graph_regression wants values",
        ),
        (
            "graph_classification",
            "{name: causal_sets, targets: [width]}",
            GRAPHS,
            "the labels of data set causal_sets are values, and the task graph_classification wants classes",
        ),
    ],
)
def test_data_of_another_level_or_kind_is_said_at_its_name(task, data, base, said, tmp_path):
    found = [problem for problem in checked(tmp_path, task, data, base) if problem[0] == "QG409"]
    assert found == [("QG409", 2, 14, said)]


def test_what_a_layer_drops_is_said_where_the_config_has_it_whatever_its_blocks_are_called(tmp_path):
    base = NODES.replace("gnn_layer_type: gcn}", "gnn_layer_type: gcn, gnn_layer_kwargs: {project: true}}")
    [(code, line, _, message)] = checked(tmp_path, "node_classification", "{name: karate_club}", base)
    assert (code, line) == ("QG215", 3)
    assert message.startswith("model.encoder[0].gnn_layer_kwargs.project is not taken by the layer type gcn")


def test_a_misfit_in_one_of_many_configs_is_found_under_either_name_of_the_blocks(tmp_path):
    space = "model:\n  encoder: [{out_dim: [8, 16, 32]}, {}]\n"
    found = checked(tmp_path, "node_classification", "{name: karate_club}", NODES, space=space)
    assert {(code, line) for code, line, *_ in found} == {("QG214", 4)}
    assert all("model.encoder[1].in_dim: must equal model.encoder[0].out_dim" in m for *_, m in found)


@pytest.mark.parametrize(
    ("task", "hint"),
    [
        ("node_clasification", "did you mean 'node_classification'?"),
        ("mst", "known: graph_classification, graph_regression, node_classification"),
    ],
)
def test_a_task_that_is_no_task_is_told_the_names_of_those_that_are(task, hint, tmp_path):
    (tmp_path / "base.yaml").write_text("training: {learning_rate: 0.01}\n")
    (tmp_path / "space.yaml").write_text(RATE)
    paths = "search_space_path: space.yaml\nbase_settings_path: base.yaml\n"
    (tmp_path / "tuning.yaml").write_text(f"task: {task}\ndata: {{name: karate_club}}\n{paths}")
    with pytest.raises(DiagnosticError) as raised:
        prepare(tmp_path / "tuning.yaml")
    assert [(problem.code, problem.hint) for problem in raised.value.diagnostics] == [("QG408", hint)]


def test_the_configs_of_a_task_of_the_users_own_are_not_judged(tmp_path, monkeypatch):
    info = tmp_path / "plug_in-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-in\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[qgtune.task]\nmine = no_such_module:thing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    names_of_packages.cache_clear()
    base = "training: {learning_rate: 0.01}\nwhatever: 3\n"
    more = "metric: my_own_metric\n"
    assert checked(tmp_path, "mine", "{name: karate_club}", base, more=more) == []
    names_of_packages.cache_clear()


def test_a_key_that_no_file_has_is_missed_in_the_base_settings(tmp_path):
    """The search space cannot add what the base settings lack, so they are the place to look at."""
    (tmp_path / "base.yaml").write_text(
        "model:\n"
        "  encoder: [{in_dim: 12, out_dim: 8}]\n"
        "  head: {input_dim: 8, output_dims: [2]}\n"
        "training: {scheduler: StepLR, num_epochs: 5}\n"
    )
    (tmp_path / "space.yaml").write_text("training: {num_epochs: [5, 10]}\n")
    (tmp_path / "tuning.yaml").write_text(
        "base_settings_path: base.yaml\nsearch_space_path: space.yaml\n"
        "task: graph_classification\ndata: {name: causal_sets}\n"
    )
    with pytest.raises(DiagnosticError) as caught:
        prepare(tmp_path / "tuning.yaml")
    places = {(d.location.file.rpartition("/")[2], d.message) for d in caught.value.diagnostics}
    assert all(file == "base.yaml" for file, _ in places), places
    assert any("'validation' is required" in message for _, message in places)


def test_heads_of_a_layer_without_heads_are_dropped_with_a_word(tmp_path):
    """The block's own key is told like an argument of the layer; what no layer takes is an error only."""
    (tmp_path / "base.yaml").write_text(
        GRAPHS.replace("output_dims: [1]", "output_dims: [2]").replace(
            "gnn_layer_type: gcn", "gnn_layer_type: gcn, heads: 2, gnn_layer_kwargs: {agr: max}"
        )
    )
    (tmp_path / "tuning.yaml").write_text(
        "base_settings_path: base.yaml\ntask: graph_classification\ndata: {name: causal_sets}\n"
    )
    with pytest.raises(DiagnosticError) as caught:
        prepare(tmp_path / "tuning.yaml")
    said = [(d.code, d.message) for d in caught.value.diagnostics if d.code in {"QG214", "QG215"}]
    assert [code for code, _ in said] == ["QG215", "QG214"]
    assert said[0][1] == "model.gcn_net[0].heads is not taken by the layer type gcn, and is dropped for it"
    assert "no layer type takes an argument named 'agr'" in said[1][1]
