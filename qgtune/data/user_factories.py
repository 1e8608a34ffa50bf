"""Data sets of a user's own: ``name: "file.py:factory"``."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.user_code import UserCodeError, failing_line, load_function
from qgtune.data.graph_dataset import GraphDataset
from qgtune.data.pyg_graphs import dataset_from_graphs

NAME_PATH = ("data", "name")


def find_factory(reference: str, *, base_dir: Path) -> Callable[..., Any]:
    """Return the function that ``file.py:function`` or ``package.module:function`` names.

    Args:
        reference: as the config spells it.
        base_dir: where a relative file is looked for.

    Raises:
        ConfigValueError: at ``data.name``: there is no such file, module or function, or it fails at import.
    """
    try:
        return load_function(reference, base_dir)
    except UserCodeError as error:
        line = f" ({error.place.file}:{error.place.line})" if error.place else ""
        raise ConfigValueError(NAME_PATH, f"{error.message}{line}", error.hint) from error


def call_factory(factory: Callable[..., Any], name: str, settings: Mapping[str, Any]) -> GraphDataset:
    """Return the data set that a factory makes of its settings, given to it by keyword.

    Args:
        factory: returns a GraphDataset, or PyG graphs that ``dataset_from_graphs`` takes.
        name: of the data set, for messages and reports.
        settings: the ``data`` section without its name.

    Raises:
        ConfigValueError: if the factory does not take a setting, lacks one, fails, or returns something else.
    """
    _check_settings(factory, name, settings)
    try:
        made = factory(**settings)
    except ConfigValueError:
        raise
    except Exception as error:
        place = failing_line(error, name.rpartition(":")[0])
        line = f" ({place.file}:{place.line})" if place else ""
        raise ConfigValueError(NAME_PATH, f"{name} failed: {type(error).__name__}: {error}{line}") from error
    if isinstance(made, GraphDataset):
        return made
    try:
        return dataset_from_graphs(made, name=name)
    except (TypeError, ValueError) as error:
        rule = f"{name} must return a GraphDataset or a list of PyG Data: {error}"
        raise ConfigValueError(NAME_PATH, rule) from error


def _check_settings(factory: Callable[..., Any], name: str, settings: Mapping[str, Any]) -> None:
    parameters = inspect.signature(factory).parameters.values()
    if any(parameter.name == "subset" for parameter in parameters):
        rule = f"subset is taken by qgtune for every data set, so {name} cannot have a parameter of that name"
        raise ConfigValueError(NAME_PATH, rule, "rename the parameter")
    by_keyword = {p.name: p for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        for key in settings:
            if key not in by_keyword:
                hint = did_you_mean(key, by_keyword)
                raise ConfigValueError(("data", key), f"{name} takes no setting {key!r}", hint)
    for parameter in by_keyword.values():
        if parameter.default is parameter.empty and parameter.name not in settings:
            raise ConfigValueError(("data",), f"{name} needs the setting {parameter.name!r}, which is absent")
