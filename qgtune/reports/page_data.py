"""What report.html holds of a study: all of it where a browser opens that at once, else what tells most."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgtune.core.trials import TrialRecord
from qgtune.reports.advice import too_early
from qgtune.reports.graph_drawing import Arrow, Box
from qgtune.reports.page_configs import ConfigReader, Configs, configs_of, finite, flattened
from qgtune.reports.results import Results

MOST_TRIALS = 10_000
"""Trials that the page lists: the best ones, and the last."""
_MOST_CURVES = 300
_MOST_POINTS = 40
_PARAMETER_BYTES = 5_500_000
"""What the parameters of all trials may take; with more, numbers are shortened, then parameters left out."""
_CONFIG_BYTES = 4_000_000
_DIGITS = 6
_LETTERS = 200
"""Letters of a reason that the page tells; trials.csv has the whole."""

Curves = Mapping[int, Sequence[tuple[int, float]]]
"""What each trial reported on its way: step and value."""


@dataclass(frozen=True)
class PageParts:
    """What the page shows besides the results.

    Args:
        config_of: returns the config of a trial, or None where it is not known.
        importances: the share of each parameter, the largest first.
        evaluator: how they were found, or why there are none.
        curves: what each trial reported on its way.
        boxes: the values of the dependency graph.
        arrows: its edges.
        advice: what to narrow next: the name of a parameter, and what is said of it.
    """

    config_of: ConfigReader
    importances: Mapping[str, float] = field(default_factory=dict)
    evaluator: str = ""
    curves: Curves = field(default_factory=dict)
    boxes: Sequence[Box] = ()
    arrows: Sequence[Arrow] = ()
    advice: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class _Parameters:
    """The parameters that the page shows, and their values in the trials that it lists, one row each."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    digits: int | None
    """To how many digits numbers are told; None: whole."""


def page_data(results: Results, parts: PageParts) -> dict[str, Any]:
    """Return what the page's script reads, as JSON has it.

    Args:
        results: what the study has found.
        parts: what else is to be shown.
    """
    records = _listed(results)
    shown = _parameters(results, records, parts.importances)
    configs = _configs(results, records, shown, parts.config_of)
    return {
        "study": results.study,
        "fingerprint": results.fingerprint,
        "metrics": results.metrics,
        "directions": results.directions,
        "asked": results.total,
        "begun": len(results.records),
        "counts": results.counts,
        "reasons": [[state, _cut(reason), count] for state, reason, count in results.reasons[:50]],
        "best": [record.number for record in results.best],
        "parameters": [_parameter(results, name) for name in shown.names],
        "importances": list(parts.importances.items()),
        "evaluator": parts.evaluator,
        "advice": list(parts.advice),
        "advice_note": too_early(results),
        "trials": _trials(results, records, shown.rows),
        "curves": _curves(results, parts.curves),
        "reported": sum(record.number in parts.curves for record in results.records),
        "left_out": _left_out(results, records, shown, configs),
        **configs.as_data(),
    }


def _listed(results: Results) -> list[TrialRecord]:
    """Return the trials that the page lists, by number."""
    if len(results.records) <= MOST_TRIALS:
        return list(results.records)
    numbers = dict.fromkeys(record.number for record in (*results.best, *results.ranked))
    chosen = set(list(numbers)[: MOST_TRIALS // 2])
    for record in reversed(results.records):
        if len(chosen) >= MOST_TRIALS:
            break
        chosen.add(record.number)
    return [record for record in results.records if record.number in chosen]


def _parameters(
    results: Results, records: Sequence[TrialRecord], importances: Mapping[str, float]
) -> _Parameters:
    """Return the parameters that fit, the most important first where not all do."""
    names = results.parameters
    columns = {name: [finite(record.params.get(name)) for record in records] for name in names}
    digits = None
    if sum(map(_size, columns.values())) > _PARAMETER_BYTES:
        digits = _DIGITS
        columns = {name: [finite(value, digits) for value in cells] for name, cells in columns.items()}
        columns = _fitting(columns, [*importances, *names])
    rows = list(zip(*columns.values(), strict=True)) if columns else [()] * len(records)
    return _Parameters(tuple(columns), rows, digits)


def _fitting(columns: Mapping[str, list[Any]], order: Sequence[str]) -> dict[str, list[Any]]:
    left = _PARAMETER_BYTES
    chosen = set()
    for name in dict.fromkeys(order):
        if name not in columns:
            continue
        left -= _size(columns[name])
        if left < 0:
            break
        chosen.add(name)
    return {name: cells for name, cells in columns.items() if name in chosen}


def _size(cells: Sequence[Any]) -> int:
    """Return how many bytes some values take in the page, where ``<`` is written as six."""
    text = json.dumps(cells, separators=(",", ":"))
    return len(text) + 5 * text.count("<")


def _parameter(results: Results, name: str) -> dict[str, Any]:
    domain = results.domains.get(name)
    return {
        "name": name,
        "domain": "" if domain is None else str(domain),
        "log": getattr(domain, "log", False),
    }


def _trials(
    results: Results, records: Sequence[TrialRecord], rows: Sequence[Sequence[Any]]
) -> list[list[Any]]:
    """Return a row for each trial: number, outcome, values, parameters, start, duration, worker, failure."""
    starts = [record.started for record in results.records if record.started is not None]
    origin = min(starts, default=None)
    return [
        [
            record.number,
            record.outcome,
            [finite(value) for value in record.values],
            row,
            None
            if origin is None or record.started is None
            else round((record.started - origin).total_seconds(), 2),
            None if record.duration is None else round(record.duration, 3),
            record.worker,
            _cut(record.failure),
            *_of_some(record),
        ]
        for record, row in zip(records, rows, strict=True)
    ]


def _of_some(record: TrialRecord) -> list[Any]:
    """Return what few trials have: which one they repeat, how their trainings spread, and what these gave."""
    if record.reused_from is None and not record.spread:
        return []
    return [record.reused_from, list(map(finite, record.spread)), [*map(_each, record.repeats)]]


def _each(values: tuple[float, ...]) -> list[Any]:
    return [finite(value) for value in values]


def _configs(
    results: Results, records: Sequence[TrialRecord], shown: _Parameters, config_of: ConfigReader
) -> Configs:
    rows = {record.number: row for record, row in zip(records, shown.rows, strict=True)}
    ranked = [record for record in results.ranked if record.number in rows]
    others = [record for record in records if record.state != "complete"]

    def flat_of(record: TrialRecord) -> dict[str, Any] | None:
        config = config_of(record)
        return None if config is None else flattened(config, shown.digits)

    return configs_of([*ranked, *others], rows, flat_of, _CONFIG_BYTES)


def _curves(results: Results, curves: Curves) -> dict[int, list[tuple[int, Any]]]:
    """Return the curves of the best trials and, where there is room, of the last others."""
    ranked = [record.number for record in results.ranked]
    others = sorted({record.number for record in results.records}.difference(ranked), reverse=True)
    chosen = [number for number in (*ranked, *others) if number in curves][:_MOST_CURVES]
    return {number: _thinned(curves[number]) for number in sorted(chosen)}


def _thinned(curve: Sequence[tuple[int, float]]) -> list[tuple[int, Any]]:
    """Return at most so many points of a curve, the first and the last among them."""
    if len(curve) > _MOST_POINTS:
        share = (len(curve) - 1) / (_MOST_POINTS - 1)
        curve = [curve[round(i * share)] for i in range(_MOST_POINTS)]
    return [(step, finite(value, _DIGITS)) for step, value in curve]


def _left_out(
    results: Results, records: Sequence[TrialRecord], shown: _Parameters, configs: Configs
) -> list[str]:
    """Return a sentence for each thing that this page does not hold, as the study is too large for it."""
    found = []
    if len(records) < len(results.records):
        found.append(f"{len(records)} of {len(results.records)} trials: the best ones, and the last.")
    if len(shown.names) < len(results.parameters):
        of = f"{len(shown.names)} of {len(results.parameters)} parameters"
        found.append(f"{of}, the most important ones as far as that is known; trials.csv has all.")
    if shown.digits is not None:
        found.append(f"Parameters are told to {shown.digits} digits; trials.csv has them whole.")
    if configs.without:
        found.append(f"The configs of {configs.without} trials are not here; qgtune show prints them.")
    return found


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}"
