"""What a study's sampler has to know of a search space that was compiled."""

import functools
import pathlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from qgtune.compiler.building.selection import Selection, parse_pattern
from qgtune.compiler.load import compile_files
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.steps import Suggestion
from qgtune.compiler.prepare import Prepared
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path
from qgtune.insight.combinations import every_params
from qgtune.insight.counting import space_size
from qgtune.insight.space_size import domain_values
from qgtune.schema.sampler_settings import Choice, find_setting_problems, parse_setting
from qgtune.schema.tuning import key_spellings
from qgtune.space import Categorical, EvaluationError, FollowingRange

if TYPE_CHECKING:
    from qgtune.study import SamplerSpec


def sampler_spec(prepared: Prepared) -> "SamplerSpec":
    """Return the sampler that a tuning file asks for, with what it has to know of the search space."""
    choice = prepared.tuning.settings.chosen_sampler
    return _spec(choice, prepared.compilation, prepared.tuning.folder.resolve())


def chosen_in(settings: Mapping[str, Any]) -> "tuple[SamplerSpec, Choice | None]":
    """Return the sampler and the pruner that the settings of a script ask for; None: the default pruner.

    Args:
        settings: of a tuning file, as it spells them. Relative paths start from the current folder.

    Raises:
        ConfigValueError: at ``sampler`` or ``pruner``, if there is no such one, or an argument is wrong; or
            if the sampler has to know a search space that the settings do not name.
        DiagnosticError: if that search space cannot be compiled.
    """
    from qgtune.study import SamplerSpec

    for role in ("sampler", "pruner"):
        for problem in find_setting_problems(role, settings.get(role)):
            raise problem
    choice = parse_setting("sampler", settings.get("sampler"))
    pruner = parse_setting("pruner", settings["pruner"]) if "pruner" in settings else None
    if choice.name not in _KNOWING_THE_SPACE:
        return SamplerSpec(choice, folder=pathlib.Path.cwd()), pruner
    space, base, dependencies = (
        next((pathlib.Path(settings[key]) for key in key_spellings(field) if settings.get(key)), None)
        for field in ("search_space_path", "base_settings_path", "dependency_mapping_path")
    )
    if space is None:
        message = f"{choice.name} has to know the search space, and the settings name none"
        raise ConfigValueError(("sampler",), message, "add search_space_path, or take random or tpe")
    untuned = frozenset(name for name in ("model", "training") if settings.get(f"tune_{name}") is False)
    compilation = compile_files(space, dependencies, base, Selection(untuned, _patterns(settings)))
    return _spec(choice, compilation, pathlib.Path.cwd()), pruner


LISTED = 10_000
"""So many combinations of a space with conditions are listed before a run; of more, trials find their own."""

_KNOWING_THE_SPACE = ("grid", "qmc")
VISITS_EACH = ("grid", "brute_force")
"""Samplers that try each combination once."""


def _patterns(settings: Mapping[str, Any]) -> tuple[Path, ...] | None:
    return tuple(map(parse_pattern, settings["tune"])) if settings.get("tune") else None


def _spec(choice: Choice, compilation: Compilation, folder: pathlib.Path) -> "SamplerSpec":
    from qgtune.study import SamplerSpec

    parameters = compilation.plan.suggestions
    grid: dict[str, tuple[Any, ...]] = {}
    if choice.name == "grid" or (choice.name == "brute_force" and _all_have_the_same(parameters)):
        for parameter in parameters:
            domain = parameter.domain
            if isinstance(domain, Categorical):
                grid[parameter.name] = domain.labels
            elif not isinstance(domain, FollowingRange):
                grid[parameter.name] = tuple(domain_values(domain))
    names = tuple(dict.fromkeys(parameter.name for parameter in parameters))
    every = _every_combination(compilation) if choice.name == "brute_force" and not grid else ()
    plan = compilation.plan
    # What only the place where a trial runs can tell is not known before it runs.
    heeds = any(not check.is_late for check in plan.constraints)
    holds = functools.partial(_has_config, plan) if heeds else None
    return SamplerSpec(choice, names, grid, every, folder, holds)


def _every_combination(compilation: Compilation) -> tuple[dict[str, Any], ...]:
    """Return all combinations of a space in which they depend on each other; none if they are too many."""
    size = space_size(compilation.space)
    few = size.is_exact and not size.continuous and size.combinations <= LISTED
    return tuple(every_params(compilation.plan)) if few else ()


def _has_config(plan: Plan, trial: Any) -> bool:
    """Return whether a trial gives a config that may be trained."""
    try:
        plan.resolve(trial)
    except EvaluationError:
        return False
    return True


def total_trials(prepared: Prepared) -> int:
    """Return how many finished trials a study shall have in the end.

    They are as many as the tuning file asks for, or one for each combination where these are fewer.
    """
    asked, size = prepared.tuning.settings.total_trials, number_of_combinations(prepared)
    return min(asked, size) if size else asked


def _all_have_the_same(parameters: Iterable[Suggestion]) -> bool:
    """Return whether every trial has the same parameters, with the same domains."""
    return not any(one.scope or isinstance(one.domain, FollowingRange) for one in parameters)


def number_of_combinations(prepared: Prepared) -> int | None:
    """Return after how many trials a sampler that tries each combination once has tried all of them.

    None for a sampler that has no end, or where the number cannot be told exactly.
    """
    if prepared.tuning.settings.chosen_sampler.name not in VISITS_EACH:
        return None
    size = space_size(prepared.compilation.space)
    return size.combinations if size.is_exact and not size.continuous else None
