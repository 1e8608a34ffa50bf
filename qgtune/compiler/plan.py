"""Linked tree -> Plan: what a trial walks, and nothing else."""

import copy
import hashlib
import pickle
from dataclasses import dataclass
from typing import Any, Protocol

from qgtune.compiler.link import Fact, Formula, LinkedSpace, Source
from qgtune.core.paths import Path, format_path, parameter_name
from qgtune.space import (
    Categorical,
    Constant,
    Domain,
    EvaluationError,
    Float,
    Integer,
    Mapping,
    Parameter,
    Sequence,
    SpaceNode,
    walk,
)


class Trial(Protocol):
    """What a plan needs of a trial; every Optuna trial has it, and so may any stand-in."""

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """Return a float between low and high."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """Return an integer between low and high."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of the choices."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A step that samples a parameter and writes it to ``path``."""

    name: str
    path: Path
    domain: Domain

    def run(self, config: dict[str, Any], trial: Trial) -> None:
        """Sample the value and put it into the config."""
        container: Any = config
        for key in self.path[:-1]:
            container = container[key]
        container[self.path[-1]] = self.sample(trial)

    def sample(self, trial: Trial) -> Any:
        """Return the trial's value, as the config receives it."""
        domain = self.domain
        if isinstance(domain, Float):
            return trial.suggest_float(self.name, domain.low, domain.high, step=domain.step, log=domain.log)
        if isinstance(domain, Integer):
            return trial.suggest_int(self.name, domain.low, domain.high, step=domain.step, log=domain.log)
        return self.value_of(trial.suggest_categorical(self.name, domain.labels))

    def value_of(self, stored: Any) -> Any:
        """Return what the config receives for a value as the study stores it."""
        if not isinstance(self.domain, Categorical):
            return stored
        # Compound choices are copied: no two configs may share a list that somebody changes.
        return copy.deepcopy(self.domain.value_of(stored))


@dataclass(frozen=True, slots=True)
class Copy:
    """A step that copies the value at ``source`` to ``target``."""

    source: Path
    target: Path

    def run(self, config: dict[str, Any]) -> None:
        """Copy the value within the config."""
        _write(config, self.target, _read(config, self.source))

    def __str__(self) -> str:
        return f"{format_path(self.target)} follows {format_path(self.source)}"


@dataclass(frozen=True, slots=True)
class Computation:
    """A step that computes the value at ``target`` from other values of the config."""

    formula: Formula
    target: Path

    def run(self, config: dict[str, Any]) -> None:
        """Compute the value from the config as it is so far.

        Raises:
            EvaluationError: if the expression has no value for this config.
        """
        try:
            value = self.formula.expression.evaluate([_value(config, s) for s in self.formula.sources])
        except EvaluationError as error:
            raise EvaluationError(f"{self}: {error}") from None
        _write(config, self.target, value)

    def __str__(self) -> str:
        return f"{format_path(self.target)} follows {self.formula}"


Step = Copy | Computation


def _read(config: dict[str, Any], path: Path) -> Any:
    value: Any = config
    for key in path:
        value = value[key]
    return value


def _write(config: dict[str, Any], path: Path, value: Any) -> None:
    container: Any = config
    for key in path[:-1]:
        container = container[key]
    container[path[-1]] = copy.deepcopy(value) if isinstance(value, dict | list) else value


def _value(config: dict[str, Any], source: Source) -> Any:
    if isinstance(source, Fact):
        return source.value
    if isinstance(source, list):
        return [_read(config, path) for path in source]
    return _read(config, source)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a trial needs to become a config. Frozen, picklable, and independent of any file.

    Args:
        template: the constants, pickled: unpickling is the fastest way to a fresh copy of nested data.
        suggestions: the parameters, in the order in which they are sampled.
        steps: the references, sources first.
        fingerprint: 16 hexadecimal digits that name all of it: constants, parameters and references. Values
            of trials can be compared only where it is the same.
    """

    template: bytes
    suggestions: tuple[Suggestion, ...]
    steps: tuple[Step, ...]
    fingerprint: str

    def resolve(self, trial: Trial) -> dict[str, Any]:
        """Return the concrete config of a trial: plain dict and list, shared with nobody.

        Args:
            trial: whatever has Optuna's ``suggest_float``, ``suggest_int`` and ``suggest_categorical``.

        Raises:
            EvaluationError: if an expression has no value for what was sampled.

        Example:
            ``config = plan.resolve(study.ask())``
        """
        config = self._sampled(trial)
        for step in self.steps:
            step.run(config)
        return config

    def _sampled(self, trial: Trial) -> dict[str, Any]:
        config: dict[str, Any] = pickle.loads(self.template)  # noqa: S301 - made by this process or its parent
        for suggestion in self.suggestions:
            suggestion.run(config, trial)
        return config

    def sampled(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the config of stored parameters before any reference is filled."""
        return self._sampled(_StoredTrial(params))

    def config_of(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the config of a finished trial from its stored parameters (name -> value).

        Raises:
            KeyError: if a parameter of the plan is not among them.
        """
        return self.resolve(_StoredTrial(params))


class _StoredTrial:
    """A finished trial: suggests what it was given."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:  # noqa: ARG002 - Optuna's signature
        return float(self.params[name])

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:  # noqa: ARG002 - Optuna's signature
        return int(self.params[name])

    def suggest_categorical(self, name: str, choices: Any) -> Any:  # noqa: ARG002 - Optuna's signature
        return self.params[name]


def make_plan(linked: LinkedSpace) -> Plan:
    """Return the plan of a linked tree."""
    suggestions = tuple(
        Suggestion(parameter_name(path), path, node.domain)
        for path, node in walk(linked.root)
        if isinstance(node, Parameter)
    )
    steps = tuple(_step(linked.formulas[target], target) for target in linked.order)
    skeleton = _skeleton(linked.root)
    template = pickle.dumps(skeleton, protocol=5)
    return Plan(template, suggestions, steps, _fingerprint(skeleton, suggestions, steps))


def _step(formula: Formula, target: Path) -> Step:
    source = formula.sources[0] if formula.expression.is_path else None
    return Copy(source, target) if isinstance(source, tuple) else Computation(formula, target)


def _skeleton(node: SpaceNode) -> Any:
    """Return the config with None wherever a trial writes."""
    if isinstance(node, Mapping):
        return {key: _skeleton(child) for key, child in node.entries.items()}
    if isinstance(node, Sequence):
        return [_skeleton(item) for item in node.items]
    return node.value if isinstance(node, Constant) else None


def _fingerprint(skeleton: Any, suggestions: tuple[Suggestion, ...], steps: tuple[Step, ...]) -> str:
    # In the order of names: where a key stands in a file changes nothing for a trial.
    lines = sorted(f"{format_path(s.path)}: {s.domain!r}" for s in suggestions)
    lines += sorted(map(str, steps))
    lines.append(_canonical(skeleton))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _canonical(value: Any) -> str:
    """Return a text that is the same for the same data, in whichever order its keys stand."""
    if isinstance(value, dict):
        entries = sorted(f"{key!r}: {_canonical(item)}" for key, item in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_canonical, value))}]"
    return repr(value)
