"""What the best trials of a study say about the search space of the next one."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from qgtune.core.trials import TrialRecord
from qgtune.reports.results import Results, is_number
from qgtune.space import Categorical, Float, Integer

_ENOUGH = 20
"""Complete trials below which the best ones are too much a matter of luck."""
_NARROW = 0.5
"""The share of a range that the best trials fill at most, for the range to be worth narrowing."""
_EDGE = 0.05
"""The share of a range that counts as its edge."""


def advice(results: Results, importances: Mapping[str, float]) -> list[str]:
    """Return sentences about what to narrow, widen or fix next; none where too little is known.

    Args:
        results: a study with one objective.
        importances: the share of each parameter in what makes trials good, from 0 to 1; may be empty.
    """
    top = results.top
    if not results.is_single or len(results.complete) < _ENOUGH or len(top) < 2:
        return []
    return [
        sentence
        for name in results.parameters
        for sentence in _about(name, results, top, importances.get(name))
    ]


def _about(
    name: str, results: Results, top: tuple[TrialRecord, ...], importance: float | None
) -> Iterator[str]:
    domain = results.domains.get(name)
    having = [record for record in top if name in record.params]
    if not having or domain is None:
        return
    if isinstance(domain, Categorical):
        yield from _about_choices(name, domain, results, having)
    elif isinstance(domain, Float | Integer) and domain.high > domain.low:
        yield from _about_range(name, domain, having)
    if importance is not None and importance < 0.01:
        yield f"`{name}` hardly matters here (importance {importance:.1%}): it could be fixed."


def _about_choices(name: str, domain: Categorical, results: Results, top: list[TrialRecord]) -> Iterator[str]:
    if len(domain.labels) < 2:
        return
    found = Counter(map(str, (record.params[name] for record in top)))
    tried = Counter(str(record.params[name]) for record in results.records if name in record.params)
    if len(found) == 1:
        yield f"`{name}`: all of the best trials have {next(iter(found))}; it could be fixed."
        return
    absent = [str(label) for label in domain.labels if str(label) not in found and tried[str(label)] >= 3]
    if absent:
        yield f"`{name}`: none of the best trials has {', '.join(absent)}, which could be left out."


def _about_range(name: str, domain: Float | Integer, top: list[TrialRecord]) -> Iterator[str]:
    values = [record.params[name] for record in top]
    if not all(map(is_number, values)):
        return
    low, high = _place(domain.low, domain), _place(domain.high, domain)
    places = [_place(value, domain) for value in values]
    width = high - low
    best = (places[0] - low) / width
    # A few whole numbers have edges that are hard to miss.
    if isinstance(domain, Float) or domain.high - domain.low > 1 / _EDGE:
        if best <= _EDGE:
            yield f"`{name}`: the best value, {values[0]:g}, is at the lower end; lower ones may be better."
        elif best >= 1 - _EDGE:
            yield f"`{name}`: the best value, {values[0]:g}, is at the upper end; higher ones may be better."
    if (max(places) - min(places)) / width <= _NARROW:
        yield (
            f"`{name}`: the best trials lie between {min(values):.4g} and {max(values):.4g}, "
            f"of {domain.low:g} to {domain.high:g}; the range could be narrowed."
        )


def _place(value: float, domain: Float | Integer) -> float:
    return math.log(max(value, domain.low)) if domain.log else float(value)
