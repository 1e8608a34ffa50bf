"""The JSON Schema of a search space over any base settings, and parts of one that is made for some."""

from collections.abc import Iterable

from qgtune.schema.form_schemas import (
    CONDITION_RULE,
    DRAFT_7,
    condition_properties,
    form_definitions,
    snippets,
)
from qgtune.schema.identity import identity
from qgtune.schema.parameter_forms import EXPRESSION, PLAIN, Kind, Schema, place, reference_to

TOP_LEVEL: dict[str, Schema] = {
    "constraints": {
        "description": "Conditions that every config must meet; one that breaks any is never trained.",
        "type": ["array", "null"],
        "items": {**EXPRESSION, "description": "A condition on the values of a trial."},
        "examples": [["model.gcn_net[0].out_dim <= model.gcn_net[1].out_dim"]],
    },
    "extends": {
        "description": "Another search space, relative to this file, which this one overlays.",
        "type": "string",
        "minLength": 1,
        "examples": ["search_space.yaml"],
    },
}
"""The keys that only the top of a search space has."""


def search_space_schema() -> Schema:
    """Return the schema of a search space file, whatever the base settings are.

    Example:
        >>> search_space_schema()["title"]
        'A search space of qgtune'
    """
    return {
        "$schema": DRAFT_7,
        **identity("search-space"),
        "title": "A search space of qgtune",
        "description": "What varies: the structure of the base settings, with parameters in place of values. "
        "It may be sparse: what it does not mention stays as in the base settings.",
        "type": "object",
        "properties": TOP_LEVEL,
        "additionalProperties": place("any"),
        "$defs": definitions(["any"]),
    }


def definitions(kinds: Iterable[Kind]) -> dict[str, Schema]:
    """Return ``$defs`` for places of these kinds, with all that they refer to."""
    wanted = set(kinds)
    if wanted & {"list", "mapping"}:
        wanted.add("any")  # what stands in them
    ordered = sorted(wanted)
    return {**{kind: _place_definition(kind) for kind in ordered}, **form_definitions(ordered)}


_ONE = {"number": "a number", "text": "a text", "boolean": "true or false"}


def _place_definition(kind: Kind) -> Schema:
    form = reference_to(f"{kind}_form")
    if kind == "list":
        return {"anyOf": [{"type": "null"}, {"type": "array", "items": place("any")}, form]}
    if kind == "mapping":
        return mapping_or_form({}, place("any"))
    if kind == "any":
        anything = {
            "anyOf": [{"type": ["null", "boolean", "number", "string"]}, _list_of("any"), _open_mapping()]
        }
        return {"if": reference_to("is_form"), "then": form, "else": anything}
    plain = PLAIN[kind]
    rule = f"one value stands here: write {_ONE[kind]}, a list of choices, or a parameter such as "
    example = (
        "{type: float, low: 0.1, high: 0.5}" if kind == "number" else "{type: categorical, choices: [...]}"
    )
    choices = {"description": "Choices.", "type": "array", "items": plain, "minItems": 1}
    return {
        "anyOf": [{**plain, "errorMessage": rule + example, "defaultSnippets": snippets(kind)}, choices, form]
    }


def _list_of(kind: Kind) -> Schema:
    return {"type": "array", "items": place(kind)}


def _open_mapping() -> Schema:
    return {"type": "object", **plain_mapping({}, place("any"))}


def mapping_or_form(properties: dict[str, Schema], additional: Schema | bool, rule: str = "") -> Schema:
    """Return the schema of a place where the base settings hold a mapping.

    Args:
        properties: the schemas of its keys.
        additional: the schema of any other key; False if there may be none.
        rule: what an editor says about a key that may not be there.
    """
    mapping = plain_mapping(properties, additional, rule)
    mapping["properties"].setdefault("type", reference_to("mapping_type"))
    said = {"errorMessage": rule} if rule else {}
    branches = {"if": reference_to("is_form"), "then": reference_to("mapping_form"), "else": mapping}
    return {"type": ["object", "null"], **said, **branches}


def plain_mapping(properties: dict[str, Schema], additional: Schema | bool, rule: str = "") -> Schema:
    """Return what is asked of the keys of a mapping that is no form, but may have a condition."""
    conditions = condition_properties("any")
    return {
        "type": "object",
        "properties": {
            **properties,
            **{key: schema for key, schema in conditions.items() if key not in properties},
        },
        **CONDITION_RULE,
        "additionalProperties": additional,
        **({"errorMessage": rule} if rule else {}),
    }
