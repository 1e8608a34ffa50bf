"""Configs that are to be tried first: a tuning file's own list, and the base settings."""

import contextlib
from collections.abc import Iterator
from typing import Any

from qgtune.compiler.files import shown_path
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.stand_ins import RandomTrial
from qgtune.compiler.planning.steps import Suggestion
from qgtune.compiler.problems import Problems
from qgtune.compiler.tuning import Tuning
from qgtune.core.diagnostics import Location, did_you_mean
from qgtune.core.paths import Path, PathSyntaxError, format_path, parse_path
from qgtune.document import Document, read_document, read_source, same_value
from qgtune.space import Categorical, Domain, EvaluationError, Float, Integer, Role
from qgtune.space.tree import COUNT

_NOWHERE = object()


class OutOfSpaceError(ValueError):
    """A value that the space does not give; ``name`` is the parameter's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message


class GivenTrial:
    """A trial whose values are given; what is not given it takes from the low end, and notes.

    Args:
        given: values as a study stores them, by the parameters' names.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.used: dict[str, Any] = {}
        self.missing: list[str] = []
        self.asked: dict[str, tuple[str, tuple[Any, ...]]] = {}
        """What each parameter was asked for: its kind, and its choices or its low, high, step and log."""

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """Return the given float, or low."""
        self.asked[name] = ("float", (low, high, step, log))
        return float(self._value(name, Float(low, high, step, log), low))

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """Return the given integer, or low."""
        self.asked[name] = ("int", (low, high, step, log))
        return int(self._value(name, Integer(low, high, step, log), low))

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return the given label, or the first one."""
        self.asked[name] = ("categorical", tuple(choices))
        return self._value(name, Categorical.of(list(choices)), choices[0])

    def _value(self, name: str, domain: Domain, otherwise: Any) -> Any:
        if name not in self.given:
            self.missing.append(name)
            return otherwise
        value = self.given[name]
        if not domain.contains(value):
            raise OutOfSpaceError(name, f"{name} is {domain}, but the value is {value!r}")
        self.used[name] = value
        return value


class CompletedTrial(GivenTrial):
    """A trial whose values are given, and what is not given is drawn.

    Args:
        given: values as a study stores them, by the parameters' names.
        seed: of what is drawn.
    """

    def __init__(self, given: dict[str, Any], seed: int) -> None:
        super().__init__(given)
        self._drawn = RandomTrial(seed)

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """Return the given float, or one that is drawn."""
        drawn = self._drawn.suggest_float(name, low, high, step=step, log=log)
        return float(self._value(name, Float(low, high, step, log), drawn))

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """Return the given integer, or one that is drawn."""
        drawn = self._drawn.suggest_int(name, low, high, step=step, log=log)
        return int(self._value(name, Integer(low, high, step, log), drawn))

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return the given label, or one that is drawn."""
        drawn = self._drawn.suggest_categorical(name, choices)
        return self._value(name, Categorical.of(list(choices)), drawn)


def enqueued_params(
    tuning: Tuning, compilation: Compilation, problems: Problems
) -> tuple[dict[str, Any], ...]:
    """Return the parameters to be tried first, by their names in the study; what does not fit is reported.

    The base settings come first where all of them lie in the space, then the entries of ``enqueue``.
    """
    base = base_params(compilation) if tuning.settings.enqueue_base else None
    return ((base,) if base else ()) + tuple(_entries(tuning, compilation.plan, problems))


def check_goals(tuning: Tuning, problems: Problems) -> None:
    """Report goals that only one objective can have, where there are several."""
    if len(tuning.settings.all_directions) == 1:
        return
    for field in ("target", "stop_after_trials_without_improvement"):
        if getattr(tuning.settings, field) is not None:
            message = f"{field} compares the values of one objective, but there are several directions"
            problems.error("QG403", message, tuning.locate(field), "leave it out")


def base_params(compilation: Compilation) -> dict[str, Any] | None:
    """Return the parameters that give the base settings, or None if these lie outside of the space."""
    document = compilation.documents.get(Role.BASE)
    if document is None or not compilation.plan.suggestions:
        return None
    given: dict[str, Any] = {}
    for suggestion in compilation.plan.suggestions:
        value = _value_at(document.data, suggestion.path)
        if value is not _NOWHERE:
            stored = stored_value(suggestion, value)
            if stored is not _NOWHERE:
                given[suggestion.name] = stored
    return params_in(compilation.plan, given)


def params_in(plan: Plan, given: dict[str, Any]) -> dict[str, Any] | None:
    """Return those of the given parameters that make a config, or None if they make none of the space."""
    trial = GivenTrial(given)
    try:
        plan.resolve(trial)
    except (OutOfSpaceError, EvaluationError):
        return None
    return None if trial.missing else trial.used


def asked_by(plan: Plan, params: dict[str, Any]) -> dict[str, tuple[str, tuple[Any, ...]]] | None:
    """Return what a stored trial's parameters are asked for, or None if they make no config of the space.

    A trial that has parameters beside those is one of another space: they make none.
    """
    trial = GivenTrial(params)
    try:
        plan.resolve(trial)
    except (OutOfSpaceError, EvaluationError):
        return None
    return None if trial.missing or set(params) != set(trial.asked) else trial.asked


def stored_value(suggestion: Suggestion, value: Any) -> Any:
    """Return what a study stores for a config's value, or a mark of its own if the domain lacks it."""
    domain = suggestion.domain
    if isinstance(domain, Categorical):
        for choice, label in zip(domain.choices, domain.labels, strict=True):
            if same_value(choice, value):
                return label
        labels = [label for label in domain.labels if same_value(label, value)]
        return labels[0] if labels else _NOWHERE
    return value if domain.contains(value) else _NOWHERE


def _value_at(data: Any, path: Path) -> Any:
    parts, is_length = (path[:-1], True) if path and path[-1] == COUNT else (path, False)
    for part in parts:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return _NOWHERE
    if is_length:
        return len(data) if isinstance(data, list) else _NOWHERE
    return data


def _entries(tuning: Tuning, plan: Plan, problems: Problems) -> Iterator[dict[str, Any]]:
    written = tuning.settings.enqueue
    if written is None:
        return
    document = tuning.document
    above: Path = ("enqueue",)
    entries: Any = written
    if isinstance(written, str):
        source = read_source(tuning.folder / written, shown_path(tuning.folder / written), problems.found)
        found = read_document(source, problems.found) if source else None
        if found is None:
            return
        document, above, entries = found, (), found.data
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        message = "what is enqueued is a list of mappings, each from paths of parameters to their values"
        problems.error("QG420", message, document.locate(above))
        return
    for index, entry in enumerate(entries):
        params = _entry(entry, plan, document, (*above, index), problems)
        if params is not None:
            yield params


def _entry(
    entry: dict[Any, Any], plan: Plan, document: Document, at: Path, problems: Problems
) -> dict[str, Any] | None:
    """Return the parameters of one entry; None after reporting what does not fit."""
    before = len(problems.found)
    given: dict[str, Any] = {}
    places: dict[str, Location] = {}
    by_key: dict[str, list[str]] = {}
    for key, value in entry.items():
        place = document.locate((*at, key))
        found = _suggestions_at(plan, str(key))
        if not found:
            names = [format_path(suggestion.path) for suggestion in plan.suggestions]
            message = f"what is enqueued names parameters of the search space, and {key} is none"
            problems.error("QG420", message, place, did_you_mean(str(key), names))
        fitting = {one.name: stored_value(one, value) for one in found}
        fitting = {name: stored for name, stored in fitting.items() if stored is not _NOWHERE}
        if found and not fitting:
            domains = {str(one.domain) for one in found}
            message = f"{key} is {' or '.join(sorted(domains))}, but the value is {value!r}"
            problems.error("QG420", message, place)
        by_key[str(key)] = list(fitting)
        given |= fitting
        places |= dict.fromkeys(fitting, place)
    if len(problems.found) > before:
        return None
    trial = GivenTrial(given)
    try:
        plan.filled(trial)
    except OutOfSpaceError as error:
        problems.error("QG420", error.message, places[error.name])
        return None
    except EvaluationError:
        return given  # what is not given decides whether there is a config; a trial will tell
    for names in _never_used(plan, given, list(by_key.values())):
        message = f"{names[0]} is in no config that has the other values of this entry"
        problems.error("QG420", message, places[names[0]], "remove it, or enqueue the case that has it")
        return None
    return given


_COMPLETIONS = 100
"""How often an entry is completed by chance before one of its values counts as never used."""


def _never_used(plan: Plan, given: dict[str, Any], keys: list[list[str]]) -> Iterator[list[str]]:
    """Yield those of some groups of parameters of which no config has any, whatever else is sampled.

    Args:
        plan: the search space.
        given: values as a study stores them, by the parameters' names.
        keys: the parameters that each key of an entry names: one for each case that has its path.
    """
    unused = keys
    for seed in range(_COMPLETIONS if plan.is_conditional else 0):
        trial = CompletedTrial(given, seed)
        with contextlib.suppress(OutOfSpaceError, EvaluationError):
            plan.filled(trial)
        unused = [names for names in unused if not any(name in trial.used for name in names)]
        if not unused:
            return
    if plan.is_conditional:
        yield from unused


def _suggestions_at(plan: Plan, key: str) -> list[Suggestion]:
    named = [suggestion for suggestion in plan.suggestions if suggestion.name == key]
    if named:
        return named
    try:
        path = parse_path(key)
    except PathSyntaxError:
        return []
    return [suggestion for suggestion in plan.suggestions if suggestion.path == path]
