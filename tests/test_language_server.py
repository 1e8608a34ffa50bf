"""What an editor shows: a real YAML language server completes and checks with the schemas of qgtune."""

import json
import pathlib
import re
import shutil
import sys
from typing import get_args

import pytest
from language_server import LanguageServer

from qgtune.document import read_text
from qgtune.schema.export import schema_text
from qgtune.schema.for_settings import SchemaKind, schema_for
from qgtune.schema.parameter_forms import FORMS

ROOT = pathlib.Path(__file__).parent.parent
GUIDE = ROOT / "tests" / "guide"
PROGRAM = ROOT / ".node" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
COMMAND = ["node", str(PROGRAM), "--stdio"]

needs_the_server = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not PROGRAM.exists(), reason="yaml-language-server is not installed: make language-server"
    ),
]


def guide(name):
    return (GUIDE / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A language server that knows the schemas by the beginnings of file names."""
    folder = tmp_path_factory.mktemp("editor")
    base = read_text(guide("base_settings.yaml"))
    schemas = {}
    for kind, pattern in (("search-space", "space*.yaml"), ("dependency-map", "map*.yaml")):
        path = folder / f"{kind}.schema.json"
        path.write_text(schema_text(schema_for(base, kind)), encoding="utf-8")
        schemas[path.as_uri()] = pattern
    for path in sorted((ROOT / "schemas").iterdir()):
        shutil.copy(path, folder)
        schemas[(folder / path.name).as_uri()] = f"any_{path.name.partition('.')[0]}*.yaml"
    with LanguageServer(COMMAND, folder, schemas) as running:
        yield running


class TestServer:
    """With the real server."""

    pytestmark = needs_the_server

    def test_the_keys_of_the_base_settings_are_completed_with_their_values(self, server):
        offered = server.completions("space_keys.yaml", "training:\n  batch_size: [32, 64]\n  |")
        base = read_text(guide("base_settings.yaml"))["training"]
        assert base.keys() - offered.keys() == {"batch_size"}
        assert offered["learning_rate"]["documentation"] == "Base settings: 0.001"
        sections = server.completions("space_sections.yaml", "|")
        assert {"model", "training", "validation", "testing", "constraints", "extends"} == sections.keys()

    def test_the_keys_of_a_list_item_are_completed(self, server):
        offered = server.completions(
            "space_item.yaml", "model:\n  gcn_net:\n    - out_dim: [128, 256]\n      |"
        )
        assert {"in_dim", "dropout", "gnn_layer_kwargs", "when"} <= offered.keys()
        assert "learning_rate" not in offered

    @pytest.mark.parametrize("file", ["space", "any_search_space"])
    def test_the_types_of_the_forms_that_fit_a_number_are_completed(self, server, file):
        offered = server.completions(f"{file}_type.yaml", "training:\n  learning_rate:\n    type: |")
        kind = "number" if file == "space" else "any"
        assert offered.keys() == {form.type for form in FORMS if kind in form.kinds}

    def test_a_range_is_not_offered_where_the_base_settings_hold_a_text(self, server):
        offered = server.completions("space_text.yaml", "model:\n  pooling_layer:\n    type: |")
        assert offered.keys() == {form.type for form in FORMS if "text" in form.kinds}

    def test_the_fields_of_a_form_are_completed(self, server):
        offered = server.completions("space_form.yaml", "training:\n  learning_rate:\n    type: float\n    |")
        assert offered.keys() == {"low", "high", "step", "log", "when", "otherwise"}

    def test_a_whole_parameter_is_offered_as_a_value(self, server):
        offered = server.completions("space_value.yaml", "training:\n  learning_rate: |")
        assert offered["float"]["insertText"].split() == ["type:", "float", "low:", "0.0001", "high:", "0.1"]

    def test_reference_paths_are_completed(self, server):
        offered = server.completions("map_path.yaml", "model:\n  classifier:\n    input_dim: |")
        assert {"model.gcn_net[0].out_dim", "model.gcn_net[-1].out_dim", "training.seed"} <= offered.keys()
        assert {"data.num_node_features", "data.num_classes", "data.num_graphs"} <= offered.keys()
        assert "prev.out_dim" not in offered

    def test_within_a_list_the_neighbours_are_completed(self, server):
        offered = server.completions("map_item.yaml", "model:\n  gcn_net:\n    - {}\n    - in_dim: |")
        assert {"prev.out_dim", "next.in_dim", "model.gcn_net[0].out_dim"} <= offered.keys()

    def test_the_files_of_the_guide_have_no_problems(self, server):
        for name, file in {
            "space_guide.yaml": "search_space.yaml",
            "any_search_space_guide.yaml": "search_space.yaml",
            "map_guide.yaml": "depmap.yaml",
            "any_dependency_map_guide.yaml": "depmap.yaml",
            "any_tuning_guide.yaml": "tuning.yaml",
        }.items():
            assert server.problems(name, guide(file)) == [], name

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("space_1", "training:\n  batch_size: [32]\n  learnin_rate: 0.1\n", (3, "learnin_rate", "learning_rate")),
            ("space_2", "model:\n  gcn_net:\n    - {}\n    - out_dims: [8]\n", (4, "out_dims", "out_dim")),
            ("space_3", "training:\n  batch_size: [32]\n  learning_rate: fast\n", (3, "fast", "write a number")),
            ("space_4", "training:\n  split:\n    type: flaot\n    low: 0\n    high: 1\n", (3, "flaot", "float")),
            ("space_5", "training:\n  split:\n    type: float\n    low: 0\n    hihg: 1\n    high: 1\n", (5, "hihg", "hihg")),
            ("space_6", 'training:\n  split:\n    type: float\n    high: 1\n    low: "0.1"\n', (5, '"0.1"', "number")),
            ("map_1", "model:\n  classifier:\n    inputdim: model.name\n", (3, "inputdim", "input_dim")),
            ("map_2", "model:\n  classifier:\n    input_dim: 128\n", (3, "128", "a reference is a path")),
            ("map_3", "model:\n  gcn_net:\n    - in_dim: model..x\n", (3, "model..x", "a reference is a path")),
            ("any_search_space_1", "a:\n  b:\n    type: int\n    low: 1\n    high: 2\n    setp: 1\n", (6, "setp", "setp")),
            ("any_dependency_map_1", "a:\n  b: c.d\n  e: c..d\n", (3, "c..d", "a reference is a path")),
            ("any_tuning_1", "n_trials: 20\nn_trails: 30\n", (2, "n_trails", "n_trails")),
            ("any_tuning_2", "n_trials: 20\ndirection: up\n", (2, "up", "minimize")),
        ],
    )  # fmt: skip
    def test_a_mistake_is_shown_at_its_own_words(self, server, name, text, expected):
        [(line, words, message)] = server.problems(f"{name}.yaml", text)
        assert (line, words) == expected[:2]
        assert expected[2] in message

    def test_the_keys_of_a_tuning_file_are_completed(self, server):
        offered = server.completions("any_tuning_keys.yaml", "study_name: a\n|")
        assert {
            "base_settings_path",
            "search_space_file",
            "n_trials",
            "direction",
            "storage",
        } <= offered.keys()
        assert "study_name" not in offered
        assert "better" in json.dumps(offered["direction"]["documentation"])

    @pytest.mark.parametrize("line", ["yaml-language-server: $schema=", "$schema: "])
    def test_a_line_at_the_top_of_a_file_names_its_schema(self, server, line):
        text = f"# {line}search-space.schema.json\ntraining:\n  learnin_rate: 0.1\n"
        [(found_line, words, _)] = server.problems(f"named{len(line)}.yaml", text)
        assert (found_line, words) == (3, "learnin_rate")

    def test_the_settings_that_the_docs_show_give_each_file_its_schema(self, tmp_path):
        make_schemas_of_the_docs(tmp_path)
        settings = json.loads(blocks("yaml fragment")[1])
        with LanguageServer(COMMAND, tmp_path, settings["yaml.schemas"]) as running:
            for name in ("search_space.yaml", "dependency_map.yaml", "depmap.yaml", "tuning.yaml"):
                [(line, words, _)] = running.problems(name, "unknown_key: 1\n")
                assert (line, words) == (1, "unknown_key"), name

    def test_the_line_that_the_docs_show_gives_a_file_its_schema(self, tmp_path):
        make_schemas_of_the_docs(tmp_path)
        text = blocks("yaml fragment")[0]
        with LanguageServer(COMMAND, tmp_path) as running:
            assert running.problems("mine.yaml", text) == []
            [(line, words, _)] = running.problems("wrong.yaml", text.replace("out_dim", "out_dims"))
            assert (text.splitlines()[line - 1].strip(" -").partition(":")[0], words) == (
                "out_dim",
                "out_dims",
            )


def blocks(language):
    """Return the code blocks of docs/editors.md in one language."""
    text = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def make_schemas_of_the_docs(folder):
    """Make the schemas that the docs' commands make from the guide's base settings, and copy the third."""
    shutil.copy(ROOT / "schemas" / "tuning.schema.json", folder)
    [commands] = blocks("console")
    for command in (line for line in commands.splitlines() if line.startswith("$ ")):
        match = re.fullmatch(r"\$ qgtune schema --for base_settings\.yaml( --kind (\S+))? -o (\S+)", command)
        kind = match[2] or "search-space"
        assert kind in get_args(SchemaKind)
        schema = schema_for(read_text(guide("base_settings.yaml")), kind)
        (folder / match[3]).write_text(schema_text(schema), encoding="utf-8")


def test_a_server_that_ends_early_fails_the_test(tmp_path):
    with pytest.raises(EOFError), LanguageServer([sys.executable, "-c", ""], tmp_path):
        pass


def test_a_server_that_says_nothing_fails_the_test_and_is_ended(tmp_path):
    silent = LanguageServer([sys.executable, "-c", "import sys; sys.stdin.read()"], tmp_path, timeout=0.1)
    with pytest.raises(TimeoutError), silent:
        pass
    assert silent._process.poll() is not None


def test_ci_installs_the_server_that_the_makefile_pins():
    assert re.search(
        r"^LANGUAGE_SERVER := yaml-language-server@\d+\.\d+\.\d+$",
        (ROOT / "Makefile").read_text(),
        re.MULTILINE,
    )
    assert "make language-server" in (ROOT / ".ci" / "run").read_text()
