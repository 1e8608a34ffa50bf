"""Whatever the README and the docs say is so."""

import pathlib
import re
import subprocess
import sys

import pytest
import yaml
from own_projects import environment

from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.compiler.prepare import prepare
from qgtune.document import Source
from qgtune.schema.data import DATA_SETTINGS
from qgtune.schema.graph_classification import METRICS
from qgtune.schema.tuning import TuningSettings, key_spellings

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands():
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.removeprefix("$ ").split("#")[0].strip() for line in lines if line.startswith("$ ")]


def test_every_command_of_the_readme_is_known_to_a_test():
    assert commands() == [
        "make demo",  # runs what the last of these is, see test_samples
        "make test",  # runs this
        "python -m qgtune check sample_configs/causal_sets/tuning.yaml",
        "python -m qgtune sample_configs/causal_sets/tuning.yaml",  # test_samples runs it on less data
    ]


def test_the_check_command_of_the_readme_works_as_written():
    command = commands()[2].replace("python", sys.executable, 1).split()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sample_configs/causal_sets/tuning.yaml: 13 parameters\n")


def write_the_readmes_files(folder):
    base, space, dependencies, tuning = blocks("yaml")
    for name, text in (
        ("base_settings", base),
        ("search_space", space),
        ("dependency_map", dependencies),
        ("tuning", tuning),
    ):
        (folder / f"{name}.yaml").write_text(text)


def test_the_readmes_script_runs_on_the_readmes_files(tmp_path):
    write_the_readmes_files(tmp_path)
    (tmp_path / "script.py").write_text(blocks("python")[0] + "print(len(study.trials))\n")
    done = subprocess.run(
        [sys.executable, "script.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(),
    )
    assert (done.returncode, done.stdout) == (0, "10\n"), done.stderr


def test_the_readmes_excerpts_are_of_the_sample():
    sample = ROOT / "sample_configs" / "causal_sets"

    def check(excerpt, whole):
        if isinstance(excerpt, dict):
            for key, value in excerpt.items():
                check(value, whole[key])
        elif isinstance(excerpt, list) and excerpt and isinstance(excerpt[0], dict):
            for part, item in zip(excerpt, whole, strict=True):
                check(part, item)
        else:
            assert excerpt == whole

    for text, name in zip(
        blocks("yaml")[:3], ("base_settings", "search_space", "dependency_map"), strict=True
    ):
        check(yaml.safe_load(text), yaml.safe_load((sample / f"{name}.yaml").read_text()))


def test_the_diagnostic_of_the_readme_is_the_real_one():
    [shown] = [block for block in blocks("text") if "QG301" in block]
    assert shown.strip() in (ROOT / "tests/golden/QG301-path-to-nothing/expected.txt").read_text()


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_every_link_leads_to_a_file(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target


def test_the_page_on_tuning_files_names_every_key_metric_and_data_set():
    page = (ROOT / "docs/tuning.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_0-9]+)`", page))
    for field in TuningSettings.model_fields:
        assert named & set(key_spellings(field)), field
    assert set(METRICS) <= named
    assert set(DATA_SETTINGS) <= named


def test_the_tables_of_the_language_page_are_true(tmp_path, monkeypatch):
    page = (ROOT / "docs/language.md").read_text(encoding="utf-8")
    dependencies = blocks("yaml", page)[0]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(
        "model: {gcn_net: [{in_dim: 1, out_dim: 2, norm_args: [2]}, {in_dim: 2, out_dim: 3}], classifier: {input_dim: 3}}\n"
    )
    (tmp_path / "space.yaml").write_text("model: {gcn_net: [{out_dim: [4, 5]}, {out_dim: [6, 7]}]}\n")
    (tmp_path / "map.yaml").write_text(dependencies)
    (tmp_path / "o.py").write_text("def f(trial, config): return 1\n")
    (tmp_path / "tuning.yaml").write_text(
        "base_settings_path: base.yaml\nsearch_space_path: space.yaml\ndepmap_file: map.yaml\nobjective: o.py:f\n"
    )
    plan = prepare(tmp_path / "tuning.yaml").compilation.plan
    config = plan.config_of({"model.gcn_net.0.out_dim": 5, "model.gcn_net.1.out_dim": 7})
    assert config["model"] == {
        "gcn_net": [{"in_dim": 1, "out_dim": 5, "norm_args": [5]}, {"in_dim": 5, "out_dim": 7}],
        "classifier": {"input_dim": 7},
    }


def test_the_computed_references_of_the_language_page_have_the_values_that_it_says(tmp_path):
    page = (ROOT / "docs/language.md").read_text(encoding="utf-8")
    layer = "{in_dim: 1, out_dim: 2, heads: 3, norm_args: [0]}"
    base = f"model: {{gcn_net: [{layer}, {layer}], pooling: jump, classifier: {{input_dim: 1}}}}\n"
    space = "model: {gcn_net: [{out_dim: [4, 9]}, {heads: [1, 2]}]}\n"
    texts = (space, base, blocks("yaml", page)[1])
    sources = SpaceSources(*(Source(name, text) for name, text in zip("sbd", texts, strict=True)))
    plan = compile_space(sources, frozenset(), facts={("data", "num_node_features"): 12}).plan
    config = plan.config_of({"model.gcn_net.0.out_dim": 9, "model.gcn_net.1.heads": 2})["model"]
    assert config["gcn_net"] == [
        {"in_dim": 12, "out_dim": 9, "heads": 3, "norm_args": [27]},
        {"in_dim": 27, "out_dim": 2, "heads": 2, "norm_args": [4]},
    ]
    assert config["classifier"] == {"input_dim": 9}
