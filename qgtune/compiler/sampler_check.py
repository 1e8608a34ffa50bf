"""Whether the sampler and the pruner of a tuning file exist, and fit its search space and its objectives."""

import importlib.util
from collections.abc import Iterator, Sequence

from qgtune.compiler.objective import check_function
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.planning.steps import Suggestion
from qgtune.compiler.problems import Problems
from qgtune.compiler.tuning import Tuning
from qgtune.core.paths import format_path
from qgtune.core.wording import count
from qgtune.schema.sampler_settings import (
    Choice,
    UnknownAlgorithmError,
    find_setting_problems,
)
from qgtune.schema.samplers import ALGORITHMS
from qgtune.space import Categorical, Float, FollowingRange


def check_sampling(tuning: Tuning, compilation: Compilation | None, problems: Problems) -> None:
    """Report what is wrong with ``sampler``, ``pruner`` and ``directions``; Optuna is not imported."""
    if tuning.gives("directions"):
        _check_directions(tuning, problems)
    for role in ALGORITHMS:
        found = find_setting_problems(role, getattr(tuning.settings, role))
        for problem in found:
            code = "QG415" if isinstance(problem, UnknownAlgorithmError) else "QG416"
            key = tuning.document.key_at(problem.path) if problem.is_key else None
            place = tuning.document.source.location(key.span) if key else tuning.document.locate(problem.path)
            problems.error(code, problem.message, place, problem.hint)
        if found:
            continue
        choice = tuning.settings.chosen_sampler if role == "sampler" else tuning.settings.chosen_pruner
        if choice is not None:
            _check_file(role, choice, tuning, problems)
            if not _is_installed(role, choice, tuning, problems):
                continue
            if role == "pruner":
                _check_pruner(choice, tuning, problems)
            elif compilation is not None:
                _check_sampler(choice, tuning, compilation, problems)


def _check_directions(tuning: Tuning, problems: Problems) -> None:
    place = tuning.locate("directions")
    if tuning.gives("direction"):
        message = "direction and directions set the same thing"
        problems.error("QG403", message, place, "remove one of them")


def _check_file(role: str, choice: Choice, tuning: Tuning, problems: Problems) -> None:
    if ":" in choice.name:
        check_function(choice.name, tuning.folder, tuning.locate(role), "QG415", problems.found)


def _is_installed(role: str, choice: Choice, tuning: Tuning, problems: Problems) -> bool:
    """Return whether a sampler and those inside it have what they need installed; report what is missing."""
    algorithm = ALGORITHMS[role].get(choice.name)
    needed = algorithm.needs if algorithm is not None else ""
    if needed and importlib.util.find_spec(needed) is None:
        message = f"the {role} {choice.name} needs the package {needed}, which is not installed"
        problems.error("QG418", message, tuning.locate(role), f'pip install "qgtune[{needed}]"')
        return False
    inside = [inner for inner in choice.arguments.values() if isinstance(inner, Choice)]
    return all(_is_installed(role, inner, tuning, problems) for inner in inside)


def _check_pruner(choice: Choice, tuning: Tuning, problems: Problems) -> None:
    if len(tuning.settings.all_directions) > 1 and choice.name != "none":
        message = "trials of several objectives cannot be pruned, since no one value says which is worse"
        problems.error("QG417", message, tuning.locate("pruner"), "write pruner: none, or leave it out")


def _check_sampler(choice: Choice, tuning: Tuning, compilation: Compilation, problems: Problems) -> None:
    place = tuning.locate("sampler")
    parameters = compilation.plan.suggestions
    several = len(tuning.settings.all_directions) > 1
    if choice.name == "cmaes" and several:
        problems.error("QG417", "cmaes has one objective only", place, "use nsga2, tpe or gp")
    if choice.name == "tpe" and several and choice.arguments.get("group"):
        message = "groups of parameters are for one objective only"
        problems.error("QG417", message, place, "leave out group")
    if choice.name in {"grid", "brute_force"}:
        for parameter in parameters:
            reason = _uncountable(parameter)
            if reason:
                problems.error("QG417", f"{choice.name} tries every value, but {reason}", place, _A_STEP)
                return
    if choice.name == "grid":
        for reason in _not_on_a_grid(compilation):
            problems.error("QG417", reason, place, "use brute_force, which follows conditions")
            return
    if choice.name in {"gp", "cmaes"}:
        for reason in _drawn_at_random(choice.name, compilation):
            problems.warn("QG417", reason, place, "use tpe, which draws all parameters")


_A_STEP = "give it a step, or choices; or use random, qmc or tpe"


def _uncountable(parameter: Suggestion) -> str:
    """Say why not every value of a parameter can be tried; an empty text if it can."""
    domain = parameter.domain
    if isinstance(domain, Categorical):
        return ""
    without_step = domain.step is None and not (isinstance(domain, FollowingRange) and domain.is_integer)
    if without_step and (not isinstance(domain, Float) or domain.low < domain.high):
        return f"{format_path(parameter.path)} is a {domain}, without a step"
    return ""


def _not_on_a_grid(compilation: Compilation) -> Iterator[str]:
    """Yield why the combinations of all values are no grid."""
    for parameter in compilation.plan.suggestions:
        where = format_path(parameter.path)
        if isinstance(parameter.domain, FollowingRange):
            yield f"a grid has the same values in every trial, but the bounds of {where} follow other values"
        elif parameter.scope:
            yield f"a grid has the same parameters in every trial, but {where} exists only in some"


def _drawn_at_random(sampler: str, compilation: Compilation) -> Iterator[str]:
    """Yield what a sampler does not learn from, and so draws at random."""
    parameters = compilation.plan.suggestions
    choices = [parameter for parameter in parameters if isinstance(parameter.domain, Categorical)]
    if sampler == "cmaes" and choices:
        yield f"cmaes learns from numbers, so it draws {_shown(choices)} at random: choices have no order"
    some = [parameter for parameter in parameters if parameter.scope]
    if some:
        yield f"{sampler} draws {_shown(some)} at random: it learns from what all trials have"


def _shown(parameters: Sequence[Suggestion]) -> str:
    """Return the first of some parameters, and how many there are beside it."""
    others = len(parameters) - 1
    first = format_path(parameters[0].path)
    if others:
        return f"{first} and {count(others, 'other')}"
    return first
