"""The results of a study as a page in Markdown."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from qgtune.core.trials import TrialRecord
from qgtune.reports.advice import advice
from qgtune.reports.board import duration
from qgtune.reports.results import Results, is_number, spread

_Row = TypeVar("_Row")

_COLUMNS = 6
"""Parameters in the table of the best trials."""
_REASONS = 10
_MOST_PARAMETERS = 60
"""Parameters that a table lists; a space of a thousand would fill the page."""


def summary_report(results: Results, importances: Mapping[str, float], evaluator: str = "") -> str:
    """Return the page: what became of the trials, the best of them, the space, and what to narrow next.

    Args:
        results: what the study has found.
        importances: the share of each parameter in what makes trials good, from 0 to 1, the largest first;
            empty where it is undefined.
        evaluator: how the importances were found, or why there are none.
    """
    aims = ", ".join(
        f"{way} {_plain(name)}" for way, name in zip(results.directions, results.metrics, strict=True)
    )
    parts = [
        f"# Study {_plain(results.study)}",
        f"{aims}. Search space `{results.fingerprint or 'unknown'}`.",
        _plain(f"Note: {results.note}.") if results.note else "",
        _statistics(results),
        _best(results),
        _top_table(results, importances),
        _top_spread(results),
        _space(results),
        _importances(importances, evaluator),
        _next(results, importances),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _statistics(results: Results) -> str:
    counts = results.counts
    asked = "" if results.total is None else f", of {results.total} that were asked for"
    lines = [f"## Trials\n\n{results.finished} finished{asked}.\n"]
    lines += _table(["state", "trials"], [[state, str(n)] for state, n in counts.items() if n], "lr")
    if forgiven := sum(record.forgiven for record in results.records):
        lines.append(f"\n{forgiven} of these failed before anything had come of any trial, and do not count.")
    if durations := results.durations:
        total = duration(math.fsum(durations))
        mean = duration(math.fsum(durations) / len(durations))
        lines.append(f"\nA trial took {mean} on average, all {total}.")
    if results.reused:
        reused = _counted(results.reused, "trial")
        lines.append(f"\n{reused} had the config of an earlier one and took its values.")
    if results.reasons:
        lines.append("\nWhy trials came to nothing:\n")
        shown = results.reasons[:_REASONS]
        lines += _table(
            ["state", "reason", "trials"], [[s, _cell(why), str(n)] for s, why, n in shown], "llr"
        )
        if len(results.reasons) > _REASONS:
            lines.append(f"\nand {len(results.reasons) - _REASONS} other reasons; trials.csv has them all.")
    return "\n".join(lines)


def _best(results: Results) -> str:
    best = results.best
    if not best:
        return "## Best trial\n\nNo trial is complete yet, so there is no best one."
    if not results.is_single:
        numbers = ", ".join(str(record.number) for record in best[:30])
        more = f" and {len(best) - 30} more" if len(best) > 30 else ""
        return f"## Best trials\n\nNo other trial beats these in every objective: {numbers}{more}."
    record = best[0]
    rows = [[_code(name), _cell(_shown(value))] for name, value in _cut(list(record.params.items()))]
    title = f"## Best trial\n\nTrial {record.number}: {_values(results, record)}.\n"
    return "\n".join([title, *_table(["parameter", "value"], rows, "ll"), *_left_out(len(record.params))])


def _top_table(results: Results, importances: Mapping[str, float]) -> str:
    if not results.top:
        return ""
    ordered = [*importances, *(name for name in results.parameters if name not in importances)]
    names = ordered[:_COLUMNS]
    spreads = ["spread"] if any(record.spread for record in results.top) else []
    head = ["trial", *map(_cell, results.metrics), *spreads, *map(_code, names), "time"]
    rows = [
        [
            str(record.number),
            *(f"{value:.6g}" for value in record.values),
            *([", ".join(f"{value:.3g}" for value in record.spread)] if spreads else []),
            *(_cell(_shown(record.params[name])) if name in record.params else "" for name in names),
            "" if record.duration is None else duration(record.duration),
        ]
        for record in results.top
    ]
    note = (
        ""
        if len(ordered) <= _COLUMNS
        else f"\n\n{len(ordered) - _COLUMNS} more parameters are in trials.csv."
    )
    align = "r" * (1 + len(results.metrics) + len(spreads)) + "l" * (len(names) + 1)
    return "\n".join([f"## The best {len(rows)}\n", *_table(head, rows, align)]) + note


def _top_spread(results: Results) -> str:
    rows = []
    for index, metric in enumerate(results.metrics):
        rows += _spread_row(_cell(metric), [record.values[index] for record in results.top])
    for name in results.parameters[:_MOST_PARAMETERS]:
        values = [record.params[name] for record in results.top if name in record.params]
        if values and all(map(is_number, values)):
            rows += _spread_row(_code(name), values)
    if not rows:
        return ""
    head = ["", "mean", "standard deviation", "least", "most"]
    return "\n".join(["## How they spread\n", *_table(head, rows, "lrrrr")])


def _spread_row(name: str, values: Sequence[float]) -> list[list[str]]:
    found = spread(values)
    if found is None:
        return []
    return [[name, *(f"{number:.4g}" for number in (found.mean, found.deviation, found.least, found.most))]]


def _space(results: Results) -> str:
    rows = []
    for name in _cut(list(results.parameters)):
        values = [record.params[name] for record in results.records if name in record.params]
        domain = results.domains.get(name)
        rows.append([_code(name), _cell("" if domain is None else str(domain)), _cell(_seen(values))])
    if not rows:
        return "## Search space\n\nNothing varies."
    table = _table(["parameter", "domain", "searched"], rows, "lll")
    return "\n".join(["## Search space\n", *table, *_left_out(len(results.parameters))])


def _seen(values: Sequence[Any]) -> str:
    if not values:
        return "never sampled"
    if all(map(is_number, values)):
        return f"{min(values):.4g} to {max(values):.4g} in {_counted(len(values), 'trial')}"
    kinds = dict.fromkeys(map(_shown, values))
    return f"{_counted(len(kinds), 'choice')} in {_counted(len(values), 'trial')}"


def _importances(importances: Mapping[str, float], evaluator: str) -> str:
    if not importances:
        return f"## Importance\n\n{_plain(evaluator) or 'It was not computed'}."
    rows = [[_code(name), f"{share:.1%}"] for name, share in _cut(list(importances.items()))]
    table = _table(["parameter", "importance"], rows, "lr")
    return "\n".join([f"## Importance\n\nBy {_plain(evaluator)}.\n", *table, *_left_out(len(importances))])


def _next(results: Results, importances: Mapping[str, float]) -> str:
    found = advice(results, importances)
    if not found:
        return ""
    lines = [f"* {_code(name)}: {_plain(text)}." for name, text in _cut(found)]
    return "\n".join(["## What to narrow next\n", *lines, *_left_out(len(found))])


def _values(results: Results, record: TrialRecord) -> str:
    pairs = zip(results.metrics, record.values, strict=True)
    return ", ".join(f"{_plain(metric)} {value:.6g}" for metric, value in pairs)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _cut(rows: list[_Row]) -> list[_Row]:
    return rows[:_MOST_PARAMETERS]


def _left_out(number: int) -> list[str]:
    more = number - _MOST_PARAMETERS
    return [f"\nand {more} more; report.html and trials.csv have them all."] if more > 0 else []


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---:' if side == 'r' else '---' for side in align)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(text: str) -> str:
    """Return a text in which nothing is Markdown or HTML, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#&~$])", r"\\\1", " ".join(text.split()))


def _cell(text: str) -> str:
    shortened = text if len(text) <= 160 else f"{text[:157]}..."
    return _plain(shortened)


def _code(name: str) -> str:
    """Return a parameter's name as code; a name with backticks or bars as plain text."""
    return _plain(name) if "`" in name or "|" in name or not name.isprintable() else f"`{name}`"
