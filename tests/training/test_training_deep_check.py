"""check --deep: what building the architectures of a space shows, at the line that should have followed."""

import shutil

import pytest
import torch
from deep_spaces import ROOT, TWO_BLOCKS, compiled, guide
from hypothesis import given
from hypothesis import strategies as st

from qgtune.compiler.data_facts import DataFacts
from qgtune.compiler.planning.stand_ins import RandomTrial
from qgtune.core.errors import DiagnosticError
from qgtune.nn import LAYERS, NORMALIZERS, POOLING
from qgtune.space import Float, Integer
from qgtune.training.proofs.architectures import Limits, Survey
from qgtune.training.proofs.deep_check import NO_MODEL, OWN_OBJECTIVE, deep_check, deep_problems

FACTS = DataFacts(num_node_features=12, num_classes=(2,))
SOME = Limits(architectures=25)
GUIDES_MAP = {
    "model.gcn_net[0].norm_args[0]": "model.gcn_net[0].out_dim",
    "model.gcn_net[1].in_dim": "model.gcn_net[0].out_dim",
    "model.gcn_net[1].norm_args[0]": "model.gcn_net[1].out_dim",
    "model.gcn_net[2].in_dim": "model.gcn_net[1].out_dim",
    "model.gcn_net[2].norm_args[0]": "model.gcn_net[2].out_dim",
    "model.classifier.input_dim": "model.gcn_net[-1].out_dim",
}


@pytest.fixture
def registered(monkeypatch):
    """Return a function that registers a plug-in of the user's own for one test."""

    def register(registry, name, entry):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
        registry.register(name)(entry)

    return register


class Doubled(torch.nn.Module):
    """A layer that yields twice its out_dim, and cannot be built without values."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.linear = torch.nn.Linear(in_channels, 2 * out_channels)
        self.one = torch.ones(1).item()

    def forward(self, x, _edge_index):
        return self.one * self.linear(x)


def hints(result):
    return [problem.hint for problem in result.diagnostics]


def map_line(target, source):
    return f'in the dependency map: "{target}": "{source}"'


def one_block(**block):
    """Return base settings with one block of 12 -> 8 features."""
    fields = {"in_dim": 12, "out_dim": 8, **block}
    return f"model: {{gcn_net: [{fields}], classifier: {{input_dim: 8, output_dims: [2]}}}}"


def test_the_guides_space_with_its_map_has_no_problems():
    result = deep_problems(guide(), FACTS, limits=Limits(architectures=60))
    assert result.diagnostics == ()
    assert result.architectures == 60
    assert 0 < result.on_cpu < 60
    assert result.coverage.startswith(f"built 60 distinct architectures of {result.configs} configs, ")
    assert result.coverage.endswith("; the space has more than 60 architectures")


def test_the_guides_space_without_its_map_is_told_each_line_of_the_map_once():
    result = deep_problems(guide(None), FACTS, limits=SOME)
    assert {problem.code for problem in result.diagnostics} == {"QG502"}
    assert hints(result) == [map_line(*line) for line in GUIDES_MAP.items()]
    first = result.diagnostics[1]
    assert first.message.startswith("model.gcn_net[1].in_dim is 128, but model.gcn_net[0] gives 256 (in ")
    assert first.location.file.endswith("search_space.yaml")
    assert first.location.line == 20
    [related] = first.related
    assert (related.message, related.location.line) == ("the width comes from model.gcn_net[0].out_dim", 5)


def test_the_same_seed_gives_the_same_diagnostics():
    first, second = (deep_problems(guide(None), FACTS, seed=3, limits=SOME).diagnostics for _ in range(2))
    assert first == second


@pytest.mark.parametrize("sample", ["causal_sets", "digits"])
def test_the_samples_have_no_problems_from_their_tuning_files_on(sample):
    result = deep_check(ROOT / "sample_configs" / sample / "tuning.yaml", limits=SOME)
    assert result.diagnostics == ()
    assert 0 < result.architectures <= 25


def test_the_check_uses_up_no_random_number_and_leaves_the_threads():
    threads = torch.get_num_threads()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    deep_problems(compiled(None, TWO_BLOCKS), FACTS)
    assert torch.equal(torch.rand(2), expected)
    assert torch.get_num_threads() == threads


def test_concatenated_heads_are_told_as_a_product():
    space = "model: {gcn_net: [{out_dim: [16, 24], heads: [1, 2, 4]}, {}]}"
    heads = "model.gcn_net[0].out_dim * model.gcn_net[0].heads"
    result = deep_problems(compiled(space, TWO_BLOCKS), FACTS)
    assert hints(result) == [
        map_line("model.gcn_net[0].norm_args[0]", heads),
        map_line("model.gcn_net[1].in_dim", heads),
    ]
    mended = f'"model.gcn_net[0].norm_args[0]": {heads}\n"model.gcn_net[1].in_dim": {heads}\n'
    assert deep_problems(compiled(space, TWO_BLOCKS, mended), FACTS).diagnostics == ()


def test_heads_of_which_only_some_layers_know_are_told_with_the_layer_type_and_the_flag():
    kwargs = "gnn_layer_kwargs: {concat: {type: categorical, choices: [true, false]}}"
    layers = "gnn_layer_type: {type: categorical, choices: [gat, gcn]}"
    space = f"model: {{gcn_net: [{{heads: [1, 2], {layers}, {kwargs}}}, {{}}]}}"
    [norm, in_dim] = hints(deep_problems(compiled(space, TWO_BLOCKS), FACTS))
    formula = in_dim.partition('.in_dim": ')[2].strip('"')
    for part in ("out_dim * model.gcn_net[0].heads", "gnn_layer_kwargs.concat", "== 'gat'"):
        assert part in formula
    mended = f'"model.gcn_net[0].norm_args[0]": "{formula}"\n"model.gcn_net[1].in_dim": "{formula}"\n'
    assert deep_problems(compiled(space, TWO_BLOCKS, mended), FACTS).diagnostics == ()
    assert norm.endswith(f'"{formula}"')


def test_a_layer_of_the_users_own_is_built_and_its_width_followed(registered):
    registered(LAYERS, "doubled", Doubled)
    base = one_block(gnn_layer_type="doubled")
    result = deep_problems(compiled("model: {gcn_net: [{out_dim: [4, 8]}]}", base), FACTS)
    [problem] = result.diagnostics
    assert problem.message == (
        "model.classifier.input_dim is 8, but model.gcn_net[0] gives 16 (in 1 of 2 architectures)"
    )
    assert problem.hint == map_line("model.classifier.input_dim", "model.gcn_net[-1].out_dim * 2")
    assert result.on_cpu == 2


def test_a_normalizer_of_the_users_own_is_tried_with_each_of_its_sizes(registered):
    registered(NORMALIZERS, "group_norm", torch.nn.GroupNorm)
    base = one_block(normalizer="group_norm", norm_args=[2, 8])
    dependencies = "model: {classifier: {input_dim: 'model.gcn_net[0].out_dim'}}"
    result = deep_problems(compiled("model: {gcn_net: [{out_dim: [8, 16]}]}", base, dependencies), FACTS)
    [problem] = result.diagnostics
    assert problem.message.startswith("model.gcn_net[0].norm_args[1] is 8, but model.gcn_net[0] gives 16")
    assert problem.hint == map_line("model.gcn_net[0].norm_args[1]", "model.gcn_net[0].out_dim")


def test_a_size_that_would_mend_the_block_only_by_chance_is_not_blamed(registered):
    registered(NORMALIZERS, "group_norm", torch.nn.GroupNorm)
    base = one_block(normalizer="group_norm", norm_args=[3, 8])  # 8 groups would do, and mean something else
    [problem] = deep_problems(compiled(None, base), FACTS).diagnostics
    assert problem.code == "QG503"
    assert problem.message.startswith("model.gcn_net[0].norm_args: GroupNorm(3, 8) cannot be built: ")


def test_a_pooling_of_the_users_own_that_fails_says_why_at_its_line(registered):
    def pooling(x, batch, size):
        raise ValueError(f"no way to pool {x.size(1)} features")

    registered(POOLING, "own", pooling)
    base = one_block() + "\n"
    space = "model:\n  pooling_layer: own\n  gcn_net: [{out_dim: [8, 16]}]\n"
    result = deep_problems(compiled(space, base, "model.classifier.input_dim: 'model.gcn_net[0].out_dim'"))
    [problem] = result.diagnostics
    assert problem.code == "QG503"
    assert problem.message == (
        "model.pooling_layer: own cannot gather 8 features: no way to pool 8 features (in 2 of 2 architectures)"
    )
    assert (problem.location.file, problem.location.line) == ("space.yaml", 2)


def test_an_argument_that_no_layer_can_work_with_is_said_in_the_modules_own_words():
    base = one_block(gnn_layer_kwargs={"aggr": "lstm"})
    [problem] = deep_problems(compiled(None, base), FACTS).diagnostics
    assert problem.code == "QG503"
    assert problem.message.startswith("model.gcn_net[0].gnn_layer_kwargs: GCNConv(12, 8, aggr='lstm')")
    assert "lstm" in problem.location.text


def test_dims_that_do_not_fit_the_data_name_the_fact_that_they_follow():
    [in_dim, outputs] = deep_problems(compiled(None, one_block()), DataFacts(10, (3,))).diagnostics
    assert in_dim.message == "model.gcn_net[0].in_dim is 12, but data.num_node_features is 10"
    assert in_dim.hint == map_line("model.gcn_net[0].in_dim", "data.num_node_features")
    assert outputs.hint == map_line("model.classifier.output_dims[0]", "data.num_classes")


def test_where_no_expression_can_name_a_fact_the_number_is_told():
    base = one_block().replace("output_dims: [2]", "output_dims: [2, 2]")
    [problem] = deep_problems(compiled(None, base), DataFacts(12, (2, 3))).diagnostics
    assert problem.hint == "set it to 3"


def test_another_number_of_targets_than_outputs_is_said():
    [problem] = deep_problems(compiled(None, one_block()), DataFacts(12, (2, 3))).diagnostics
    assert (problem.code, "2 targets" in problem.message) == ("QG503", True)


def test_a_line_of_the_map_that_follows_the_wrong_thing_is_shown_with_the_right_one():
    space = "model: {gcn_net: [{out_dim: [8, 16]}]}"
    base = "model: {gcn_net: [{in_dim: 12, out_dim: 12}], classifier: {input_dim: 12, output_dims: [2]}}"
    dependencies = "model:\n  classifier:\n    input_dim: model.gcn_net[0].in_dim\n"
    [problem] = deep_problems(compiled(space, base, dependencies), FACTS).diagnostics
    assert (problem.location.file, problem.location.line) == ("map.yaml", 3)
    assert problem.hint.startswith('in the dependency map, instead: "model.classifier.input_dim": ')


def test_a_space_that_has_no_model_is_told_so():
    for base in ("training: {lr: 0.1}", "model: {dims: [8, 4]}", "model: 3"):
        result = deep_problems(compiled("training: {lr: {type: float, low: 0.1, high: 0.2}}", base))
        assert (result.diagnostics, result.coverage) == ((), NO_MODEL)


def test_the_models_of_an_objective_of_the_users_own_are_not_built():
    result = deep_check(ROOT / "examples" / "own_objective" / "tuning.yaml")
    assert (result.architectures, result.coverage) == (0, OWN_OBJECTIVE)


def test_limits_of_number_and_time_are_said():
    few = deep_problems(guide(), FACTS, limits=Limits(architectures=2))
    assert (few.architectures, few.cut_short) == (2, "the space has more than 2 architectures")
    none = deep_problems(guide(), FACTS, limits=Limits(seconds=-1.0))
    assert (none.architectures, none.cut_short) == (0, "the -1 s for it were over")


def test_what_changes_no_shape_makes_no_other_architecture():
    space = """\
model:
  pooling_layer: [mean, max, sum]
  gcn_net:
    - dropout: {type: float, low: 0.0, high: 0.5}
      activation: [relu, elu, gelu]
    - {}
training: {lr: {type: float, low: 0.1, high: 0.2}}
"""
    survey = Survey(compiled(space, TWO_BLOCKS + "training: {lr: 0.1}").plan)
    assert len(list(survey)) == 1
    assert survey.configs == survey.limits.configs


def test_a_space_whose_expressions_seldom_have_a_value_comes_to_an_end():
    space = "model: {gcn_net: [{out_dim: {type: int, low: 0, high: 1}, in_dim: 1}]}"
    base = one_block()
    dependencies = "model.gcn_net[0].in_dim: 12 // model.gcn_net[0].out_dim"
    survey = Survey(compiled(space, base, dependencies).plan)
    assert len(list(survey)) == 1


def test_a_mistake_that_the_schema_finds_too_is_reported_once_with_the_line_that_mends_it(tmp_path):
    for name in ("base_settings.yaml", "search_space.yaml", "tuning.yaml"):
        shutil.copy(ROOT / "sample_configs" / "digits" / name, tmp_path)
    (tmp_path / "dependency_map.yaml").write_text("")
    result = deep_check(tmp_path / "tuning.yaml", limits=SOME)
    assert {problem.code for problem in result.diagnostics} == {"QG502"}
    lines = (ROOT / "sample_configs" / "digits" / "dependency_map.yaml").read_text().replace('"', "")
    for hint in hints(result):
        assert hint.removeprefix("in the dependency map: ").replace('"', "") in lines


def test_files_that_give_no_config_raise_what_is_wrong_with_them(tmp_path):
    (tmp_path / "tuning.yaml").write_text("task: graph_classification\ndata: {name: causal_sets}\n")
    with pytest.raises(DiagnosticError, match="QG405"):
        deep_check(tmp_path / "tuning.yaml")


@given(
    seed=st.integers(0, 9), low=st.integers(1, 50), width=st.integers(0, 60), step=st.sampled_from([1, 2, 5])
)
def test_random_trials_draw_from_the_domain(seed, low, width, step):
    trial, high = RandomTrial(seed), low + width * step
    assert Integer(low, high, step).contains(trial.suggest_int("x", low, high, step=step))
    assert Integer(low, high, log=True).contains(trial.suggest_int("x", low, high, log=True))
    assert Float(low, high, step).contains(trial.suggest_float("x", low, high, step=step))
    assert low <= trial.suggest_float("x", low, high, log=True) <= high
    assert low <= trial.suggest_float("x", low, high) <= high
    assert trial.suggest_categorical("x", ["a", "b"]) in {"a", "b"}
