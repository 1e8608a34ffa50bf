"""JSON Schemas made from a user's own base settings: an editor completes and checks their keys and paths."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import ROOT, Path, format_path
from qgtune.core.wording import count
from qgtune.schema.dependency_map import DATA_FACTS, ONE_LINE_PATH, REFERENCE, dependency_map_schema
from qgtune.schema.form_schemas import DRAFT_7, dispatch, form_schema
from qgtune.schema.identity import SCHEMA_VERSION
from qgtune.schema.parameter_forms import FORMS, Kind, Schema, place, reference_to
from qgtune.schema.search_space import (
    TOP_LEVEL,
    definitions,
    mapping_or_form,
    plain_mapping,
    search_space_schema,
)

SchemaKind = Literal["search-space", "dependency-map"]

MAX_SHOWN = 60
"""Characters of a base value that a description shows at most."""

MAX_KEYS_SHOWN = 12
"""Keys that a message lists at most."""

_NOTHING: Schema = {
    "description": "Nothing follows here.",
    "type": ["null", "object"],
    "maxProperties": 0,
    "errorMessage": REFERENCE["errorMessage"],
}
_POINTER_SAFE = re.compile(r"[\w-]+\Z", re.ASCII)


def schema_for(data: Mapping[str, Any], kind: SchemaKind = "search-space") -> Schema:
    """Return a JSON Schema (draft 7) of the search spaces, or dependency maps, over some base settings.

    A search space has the same structure, every key is optional, and each value may be replaced by one of
    its kind or by a parameter of a form that fits it. A dependency map has references in place of values; the
    legal paths are listed, so that an editor completes them. Keys that the base settings do not have are
    refused.

    The size grows with that of the base settings; the forms are there once.

    Args:
        data: the base settings as plain data.
        kind: what the schema is for: ``search-space`` or ``dependency-map``.

    Raises:
        ConfigValueError: if the base settings are not a mapping.

    Example:
        >>> schema = schema_for({"training": {"learning_rate": 0.001}})
        >>> schema["properties"]["training"]["else"]["properties"]["learning_rate"]["description"]
        'Base settings: 0.001'
    """
    if not isinstance(data, Mapping):
        raise ConfigValueError(ROOT, f"base settings are a mapping of sections, not {_shown(data)}")
    return _SpaceSchema().of(data) if kind == "search-space" else _MapSchema().of(data)


class _SpaceSchema:
    def __init__(self) -> None:
        self.kinds: set[Kind] = set()
        self.own: dict[str, Schema] = {}

    def of(self, data: Mapping[str, Any]) -> Schema:
        """Return the schema of a whole search space."""
        sections = {str(key): self._place(value) for key, value in data.items()}
        root = plain_mapping({}, additional=False, rule=_rule(data))
        general = search_space_schema()
        return {
            "$schema": DRAFT_7,
            "x-version": SCHEMA_VERSION,
            "title": "A search space over these base settings",
            "description": general["description"],
            "type": "object",
            **root,
            "properties": {
                **sections,
                **{key: part for key, part in TOP_LEVEL.items() if key not in sections},
            },
            "$defs": {**self.own, **definitions(self.kinds)},
        }

    def _place(self, value: Any) -> Schema:
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list):
            return self._list(value)
        return {"description": f"Base settings: {_shown(value)}", "anyOf": [self._use(_kind(value))]}

    def _use(self, kind: Kind) -> Schema:
        self.kinds.add(kind)
        return place(kind)

    def _mapping(self, value: Mapping[str, Any]) -> Schema:
        self._use("mapping")
        properties = {str(key): self._place(item) for key, item in value.items()}
        described = {
            "description": f"Base settings: a mapping of {_names(value)}" if value else "Base settings: {}"
        }
        if not value:
            return {**described, **mapping_or_form({}, place("any"))}
        return {**described, **mapping_or_form(properties, additional=False, rule=_rule(value))}

    def _list(self, value: list[Any]) -> Schema:
        self._use("list")
        described = {"description": f"Base settings: {_shown(value)}"}
        if any(isinstance(item, Mapping) for item in value):
            return {**described, **self._list_by_position(value)}
        kinds = {_kind(item) for item in value}
        items = {"type": "array", "items": self._use(kinds.pop() if len(kinds) == 1 else "any")}
        among_lists = {"type": "array", "items": {"type": "array"}, "minItems": 1}
        return {**described, "anyOf": [{"type": "null"}, items, among_lists, reference_to("list_form")]}

    def _list_by_position(self, value: list[Any]) -> Schema:
        names = [self._define("item", self._place(item)) for item in value]
        every = self._define("every_item", self._any_of_the_items(value, names))
        repeat = next(form for form in FORMS if form.type == "repeat")
        shared = dict.fromkeys(("item", "first", "last"), reference_to(every))
        own_repeat = self._define("repeat", form_schema(repeat, "list", **shared))
        types = (form.type for form in FORMS if "list" in form.kinds)
        by_type = {name: own_repeat if name == "repeat" else f"list_{name}" for name in types}
        by_position = {
            "type": "array",
            "items": [reference_to(name) for name in names],
            "additionalItems": reference_to(every),
        }
        return {"anyOf": [{"type": "null"}, by_position, dispatch("list", by_type)]}

    def _any_of_the_items(self, value: list[Any], names: list[str]) -> Schema:
        """Return the schema of an item that may have the keys of any of them."""
        properties: dict[str, Schema] = {}
        for item, name in zip(value, names, strict=True):
            for key in item if isinstance(item, Mapping) else ():
                # By reference: copies within copies would grow with every level of lists.
                pointer = f"{name}/else/properties/{key}"
                schema = reference_to(pointer) if _POINTER_SAFE.match(str(key)) else self._use("any")
                properties.setdefault(
                    str(key), {"description": "As in the base settings.", "anyOf": [schema]}
                )
        return mapping_or_form(properties, additional=False, rule=_rule(properties))

    def _define(self, what: str, schema: Schema) -> str:
        name = f"{what}_{len(self.own)}"
        self.own[name] = schema
        return name


class _MapSchema:
    def __init__(self) -> None:
        self.own: dict[str, Schema] = {}

    def of(self, data: Mapping[str, Any]) -> Schema:
        """Return the schema of a whole dependency map."""
        general = dependency_map_schema()
        paths = {
            "description": "A value of the config that this one can follow.",
            "enum": list(dict.fromkeys(_reference_paths(data))),
        }
        facts = {
            "description": "A fact of the task's data set.",
            "enum": list(DATA_FACTS),
            "enumDescriptions": list(DATA_FACTS.values()),
        }
        reference = {
            "description": REFERENCE["description"],
            "anyOf": [reference_to("free_reference"), *([paths] if paths["enum"] else []), facts],
        }
        free = {key: part for key, part in REFERENCE.items() if key != "examples"}
        sections = {str(key): self._place(value, "reference") for key, value in data.items()}
        return {
            "$schema": DRAFT_7,
            "x-version": SCHEMA_VERSION,
            "title": "A dependency map over these base settings",
            "description": general["description"],
            "type": "object",
            "properties": sections,
            "patternProperties": {ONE_LINE_PATH: reference_to("followers")},
            "additionalProperties": False,
            "errorMessage": _rule(data),
            "$defs": {
                "reference": reference,
                "free_reference": free,
                "nothing": _NOTHING,
                "followers": general["$defs"]["followers"],
                **self.own,
            },
        }

    def _place(self, value: Any, reference: str) -> Schema:
        """Return the schema of a place; ``reference`` is the definition of a reference there."""
        if isinstance(value, Mapping):
            keys = {str(key): self._place(item, reference) for key, item in value.items()}
            # Of an empty mapping the base settings do not say which keys it may have.
            closed = {"additionalProperties": not value, "errorMessage": _rule(value)}
            within: Schema = {"type": ["object", "null"], "properties": keys, **closed}
            described = f"What follows within: {_names(value) or 'nothing yet'}"
        elif isinstance(value, list):
            inside = self._reference_in_items(value, reference)
            items = [self._place(item, inside) for item in value]
            positions = {"items": items, "additionalItems": reference_to("followers")} if items else {}
            rule = (
                'write a list of references, items by "[*]", "[0]" or "[1:]", or one reference for all of it'
            )
            # Every item at once, or some: keys in brackets.
            chosen = {
                "patternProperties": {r"^\[[-\d:*]+\]$": items[0] if items else reference_to("followers")},
                "additionalProperties": False,
            }
            within = {"type": ["array", "object", "null"], **positions, **chosen, "errorMessage": rule}
            described = f"Follows another list, or has items that follow; base settings: {_shown(value)}"
        else:
            within = reference_to("nothing")
            described = f"Follows another value; base settings: {_shown(value)}"
        return {"description": described, "anyOf": [within, reference_to(reference)]}

    def _reference_in_items(self, value: list[Any], reference: str) -> str:
        """Return the definition of a reference within the items of a list: to the item and its neighbours."""
        keys = dict.fromkeys(
            format_path(path) for item in value if isinstance(item, Mapping) for path in _value_paths(item)
        )
        if not keys:
            return reference
        name = f"reference_in_items_{len(self.own)}"
        neighbours = {
            "description": "A value of this item, or of the item before or after.",
            "enum": [f"{head}.{key}" for head in ("@", "prev", "next") for key in keys],
        }
        self.own[name] = {
            "description": REFERENCE["description"],
            "anyOf": [neighbours, reference_to("reference")],
        }
        return name


def _reference_paths(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths of all values; of the last item of a list of mappings also as ``[-1]``."""
    for path in _value_paths(data):
        yield format_path(path)
    for path in _value_paths(data, from_end=True):
        yield format_path(path)


def _value_paths(value: Any, path: Path = ROOT, *, from_end: bool = False) -> Iterator[Path]:
    """Yield the path of every scalar and list; ``from_end``: of those in the last item of a list, by [-1]."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _value_paths(item, (*path, str(key)), from_end=from_end)
        return
    if not from_end or any(isinstance(part, int) for part in path):
        yield path
    if not isinstance(value, list):
        return
    for index, item in enumerate(value):
        if not from_end:
            yield from _value_paths(item, (*path, index))
        elif index == len(value) - 1 and isinstance(item, Mapping):
            yield from _value_paths(item, (*path, -1), from_end=True)


def _kind(value: Any) -> Kind:
    kinds: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
        (bool, "boolean"),
        ((int, float), "number"),
        (str, "text"),
    )
    return next((kind for types, kind in kinds if isinstance(value, types)), "any")


def _shown(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        return f"a list of {count(len(value), 'item')}"
    if isinstance(value, str):
        value = value[: 2 * MAX_SHOWN]
    elif isinstance(value, list):
        value = value[:MAX_SHOWN]
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."


def _names(keys: Mapping[str, Any]) -> str:
    names = [str(key) for key in keys]
    return ", ".join(names[:MAX_KEYS_SHOWN]) + (", ..." if len(names) > MAX_KEYS_SHOWN else "")


def _rule(keys: Mapping[str, Any]) -> str:
    return f"the base settings have a mapping here, with the keys {_names(keys)}"
