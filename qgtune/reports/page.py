"""The results of a study as one page of HTML that needs nothing else: no network, no other file."""

import json
from html import escape
from importlib.resources import files

from qgtune.reports.graph_drawing import Arrow, draw_graph
from qgtune.reports.page_data import PageParts, page_data
from qgtune.reports.results import Results

_WORDS = {"chooses": "is chosen by", "bounds": "is bounded by"}


def report_page(results: Results, parts: PageParts) -> str:
    """Return the page.

    Args:
        results: what the study has found.
        parts: what else is to be shown.
    """
    page = _asset("page.html")
    data = json.dumps(page_data(results, parts), separators=(",", ":"), allow_nan=False)
    scripts = "\n".join(
        _asset(name) for name in ("data.js", "filter.js", "table.js", "details.js", "drawing.js", "plots.js")
    )
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
