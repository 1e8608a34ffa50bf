"""The schemas of the three tasks: what they share, what each has more or less, and what is said of the rest."""

import copy

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from qgtune.schema.gnn import (
    TASK_SCHEMAS,
    find_problems,
    installed_tasks,
    metric_direction,
    parse_config,
    parse_model,
)
from qgtune.schema.gnn.installed import names_of_packages

BLOCK = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "sage"}
CONFIGS = {
    "graph_classification": {
        "model": {"gcn_net": [BLOCK], "classifier": {"input_dim": 8, "output_dims": [2, 3]}},
        "training": {"accumulate_batches": 2},
        "validation": {"batch_size": 4},
    },
    "graph_regression": {
        "model": {
            "encoder": [BLOCK],
            "pooling_layer": ["mean", "max"],
            "graph_features_net": {"input_dim": 5, "output_dim": 4, "hidden_dims": [6]},
            "head": {"input_dim": 20, "output_dims": [1]},
        },
        "training": {"loss": "huber", "standardize_targets": False},
        "validation": {},
        "testing": {},
    },
    "node_classification": {
        "model": {"encoder": [BLOCK], "head": {"input_dim": 8, "output_dims": [4]}},
        "training": {"split": 0.5, "scheduler": "steplr", "scheduler_kwargs": {"step_size": 3}},
        "validation": {"split": 0.2},
    },
}
FACTS = {
    "graph_classification": {"num_node_features": 3, "num_classes": [2, 3], "num_graphs": 50},
    "graph_regression": {"num_node_features": 3, "num_classes": [None], "num_graph_features": 5},
    "node_classification": {"num_node_features": 3, "num_classes": [4], "num_graphs": 1},
}


def problems(task, path, value, **known):
    """Return what is said of a task's config in which one value is another."""
    config = copy.deepcopy(CONFIGS[task])
    *parents, key = path
    owner = config
    for part in parents:
        owner = owner[part]
    owner[key] = value
    return [str(problem) for problem in find_problems(config, task=task, **known)]


def sections(model):
    yield model
    for field in model.model_fields.values():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from sections(kind)


@pytest.mark.parametrize("task", TASK_SCHEMAS)
def test_a_legal_config_of_each_task_has_no_problems_and_is_legal_in_its_json_schema(task):
    assert find_problems(CONFIGS[task], task=task, **FACTS[task]) == ()
    assert isinstance(parse_config(CONFIGS[task], task=task), TASK_SCHEMAS[task].config)
    assert Draft202012Validator(TASK_SCHEMAS[task].config.model_json_schema()).is_valid(CONFIGS[task])


@pytest.mark.parametrize("task", TASK_SCHEMAS)
def test_every_field_of_each_task_says_what_it_is_and_every_number_its_unit(task):
    for section in sections(TASK_SCHEMAS[task].config):
        for name, schema in section.model_json_schema()["properties"].items():
            kinds = {schema.get("type"), *(kind.get("type") for kind in schema.get("anyOf", []))}
            assert schema.get("description", "").endswith("."), (section, name)
            if kinds & {"integer", "number"}:
                assert schema.get("unit"), (section, name)


@pytest.mark.parametrize("task", TASK_SCHEMAS)
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("scheduler", "StepLr", "training.scheduler_kwargs: must hold step_size, which StepLR needs, not {}"),
        (
            "scheduler",
            "stplr",
            "training.scheduler: no scheduler is named 'stplr' (did you mean 'StepLR'?)",
        ),
        (
            "optimizer_kwargs",
            {"momentum": 0.9},
            (
                "training.optimizer_kwargs.momentum: Adam takes no argument named 'momentum' "
                "(taken by RMSprop, SGD)"
            ),
        ),
        (
            "optimizer_kwargs",
            {"beta": 0.9},
            "training.optimizer_kwargs.beta: Adam takes no argument named 'beta' (did you mean 'betas'?)",
        ),
        ("clip_grad_norm", 0, "training.clip_grad_norm: must be greater than 0, not 0"),
        ("precision", "half", "training.precision: must be 'float32', 'bf16' or 'fp16', not 'half'"),
        (
            "precision",
            "fp16",
            (
                "training.precision: fp16 needs a GPU, which keeps its small gradients by scaling, and "
                "training.device is cpu (bf16 works on a CPU)"
            ),
        ),
        ("epochs", 3, "training.epochs: training has no key 'epochs' (did you mean 'num_epochs'?)"),
    ],
)
def test_the_loop_of_every_task_obeys_the_same_rules(task, key, value, said):
    config = {**CONFIGS[task], "training": {key: value}}
    assert [str(problem) for problem in find_problems(config, task=task)] == [said]


def test_a_scheduler_that_no_config_can_describe_is_refused_with_the_reason():
    [said] = problems("graph_classification", ("training", "scheduler"), "SequentialLR")
    assert said.startswith(
        "training.scheduler: SequentialLR cannot be named in a config: "
        "it needs other schedulers as arguments (known: ConstantLR, "
    )


def test_without_a_scheduler_the_arguments_of_any_stand_by_and_those_of_none_are_refused():
    assert problems("graph_regression", ("training", "scheduler_kwargs"), {"T_max": 3, "step_size": 2}) == []
    assert problems("graph_regression", ("training", "scheduler_kwargs"), {"tmax": 3}) == [
        "training.scheduler_kwargs.tmax: no scheduler takes an argument named 'tmax' (did you mean 'T_max'?)"
    ]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            ("model", "pooling_layer"),
            "mean",
            (
                "model has no key 'pooling_layer': node_classification predicts the class of each node, "
                "so that nothing is pooled (leave it out)"
            ),
        ),
        (
            ("training", "batch_size"),
            8,
            (
                "training has no key 'batch_size': node_classification trains on the whole graph at once, "
                "so that there are no batches (leave it out)"
            ),
        ),
        (
            ("validation", "drop_last"),
            True,
            (
                "validation has no key 'drop_last': node_classification trains on the whole graph at once, "
                "so that there are no batches (leave it out)"
            ),
        ),
        (("model", "haed"), {}, "model has no key 'haed' (did you mean 'head'?)"),
    ],
)
def test_a_key_without_meaning_for_nodes_is_refused_with_the_reason(path, value, said):
    assert [p.split(": ", 1)[1] for p in problems("node_classification", path, value)] == [said]


def test_the_head_of_a_node_task_takes_what_the_last_block_yields():
    said = problems("node_classification", ("model", "head", "input_dim"), 7)
    assert said == ["model.head.input_dim: must equal model.encoder[0].out_dim: 7 is not 8"]


def test_each_output_of_a_regression_is_one_number():
    path = ("model", "head", "output_dims")
    assert problems("graph_regression", path, [1, 2]) == [
        "model.head.output_dims: must be 1 for each target, which is one number: [1, 2] is not [1, 1]"
    ]
    assert problems("graph_regression", path, [1, 1], num_classes=[None]) == [
        (
            "model.head.output_dims: must have one entry for each target of the data set: "
            "2 entries ([1, 1]), 1 targets"
        )
    ]


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (5, []),
        (None, []),
        (
            3,
            [
                (
                    "model.graph_features_net.input_dim: must equal the number of features that a graph of the "
                    "data set has: 5 is not 3"
                )
            ],
        ),
        (
            0,
            [
                (
                    "model.graph_features_net: needs features of the graphs, and the data set has none "
                    "(leave it out, and its output_dim out of model.head)"
                )
            ],
        ),
    ],
)
def test_the_network_of_graph_features_takes_those_of_the_data(features, said):
    found = find_problems(CONFIGS["graph_regression"], task="graph_regression", num_graph_features=features)
    assert [str(problem) for problem in found] == said


def test_the_head_takes_the_pooled_features_and_those_of_the_network_beside_them():
    assert problems("graph_regression", ("model", "head", "input_dim"), 16) == [
        (
            "model.head.input_dim: must equal model.encoder[0].out_dim times the 2 poolings of "
            "model.pooling_layer plus model.graph_features_net.output_dim: 16 is not 20"
        )
    ]


def test_the_head_has_one_name_at_a_time():
    head = CONFIGS["graph_regression"]["model"]["head"]
    assert problems("graph_regression", ("model", "classifier"), head) == [
        "model: classifier and head are names of one section: only one of them can stand here"
    ]


def test_the_metrics_are_those_of_the_task():
    path = ("training", "early_stopping_metric")
    assert problems("graph_regression", path, "rmse/width") == []
    [said] = problems("graph_regression", path, "f1_weighted")
    assert said.startswith("training.early_stopping_metric: no metric is named 'f1_weighted'")
    [said] = problems("node_classification", path, "rmse")
    assert said.startswith("training.early_stopping_metric: no metric is named 'rmse'")
    assert metric_direction("mae/width", TASK_SCHEMAS["graph_regression"].metrics) == "minimize"


def test_a_model_section_is_read_as_its_task_has_it():
    section = CONFIGS["node_classification"]["model"]
    assert parse_model(section, task="node_classification").poolings == ()
    assert parse_model(section).poolings == ("mean",)


def test_tasks_of_installed_packages_are_known_by_name(tmp_path, monkeypatch):
    info = tmp_path / "plug_in-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-in\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[qgtune.task]\nmine = no_such_module:thing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    names_of_packages.cache_clear()
    assert "mine" in installed_tasks()
    names_of_packages.cache_clear()
