"""The maps that are proposed, and the misfits that are found, for the models of every task."""

import pytest
from deep_spaces import compiled

from qgtune.compiler.data_facts import DataFacts
from qgtune.training.model_facts import count_parameters
from qgtune.training.proofs.deep_check import deep_problems
from qgtune.training.proofs.dependency_inference import infer_dependencies

BASE = """\
model:
  {blocks}:
    - {{in_dim: 12, out_dim: 8, gnn_layer_type: gat, heads: 2}}
  {middle}
  {head}: {{input_dim: {width}, output_dims: [1]}}
"""
SPACE = """\
model:
  {blocks}:
    - {{out_dim: [8, 16], heads: [2, 3]}}
"""
NET = "graph_features_net: {input_dim: 3, output_dim: 4}"


@pytest.mark.parametrize(
    ("task", "names", "middle", "width", "formula"),
    [
        (
            "graph_classification",
            ("gcn_net", "classifier"),
            "pooling_layer: [mean, max, sum]",
            48,
            "model.gcn_net[-1].out_dim * model.gcn_net[-1].heads * 3",
        ),
        (
            "graph_regression",
            ("encoder", "head"),
            NET,
            20,
            "model.encoder[-1].out_dim * model.encoder[-1].heads + model.graph_features_net.output_dim",
        ),
        (
            "graph_regression",
            ("encoder", "classifier"),
            f"{NET}\n  pooling_layer: [mean, max]",
            36,
            "model.encoder[-1].out_dim * model.encoder[-1].heads * 2 + model.graph_features_net.output_dim",
        ),
        (
            "node_classification",
            ("gcn_net", "head"),
            "name: nodes",
            16,
            "model.gcn_net[-1].out_dim * model.gcn_net[-1].heads",
        ),
    ],
)
def test_the_head_follows_the_last_block_its_poolings_and_what_stands_beside(
    task, names, middle, width, formula
):
    blocks, head = names
    base = BASE.format(blocks=blocks, head=head, middle=middle, width=width)
    space = SPACE.format(blocks=blocks)
    facts = DataFacts(num_node_features=12, num_graph_features=3)
    inference = infer_dependencies(compiled(space, base), facts, task=task)
    assert [p.expression for p in inference.proposals if p.varies] == [formula]
    assert inference.left_out == ()
    [misfit] = deep_problems(compiled(space, base), facts, task=task).diagnostics
    assert f'"model.{head}.input_dim": "{formula}"' in misfit.hint
    mended = compiled(space, base, inference.text)
    assert deep_problems(mended, facts, task=task).diagnostics == ()


def test_the_number_of_poolings_may_vary():
    base = BASE.format(blocks="gcn_net", head="head", middle="pooling_layer: [mean]", width=16)
    space = SPACE.format(blocks="gcn_net") + "  pooling_layer: [[mean], [mean, max]]\n"
    inference = infer_dependencies(compiled(space, base))
    assert [p.expression for p in inference.proposals] == [
        "model.gcn_net[-1].out_dim * model.gcn_net[-1].heads * len(model.pooling_layer)"
    ]
    assert deep_problems(compiled(space, base, inference.text)).diagnostics == ()


def test_a_network_of_graph_features_must_take_those_of_the_data():
    base = BASE.format(blocks="gcn_net", head="head", middle=NET, width=20)
    [misfit] = deep_problems(
        compiled(None, base), DataFacts(num_graph_features=5), task="graph_regression"
    ).diagnostics
    assert misfit.message == "model.graph_features_net.input_dim is 3, but data.num_graph_features is 5"
    assert '"data.num_graph_features"' in misfit.hint


@pytest.mark.parametrize(
    ("task", "more", "width", "params"),
    [
        ("graph_classification", {}, 8, 3 * 8 + 8 + 3 * 8 + 8 + 1),
        ("node_classification", {}, 8, 3 * 8 + 8 + 3 * 8 + 8 + 1),
        (
            "graph_regression",
            {"graph_features_net": {"input_dim": 2, "output_dim": 4}},
            12,
            3 * 8 + 8 + 3 * 8 + (2 * 4 + 4) + 12 + 1,
        ),
    ],
)
def test_the_parameters_of_each_tasks_model_are_counted(task, more, width, params):
    block = {"in_dim": 3, "out_dim": 8, "gnn_layer_type": "gcn"}
    model = {"encoder": [block], **more, "head": {"input_dim": width, "output_dims": [1]}}
    assert count_parameters({"model": model}, task) == params
