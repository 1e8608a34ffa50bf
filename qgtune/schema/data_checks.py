"""The problems of a ``data:`` section, each at the path of the value that causes it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.schema.data import DATA_SETTINGS, MadeSettings, OwnSettings
from qgtune.schema.data_on_disk import FILE_SETTINGS, FileSettings


def find_data_problems(
    settings: Any, *, path: Path = ("data",), other_names: Iterable[str] = ()
) -> tuple[ConfigValueError, ...]:
    """Return everything that is wrong with a ``data`` section; nothing means that it can be loaded.

    Settings of a user's own factory (``name: "file.py:factory"``, or a registered name) are the factory's
    business: of them only the name and what every data set takes are looked at here.

    Args:
        settings: the section as a plain dict.
        path: where the section stands in the config.
        other_names: names of data sets that are legal besides the built-in ones.

    Returns:
        One error for each problem, not raised, in the order of the schema.

    Example:
        >>> [str(problem) for problem in find_data_problems({"name": "digit_graphs", "feature": ["x"]})]
        ["data.feature: digit_graphs has no setting 'feature' (did you mean 'features'?)"]
    """
    if not isinstance(settings, Mapping):
        return (ConfigValueError(path, f"must be a mapping with the key 'name', not {_shown(settings)}"),)
    models: dict[str, type[BaseModel]] = {**DATA_SETTINGS, **FILE_SETTINGS}
    known = sorted({*models, *other_names})
    name = settings.get("name")
    if not isinstance(name, str):
        rule = (
            f"the key 'name' must name a data set, and is {_shown(name) if 'name' in settings else 'absent'}"
        )
        return (ConfigValueError((*path, "name"), rule, f"known: {', '.join(known)}, or file.py:factory"),)
    if name in models:
        return tuple(_model_problems(models[name], settings, path))
    if name in known or ":" in name:
        ours = {key: settings[key] for key in OwnSettings.model_fields if key in settings}
        return tuple(_model_problems(OwnSettings, ours, path))
    return (ConfigValueError((*path, "name"), f"no data set is named {name!r}", did_you_mean(name, known)),)


def parse_data_settings(settings: Mapping[str, Any], *, path: Path = ("data",)) -> MadeSettings:
    """Return the typed settings of a data set that is made, with its defaults filled in.

    Args:
        settings: the ``data`` section as a plain dict; its ``name`` is one of ``DATA_SETTINGS``.
        path: where the section stands in the config.

    Raises:
        ConfigValueError: the first problem that ``find_data_problems`` finds.

    Example:
        >>> parse_data_settings({"name": "causal_sets", "num_graphs": 100}).num_node_features
        12
    """
    for problem in find_data_problems(settings, path=path):
        raise problem
    return DATA_SETTINGS[settings["name"]].model_validate(dict(settings))


def parse_file_settings(settings: Mapping[str, Any], *, path: Path = ("data",)) -> FileSettings:
    """Return the typed settings of a data set on disk, with its defaults filled in; no file is looked at.

    Args:
        settings: the ``data`` section as a plain dict; its ``name`` is one of ``FILE_SETTINGS``.
        path: where the section stands in the config.

    Raises:
        ConfigValueError: the first problem that ``find_data_problems`` finds.

    Example:
        >>> parse_file_settings({"name": "torch_file", "path": "graphs.pt"}).path
        'graphs.pt'
    """
    for problem in find_data_problems(settings, path=path):
        raise problem
    return FILE_SETTINGS[settings["name"]].model_validate(dict(settings))


def _model_problems(
    model: type[BaseModel], settings: Mapping[str, Any], path: Path
) -> Iterator[ConfigValueError]:
    try:
        model.model_validate(dict(settings))
    except ValidationError as error:
        details = error.errors(include_url=False)
        wrong_within = {detail["loc"][:-1] for detail in details}
        for detail in details:
            # A list whose only entry is wrong is not also too short.
            if detail["type"] == "too_short" and detail["loc"] in wrong_within:
                continue
            yield _translated(model, settings["name"], detail, path)


def _translated(model: type[BaseModel], name: str, detail: ErrorDetails, path: Path) -> ConfigValueError:
    # pydantic marks an error of a mapping's key by a last part "[key]"; the key itself stands before it.
    where: Path = tuple(part for part in detail["loc"] if part != "[key]")
    context = detail.get("ctx", {})
    given = detail["input"]
    at = (*path, *where)
    match detail["type"]:
        case "broken_rule":
            return ConfigValueError((*path, *context["at"]), context["rule"])
        case "extra_forbidden":
            hint = did_you_mean(str(where[-1]), model.model_fields)
            return ConfigValueError(at, f"{name} has no setting {where[-1]!r}", hint, is_key=True)
        case "literal_error" if isinstance(given, str):
            kind = _KINDS.get(str(where[0]), f"value of {where[0]}")
            legal = map(str, _literals(model.model_fields[str(where[0])].annotation))
            return ConfigValueError(at, f"{name} has no {kind} {given!r}", did_you_mean(given, legal))
        case "missing" if len(where) == 1:
            about = model.model_fields[str(where[0])].description or ""
            return ConfigValueError(path, f"{name} needs the setting {where[0]!r}, which is absent", about)
        case "missing":
            return ConfigValueError(at, f"{format_path(where[:-1])} must have an entry [{where[-1]}]")
    rule = detail["msg"].partition(" after validation")[0].partition(", unable")[0]
    for pydantic_says, we_say in _WORDS.items():
        rule = rule.replace(pydantic_says, we_say)
    return ConfigValueError(at, f"{rule}, not {_shown(given)}")


_WORDS = {
    "Input should": "must",
    "Tuple should": "must",
    "Dictionary should": "must",
    "a valid integer": "an integer",
    "a valid tuple": "a list",
    "a valid dictionary": "a mapping",
    "a valid boolean": "true or false",
    "a valid ": "a ",
}
_KINDS = {
    "features": "node feature",
    "graph_features": "graph feature",
    "edge_features": "edge feature",
    "targets": "target",
    "families": "family of orders",
}


def _literals(annotation: Any) -> tuple[Any, ...]:
    """Find the values of the first Literal in an annotation such as ``tuple[Literal["a", "b"], ...]``."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next((found for part in get_args(annotation) if (found := _literals(part))), ())


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
