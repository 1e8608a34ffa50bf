"""schemas/ equals what the code exports; the files that users write are legal in it, and wrong ones are not."""

import json
import pathlib

import jsonschema
import pytest

from qgtune.compiler.building import forms
from qgtune.document import read_text
from qgtune.schema.export import schema_text, schemas
from qgtune.schema.for_settings import schema_for
from qgtune.schema.identity import SCHEMA_VERSION
from qgtune.schema.parameter_forms import FORMS

ROOT = pathlib.Path(__file__).parent.parent
FOLDER = ROOT / "schemas"
GOLDEN = ROOT / "tests" / "golden"
PROJECTS = [
    ROOT / "tests" / "guide",
    *sorted((ROOT / "sample_configs").iterdir()),
    *sorted(path.parent for path in (ROOT / "examples").glob("*/base_settings.yaml")),
]
SCHEMAS = schemas()
FILES = {
    "search_space.yaml": "search_space.schema.json",
    "dependency_map.yaml": "dependency_map.schema.json",
    "depmap.yaml": "dependency_map.schema.json",
    "tuning.yaml": "tuning.schema.json",
}


def data_of(path):
    """Return what a YAML file holds, as a JSON document has it."""
    return json.loads(json.dumps(read_text(path.read_text(encoding="utf-8"))))


def is_legal(schema, data):
    return jsonschema.validators.validator_for(schema)(schema).is_valid(data)


def test_the_folder_holds_exactly_what_the_code_exports():
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == {
        name: schema_text(schema) for name, schema in SCHEMAS.items()
    }, "run make schemas"


def properties_of(schema, root, where=""):
    """Yield each property that a schema defines at any depth, with its definition; conditions define none."""
    if isinstance(schema, list):
        for part in schema:
            yield from properties_of(part, root, where)
    elif isinstance(schema, dict):
        for key, part in schema.items():
            if key == "properties":
                for name, definition in part.items():
                    if isinstance(definition, dict):
                        target = definition.get("$ref", "").removeprefix("#/$defs/")
                        yield f"{where}.{name}", root["$defs"][target] if target else definition
                    yield from properties_of(definition, root, f"{where}.{name}")
            elif key not in ("if", "const", "enum", "examples", "default", "defaultSnippets", "mapping"):
                yield from properties_of(
                    part, root, where if key in ("then", "else", "allOf", "anyOf") else f"{where}/{key}"
                )


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_says_what_it_is(name):
    schema = SCHEMAS[name]
    assert [
        where for where, definition in properties_of(schema, schema) if not definition.get("description")
    ] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_of_its_draft_and_says_what_it_is_and_of_which_version(name):
    schema = SCHEMAS[name]
    jsonschema.validators.validator_for(schema, default=None).check_schema(schema)
    assert schema["$id"].startswith("urn:qgtune:")
    assert schema["$id"].endswith(f":{SCHEMA_VERSION}")
    assert schema["x-version"] == SCHEMA_VERSION
    assert schema["title"]
    assert schema["description"]


def test_every_field_of_a_form_has_an_example_that_is_legal_there():
    for kind in ("number", "text", "boolean", "list", "mapping", "any"):
        for form in FORMS:
            if kind in form.kinds:
                required = {field.name: field.examples(kind)[0] for field in form.fields if field.required}
                for field in form.fields:
                    for example in field.examples(kind):
                        written = {"type": form.type, **required, field.name: example}
                        assert is_legal(SCHEMAS["search_space.schema.json"], {"x": written}), written


def test_the_compiler_reads_the_fields_that_the_schemas_name():
    fields = {form.type: tuple(field.name for field in form.fields) for form in FORMS}
    assert {form: fields[form] for form in forms.FIELDS} == forms.FIELDS
    named = {field.synonym: field.name for form in FORMS for field in form.fields if field.synonym}
    assert named == forms.SYNONYMS


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_the_files_of_the_guide_the_samples_and_the_examples_are_legal(folder):
    base = data_of(folder / "base_settings.yaml")
    kinds = {"search_space.schema.json": "search-space", "dependency_map.schema.json": "dependency-map"}
    checked = 0
    for name, schema_name in FILES.items():
        if (folder / name).exists():
            data = data_of(folder / name)
            assert is_legal(SCHEMAS[schema_name], data), name
            assert schema_name not in kinds or is_legal(schema_for(base, kinds[schema_name]), data), name
            checked += 1
    assert checked >= 2


REFUSED = {
    ("search_space.yaml", "search_space.schema.json"): {"QG201", "QG203", "QG204", "QG205"},
    ("search_space.yaml", "search-space"): {"QG202", "QG203", "QG204", "QG205", "QG209", "QG212"},
    ("dependency_map.yaml", "dependency_map.schema.json"): {"QG303", "QG304"},
    ("dependency_map.yaml", "dependency-map"): {"QG302", "QG303", "QG304", "QG306"},
    ("tuning.yaml", "tuning.schema.json"): {"QG401", "QG402", "QG403"},
}
"""The golden cases that a schema alone can tell to be wrong; the others take a compiler."""


def schema_of(case, schema_name):
    """Return the schema for a file of a golden case; None where it takes base settings and there are none."""
    if schema_name in SCHEMAS:
        return SCHEMAS[schema_name]
    base = case / "base_settings.yaml"
    return schema_for(data_of(base), schema_name) if base.exists() else None


@pytest.mark.parametrize(("name", "schema_name"), REFUSED)
def test_golden_files_are_refused_where_their_shape_is_wrong_and_legal_where_nobody_blames_them(
    name, schema_name
):
    seen = set()
    for case in sorted(GOLDEN.iterdir()):
        code = case.name[:5]
        schema = schema_of(case, schema_name)
        if not (case / name).exists() or code.startswith("QG1") or schema is None:
            continue
        legal = is_legal(schema, data_of(case / name))
        blamed = f"{name}:" in (case / "expected.txt").read_text(encoding="utf-8")
        assert legal or blamed, case.name
        if code in REFUSED[name, schema_name]:
            assert not legal, case.name
            seen.add(code)
    assert seen == REFUSED[name, schema_name]
