"""The results of a study as one page of HTML that needs nothing else: no network, no other file."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import Any

from qgtune.core.paths import Path, format_path
from qgtune.core.trials import TrialRecord
from qgtune.reports.graph_drawing import Arrow, Box, draw_graph
from qgtune.reports.results import Results

_MOST_CURVES = 1_000
_MOST_POINTS = 40
_MOST_CELLS = 500_000
"""Values of configs that the page holds; with more it shows the configs of the best trials only."""

_WORDS = {"chooses": "is chosen by", "bounds": "is bounded by"}

Curves = Mapping[int, Sequence[tuple[int, float]]]
"""What each trial reported on its way: step and value."""


@dataclass(frozen=True)
class PageParts:
    """What the page shows besides the results.

    Args:
        importances: the share of each parameter, the largest first.
        evaluator: how they were found, or why there are none.
        curves: what each trial reported on its way.
        boxes: the values of the dependency graph.
        arrows: its edges.
        config_of: returns the config of a trial, or None where it is not known.
        advice: what to narrow next.
    """

    config_of: Callable[[TrialRecord], dict[str, Any] | None]
    importances: Mapping[str, float] = field(default_factory=dict)
    evaluator: str = ""
    curves: Curves = field(default_factory=dict)
    boxes: Sequence[Box] = ()
    arrows: Sequence[Arrow] = ()
    advice: Sequence[str] = ()


def report_page(results: Results, parts: PageParts) -> str:
    """Return the page.

    Args:
        results: what the study has found.
        parts: what else is to be shown.
    """
    page = _asset("page.html")
    data = json.dumps(_data(results, parts), separators=(",", ":"), allow_nan=False)
    scripts = "\n".join(_asset(name) for name in ("data.js", "table.js", "details.js", "plots.js"))
    filled = {
        "title": escape(f"Study {results.study}"),
        "note": f'<p class="note" role="note">Note: {escape(results.note)}.</p>' if results.note else "",
        "style": _asset("page.css"),
        # In a script, the only thing that HTML reads is the end of it.
        "data": data.replace("<", "\\u003c"),
        "script": scripts,
        "graph": draw_graph(parts.boxes, parts.arrows),
        "dependencies": _dependencies(parts),
    }
    pieces = page.split("@@")
    return "".join(piece if i % 2 == 0 else filled[piece] for i, piece in enumerate(pieces))


def _asset(name: str) -> str:
    return files("qgtune.reports").joinpath("assets", name).read_text(encoding="utf-8")


def _dependencies(parts: PageParts) -> str:
    """Return the graph as a list, for who cannot see the drawing."""
    return "\n".join(f"<li>{_sentence(arrow)}</li>" for arrow in parts.arrows)


def _sentence(arrow: Arrow) -> str:
    target, source = (f"<code>{escape(name)}</code>" for name in (arrow.target, arrow.source))
    label = f" ({escape(arrow.label)})" if arrow.label else ""
    return f"{target} {_WORDS.get(arrow.kind, escape(arrow.kind))} {source}{label}"


def _data(results: Results, parts: PageParts) -> dict[str, Any]:
    best = results.best
    numbers = set(sorted(parts.curves)[-_MOST_CURVES:])
    return {
        "study": results.study,
        "fingerprint": results.fingerprint,
        "metrics": results.metrics,
        "directions": results.directions,
        "asked": results.total,
        "counts": results.counts,
        "reasons": results.reasons[:50],
        "best": [record.number for record in best],
        "parameters": [
            {
                "name": name,
                "domain": _domain(results, name),
                "log": getattr(results.domains.get(name), "log", False),
            }
            for name in results.parameters
        ],
        "importances": list(parts.importances.items()),
        "evaluator": parts.evaluator,
        "advice": list(parts.advice),
        "trials": _trials(results),
        "curves": {n: _thinned(parts.curves[n]) for n in parts.curves if n in numbers},
        **_configs(results, parts),
    }


def _domain(results: Results, name: str) -> str:
    return str(results.domains[name]) if name in results.domains else ""


def _trials(results: Results) -> list[list[Any]]:
    """Return a row for each trial: number, state, values, parameters, start, duration, worker, failure."""
    names = results.parameters
    starts = [record.started for record in results.records if record.started is not None]
    origin = min(starts, default=None)
    return [
        [
            record.number,
            "lost" if record.lost else record.state,
            [_finite(value) for value in record.values],
            [_finite(record.params.get(name)) for name in names],
            None
            if origin is None or record.started is None
            else round((record.started - origin).total_seconds(), 2),
            None if record.duration is None else round(record.duration, 3),
            record.worker,
            record.failure,
        ]
        for record in results.records
    ]


def _configs(results: Results, parts: PageParts) -> dict[str, Any]:
    """Return the best trial's config by path, and of each other one what differs from it.

    So 5,000 configs of a hundred values each take little more than what was tuned.
    """
    reference = next((r for r in results.best if parts.config_of(r) is not None), None)
    if reference is None:
        reference = next((r for r in results.records if parts.config_of(r) is not None), None)
    if reference is None:
        return {"paths": [], "config": [], "differences": {}}
    base = _flat(parts.config_of(reference) or {})
    paths = {path: index for index, path in enumerate(base)}
    differences: dict[int, list[list[Any]]] = {}
    cells = 0
    for record in [*results.ranked, *(r for r in results.records if r.state != "complete")]:
        config = parts.config_of(record) if cells < _MOST_CELLS else None
        if config is None:
            continue
        flat = _flat(config)
        changed = [
            [paths.setdefault(path, len(paths)), v] for path, v in flat.items() if not _same(base, path, v)
        ]
        gone = [[paths[path]] for path in base if path not in flat]
        differences[record.number] = changed + gone
        cells += len(changed) + len(gone)
    return {
        "paths": list(paths),
        "config": list(base.values()),
        "differences": differences,
        "reference": reference.number,
    }


def _same(base: Mapping[str, Any], path: str, value: Any) -> bool:
    return path in base and base[path] == value and type(base[path]) is type(value)


def _flat(config: Any, path: Path = ()) -> dict[str, Any]:
    """Return the values of a config by path; an empty mapping or list is a value."""
    if isinstance(config, dict) and config:
        parts = config.items()
    elif isinstance(config, list) and config:
        parts = enumerate(config)  # type: ignore[assignment]  # both are pairs
    else:
        return {format_path(path) if path else ".": _finite(config)}
    return {name: value for key, part in parts for name, value in _flat(part, (*path, key)).items()}


def _finite(value: Any) -> Any:
    """Return a value that JSON has."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None | list | dict) else str(value)


def _thinned(curve: Sequence[tuple[int, float]]) -> list[tuple[int, Any]]:
    """Return at most so many points of a curve, the first and the last among them."""
    if len(curve) > _MOST_POINTS:
        share = (len(curve) - 1) / (_MOST_POINTS - 1)
        curve = [curve[round(i * share)] for i in range(_MOST_POINTS)]
    return [(step, _finite(float(f"{value:.6g}"))) for step, value in curve]
