"""Linked tree -> Plan: what a trial walks, and nothing else."""

import copy
import hashlib
import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from qgtune.compiler.link import Fact, Formula, LinkedSpace
from qgtune.core.paths import ROOT, Path, format_path, parameter_name
from qgtune.space import (
    Categorical,
    Constant,
    Domain,
    EvaluationError,
    Float,
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


Container = Any
"""A dict or a list of a config that is being filled."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a config: the number of the container that holds it, and its key or position there.

    A template carries its containers in a list of their own, so that a trial need not walk any path.
    """

    container: int
    key: str | int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A step that samples a parameter and writes it to ``path``."""

    name: str
    path: Path
    domain: Domain
    place: Place
    is_plain: bool
    """Whether what the study stores is what the config receives."""

    def run(self, containers: list[Container], trial: Trial) -> None:
        """Sample the value and put it into the config."""
        place = self.place
        containers[place.container][place.key] = self.sample(trial)

    def sample(self, trial: Trial) -> Any:
        """Return the trial's value, as the config receives it."""
        domain = self.domain
        if isinstance(domain, Categorical):
            stored = trial.suggest_categorical(self.name, domain.labels)
            # Compound choices are copied: no two configs may share a list that somebody changes.
            return stored if self.is_plain else copy.deepcopy(domain.value_of(stored))
        if isinstance(domain, Float):
            return trial.suggest_float(self.name, domain.low, domain.high, step=domain.step, log=domain.log)
        return trial.suggest_int(self.name, domain.low, domain.high, step=domain.step, log=domain.log)


@dataclass(frozen=True, slots=True)
class Copy:
    """A step that copies the value at ``source`` to ``target``."""

    source: Path
    target: Path
    from_place: Place
    to_place: Place

    def run(self, containers: list[Container]) -> None:
        """Copy the value within the config."""
        source, target = self.from_place, self.to_place
        value = containers[source.container][source.key]
        containers[target.container][target.key] = _own(value)

    def __str__(self) -> str:
        return f"{format_path(self.target)} follows {format_path(self.source)}"


@dataclass(frozen=True, slots=True)
class Computation:
    """A step that computes the value at ``target`` from other values of the config."""

    formula: Formula
    target: Path
    from_places: tuple[Place | tuple[Place, ...] | Fact, ...]
    to_place: Place

    def run(self, containers: list[Container]) -> None:
        """Compute the value from the config as it is so far.

        Raises:
            EvaluationError: if the expression has no value for this config.
        """
        try:
            value = self.formula.expression.evaluate([_value(containers, p) for p in self.from_places])
        except EvaluationError as error:
            raise EvaluationError(f"{self}: {error}") from None
        containers[self.to_place.container][self.to_place.key] = _own(value)

    def __str__(self) -> str:
        return f"{format_path(self.target)} follows {self.formula}"


Step = Copy | Computation


def _own(value: Any) -> Any:
    return copy.deepcopy(value) if isinstance(value, dict | list) else value


def _value(containers: list[Container], place: Place | tuple[Place, ...] | Fact) -> Any:
    if isinstance(place, Fact):
        return place.value
    if isinstance(place, tuple):
        return [containers[one.container][one.key] for one in place]
    return containers[place.container][place.key]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a trial needs to become a config. Frozen, picklable, and independent of any file.

    Args:
        template: the constants and the list of all their containers, pickled together: unpickling is the
            fastest way to a fresh copy of nested data, and keeps the two tied.
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
        config, containers = self.begin(trial)
        for step in self.steps:
            step.run(containers)
        return config

    def begin(self, trial: Trial) -> tuple[dict[str, Any], list[Container]]:
        """Return a trial's config before any reference is filled, and its containers."""
        config, containers = pickle.loads(self.template)  # noqa: S301 - made by this process or its parent
        for suggestion in self.suggestions:
            suggestion.run(containers, trial)
        return config, containers

    def config_of(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the config of a finished trial from its stored parameters (name -> value).

        Raises:
            KeyError: if a parameter of the plan is not among them.
        """
        return self.resolve(StoredTrial(params))


class StoredTrial:
    """A finished trial: suggests what it was given."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:  # noqa: ARG002 - Optuna's signature
        """Return the stored float."""
        return float(self.params[name])

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:  # noqa: ARG002 - Optuna's signature
        """Return the stored integer."""
        return int(self.params[name])

    def suggest_categorical(self, name: str, choices: Any) -> Any:  # noqa: ARG002 - Optuna's signature
        """Return the stored label."""
        return self.params[name]


def make_plan(linked: LinkedSpace) -> Plan:
    """Return the plan of a linked tree."""
    skeleton = _Skeleton()
    root = skeleton.build(linked.root, ROOT)
    suggestions = tuple(
        Suggestion(
            parameter_name(path),
            path,
            node.domain,
            skeleton.place(path),
            not isinstance(node.domain, Categorical) or node.domain.labels == node.domain.choices,
        )
        for path, node in walk(linked.root)
        if isinstance(node, Parameter)
    )
    steps = tuple(skeleton.step(linked.formulas[target], target) for target in linked.order)
    template = pickle.dumps((root, skeleton.containers), protocol=5)
    return Plan(template, suggestions, steps, _fingerprint(root, suggestions, steps))


class _Skeleton:
    """A config with None wherever a trial writes, and its containers by path."""

    def __init__(self) -> None:
        self.containers: list[Container] = []
        self.numbers: dict[Path, int] = {}

    def build(self, node: SpaceNode, path: Path) -> Any:
        """Return the data of a node."""
        if isinstance(node, Mapping):
            return self._fill({}, node.entries.items(), path)
        if isinstance(node, Sequence):
            return self._fill([None] * len(node.items), enumerate(node.items), path)
        return node.value if isinstance(node, Constant) else None

    def _fill(
        self, container: Container, entries: Iterable[tuple[str | int, SpaceNode]], path: Path
    ) -> Container:
        self.numbers[path] = len(self.containers)
        self.containers.append(container)
        for key, child in entries:
            container[key] = self.build(child, (*path, key))
        return container

    def place(self, path: Path) -> Place:
        """Return the place of a path that is not the root's."""
        return Place(self.numbers[path[:-1]], path[-1])

    def step(self, formula: Formula, target: Path) -> Step:
        """Return the step that fills a target."""
        source = formula.sources[0] if formula.expression.is_path else None
        if isinstance(source, tuple):
            return Copy(source, target, self.place(source), self.place(target))
        places = tuple(
            tuple(map(self.place, source))
            if isinstance(source, list)
            else source
            if isinstance(source, Fact)
            else self.place(source)
            for source in formula.sources
        )
        return Computation(formula, target, places, self.place(target))


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
