"""What probing shows before a study: values that cannot be had, constraints that nothing satisfies."""

from dataclasses import dataclass, field

from qgtune.compiler.building.conditions import OTHERWISE, WHEN
from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.planning.checks import ConstraintError, UndecidedError
from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.reading import Draft
from qgtune.compiler.planning.steps import Computation, Cut, Decision, Step, Suggestion
from qgtune.compiler.problems import Problems
from qgtune.compiler.proving.fallible import fallible_part
from qgtune.compiler.proving.probe import probe_trials
from qgtune.core.diagnostics import Location
from qgtune.core.paths import Path
from qgtune.space import EvaluationError, path_text


@dataclass(slots=True)
class _Failures:
    """What went wrong at one place: in how many probes, and how the first of them put it."""

    count: int
    first: str


@dataclass(slots=True)
class _Findings:
    """What all probes showed.

    Args:
        reached: in how many probes each step ran, by its target.
        failed: the steps that failed, by their targets.
        met: in how many probes each condition was true, by the path of what it is on.
        broken: the constraints that were broken, by their number.
        undecided: those of them that had no value in some probe, and how the first one put it.
        whole: how many probes came through.
    """

    reached: dict[Path, int] = field(default_factory=dict)
    failed: dict[Path, _Failures] = field(default_factory=dict)
    met: dict[Path, int] = field(default_factory=dict)
    broken: dict[int, _Failures] = field(default_factory=dict)
    undecided: dict[int, str] = field(default_factory=dict)
    whole: int = 0


def check_probes(plan: Plan, linked: LinkedSpace, problems: Problems) -> None:
    """Report what has no value: an error if in no probe that comes to it, a warning if only in some.

    A constraint that no probe satisfies is an error, and a condition that all or none of them meet a warning.
    """
    if not plan.constraints and not plan.is_conditional and not any(map(_can_fail, plan.steps)):
        return
    found = _Findings()
    part = fallible_part(plan, linked)
    for trial in probe_trials(part):
        draft = part.begin(trial)
        if _fill(part, draft, found):
            found.whole += 1
            _check_constraints(plan, draft, found)
    _report_failures(found, linked, problems)
    _report_constraints(found, linked, problems)
    if not found.failed:
        _report_conditions(plan, found, linked, problems)


def _can_fail(step: Step) -> bool:
    return isinstance(step, Computation | Cut) or (isinstance(step, Suggestion) and bool(step.bounds))


def _fill(plan: Plan, draft: Draft, found: _Findings) -> bool:
    """Run the steps of one probe; tell whether all of them came through."""
    for step in plan.steps:
        if not draft.active[step.scope]:
            continue
        found.reached[step.target] = found.reached.get(step.target, 0) + 1
        try:
            step.run(draft)
        except EvaluationError as error:
            found.failed.setdefault(step.target, _Failures(0, str(error))).count += 1
            return False  # what follows this value has none either
        if isinstance(step, Decision) and WHEN in step.options and draft.active[step.options[WHEN].scope]:
            found.met[step.target] = found.met.get(step.target, 0) + 1
    return True


def _check_constraints(plan: Plan, draft: Draft, found: _Findings) -> None:
    for number, check in enumerate(plan.constraints):
        try:
            if not check.is_late:
                check.run(draft.config, {})
        except ConstraintError as error:
            found.broken.setdefault(number, _Failures(0, str(error))).count += 1
            if isinstance(error, UndecidedError):
                found.undecided.setdefault(number, str(error))


def _report_failures(found: _Findings, linked: LinkedSpace, problems: Problems) -> None:
    told: set[tuple[bool, Location]] = set()
    for target, failures in found.failed.items():
        place = problems.at(linked.nodes[target].origin)
        always = failures.count == found.reached[target]
        if (always, place) in told:
            continue  # an expression that stands for several places is wrong once
        told.add((always, place))
        if always:
            problems.error("QG309", failures.first, place)
        else:
            hint = "trials that meet such values are pruned with this reason"
            problems.warn("QG310", f"for some values of the space, {failures.first}", place, hint)


def _report_constraints(found: _Findings, linked: LinkedSpace, problems: Problems) -> None:
    for number, failures in found.broken.items():
        if failures.count == found.whole:
            constraint = linked.constraints[number]
            message = (
                f"none of {found.whole} configs looked at satisfies the constraint; "
                f"in the first, {failures.first}"
            )
            problems.error("QG313", message, problems.at(constraint.origin))
        elif number in found.undecided:
            place = problems.at(linked.constraints[number].origin)
            message = f"for some values of the space, {found.undecided[number]}"
            problems.warn(
                "QG310",
                message,
                place,
                "let it say what holds without it, as in: model.kind != 'gat' or model.heads <= 4",
            )


def _report_conditions(plan: Plan, found: _Findings, linked: LinkedSpace, problems: Problems) -> None:
    """Warn of conditions that were true in all or in none of the probes; a repeat's items count as one."""
    times: dict[Location, tuple[int, int, Decision]] = {}
    for step in plan.steps:
        if isinstance(step, Decision) and WHEN in step.options:
            place = problems.at(linked.nodes[step.target].origin)
            met, reached, first = times.get(place, (0, 0, step))
            met += found.met.get(step.target, 0)
            times[place] = (met, reached + found.reached.get(step.target, 0), first)
    for place, (met, reached, step) in times.items():
        if reached == 0 or 0 < met < reached:
            continue
        condition, what = step.reading.expression, path_text(step.target)
        message = f"{condition} is true in all of the configs looked at"
        if met == 0:
            message = f"{condition} is true in none of the configs looked at, so {what} is never there"
            if not step.options[OTHERWISE].is_absent:
                message = f"{condition} is true in none of the configs looked at"
        problems.warn("QG232", message, place, "compare it with a value that this can have and lack")
