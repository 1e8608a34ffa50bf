"""The schema of a graph classification config: what is legal, and what is said of the rest."""

import copy
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from qgtune.schema.gnn import (
    LAYER_TYPES,
    METRICS,
    GcnBlockConfig,
    GraphClassificationConfig,
    RegisteredNames,
    block_width,
    find_problems,
    metric_direction,
    parse_config,
    parse_model,
    untaken_kwargs,
)
from qgtune.schema.gnn.installed import names_of_packages

BLOCK = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "gat", "normalizer": "batch_norm", "norm_args": [8]}
CLASSIFIER = {"input_dim": 8, "output_dims": [2], "hidden_dims": [6, 4]}
CONFIG = {
    "model": {"name": "small", "gcn_net": [BLOCK], "pooling_layer": "sum", "classifier": CLASSIFIER},
    "training": {"split": 0.6},
    "validation": {"split": 0.2},
    "testing": {"split": 0.2},
}


def changed(path, value):
    config = copy.deepcopy(CONFIG)
    *parents, key = path
    owner = config
    for part in parents:
        owner = owner[part]
    owner[key] = value
    return config


def problems(path, value, **known):
    return [str(problem) for problem in find_problems(changed(path, value), **known)]


def sections(model):
    """Yield every section that can stand under a model, the model itself first."""
    yield model
    for field in model.model_fields.values():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from sections(kind)


def test_a_legal_config_has_no_problems():
    assert find_problems(CONFIG, num_node_features=3, num_classes=[2]) == ()


def test_every_field_says_what_it_is_and_every_number_its_unit():
    for section in sections(GraphClassificationConfig):
        for name, schema in section.model_json_schema()["properties"].items():
            kinds = {schema.get("type"), *(kind.get("type") for kind in schema.get("anyOf", []))}
            assert schema.get("description", "").endswith("."), (section, name)
            if kinds & {"integer", "number"}:
                assert schema.get("unit"), (section, name)


def test_importing_the_schema_imports_no_torch():
    code = "import sys, qgtune.schema.gnn; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("model", "gcn_net", 0, "in_dim"), "3", "must be an integer, not '3'"),
        (("model", "gcn_net", 0, "out_dim"), True, "must be an integer, not True"),
        (("model", "gcn_net", 0, "out_dim"), 0, "must be greater than or equal to 1, not 0"),
        (("model", "gcn_net", 0, "dropout"), 1.0, "must be less than 1, not 1.0"),
        (
            ("model", "gcn_net", 0, "gnn_layer_type"),
            "sgae",
            "no layer type is named 'sgae' (did you mean 'sage'?)",
        ),
        (
            ("model", "gcn_net", 0, "with_skip"),
            1,
            "must be a boolean, not 1",
        ),
        (("model", "gcn_net", 0, "norm_args"), 8, "must be a list, not 8"),
        (("model", "gcn_net"), [], "must have at least 1 item, not 0"),
        (("model", "pooling_layer"), 3, "must be a string, not 3"),
        (("model", "pooling_layer"), [], "must have at least 1 item, not 0"),
        (("model", "pooling_layer"), "men", "no pooling layer is named 'men' (did you mean 'mean'?)"),
        (
            ("model", "classifier", "backbone_kwargs"),
            [{}, {}, {}],
            (
                "must have one mapping for each of hidden_dims, or one for all: "
                "3 mappings, 2 hidden_dims ([6, 4])"
            ),
        ),
        (("training", "learning_rate"), "1e-5", "must be a number, not '1e-5'"),
        (("training", "learning_rate"), 0.0, "must be greater than 0, not 0.0"),
        (("training", "device"), "gpu", "must be cpu, cuda, or cuda: and a number, not 'gpu'"),
        (("training", "device"), "cuda:x", "must be cpu, cuda, or cuda: and a number, not 'cuda:x'"),
        (("training", "optimizer"), "adm", "no optimizer is named 'adm' (did you mean 'adam'?)"),
        (
            ("training", "early_stopping_metric"),
            "f1_wieghted",
            "no metric is named 'f1_wieghted' (did you mean 'f1_weighted'?)",
        ),
        (("training", "epochs"), 3, "training has no key 'epochs' (did you mean 'num_epochs'?)"),
        (("model", "gcn_nets"), [], "model has no key 'gcn_nets' (did you mean 'gcn_net'?)"),
        (("modle",), {}, "the config has no key 'modle' (did you mean 'model'?)"),
        (
            ("training", "split"),
            0.7,
            (
                "the shares of the data must not exceed 1: "
                "training.split 0.7 + validation.split 0.2 + testing.split 0.2 = 1.1"
            ),
        ),
    ],
)
def test_a_value_that_breaks_a_rule_is_said_once_at_its_path(path, value, said):
    (problem,) = find_problems(changed(path, value))
    assert problem.path == path
    assert str(problem).split(": ", 1)[1] == said


@pytest.mark.parametrize(
    ("path", "keyword", "said"),
    [
        (("model", "gcn_net", 0, "gnn_layer_kwargs"), "normalise", "no layer type takes an argument named"),
        (("model", "gcn_net", 0, "norm_kwargs"), "epps", "no normalizer takes an argument named 'epps'"),
        (("model", "gcn_net", 0, "activation_kwargs"), "slope", "no activation takes an argument named"),
        (("training", "optimizer_kwargs"), "lr", "'lr' has a key of its own"),
    ],
)
def test_a_keyword_argument_that_nothing_takes_is_said_at_the_keyword(path, keyword, said):
    (problem,) = find_problems(changed(path, {keyword: 1}))
    assert problem.path == (*path, keyword)
    assert problem.message.startswith(said)
    assert problem.hint


def test_keyword_arguments_of_other_layer_types_are_legal_and_can_be_asked_for():
    kwargs = {"normalize": False, "project": False, "heads": 1}
    assert problems(("model", "gcn_net", 0, "gnn_layer_kwargs"), kwargs) == []
    assert untaken_kwargs("gat", kwargs) == ("normalize", "project")


@given(st.sampled_from(sorted(LAYER_TYPES)), st.lists(st.sampled_from(["aggr", "heads", "bias", "x"])))
def test_a_keyword_argument_is_untaken_exactly_if_the_table_lacks_it(layer_type, kwargs):
    untaken = untaken_kwargs(layer_type, kwargs)
    assert list(untaken) == [name for name in kwargs if name not in LAYER_TYPES[layer_type]]


def test_nothing_is_untaken_by_a_layer_type_of_the_users_own():
    assert untaken_kwargs("mine", ["anything"]) == ()


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (("model", "gcn_net", 0, "gnn_layer_type"), RegisteredNames(layer_types=frozenset({"mine"}))),
        (("model", "gcn_net", 0, "normalizer"), RegisteredNames(normalizers=frozenset({"mine"}))),
        (("model", "gcn_net", 0, "activation"), RegisteredNames(activations=frozenset({"mine"}))),
        (("model", "pooling_layer"), RegisteredNames(poolings=frozenset({"mine"}))),
        (("training", "early_stopping_metric"), RegisteredNames(metrics=frozenset({"mine"}))),
    ],
)
def test_a_registered_name_is_legal_and_an_unregistered_one_is_not(path, names):
    assert problems(path, "mine", names=names) == []
    assert len(problems(path, "mine")) == 1


def test_what_a_registered_layer_takes_is_not_judged():
    block = {**BLOCK, "gnn_layer_type": "mine", "gnn_layer_kwargs": {"alpha": 1}}
    names = RegisteredNames(layer_types=frozenset({"mine"}))
    assert problems(("model", "gcn_net", 0), block, names=names) == []
    assert block_width(GcnBlockConfig.model_validate(block, context=names)) is None


@pytest.mark.parametrize(
    ("block", "width"),
    [
        ({}, 8),
        ({"heads": 2}, 16),
        ({"gnn_layer_kwargs": {"heads": 3}}, 24),
        ({"gnn_layer_args": [4]}, 32),
        ({"gnn_layer_args": [4, False]}, 8),
        ({"heads": 2, "gnn_layer_kwargs": {"concat": False}}, 8),
        ({"heads": 2, "gnn_layer_type": "gcn"}, 8),
        ({"heads": 2, "gnn_layer_type": "gin"}, 8),
        ({"heads": 2, "gnn_layer_type": "gatv2"}, 16),
        ({"gnn_layer_args": [3], "gnn_layer_type": "graph_transformer"}, 24),
    ],
)
def test_the_width_is_out_dim_times_the_concatenated_heads(block, width):
    assert block_width(GcnBlockConfig.model_validate({**BLOCK, **block})) == width


def test_a_pooling_in_a_list_that_is_none_is_said_at_its_place():
    (problem,) = find_problems(changed(("model", "pooling_layer"), ["max", "men"]))
    assert problem.path == ("model", "pooling_layer", 1)
    assert problem.message == "no pooling layer is named 'men'"


@pytest.mark.parametrize(("poolings", "width"), [("max", 8), (["max"], 8), (["mean", "max", "sum"], 24)])
def test_the_classifier_must_take_what_all_poolings_together_yield(poolings, width):
    model = {**CONFIG["model"], "pooling_layer": poolings, "classifier": {**CLASSIFIER, "input_dim": width}}
    assert problems(("model",), model) == []
    model["classifier"]["input_dim"] = 7
    times = " times the 3 poolings of model.pooling_layer" if width > 8 else ""
    said = f"must equal model.gcn_net[0].out_dim{times}: 7 is not {width}"
    assert problems(("model",), model) == [f"model.classifier.input_dim: {said}"]


def test_what_a_registered_pooling_yields_is_not_judged():
    names = RegisteredNames(poolings=frozenset({"mine"}))
    model = {**CONFIG["model"], "pooling_layer": ["mean", "mine"]}
    assert problems(("model",), model, names=names) == []


def test_the_size_of_a_graph_norm_must_be_the_width():
    block = {**BLOCK, "normalizer": "graph_norm", "norm_args": [9]}
    said = "the in_channels of graph_norm must equal model.gcn_net[0].out_dim: 9 is not 8"
    assert problems(("model", "gcn_net", 0), block) == [f"model.gcn_net[0].norm_args[0]: {said}"]


def test_encoder_is_another_name_of_the_blocks_and_stands_in_what_is_said():
    model = {"encoder": [BLOCK, {**BLOCK, "norm_args": [9]}], "classifier": {**CLASSIFIER, "input_dim": 9}}
    assert problems(("model",), model, num_node_features=4) == [
        "model.encoder[0].in_dim: must equal the number of features that a node of the data set has: 3 is not 4",
        "model.encoder[1].in_dim: must equal model.encoder[0].out_dim: 3 is not 8",
        (
            "model.encoder[1].norm_args[0]: the num_features of batch_norm must equal "
            "model.encoder[1].out_dim: 9 is not 8"
        ),
        "model.classifier.input_dim: must equal model.encoder[1].out_dim: 9 is not 8",
    ]
    model = {"encoder": [{**BLOCK, "in_dims": 3, "dropout": 2}], "classifier": CLASSIFIER}
    assert problems(("model",), model) == [
        "model.encoder[0].dropout: must be less than 1, not 2",
        "model.encoder[0].in_dims: model.encoder[0] has no key 'in_dims' (did you mean 'in_dim'?)",
    ]


def test_the_blocks_have_one_name_at_a_time():
    assert problems(("model", "encoder"), [BLOCK]) == [
        "model: gcn_net and encoder are names of one section: only one of them can stand here"
    ]
    assert problems(("model", "encodr"), [BLOCK]) == [
        "model.encodr: model has no key 'encodr' (did you mean 'encoder'?)"
    ]
    assert problems(("model",), {"classifier": CLASSIFIER}) == [
        "model.gcn_net: the key 'gcn_net' is required, and is absent"
    ]


def test_a_model_is_the_same_under_either_name_of_its_blocks():
    one, other = ({name: [BLOCK], "classifier": CLASSIFIER} for name in ("gcn_net", "encoder"))
    models = [GraphClassificationConfig.model_validate({**CONFIG, "model": m}).model for m in (one, other)]
    assert [model.blocks_key for model in models] == ["gcn_net", "encoder"]
    assert models[0].model_dump() == models[1].model_dump()


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """Install a package whose entry points cannot be loaded: their names alone must do."""
    info = tmp_path / "plug_in-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-in\nVersion: 1\n")
    groups = ("layer", "normalizer", "activation", "pooling", "metric")
    points = [f"[qgtune.{group}]\nmy_{group} = no_such_module:thing\n" for group in groups]
    (info / "entry_points.txt").write_text("\n".join(points))
    monkeypatch.syspath_prepend(str(tmp_path))
    names_of_packages.cache_clear()
    yield
    names_of_packages.cache_clear()


@pytest.mark.usefixtures("plug_in")
def test_the_names_of_installed_plug_ins_are_legal_without_being_loaded():
    block = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "my_layer", "gnn_layer_kwargs": {"alpha": 1}}
    block |= {"normalizer": "my_normalizer", "activation": "my_activation"}
    config = changed(("model", "gcn_net"), [block])
    config["model"]["pooling_layer"] = ["my_pooling", "max"]
    config["training"]["early_stopping_metric"] = "my_metric"
    assert find_problems(config) == ()
    assert parse_config(config).model.poolings == ("my_pooling", "max")
    assert parse_model(config["model"]).gcn_net[0].gnn_layer_type == "my_layer"
    block["gnn_layer_type"] = "my_layr"
    (problem,) = find_problems(config)
    assert problem.hint == "did you mean 'my_layer'?"


@pytest.mark.usefixtures("plug_in")
def test_names_that_are_given_stand_instead_of_the_installed_ones():
    assert len(problems(("model", "pooling_layer"), "my_pooling", names=RegisteredNames())) == 1
    assert problems(("model", "pooling_layer"), "my_pooling") == []


@pytest.mark.parametrize(
    ("names", "legal"), [(["gcn_net"], 1), (["encoder"], 1), (["gcn_net", "encoder"], 0), ([], 0)]
)
def test_the_json_schema_takes_the_blocks_under_exactly_one_of_their_names(names, legal):
    config = {**CONFIG, "model": {"classifier": CLASSIFIER, **{key: [BLOCK] for key in names}}}
    assert Draft202012Validator(GraphClassificationConfig.model_json_schema()).is_valid(config) is bool(legal)


@pytest.mark.parametrize(("edges", "count"), [(None, 0), (3, 0), (2, 1), (0, 1)])
def test_the_edge_dim_of_a_layer_that_takes_one_must_be_that_of_the_data(edges, count):
    kwargs = {"edge_dim": 3}
    path = ("model", "gcn_net", 0)
    found = problems(path, {**BLOCK, "gnn_layer_kwargs": kwargs}, num_edge_features=edges)
    said = "must equal the number of features that an edge of the data set has"
    assert found == count * [f"model.gcn_net[0].gnn_layer_kwargs.edge_dim: {said}: 3 is not {edges}"]
    without = {**BLOCK, "gnn_layer_type": "gcn", "gnn_layer_kwargs": kwargs}
    assert problems(path, without, num_edge_features=edges) == []


def test_all_problems_come_in_one_run():
    config = changed(("model", "gcn_net", 0, "in_dim"), 0)
    config["training"]["num_epochs"] = 0
    config["validation"]["shufle"] = True
    assert [problem.path for problem in find_problems(config)] == [
        ("model", "gcn_net", 0, "in_dim"),
        ("training", "num_epochs"),
        ("validation", "shufle"),
    ]


@pytest.mark.parametrize("section", ["model", "training", "validation"])
def test_a_section_that_is_missing_or_no_mapping_is_said(section):
    without = {name: value for name, value in CONFIG.items() if name != section}
    assert [str(p) for p in find_problems(without)] == [
        f"{section}: the key {section!r} is required, and is absent"
    ]
    assert problems((section,), 3) == [f"{section}: must be a mapping, not 3"]


def test_the_testing_section_may_be_absent():
    assert find_problems({name: value for name, value in CONFIG.items() if name != "testing"}) == ()


def test_heads_and_skip_may_be_said_twice_only_if_they_agree():
    block = {**BLOCK, "heads": 1, "gnn_layer_kwargs": {"heads": 1}, "residual": False, "with_skip": False}
    assert problems(("model", "gcn_net", 0), block) == []
    assert problems(("model", "gcn_net", 0), {**block, "heads": 2, "with_skip": True}) == [
        "model.gcn_net[0].heads: heads is set twice, and differs: 2 here, 1 in gnn_layer_kwargs",
        "model.gcn_net[0].with_skip: residual and with_skip mean the same: False is not True",
    ]


@pytest.mark.parametrize(("key", "value"), [("residual", False), ("with_skip", False)])
def test_either_name_switches_the_skip_connection_off(key, value):
    assert GcnBlockConfig.model_validate(BLOCK).has_residual
    assert not GcnBlockConfig.model_validate({**BLOCK, key: value}).has_residual


def test_a_cached_gcn_is_refused():
    block = {**BLOCK, "gnn_layer_type": "gcn", "gnn_layer_kwargs": {"cached": True}}
    (problem,) = find_problems(changed(("model", "gcn_net", 0), block))
    assert "keeps the edges of one batch" in problem.message


def test_kwargs_of_the_classifier_are_one_for_each_layer_after_parsing():
    config = changed(("model", "classifier", "activation_kwargs"), [{"inplace": True}])
    classifier = parse_config(config).model.classifier
    assert classifier.activation_kwargs == [{"inplace": True}] * 2
    assert classifier.backbone_kwargs == [{}, {}]
    assert classifier.output_kwargs == [{}]


def test_an_optimizer_may_be_written_in_lower_case():
    assert parse_config(changed(("training", "optimizer"), "adamw")).training.optimizer == "AdamW"


def test_the_pydantic_message_itself_carries_rule_and_hint():
    config = changed(("model", "gcn_net", 0, "normalizer"), "bacth_norm")
    with pytest.raises(ValidationError) as caught:
        GraphClassificationConfig.model_validate(config)
    (error,) = caught.value.errors()
    assert error["loc"] == ("model", "gcn_net", 0, "normalizer")
    assert error["msg"] == "no normalizer is named 'bacth_norm' (did you mean 'batch_norm'?)"


def test_every_metric_has_a_direction_and_so_has_each_of_its_targets():
    assert set(METRICS.values()) == {"minimize", "maximize"}
    assert all(metric_direction(f"{name}/target") == METRICS[name] for name in METRICS)
    assert metric_direction("nothing") is None
