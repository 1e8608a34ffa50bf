"""What a study's sampler has to know of a search space that was compiled."""

from typing import TYPE_CHECKING, Any

from qgtune.compiler.prepare import Prepared
from qgtune.insight.counting import space_size
from qgtune.insight.space_size import domain_values
from qgtune.space import Categorical, FollowingRange

if TYPE_CHECKING:
    from qgtune.study import SamplerSpec


def sampler_spec(prepared: Prepared) -> "SamplerSpec":
    """Return the sampler that a tuning file asks for, with what it has to know of the search space."""
    from qgtune.study import SamplerSpec

    choice = prepared.tuning.settings.chosen_sampler
    parameters = prepared.compilation.plan.suggestions
    grid: dict[str, tuple[Any, ...]] = {}
    if choice.name == "grid":
        for parameter in parameters:
            domain = parameter.domain
            if isinstance(domain, Categorical):
                grid[parameter.name] = domain.labels
            elif not isinstance(domain, FollowingRange):
                grid[parameter.name] = tuple(domain_values(domain))
    names = tuple(dict.fromkeys(parameter.name for parameter in parameters))
    return SamplerSpec(choice, names, grid, prepared.tuning.folder.resolve())


def number_of_combinations(prepared: Prepared) -> int | None:
    """Return after how many trials a sampler that tries each combination once has tried all of them.

    None for a sampler that has no end, or where the number cannot be told exactly.
    """
    if prepared.tuning.settings.chosen_sampler.name not in {"grid", "brute_force"}:
        return None
    size = space_size(prepared.compilation.space)
    return size.combinations if size.is_exact and not size.continuous else None
