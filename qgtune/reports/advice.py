"""What the best trials of a study say about the search space of the next one."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qgtune.core.trials import TrialRecord
from qgtune.reports.results import Results, is_number
from qgtune.space import Categorical, Float, Integer

_ENOUGH = 20
"""Complete trials below which the best ones are too much a matter of luck."""
_SEVERAL = 5
"""Of the best trials, those that must have a parameter: fewer say nothing of it."""
_OTHERS = 3
"""Trials that must have tried something else: what was never tried cannot have been worse."""
_NARROW = 0.5
"""The share of a range that the best trials fill at most, for the range to be worth narrowing."""
_EDGE = 0.05
"""The share of a range that counts as its edge."""

Advice = tuple[str, str]
"""The name of a parameter, and what is said of it; both are plain text, whatever a user has called things."""


def advice(results: Results, importances: Mapping[str, float]) -> list[Advice]:
    """Return what to narrow, widen or fix next; nothing where too little is known.

    A parameter is spoken of only if at least five of the best trials have it, and at least three trials have
    tried something else than they.

    Args:
        results: a study with one objective.
        importances: the share of each parameter in what makes trials good, from 0 to 1; may be empty.

    Example:
        ``[("lr", "the best trials lie between 0.01 and 0.1, of 0.0001 to 1; the range could be narrowed")]``
    """
    if not results.is_single or too_early(results):
        return []
    return [
        (name, text)
        for name in results.parameters
        for text in _about(name, results, results.top, importances.get(name))
    ]


def too_early(results: Results) -> str:
    """Return why nothing can be said yet of what to narrow; empty where there may be advice, or never is any.

    Args:
        results: a study; of one with several objectives nothing is ever said.

    Example:
        ``"It says too little with fewer than 20 complete trials"``
    """
    if not results.is_single or len(results.complete) >= _ENOUGH:
        return ""
    return f"It says too little with fewer than {_ENOUGH} complete trials"


def _about(
    name: str, results: Results, top: tuple[TrialRecord, ...], importance: float | None
) -> Iterator[str]:
    domain = results.domains.get(name)
    best = [record.params[name] for record in top if name in record.params]
    tried = [record.params[name] for record in results.records if name in record.params]
    if len(best) < _SEVERAL or domain is None:
        return
    whose = "the best trials" if len(best) == len(top) else f"the {len(best)} of the best trials that have it"
    if isinstance(domain, Categorical):
        yield from _about_choices(whose, domain, best, tried)
    elif isinstance(domain, Float | Integer) and domain.high > domain.low and all(map(is_number, tried)):
        yield from _about_range(whose, domain, best, tried)
    if importance is not None and importance < 0.01:
        yield f"hardly matters here (importance {importance:.1%}): it could be fixed"


def _about_choices(
    whose: str, domain: Categorical, best: Sequence[Any], tried: Sequence[Any]
) -> Iterator[str]:
    found, times = Counter(map(str, best)), Counter(map(str, tried))
    if len(found) == 1:
        [label] = found
        if len(tried) - times[label] >= _OTHERS:
            yield f"all of {whose} have {label}; it could be fixed"
        return
    labels = map(str, domain.labels)
    absent = [label for label in labels if label not in found and times[label] >= _OTHERS]
    if absent:
        yield f"none of {whose} has {', '.join(absent)}, which could be left out"


def _about_range(
    whose: str, domain: Float | Integer, best: Sequence[float], tried: Sequence[float]
) -> Iterator[str]:
    low, high = min(best), max(best)
    if sum(not low <= value <= high for value in tried) < _OTHERS:
        return
    # A few whole numbers have edges that are hard to miss.
    if isinstance(domain, Float) or domain.high - domain.low > 1 / _EDGE:
        share = _share(best[0], domain)
        if share <= _EDGE:
            yield f"the best value, {_told(best[0])}, is at the lower end; lower ones may be better"
        elif share >= 1 - _EDGE:
            yield f"the best value, {_told(best[0])}, is at the upper end; higher ones may be better"
    if low == high:
        yield f"all of {whose} have {_told(low)}; it could be fixed"
    elif _share(high, domain) - _share(low, domain) <= _NARROW:
        of = f"of {_told(domain.low)} to {_told(domain.high)}"
        yield f"{whose} lie between {_told(low)} and {_told(high)}, {of}; the range could be narrowed"


def _share(value: float, domain: Float | Integer) -> float:
    """Return where in a range a value lies, from 0 to 1."""
    low, high = _place(domain.low, domain), _place(domain.high, domain)
    return (_place(value, domain) - low) / (high - low)


def _place(value: float, domain: Float | Integer) -> float:
    return math.log(max(value, domain.low)) if domain.log else float(value)


def _told(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
