"""The tables of ``docs/tasks.md`` and ``docs/tuning.md``, from the schemas.

``python -m qgtune.schema.page_tables docs/tasks.md docs/tuning.md`` writes them: a table stands between two
comments, of which the first names it, and is replaced there. A test holds the pages equal to this code.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qgtune.schema.gnn import SCHEDULERS, TASK_SCHEMAS
from qgtune.schema.gnn.optimization import NEEDED_BY_SCHEDULER, OPTIMIZERS
from qgtune.schema.tuning import TuningSettings, key_spellings

_MARKED = re.compile(r"(<!-- table: (?P<name>[^>]*) -->\n).*?(<!-- end -->)", re.DOTALL)
_BOUNDS = {"minimum": "≥ ", "exclusiveMinimum": "> ", "maximum": "≤ ", "exclusiveMaximum": "< "}
_KINDS = {"boolean": "true, false", "integer": "whole number", "number": "number", "string": "text"}
_KINDS |= {"object": "mapping", "array": "list", "null": "null"}


def with_tables(page: str) -> str:
    """Return a page with each of its marked tables as the schemas say it."""
    return _MARKED.sub(lambda match: f"{match[1]}{table(match['name'])}{match[3]}", page)


def table(name: str) -> str:
    """Return one table in Markdown.

    Args:
        name: ``tasks``, ``optimizers``, ``schedulers``; ``tuning`` and keys of a tuning file; or a task and a
            section of its config, such as ``graph_regression training``, of which
            ``graph_regression training - graph_classification training`` has only the keys that the second
            one lacks, or describes otherwise.
    """
    made = {"tasks": _tasks, "optimizers": _optimizers, "schedulers": _schedulers}
    if name in made:
        return made[name]()
    kind, *keys = name.split()
    if kind == "tuning":
        return _markdown(("key", "meaning", "values", "default"), [_tuning_row(key) for key in keys])
    one, _, other = name.partition(" - ")
    fields = _fields(*one.split())
    known = _fields(*other.split()) if other else {}
    rows = [_row(key, field) for key, field in fields.items() if known.get(key) != field]
    return _markdown(("key", "meaning", "values", "unit", "default"), rows)


def _tuning_row(key: str) -> tuple[str, ...]:
    """Return the row of one key of a tuning file; a key whose default takes words has it in its meaning."""
    field = next(name for name in TuningSettings.model_fields if key in key_spellings(name))
    # Each spelling that ends in _path has one that ends in _file; the page says so once.
    others = [name for name in key_spellings(field) if name != key and not name.endswith("_file")]
    schema = TuningSettings.model_json_schema()["properties"][key_spellings(field)[0]]
    also = f"; also {', '.join(f'`{name}`' for name in others)}" if others else ""
    meaning = schema["description"].removesuffix(".") + also
    values = [value for value in _values(schema) if value != "null"]
    default = "" if schema.get("default") is None else _shown(schema["default"])
    return f"`{key}`", meaning.replace("|", r"\|"), " or ".join(dict.fromkeys(values)), default


def _fields(task: str, section: str) -> dict[str, dict[str, Any]]:
    """Return the schema of each key of a section, in which nothing refers to anything else."""
    schema = TASK_SCHEMAS[task].config.model_json_schema()
    here: Mapping[str, Any] = schema
    for part in section.split("."):
        here = _section_of(here["properties"][part], schema["$defs"])
    # A section that has two names is required under one of them.
    named = [option["required"][0] for part in here.get("allOf", ()) for option in part["oneOf"]]
    return {
        key: {**field, "required": key in (*here.get("required", ()), *named)}
        for key, field in here["properties"].items()
        if key not in ("encoder", "head")
    }


def _section_of(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    found = re.search(r'"#/\$defs/(\w+)"', json.dumps(field))
    if found is None:
        raise LookupError(field)
    section: Mapping[str, Any] = definitions[found[1]]
    return section


def _row(key: str, field: Mapping[str, Any]) -> tuple[str, ...]:
    unit = field.get("unit", "")
    default = "needed" if field["required"] else _shown(field.get("default"))
    values = " or ".join(_values(field))
    return f"`{key}`", field["description"].removesuffix("."), values, "" if unit == "none" else unit, default


def _shown(default: Any) -> str:
    # A default that is made anew each time is not written down in a JSON schema: an empty list or mapping.
    return "none" if default is None or default in ([], {}) else f"`{json.dumps(default).strip(chr(34))}`"


def _values(field: Mapping[str, Any]) -> list[str]:
    """Return what a field may hold, one text for each alternative."""
    alternatives = field.get("anyOf") or field.get("oneOf")
    if alternatives:
        return [text for alternative in alternatives for text in _values(alternative)]
    if "enum" in field:
        return [", ".join(f"`{value}`" for value in field["enum"])]
    if "$ref" in field:
        return ["mapping"]
    kind = _KINDS.get(field.get("type", ""), "anything")
    if kind == "list" and "items" in field:
        kind = f"list of: {' or '.join(_values(field['items']))}"
    bounds = ", ".join(f"{sign}{_number(field[bound])}" for bound, sign in _BOUNDS.items() if bound in field)
    return [f"{kind} {bounds}".rstrip()]


def _number(bound: float) -> str:
    if isinstance(bound, int) and bound > 10**9:
        if bound.bit_count() == 1:
            return f"2^{bound.bit_length() - 1}"
        if (bound + 1).bit_count() == 1:
            return f"2^{bound.bit_length()} - 1"
    return f"{bound:g}"


def _tasks() -> str:
    rows = [
        (
            f"`{name}`",
            f"one for each {schema.level}",
            "one of several classes" if schema.predicts == "classes" else "a number",
            ", ".join(f"`{metric}`" for metric in schema.metrics),
        )
        for name, schema in TASK_SCHEMAS.items()
    ]
    return _markdown(("task", "labels", "a label is", "metrics"), rows)


def _optimizers() -> str:
    rows = [(f"`{name}`", ", ".join(f"`{key}`" for key in sorted(OPTIMIZERS[name]))) for name in OPTIMIZERS]
    return _markdown(("optimizer", "optimizer_kwargs"), rows)


def _schedulers() -> str:
    rows = []
    for name, taken in SCHEDULERS.items():
        needed = NEEDED_BY_SCHEDULER.get(name, ())
        others = [f"`{key}`" for key in sorted(taken) if key not in needed]
        rows.append((f"`{name}`", ", ".join(f"`{key}`" for key in needed), ", ".join(others)))
    return _markdown(("scheduler", "needs", "takes besides"), rows)


def _markdown(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    rule = tuple("---" for _ in heads)
    return "".join(f"| {' | '.join(row)} |\n" for row in (heads, rule, *rows))


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
