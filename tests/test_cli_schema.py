"""``qgtune schema``: the schemas that editors read."""

import json
import pathlib

import pytest
from jsonschema import Draft7Validator

from qgtune import cli

ROOT = pathlib.Path(__file__).parent.parent
BASE = "model:\n  net:\n    - {in_dim: 4, out_dim: 8}\ntraining: {learning_rate: 0.1}\n"


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "base_settings.yaml"
    path.write_text(BASE)
    return path


def printed(capsys, *words):
    assert cli.main(["schema", *map(str, words)]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_schema_for_base_settings_knows_their_keys_and_values(base, capsys):
    schema = Draft7Validator(printed(capsys, "--for", base))
    assert schema.is_valid({"training": {"learning_rate": {"type": "float", "low": 0.1, "high": 1.0}}})
    assert not schema.is_valid({"training": {"learning_rat": 0.1}})


def test_the_schema_of_a_dependency_map_lists_the_legal_paths(base, capsys):
    schema = printed(capsys, "--for", base, "--kind", "dependency-map")
    Draft7Validator.check_schema(schema)
    assert "model.net[-1].out_dim" in json.dumps(schema)


@pytest.mark.parametrize("kind", ["search-space", "dependency-map", "tuning"])
def test_without_base_settings_it_is_the_one_that_is_kept_in_the_repository(kind, capsys):
    kept = ROOT / "schemas" / f"{kind.replace('-', '_')}.schema.json"
    assert printed(capsys, "--kind", kind) == json.loads(kept.read_text())


def test_it_is_written_to_a_file_over_what_was_there(base, capsys):
    for _ in range(2):
        assert cli.main(["schema", "--for", "base_settings.yaml", "-o", "space.json"]) == 0
        assert capsys.readouterr().out == "wrote space.json\n"
    assert json.loads(pathlib.Path("space.json").read_text()) == printed(capsys, "--for", base)


def test_base_settings_that_are_no_mapping_are_a_diagnostic(base, capsys):
    base.write_text("- 1\n")
    assert cli.main(["schema", "--for", str(base)]) == 1
    assert "base_settings.yaml:1:1: error[QG201]: base settings are a mapping" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--for", "base_settings.yaml", "-o", "base_settings.yaml"], 2, "-o names the base settings themselves"),
        (["--for", "base_settings.yaml", "--kind", "tuning"], 2, "leave out --for"),
        (["--kind", "search_space"], 2, "did you mean search-space?"),
        (["--for", "base_setings.yaml"], 1, "did you mean 'base_settings.yaml'?"),
        (["-o", "nowhere/schema.json"], 1, "nowhere/schema.json cannot be written: no such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_and_changes_nothing(words, code, said, base, capsys):
    assert cli.main(["schema", *words]) == code
    assert said in capsys.readouterr().err
    assert base.read_text() == BASE


def test_a_file_that_is_no_schema_of_ours_is_replaced_only_by_wish(base, capsys):
    space = pathlib.Path("search_space.yaml")
    for text in ("training:\n  learning_rate: [0.1, 0.2]\n", '{"$id": "https://example.org/schema"}\n', "[]"):
        space.write_text(text)
        assert cli.main(["schema", "-o", "search_space.yaml"]) == 1
        assert "search_space.yaml exists and is no schema of qgtune" in capsys.readouterr().err
        assert space.read_text() == text
    assert cli.main(["schema", "-o", "search_space.yaml", "--overwrite"]) == 0
    assert json.loads(space.read_text())["$id"].startswith("urn:qgtune:")
