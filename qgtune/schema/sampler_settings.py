"""The settings ``sampler`` and ``pruner`` of a tuning file: what is wrong with them, what they ask for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.schema.samplers import ALGORITHMS, OWN, REQUIRED, Algorithm, Argument

TYPE = "type"


@dataclass(frozen=True, slots=True)
class Choice:
    """A sampler or a pruner with its arguments.

    Args:
        name: of a built-in one, of one that was registered, or ``file.py:function``.
        arguments: those that are written; another sampler or pruner among them is a Choice too.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


DEFAULT_SAMPLER = Choice("tpe")
"""The sampler where a tuning file names none."""

DEFAULT_PRUNER = Choice("median")
"""The pruner where a tuning file names none, and the study has one objective."""


class UnknownAlgorithmError(ConfigValueError):
    """A name that no sampler, or no pruner, has."""


def algorithm_named(role: str, name: str) -> Algorithm | None:
    """Return the built-in sampler or pruner of a name, in our spelling or Optuna's; None if there is none.

    Example:
        >>> algorithm_named("sampler", "TPESampler").name
        'tpe'
    """
    known = ALGORITHMS[role]
    by_spelling = {algorithm.optuna_name.lower(): algorithm for algorithm in known.values()}
    return known.get(name.lower()) or by_spelling.get(name.lower())


def find_setting_problems(role: str, value: Any, path: Path | None = None) -> tuple[ConfigValueError, ...]:
    """Return everything that is wrong with a sampler or a pruner as a tuning file gives it.

    Of a user's own only the name is looked at: its arguments are its own business.

    Args:
        role: ``sampler`` or ``pruner``.
        value: a name, a mapping with ``type``, or null.
        path: where it stands; by default the setting itself.

    Example:
        >>> [str(problem) for problem in find_setting_problems("sampler", {"type": "tpe", "n_startup": 5})]
        ["sampler.n_startup: tpe takes no argument 'n_startup' (did you mean 'n_startup_trials'?)"]
    """
    return tuple(_problems(role, value, (role,) if path is None else path))


def parse_setting(role: str, value: Any) -> Choice:
    """Return what a sound setting asks for; null is the default sampler, and no pruner."""
    if value is None:
        return DEFAULT_SAMPLER if role == "sampler" else Choice("none")
    if isinstance(value, str):
        return Choice(_canonical(role, value))
    algorithm = algorithm_named(role, value[TYPE])
    arguments = {name: given for name, given in value.items() if name != TYPE}
    if algorithm is not None:
        for name, argument in algorithm.arguments.items():
            if argument.kind in ALGORITHMS and arguments.get(name) is not None:
                arguments[name] = parse_setting(argument.kind, arguments[name])
    return Choice(_canonical(role, value[TYPE]), arguments)


def _canonical(role: str, name: str) -> str:
    algorithm = algorithm_named(role, name)
    return name if algorithm is None else algorithm.name


def _problems(role: str, value: Any, path: Path) -> Iterator[ConfigValueError]:
    name, given = value, {}
    if isinstance(value, Mapping):
        given = {key: part for key, part in value.items() if key != TYPE}
        if TYPE not in value:
            message = f"a mapping for a {role} names it under the key 'type'"
            yield ConfigValueError(path, message, f"known: {', '.join(sorted(ALGORITHMS[role]))}")
            return
        path, name = (*path, TYPE), value[TYPE]
    if value is None:
        return
    if not isinstance(name, str):
        message = f"a {role} is a name, or a mapping with type and arguments, but this is {name!r}"
        yield ConfigValueError(path, message)
        return
    algorithm = algorithm_named(role, name)
    if algorithm is None:
        yield from _unknown(role, name, path)
        return
    yield from _argument_problems(algorithm, given, path[:-1] if path[-1] == TYPE else path)


def _unknown(role: str, name: str, path: Path) -> Iterator[ConfigValueError]:
    if ":" in name or name in OWN[role]:
        return
    names = {*ALGORITHMS[role], *OWN[role]}
    spelled = {algorithm.optuna_name for algorithm in ALGORITHMS[role].values()}
    hint = did_you_mean(name, names | spelled) if name.lower().endswith(role) else did_you_mean(name, names)
    yield UnknownAlgorithmError(path, f"there is no {role} {name!r}", hint)


def _argument_problems(
    algorithm: Algorithm, given: Mapping[str, Any], path: Path
) -> Iterator[ConfigValueError]:
    sound: dict[str, Any] = {}
    for name, value in given.items():
        argument = algorithm.arguments.get(str(name))
        if argument is None:
            yield _not_taken(algorithm, str(name), path)
            continue
        found = list(_value_problems(name, argument, value, (*path, name)))
        yield from found
        if not found:
            sound[name] = value
    missing = [
        key for key, arg in algorithm.arguments.items() if arg.default is REQUIRED and key not in given
    ]
    if missing:
        needed = ", ".join(missing)
        yield ConfigValueError(
            path, f"{algorithm.name} needs {needed}", f"write {{type: {algorithm.name}, ...}}"
        )
    elif len(sound) == len(given):
        for name, message in _conflicts(algorithm, sound):
            yield ConfigValueError((*path, name) if name in given else path, message)


def _not_taken(algorithm: Algorithm, name: str, path: Path) -> ConfigValueError:
    if name in algorithm.withheld:
        reason = algorithm.withheld[name]
        message = f"{name} of {algorithm.name} cannot be set here: {reason}"
        return ConfigValueError((*path, name), message, is_key=True)
    message = f"{algorithm.name} takes no argument {name!r}"
    return ConfigValueError((*path, name), message, did_you_mean(name, algorithm.arguments), is_key=True)


def _value_problems(name: str, argument: Argument, value: Any, path: Path) -> Iterator[ConfigValueError]:
    if value is None and argument.default is None:
        return
    if argument.kind in ALGORITHMS:
        yield from _problems(argument.kind, value, path)
        return
    if isinstance(value, str) and value in argument.choices:
        return
    if not _is_of_kind(argument, value):
        yield ConfigValueError(
            path, f"{name} must be {_rule(argument)}, but is {value!r}", _near(argument, value)
        )
    elif isinstance(value, int | float) and not _is_within(argument, value):
        yield ConfigValueError(path, f"{name} must be {_rule(argument)}, but is {value!r}")


def _is_of_kind(argument: Argument, value: Any) -> bool:
    if isinstance(value, bool):
        return argument.kind == "bool"
    if argument.kind == "int":
        return isinstance(value, int)
    return argument.kind == "float" and isinstance(value, int | float)


def _is_within(argument: Argument, value: float) -> bool:
    above = argument.low is None or value >= argument.low
    return above and (argument.high is None or value <= argument.high) and value == value  # noqa: PLR0124 - not NaN


def _rule(argument: Argument) -> str:
    """Say in words what an argument may be."""
    words = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": ""}[argument.kind]
    if argument.low is not None:
        words += (
            f" from {argument.low:g} to {argument.high:g}"
            if argument.high
            else f" of at least {argument.low:g}"
        )
    texts = " or ".join([*([words] if words else []), *argument.choices])
    return f"{texts}, or null" if argument.default is None else texts


def _near(argument: Argument, value: Any) -> str:
    if isinstance(value, str) and argument.choices:
        return did_you_mean(value, argument.choices)
    return ""


_PARENTS = {"spx": 3, "undx": 3}

Conflicts = Iterator[tuple[str, str]]
"""What cannot be together: the argument to blame, and why."""


def _conflicts(algorithm: Algorithm, given: Mapping[str, Any]) -> Conflicts:
    """Return what cannot be together among arguments that are sound one by one."""
    values = {name: given.get(name, argument.default) for name, argument in algorithm.arguments.items()}
    rule = _RULES.get(algorithm.name)
    return iter(()) if rule is None else rule(values)


def _tpe_conflicts(values: Mapping[str, Any]) -> Conflicts:
    if values["group"] and values["multivariate"] is False:
        yield "group", "group: true draws parameters together, which multivariate: false forbids"


def _cmaes_conflicts(values: Mapping[str, Any]) -> Conflicts:
    modes = [name for name in ("use_separable_cma", "with_margin", "lr_adapt") if values[name]]
    if len(modes) > 1:
        yield modes[1], f"{modes[0]} and {modes[1]} exclude each other"


def _genetic_conflicts(values: Mapping[str, Any]) -> Conflicts:
    parents = _PARENTS.get(str(values["crossover"]), 2)
    if values["population_size"] < parents:
        message = f"the crossover {values['crossover']} needs a population of {parents} or more"
        yield "population_size", message


def _asha_conflicts(values: Mapping[str, Any]) -> Conflicts:
    if values["bootstrap_count"] and values["min_resource"] == "auto":
        yield "bootstrap_count", "bootstrap_count needs min_resource as a number"


def _hyperband_conflicts(values: Mapping[str, Any]) -> Conflicts:
    if values["bootstrap_count"] and values["max_resource"] == "auto":
        yield "bootstrap_count", "bootstrap_count needs max_resource as a number"


def _threshold_conflicts(values: Mapping[str, Any]) -> Conflicts:
    lower, upper = values["lower"], values["upper"]
    if lower is None and upper is None:
        yield TYPE, "threshold needs lower, upper or both"
    elif lower is not None and upper is not None and lower > upper:
        yield "lower", f"lower must not be above upper, but lower is {lower} and upper is {upper}"


_RULES: Mapping[str, Callable[[Mapping[str, Any]], Conflicts]] = {
    "tpe": _tpe_conflicts,
    "cmaes": _cmaes_conflicts,
    "nsga2": _genetic_conflicts,
    "nsga3": _genetic_conflicts,
    "asha": _asha_conflicts,
    "hyperband": _hyperband_conflicts,
    "threshold": _threshold_conflicts,
}


def setting_schema(role: str) -> dict[str, Any]:
    """Return the JSON Schema of the setting: a name, or a mapping with arguments, each with its meaning."""
    names = list(ALGORITHMS[role])
    meanings: dict[str, dict[str, Any]] = {}
    for algorithm in ALGORITHMS[role].values():
        for name, argument in algorithm.arguments.items():
            meanings.setdefault(name, {"description": f"{argument.meaning} ({algorithm.name} and others)"})
            if argument.kind in ALGORITHMS:
                meanings[name]["type"] = ["string", "object", "null"]
    named = {
        "description": f"Which {role}, by name, or file.py:function.",
        "type": "string",
        "examples": names,
    }
    return {
        "anyOf": [
            {"type": "string", "examples": names},
            {"type": "null"},
            {"type": "object", "required": [TYPE], "properties": {TYPE: named, **meanings}},
        ]
    }
