"""``qgtune explain``: what a code means, and who sets a value."""

import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from own_projects import environment, write_project

from qgtune import cli
from qgtune.compiler.linking.link import Outside
from qgtune.compiler.pipeline import SpaceSources, compile_space
from qgtune.document import Source
from qgtune.insight.explain import explain_path

ROOT = pathlib.Path(__file__).parent.parent
PAGE = (ROOT / "docs/diagnostics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", ["QG301", "qg301", "301"])
def test_a_code_is_explained_by_its_section_of_the_docs(word, capsys):
    assert cli.main(["explain", word]) == 0
    said = capsys.readouterr().out
    assert said.startswith("QG301\n\nA reference to a path where nothing stands.")
    assert said.removeprefix("QG301\n\n").strip() in PAGE
    assert "QG302" not in said


def test_every_section_of_the_docs_can_be_explained_and_is_listed(capsys):
    codes = re.findall(r"^### (QG\d{3})", PAGE, re.MULTILINE)
    assert cli.main(["explain"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == codes
    assert all(len(line.split()) > 2 for line in listed)
    for code in codes:
        assert cli.main(["explain", code]) == 0
        text = capsys.readouterr().out
        assert text.split()[0] == code
        assert text.count("\n") > 1


@pytest.mark.parametrize("word", ["QG399", "qg3o1", "9999"])
def test_an_unknown_code_is_answered_with_a_known_one_or_the_list(word, capsys):
    assert cli.main(["explain", word]) == 2
    assert re.search(r"did you mean 'QG\d{3}'|qgtune explain lists all", capsys.readouterr().err)


def test_codes_are_explained_from_a_wheel_that_was_built_from_a_source_distribution(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(ROOT / "qgtune", source / "qgtune", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "docs/diagnostics.md"):
        (source / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    pytest.importorskip(
        "setuptools", minversion="77", reason="building needs setuptools, which pip fetches itself"
    )
    script = (
        "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"
    )

    def build(what, folder):
        command = [sys.executable, "-c", script, what, str(tmp_path)]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)

    build("build_sdist", source)
    [archive] = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path, filter="data")
    build("build_wheel", tmp_path / archive.name.removesuffix(".tar.gz"))
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        assert packed.read("qgtune/diagnostics.md").decode() == PAGE
        packed.extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-m", "qgtune", "explain", "QG301"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": str(tmp_path / "installed")},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("QG301\n\nA reference to a path")


BASE = """\
model:
  net:
    - {in_dim: 12, out_dim: 32, heads: 1}
    - {in_dim: 32, out_dim: 32, heads: 1}
  classifier: {input_dim: 32, hidden: [8]}
  copy: {in_dim: 0, out_dim: 0, heads: 0}
training: {lr: 0.1}
"""
SPACE = """\
model:
  net:
    - out_dim: [32, 64]
    - in_dim: 64
      heads: {type: int, low: 1, high: 4}
training:
  lr: {type: float, low: 0.001, high: 1.0, log: true}
"""
MAP = """\
"model.net[0].in_dim": data.num_node_features
"model.net[1].in_dim": model.net[0].out_dim
"model.classifier.input_dim": model.net[-1].in_dim * model.net[-1].heads
"model.copy": model.net[0]
"""


def explained(path):
    sources = SpaceSources(Source("space.yaml", SPACE), Source("base.yaml", BASE), Source("map.yaml", MAP))
    compilation = compile_space(sources, outside=Outside(facts={("data", "num_node_features"): 12}))
    return str(explain_path(compilation, path))


def test_a_parameter_tells_its_domain_where_it_is_written_and_all_that_follows_it():
    assert explained(("model", "net", 0, "out_dim")) == (
        "model.net[0].out_dim is tuned: one of 32, 64\n"
        "  set by the search space, space.yaml:3:16\n"
        "  overrules the base settings: 32, base.yaml:3:29\n"
        "followed by\n"
        "  model.net[1].in_dim, map.yaml:2:24\n"
        "    model.classifier.input_dim, map.yaml:3:31\n"
        "  model.copy, map.yaml:4:15"
    )


def test_a_follower_tells_the_whole_chain_down_to_the_parameters():
    assert explained(("model", "classifier", "input_dim")) == (
        "model.classifier.input_dim follows model.net[-1].in_dim * model.net[-1].heads\n"
        "  set by the dependency map, map.yaml:3:31\n"
        "  overrules the base settings: 32, base.yaml:5:27\n"
        "  model.net[1].in_dim follows model.net[0].out_dim\n"
        "    set by the dependency map, map.yaml:2:24\n"
        "    overrules the search space: 64, space.yaml:4:15\n"
        "    overrules the base settings: 32, base.yaml:4:16\n"
        "    model.net[0].out_dim is tuned: one of 32, 64\n"
        "      set by the search space, space.yaml:3:16\n"
        "      overrules the base settings: 32, base.yaml:3:29\n"
        "  model.net[1].heads is tuned: int from 1 to 4\n"
        "    set by the search space, space.yaml:5:14\n"
        "    overrules the base settings: 1, base.yaml:4:40\n"
        "followed by nothing"
    )


def test_a_constant_tells_its_file():
    assert explained(("model", "classifier", "hidden", -1)) == (
        "model.classifier.hidden[0] is 8\n  set by the base settings, base.yaml:5:40\nfollowed by nothing"
    )


def test_a_fact_of_the_data_set_is_told_with_its_value():
    assert "data.num_node_features is 12, a fact of the data set" in explained(("model", "net", 0, "in_dim"))


def test_a_value_in_a_copied_mapping_is_explained_where_it_comes_from():
    assert explained(("model", "copy", "out_dim")) == explained(("model", "net", 0, "out_dim"))


def test_a_very_long_chain_says_that_it_goes_on():
    base = "".join(f"a{i}: 1\n" for i in range(80))
    lines = "".join(f"a{i}: a{i - 1}\n" for i in range(1, 80))
    sources = SpaceSources(Source("s", "a0: [1, 2]\n"), Source("b", base), Source("m", lines))
    compilation = compile_space(sources)
    for name in ("a0", "a79"):
        assert str(explain_path(compilation, (name,))).count("... and on") == 1
    assert "... and on" not in str(explain_path(compilation, ("a40",)))


def test_values_that_are_reached_on_many_ways_are_told_once():
    count = 60
    base = "".join(f"a{i}: 1\nb{i}: 1\n" for i in range(count))
    lines = "".join(f"a{i}: a{i - 1} + b{i - 1}\nb{i}: abs(a{i - 1} - b{i - 1})\n" for i in range(1, count))
    sources = SpaceSources(Source("s", "a0: [1, 2]\n"), Source("b", base), Source("m", lines))
    compilation = compile_space(sources)
    for name in ("a0", f"a{count - 1}"):
        text = str(explain_path(compilation, (name,)))
        assert text.count("\n") < 12 * count


def test_a_mapping_lists_what_stands_in_it():
    assert explained(("model", "classifier")).splitlines()[2:4] == [
        "  input_dim  follows model.net[-1].in_dim * model.net[-1].heads",
        "  hidden     is a list of 1 value",
    ]


@pytest.mark.parametrize(
    "words", [["training.warmup", "tuning.yaml"], ["tuning.yaml", "training.warmup"], ["training.warmup"]]
)
def test_path_and_tuning_file_come_in_either_order_and_the_file_has_a_default(
    words, tmp_path, monkeypatch, capsys
):
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["explain", *words]) == 0
    assert capsys.readouterr().out == (
        "training.warmup follows training.learning_rate\n"
        "  set by the dependency map, dependency_map.yaml:2:11\n"
        "  overrules the base settings: 0.1, base_settings.yaml:5:11\n"
        "  training.learning_rate is tuned: float from 0.001 to 1.0, log\n"
        "    set by the search space, search_space.yaml:2:18\n"
        "    overrules the base settings: 0.1, base_settings.yaml:3:18\n"
        "followed by nothing\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["training.warmpu"], "there is no training.warmpu; did you mean 'training.warmup'?"),
        (["warmup"], "there is no warmup; did you mean 'training.warmup'?"),
        (["training..warmup"], "'training..warmup' is not a path"),
        (["a.b", "c.d"], "write: qgtune explain PATH TUNING.yaml"),
        (["model.dims[7]"], "there is no model.dims[7]; model.dims has 2 items"),
    ],
)
def test_a_path_to_nothing_is_answered_with_the_nearest(words, said, tmp_path, monkeypatch, capsys):
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["explain", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_path_without_any_tuning_file_says_how_to_name_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["explain", "training.lr"]) == 2
    assert "write: qgtune explain training.lr TUNING.yaml" in capsys.readouterr().err


def test_several_codes_are_each_told_once(capsys):
    assert cli.main(["explain", "QG301", "302", "qg301"]) == 0
    said = capsys.readouterr().out
    assert (said.count("QG301\n"), said.count("QG302\n")) == (1, 1)
