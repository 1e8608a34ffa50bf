"""The JSON Schemas of the parameter forms, as entries of ``$defs``.

They are of draft 7: editors' YAML servers have known it longest, and only its spelling of a list of given
items is completed by position. ``errorMessage`` and ``defaultSnippets`` are theirs; others ignore them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from qgtune.schema.parameter_forms import EXPRESSION, FORMS, Kind, ParameterForm, Schema, place, reference_to

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def condition_properties(kind: Kind) -> dict[str, Schema]:
    """Return ``when`` and ``otherwise``, which any form and any mapping may have."""
    return {"when": reference_to("when"), "otherwise": reference_to(f"{kind}_otherwise")}


CONDITION_RULE: Schema = {"dependencies": {"otherwise": ["when"]}}
"""``otherwise`` says nothing without ``when``."""


def form_definitions(kinds: Iterable[Kind]) -> dict[str, Schema]:
    """Return the entries of ``$defs`` for the forms of each kind: ``number_form``, ``number_float``, ..."""
    definitions: dict[str, Schema] = {
        "is_form": _is_form(),
        "when": {
            "description": "A condition on other values of the trial; where it is false, the key is absent.",
            **EXPRESSION,
            "examples": ["model.gcn_net[0].gnn_layer_type == 'gat'"],
        },
    }
    for kind in kinds:
        definitions[f"{kind}_otherwise"] = {
            "description": "What stands here where the condition of `when` is false.",
            "anyOf": [place(kind)],
        }
        definitions[f"{kind}_type"] = _type_property(form for form in FORMS if kind in form.kinds)
        fitting = [form for form in FORMS if kind in form.kinds]
        definitions[f"{kind}_form"] = dispatch(kind, {form.type: f"{kind}_{form.type}" for form in fitting})
        definitions |= {f"{kind}_{form.type}": form_schema(form, kind) for form in fitting}
    return definitions


def _type_property(forms: Iterable[ParameterForm]) -> Schema:
    """Return the schema of the key ``type``, with a line about each form."""
    fitting = list(forms)
    return {
        "description": "Makes this mapping a parameter, and says of which form.",
        "enum": [form.type for form in fitting],
        "enumDescriptions": [form.description for form in fitting],
    }


def _is_form() -> Schema:
    """Return the condition that a value is a mapping whose ``type`` is that of a form."""
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"description": "The type of a form.", "enum": [form.type for form in FORMS]}},
    }


def dispatch(kind: Kind, definitions: Mapping[str, str]) -> Schema:
    """Return the schema of a mapping that is one of the forms for a kind; its ``type`` alone decides which.

    Where no type is written yet an editor offers whole parameters.
    Branches by ``if`` rather than ``anyOf``: an editor then shows the problems of the form that is meant.

    Args:
        kind: the kind of the place.
        definitions: the definition of each form, by its type.
    """
    return {
        "title": "parameter",
        "type": "object",
        "required": ["type"],
        "properties": {"type": reference_to(f"{kind}_type")},
        "allOf": [
            {
                "if": {"required": ["type"], "properties": {"type": {"const": name}}},
                "then": reference_to(definition),
            }
            for name, definition in definitions.items()
        ]
        + [{"if": {"required": ["type"]}, "else": {"defaultSnippets": snippets(kind)}}],
    }


def snippets(kind: Kind) -> list[Schema]:
    """Return one whole parameter of each form that fits a kind, for an editor to offer."""
    return [
        {
            "label": form.type,
            "description": form.description,
            "body": {
                "type": form.type,
                **{field.name: field.examples(kind)[0] for field in form.fields if field.required},
            },
        }
        for form in FORMS
        if kind in form.kinds
    ]


def form_schema(form: ParameterForm, kind: Kind, **replaced: Schema) -> Schema:
    """Return the schema of one form at a place of a kind.

    Args:
        form: the form.
        kind: what the base settings hold there.
        replaced: schemas that stand for those of fields, by the fields' names.
    """
    properties: dict[str, Schema] = {"type": {"const": form.type, "description": form.description}}
    alternatives: list[Schema] = []
    exclusions: dict[str, Any] = {"otherwise": ["when"]}
    for field in form.fields:
        written = replaced.get(field.name) or field.schema(kind)
        schema = {"description": field.description, **_with_description(written)}
        # An editor shows an example that is a mapping only where it is a snippet.
        examples = field.examples(kind)
        if isinstance(examples[0], dict):
            schema["defaultSnippets"] = [{"label": f"{field.name}, such as", "body": examples[0]}]
        else:
            schema["examples"] = list(examples)
        properties[field.name] = schema
        if field.synonym:
            properties[field.synonym] = {
                **schema,
                "description": f"Another word for {field.name}. {field.description}",
                "doNotSuggest": True,
            }
            alternatives.append({"anyOf": [{"required": [field.name]}, {"required": [field.synonym]}]})
            exclusions[field.synonym] = {"properties": {field.name: False}}
    schema = {
        "title": f"{form.type} parameter",
        "description": form.description,
        "type": "object",
        "required": ["type", *(field.name for field in form.fields if field.required and not field.synonym)],
        "properties": {**properties, **condition_properties(kind)},
        "dependencies": exclusions,
        "additionalProperties": False,
    }
    return {**schema, "allOf": alternatives} if alternatives else schema


def _with_description(schema: Schema) -> Schema:
    # Draft 7 ignores what stands beside a $ref.
    return {"anyOf": [schema]} if "$ref" in schema else schema
