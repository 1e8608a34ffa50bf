"""A built search space and the parameters of a study's best trial -> the config of that trial."""

import pathlib
from typing import Any, cast

from qgtune.compiler.emit import alias_links, compound_choices, conditional_parameters
from qgtune.compiler.load import fill_references
from qgtune.compiler.planning.reading import walk_config
from qgtune.core.diagnostics import Diagnostic, did_you_mean
from qgtune.core.errors import DiagnosticError
from qgtune.core.paths import Path, parameter_name
from qgtune.document import Document, same_value


def best_trial_config(built: Document, best: Document, dependencies: pathlib.Path | None) -> dict[str, Any]:
    """Return the built config with the best trial's values, and all that follows them filled anew.

    Args:
        built: the built search space, as ``built_search_space_text`` wrote it.
        best: the best trial's parameters, as ``best_trial_text`` wrote them.
        dependencies: the dependency map, or None.

    Raises:
        DiagnosticError: if the best trial has a parameter that the built search space lacks, if the space
            is conditional and the best trial another one, or if the dependency map cannot be used.
    """
    parameters = conditional_parameters(built)
    if parameters is not None:
        return _same_trial(built, best, parameters)
    return fill_references(built, _with_best_values(built, best), dependencies, alias_links(built))


def _same_trial(built: Document, best: Document, parameters: dict[str, Path]) -> dict[str, Any]:
    """Return the config of a conditional space that was built from the best trial itself.

    Raises:
        DiagnosticError: if it was built from another trial.
    """
    config = built.data
    choices = compound_choices(built)
    values = {str(name): value for name, value in best.data.items()} if isinstance(best.data, dict) else {}
    names = dict.fromkeys([*values, *parameters])
    for name in sorted(names, key=lambda name: name not in values or name not in parameters):
        if name in values and name in parameters:
            labels = [label for label, choice in choices.get(name, []) if same_value(label, values[name])]
            value = next((c for label, c in choices.get(name, []) if label in labels), values[name])
            here = walk_config(config, parameters[name])
            if same_value(value, here):
                continue
            difference = f"{name} is {values[name]!r} in the best trial, and {here!r} in {built.source.name}"
        else:
            both = ("the best trial", built.source.name)
            having, lacking = both if name in values else reversed(both)
            difference = f"{having} has {name}, and {lacking} has not"
        message = f"one config of a conditional search space does not tell another, but {difference}"
        place = best.locate((name,)) if name in values else best.locate(())
        hint = (
            "take the best_config.yaml of qgtune TUNING.yaml, or the config that "
            "build_search_space_with_dependencies returns for optuna.trial.FixedTrial(study.best_params)"
        )
        raise DiagnosticError((Diagnostic("QG504", message, place, hint),))
    return cast("dict[str, Any]", config)


def _with_best_values(built: Document, best: Document) -> dict[str, Any]:
    """Return the built config with the best trial's values at the paths that their names spell."""
    config = built.data
    places = {parameter_name(path): path for path in _paths(config, ())}
    choices = compound_choices(built)
    values = best.data
    problems: list[Diagnostic] = []
    for name, value in (values if isinstance(values, dict) else {}).items():
        if str(name) not in places:
            message = f"{built.source.name} has no {name}"
            hint = did_you_mean(str(name), places)
            problems.append(Diagnostic("QG501", message, best.locate((name,)), hint))
            continue
        *parents, last = places[str(name)]
        container = config
        for part in parents:
            container = container[part]
        pairs = choices.get(str(name), [])
        container[last] = next((choice for label, choice in pairs if same_value(label, value)), value)
    if problems:
        raise DiagnosticError(tuple(problems))
    return cast("dict[str, Any]", config)


def _paths(value: Any, path: Path) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, item in inner:
        found += _paths(item, (*path, key))
    return found
