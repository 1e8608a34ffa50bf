"""The texts of a tuning file: paths, the study's name, metrics, a function; and keys that name files."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError


def _without_control_characters(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise PydanticCustomError("control_characters", "must have no control characters")
    return text


def _from_home(text: str) -> str:
    """Return a path with its leading ``~`` or ``~user`` replaced by that home folder."""
    if not text.startswith("~"):
        return text
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        raise PydanticCustomError("no_home", "must begin with a home folder that is known") from None


def _as_folder_name(text: str) -> str:
    if text in {".", ".."} or "/" in text or "\\" in text:
        raise PydanticCustomError(
            "no_folder_name",
            "names a folder under runs, so it must be neither . nor .. and have no / and no \\",
        )
    return text


def _as_metrics(metric: Any) -> Any:
    several = isinstance(metric, list) and len(metric) > 1 and all(map(_is_name, metric))
    if metric is None or _is_name(metric) or (several and len(set(metric)) == len(metric)):
        return metric
    raise PydanticCustomError(
        "metric", "must be the name of a metric, or a list of several names, each of them once"
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


_VISIBLE = {"pattern": r"^[^\x00-\x1f\x7f]*$"}

PathText = Annotated[
    str,
    Field(min_length=1, json_schema_extra=_VISIBLE),
    AfterValidator(_without_control_characters),
    AfterValidator(_from_home),
]
"""A path as a tuning file writes it; ``~`` at its beginning is the home folder."""

StudyName = Annotated[
    str,
    Field(min_length=1, json_schema_extra={"pattern": r"^(?!\.{1,2}$)[^\x00-\x1f\x7f/\\]*$"}),
    AfterValidator(_without_control_characters),
    AfterValidator(_as_folder_name),
]

Metrics = Annotated[
    Any,
    BeforeValidator(_as_metrics),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1},
                    "minItems": 2,
                    "uniqueItems": True,
                },
                {"type": "null"},
            ]
        }
    ),
]
"""The name of a metric, or a list of several."""

ObjectiveName = Annotated[
    str,
    Field(min_length=3, pattern=r"^[^:]+(\.py|[\w.]):[A-Za-z_]\w*$"),
    AfterValidator(_without_control_characters),
    AfterValidator(_from_home),
]

ModuleName = Annotated[
    str,
    Field(min_length=1, pattern=r"^(.+\.py|[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)$"),
    AfterValidator(_without_control_characters),
    AfterValidator(_from_home),
]
"""A Python file, or a module."""


def path_key(*names: str) -> AliasChoices:
    """Return the spellings of a key that names a file: each name with ``_path`` and with ``_file``."""
    return AliasChoices(*(f"{name}_{ending}" for name in names for ending in ("path", "file")))
