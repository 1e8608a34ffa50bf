"""schemas/ equals what the code exports."""

import json
import pathlib

import pytest

from qgtune.schema.export import schema_text, schemas

FOLDER = pathlib.Path(__file__).parent.parent / "schemas"


def test_the_folder_holds_exactly_what_the_code_exports():
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == {
        name: schema_text(schema) for name, schema in schemas().items()
    }, "run make schemas"


def described(schema, where=""):
    """Yield each property of a schema, with whether it says what it is."""
    for name, definition in schema.get("properties", {}).items():
        yield f"{where}{name}", "description" in definition
    for name, definition in schema.get("$defs", {}).items():
        yield from described(definition, f"{name}.")


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_every_field_says_what_it_is(path):
    assert [name for name, has in described(json.loads(path.read_text(encoding="utf-8"))) if not has] == []
