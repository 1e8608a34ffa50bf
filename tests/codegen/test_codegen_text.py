"""The text of an exported script: exact, complete, and without anything that its config does not use."""

import ast
import builtins
import dataclasses
import os
import pathlib
import re

import pytest
from exported_configs import CLASSIFICATION, CLOSE, EXACT, REGRESSION, SEVERAL_TARGETS, write_data

from qgtune.cli import main
from qgtune.codegen import DataFacts, PygClass, SavedGraphs, ScriptContents, script_text
from qgtune.compiler.runnable import read_runnable
from qgtune.core.errors import DiagnosticError, QgtuneError
from qgtune.document import read_text
from qgtune.nn import LAYERS
from qgtune.schema.gnn import parse_config
from qgtune.script_export import export_script
from qgtune.training import METRICS, TASKS, Metric

EXPECTED = pathlib.Path(__file__).parent / "expected_script.txt"
FACTS = DataFacts(
    source=SavedGraphs("out_graphs.pt"),
    num_graphs=60,
    num_node_features=12,
    target_names=("manifold_like",),
    has_edge_weight=False,
    has_single_nodes=False,
    strata="first",
    has_small_classes=False,
    has_masks=False,
    has_unknown_labels=False,
)
KEYS = {"task", "data", "metric"}


def contents_of(text, metric="", **facts):
    """Return what a script is written from, of a config that may name its metric."""
    whole = read_text(text)
    config = parse_config({key: value for key, value in whole.items() if key not in KEYS}, task=whole["task"])
    metric = metric or whole.get("metric", "loss")
    data = dataclasses.replace(FACTS, **facts)
    return ScriptContents(
        config_name="best_config.yaml", task=whole["task"], config=config, metric=metric, data=data
    )


def test_the_script_of_a_small_config_is_exactly_this():
    """Accepted anew by QGTUNE_ACCEPT=1."""
    text = script_text(contents_of(CLASSIFICATION, metric="f1_weighted"))
    if os.environ.get("QGTUNE_ACCEPT"):
        EXPECTED.write_text(text, encoding="utf-8")
    assert text == EXPECTED.read_text(encoding="utf-8")


def variants():
    """Yield contents that together have all that a script can have."""
    for name, text in (EXACT | CLOSE).items():
        targets = {"target_names": ("a", 'b"c')} if text == SEVERAL_TARGETS else {}
        targets |= {"target_names": ("y0", "y1")} if name == "two_values" else {}
        values = {"strata": "values"} if "graph_regression" in text else {}
        masks = {"has_masks": True, "has_unknown_labels": True} if "masked" in name else {}
        metric = "roc_auc/a" if text == SEVERAL_TARGETS else ""
        # A target of that name is what its early stopping follows.
        changed = text.replace("roc_auc/dimension", "roc_auc/a")
        yield pytest.param(contents_of(changed, metric, **targets, **values, **masks), id=name)
    gpu = CLASSIFICATION.replace("seed: 3", "seed: 3, device: 'cuda:1', precision: fp16, clip_grad_norm: 1.0")
    yield pytest.param(contents_of(gpu, has_single_nodes=True, has_small_classes=True), id="gpu")
    two = REGRESSION.replace("output_dims: [1]", "output_dims: [1, 1]").replace(
        "seed: 5", "seed: 5, precision: bf16"
    )
    yield pytest.param(contents_of(two, strata="values", target_names=("a", "b")), id="two_more_values")
    odd = PygClass("FakeDataset", None, {"odd name": 1}, 3)
    yield pytest.param(contents_of(CLASSIFICATION, source=odd, strata="combined"), id="odd_argument")
    sharp = CLASSIFICATION.replace("normalizer: batch_norm", "dropout: 0.999999")
    yield pytest.param(contents_of(sharp), id="dropout_of_nearly_all")


@pytest.mark.parametrize("contents", [*variants()])
def test_a_script_has_nothing_that_it_does_not_use(contents):
    """It compiles, and each import, constant, function and class is used in it."""
    tree = ast.parse(script_text(contents))
    compile(tree, "script", "exec")
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    constants = {node.targets[0].id for node in tree.body if isinstance(node, ast.Assign)}
    nodes = list(ast.walk(tree))
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert imported | defined | constants <= read
    # And nothing is read that nobody has set.
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    known = imported | defined | constants | bound | arguments | set(dir(builtins))
    assert read <= known | {"__file__", "__name__"}


@pytest.mark.parametrize("contents", [*variants()])
def test_lines_of_a_script_fit_on_a_screen(contents):
    """No line is longer than 110 characters."""
    assert max(map(len, script_text(contents).splitlines())) <= 110


@pytest.fixture
def runnable(tmp_path):
    write_data(tmp_path)
    (tmp_path / "config.yaml").write_text(CLASSIFICATION, encoding="utf-8")
    return read_runnable(tmp_path / "config.yaml")


class Mine(LAYERS["sage"]):
    """A layer of a user's own."""


def test_a_layer_of_ones_own_is_refused_at_its_line(runnable, tmp_path, monkeypatch):
    """Nothing is written, and the layer's line is named, be it a new name or one that replaces qgtune's."""
    monkeypatch.setitem(LAYERS._entries, "sage", Mine)
    with pytest.raises(
        DiagnosticError, match=r"config\.yaml:3:48: error\[QG214\].*layer 'sage'.*one of your own"
    ):
        export_script(runnable, tmp_path / "out.py")
    assert not list(tmp_path.glob("out*"))


def test_a_task_or_a_metric_of_ones_own_is_refused(runnable, tmp_path, monkeypatch):
    """Their code is not qgtune's to write."""
    monkeypatch.setitem(TASKS._entries, "mine", TASKS["graph_classification"])
    monkeypatch.setitem(METRICS._entries, "own", Metric("maximize", max))
    for change, said in (
        ({"task": "mine"}, "mine is one of your own"),
        ({"metric": "own"}, "the metric 'own'"),
    ):
        with pytest.raises(DiagnosticError, match=said):
            export_script(dataclasses.replace(runnable, **change), tmp_path / "out.py")
    assert not list(tmp_path.glob("out*"))


def test_a_script_that_was_edited_is_not_overwritten_unasked(runnable, tmp_path):
    """Equal text is written again without a word; other text only where it is asked for."""
    script = tmp_path / "new" / "out.py"
    assert [path.name for path in export_script(runnable, script)] == ["out.py", "out_graphs.pt"]
    before = {path.name: path.read_bytes() for path in script.parent.iterdir()}
    export_script(runnable, script)
    assert {path.name: path.read_bytes() for path in script.parent.iterdir()} == before
    script.write_text("# mine\n", encoding="utf-8")
    with pytest.raises(QgtuneError, match="--overwrite"):
        export_script(runnable, script)
    assert script.read_text(encoding="utf-8") == "# mine\n"
    export_script(runnable, script, overwrite=True)
    assert script.read_bytes() == before["out.py"]


def test_graphs_that_are_not_those_of_the_script_are_not_overwritten_unasked(runnable, tmp_path):
    """Neither file is written where one of them is in the way."""
    script, graphs = tmp_path / "out.py", tmp_path / "out_graphs.pt"
    graphs.write_bytes(b"mine")
    with pytest.raises(QgtuneError, match=r"out_graphs\.pt exists, and is not what would be written"):
        export_script(runnable, script)
    assert graphs.read_bytes() == b"mine"
    assert not script.exists()
    export_script(runnable, script, overwrite=True)
    assert script.exists()
    assert graphs.read_bytes() != b"mine"


def test_a_place_that_cannot_be_written_is_told_before_the_data_are_loaded(runnable, tmp_path, monkeypatch):
    """A folder stands where the graphs would go."""
    loaded = []
    monkeypatch.setattr("qgtune.data.load_dataset", lambda *words, **_: loaded.append(words))
    (tmp_path / "out_graphs.pt").mkdir()
    with pytest.raises(QgtuneError, match=r"out_graphs\.pt: is a directory"):
        export_script(runnable, tmp_path / "out.py")
    assert loaded == []


def test_a_place_that_cannot_be_written_is_told(runnable, tmp_path):
    """A folder of that name is no script."""
    with pytest.raises(QgtuneError, match="is a directory"):
        export_script(runnable, tmp_path)


def test_the_command_writes_the_files_and_names_them(runnable, tmp_path, monkeypatch, capsys):
    """Relative paths, as they are typed."""
    monkeypatch.chdir(tmp_path)
    assert main(["export", "--script", "out.py", "config.yaml"]) == 0
    assert capsys.readouterr().out == "wrote out.py\nwrote out_graphs.pt\n"
    assert main(["export", "config.yaml"]) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("in_dim: 12", "in_dim: 11"), "config.yaml:3:16: error[QG214]"),
        (("learning_rate: 0.01", "optimizer: Adagrad, scheduler: OneCycleLR, scheduler_kwargs: {max_lr: 1.0}"), "OneCycleLR cannot be built"),
        (("split: 0.6", "split: 0.9"), "must not exceed 1"),
        (("num_graphs: 60", "num_graphs: 4"), "at least two classes"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_not_exported(change, said, tmp_path, monkeypatch, capsys):
    """The line is told, as by a training, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    text = CLASSIFICATION.replace("num_graphs: 40", "num_graphs: 60").replace(*change)
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert main(["export", "--script", "out.py", "config.yaml"]) == 1
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


def test_the_model_of_the_docs_is_what_is_written(tmp_path):
    """The page's config gives the page's class, to the letter."""
    page = (pathlib.Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    config, model = (
        re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)[1] for kind in ("yaml", "python fragment")
    )
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    export_script(read_runnable(tmp_path / "config.yaml"), tmp_path / "out.py")
    assert f"\n\n\n{model}\n\n" in (tmp_path / "out.py").read_text(encoding="utf-8")
