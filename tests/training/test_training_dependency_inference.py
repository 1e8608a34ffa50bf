"""infer-dependencies: a map proposed from equal numbers that the model's shapes confirm."""

import shutil

import pytest
from deep_spaces import GUIDE, ROOT, TWO_BLOCKS, compiled, guide

from qgtune.compiler.data_facts import DataFacts
from qgtune.compiler.load import compile_files
from qgtune.core.errors import UsageError
from qgtune.core.paths import format_path
from qgtune.document import read_text
from qgtune.training.proofs.architectures import Limits
from qgtune.training.proofs.deep_check import deep_problems
from qgtune.training.proofs.dependency_inference import infer_dependencies, infer_dependencies_of

FACTS = DataFacts(num_node_features=12, num_classes=(2,))
SOME = Limits(architectures=25)


def followed(compilation):
    """Return what each target of a compilation follows, as concrete paths."""
    return {
        format_path(target): list(map(format_path, formula.paths))
        for target, formula in compilation.space.formulas.items()
    }


def test_the_guides_map_is_proposed_compiles_and_mends_the_guides_space(tmp_path):
    proposed = tmp_path / "depmap.yaml"
    proposed.write_text(infer_dependencies(guide(None), FACTS, limits=SOME).text)
    mended = guide(proposed)
    assert followed(mended) == followed(guide())
    assert mended.warnings == guide().warnings
    assert deep_problems(mended, FACTS, limits=SOME).diagnostics == ()


def test_what_does_not_vary_is_proposed_as_a_comment_that_can_be_uncommented(tmp_path):
    inference = infer_dependencies(guide(None), FACTS, limits=SOME)
    constant = [(format_path(p.target), p.expression) for p in inference.proposals if not p.varies]
    assert constant == [
        ("model.gcn_net[0].in_dim", "data.num_node_features"),
        ("model.classifier.output_dims[0]", "data.num_classes"),
    ]
    after = inference.text.partition("do not vary in the search space:\n")[2]
    assert list(read_text(after.replace("# ", "", 1).replace("\n# ", "\n")).items()) == constant


@pytest.mark.parametrize("sample", ["causal_sets", "digits"])
def test_a_sample_without_its_map_is_proposed_every_line_of_it(sample, tmp_path):
    folder = ROOT / "sample_configs" / sample
    for name in ("base_settings.yaml", "search_space.yaml", "tuning.yaml"):
        shutil.copy(folder / name, tmp_path)
    (tmp_path / "dependency_map.yaml").write_text("")
    text = infer_dependencies_of(tmp_path / "tuning.yaml", limits=SOME).text
    (tmp_path / "dependency_map.yaml").write_text(text)
    names = ("search_space.yaml", "dependency_map.yaml", "base_settings.yaml")
    with_ours, with_its_own = (
        followed(compile_files(*(place / name for name in names))) for place in (tmp_path, folder)
    )
    assert with_ours == with_its_own


def test_what_the_map_says_already_is_not_proposed_again():
    inference = infer_dependencies(guide(), limits=SOME)
    assert inference.proposals == ()
    assert "Nothing more follows" in inference.text
    assert read_text(inference.text) in (None, {})


def test_base_settings_alone_give_a_map_of_comments():
    inference = infer_dependencies(compile_files(None, None, GUIDE / "base_settings.yaml"))
    assert len(inference.proposals) == 6
    assert all(line.startswith("#") for line in inference.text.splitlines())


def test_the_same_space_and_seed_give_the_same_text():
    first, second = (infer_dependencies(guide(None), FACTS, seed=5, limits=SOME).text for _ in range(2))
    assert first == second


def test_numbers_that_are_equal_by_coincidence_are_not_proposed():
    base = """\
model:
  gcn_net:
    - {in_dim: 8, out_dim: 8, normalizer: identity, norm_args: [8], gnn_layer_kwargs: {heads: 8}}
    - {in_dim: 8, out_dim: 8}
  classifier: {input_dim: 8, hidden_dims: [8], output_dims: [8]}
"""
    space = "model: {gcn_net: [{out_dim: [8, 16]}, {}]}"
    targets = [format_path(p.target) for p in infer_dependencies(compiled(space, base)).proposals]
    assert targets == ["model.gcn_net[1].in_dim", "model.classifier.input_dim"]


def test_concatenated_heads_are_proposed_as_a_product_that_mends_the_space():
    space = "model: {gcn_net: [{out_dim: [16, 24], heads: [1, 2, 4], gnn_layer_type: [gat, sage]}, {}]}"
    inference = infer_dependencies(compiled(space, TWO_BLOCKS), FACTS)
    product = "model.gcn_net[0].out_dim * model.gcn_net[0].heads"
    [norm, in_dim] = [p.expression for p in inference.proposals if p.varies]
    assert norm == in_dim
    assert in_dim.startswith(f"{product} if model.gcn_net[0].gnn_layer_type == 'gat' else ")
    mended = compiled(space, TWO_BLOCKS, inference.text)
    assert deep_problems(mended, FACTS).diagnostics == ()


def test_a_normalizer_that_only_some_configs_have_is_followed_too():
    base = TWO_BLOCKS.replace("normalizer: batch_norm", "normalizer: identity")
    space = "model: {gcn_net: [{out_dim: [16, 24], normalizer: [identity, layer_norm]}, {}]}"
    targets = {format_path(p.target) for p in infer_dependencies(compiled(space, base)).proposals}
    assert "model.gcn_net[0].norm_args[0]" in targets


def test_base_settings_whose_dims_do_not_meet_are_told_and_not_proposed():
    base = TWO_BLOCKS.replace("in_dim: 32", "in_dim: 16")
    inference = infer_dependencies(compiled(None, base), FACTS)
    assert inference.left_out == (
        "model.gcn_net[1].in_dim is 16 in the base settings, but model.gcn_net[0] gives 32",
    )
    assert f"# {inference.left_out[0]}\n" in inference.text


def test_a_data_section_in_the_config_hides_the_facts_of_the_data_set():
    proposals = infer_dependencies(compiled(None, TWO_BLOCKS + "data: {num_classes: 2}"), FACTS).proposals
    assert not [p for p in proposals if p.expression.startswith("data.")]


def test_settings_that_have_no_model_are_told_so():
    with pytest.raises(UsageError, match="nothing to infer"):
        infer_dependencies(compiled(None, "training: {lr: 0.1}"))
