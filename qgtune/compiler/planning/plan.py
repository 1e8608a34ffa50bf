"""The Plan: what a trial walks, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from qgtune.compiler.planning.checks import Check
from qgtune.compiler.planning.program import Program, bind
from qgtune.compiler.planning.reading import Draft, Trial
from qgtune.compiler.planning.steps import Computation, Copy, Step, Suggestion
from qgtune.compiler.planning.template import Template
from qgtune.core.paths import Path, format_path
from qgtune.space import EvaluationError, config_path

MAX_FOLLOWED = 500
"""Values that are told of a trial at most: they are kept with each of them."""

_LONGEST = 16
"""Items of a list that is told of a trial."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a trial needs to become a config. Frozen, picklable, and independent of any file.

    Args:
        template: the constants, and what switches put among them.
        suggestions: all parameters, in the order of the config.
        leading: the parameters that every trial has, which are sampled first.
        steps: everything else, each after what it reads: references, switches, lengths of lists, and the
            parameters that only some trials have.
        constraints: what must hold of a config for it to be trained.
        scopes: how many cases of switches and items of repeats there are, and one for the config itself.
        names_objects: whether a config can hold names of Python objects; see ``with_objects``.
        fingerprint: 16 hexadecimal digits that name all of it: constants, parameters and references. Values
            of trials can be compared only where it is the same.
    """

    template: Template
    suggestions: tuple[Suggestion, ...]
    leading: tuple[Suggestion, ...]
    steps: tuple[Step, ...]
    constraints: tuple[Check, ...]
    scopes: int
    names_objects: bool
    fingerprint: str
    # What follows from the rest, bound once: here, and again where the plan is unpickled.
    _beginning: Program = field(init=False, repr=False, compare=False)
    _rest: Program = field(init=False, repr=False, compare=False)
    _checks: tuple[Check, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_beginning", bind(self.leading))
        object.__setattr__(self, "_rest", bind(self.steps))
        object.__setattr__(self, "_checks", tuple(check for check in self.constraints if not check.is_late))

    def __reduce__(self) -> tuple[type["Plan"], tuple[Any, ...]]:
        return Plan, tuple(getattr(self, given.name) for given in fields(self) if given.init)

    @property
    def is_conditional(self) -> bool:
        """Whether trials differ in which values they have, and not only in the values."""
        return self.scopes > 1

    @property
    def has_late_constraints(self) -> bool:
        """Whether ``check_late`` has something to check."""
        return any(check.is_late for check in self.constraints)

    def resolve(self, trial: Trial) -> dict[str, Any]:
        """Return the concrete config of a trial: plain dict and list, shared with nobody.

        Args:
            trial: whatever has Optuna's ``suggest_float``, ``suggest_int`` and ``suggest_categorical``.

        Raises:
            EvaluationError: if an expression has no value for what was sampled, or if the config breaks a
                constraint.

        Example:
            ``config = plan.resolve(study.ask())``
        """
        return self.checked(self.filled(trial))

    def checked(self, draft: Draft) -> dict[str, Any]:
        """Return the config of a draft that is filled.

        Raises:
            EvaluationError: if the config breaks a constraint.
        """
        config = draft.config
        for check in self._checks:
            check.run(config, {})
        return config

    def followed(self, draft: Draft) -> dict[str, Any]:
        """Return what a draft that is filled has by following other values: path -> value.

        Numbers, texts and short lists of them, and no more than ``MAX_FOLLOWED``.
        """
        found: dict[str, Any] = {}
        for step in self.steps:
            if not isinstance(step, Copy | Computation) or not draft.active[step.scope]:
                continue
            value = draft.containers[step.to_place.container][step.to_place.key]
            if _is_small(value) and len(found) < MAX_FOLLOWED:
                found[format_path(config_path(step.target))] = value
        return found

    def begin(self, trial: Trial) -> Draft:
        """Return a trial's config with its leading parameters only."""
        draft = Draft(trial, *self.template.fresh(), [True] + [False] * (self.scopes - 1))
        for _, run in self._beginning:
            run(draft)
        return draft

    def filled(self, trial: Trial) -> Draft:
        """Return a trial's config, whether or not it breaks a constraint.

        Raises:
            EvaluationError: if an expression has no value for what was sampled.
        """
        draft = self.begin(trial)
        active = draft.active
        for scope, run in self._rest:
            if active[scope]:
                run(draft)
        return draft

    def check_late(self, config: dict[str, Any], late_facts: Mapping[Path, Any]) -> None:
        """Check the constraints that need what only the place where a trial runs can tell.

        Args:
            config: the trial's config.
            late_facts: what is told, by path: ``("model", "params")`` and others.

        Raises:
            EvaluationError: if the config breaks a constraint.
        """
        for check in self.constraints:
            if check.is_late:
                check.run(config, late_facts)

    def config_of(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the config of a finished trial from its stored parameters (name -> value).

        Raises:
            EvaluationError: if one of them is absent, or no choice of its parameter, or if an expression has
                no value for them.
        """
        try:
            return self.filled(StoredTrial(params)).config
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, EvaluationError):
                raise
            rule = "these parameters are not those of a config of this search space"
            raise EvaluationError(f"{rule}: {type(error).__name__}: {error}") from error


def _is_small(value: Any) -> bool:
    """Return whether a value is a number, a text, true, false or null, or a short list of such."""
    if isinstance(value, list):
        return len(value) <= _LONGEST and all(
            _is_small(item) and not isinstance(item, list) for item in value
        )
    return value is None or isinstance(value, bool | int | float | str)


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
