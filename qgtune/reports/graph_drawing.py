"""A directed graph as a drawing in SVG: boxes in columns, each to the right of all that it depends on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

MOST_BOXES = 400
"""Boxes up to which a drawing can be read; a larger graph is told as a list only."""
_WIDTH, _HEIGHT, _GAP, _COLUMN_GAP, _MARGIN = 250, 40, 14, 90, 10
_LETTERS = 34
_SWEEPS = 4
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class Box:
    """A node: its name, what kind it is (a class of the style sheet), and a second line."""

    name: str
    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, by their names, and what it means."""

    source: str
    target: str
    kind: str
    label: str = ""


def draw_graph(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> str:
    """Return the drawing, or an empty text where there is nothing to draw or far too much.

    Args:
        boxes: the nodes; names are unique.
        arrows: the edges; those of boxes that are not there are left out.

    Example:
        >>> draw_graph([Box("a", "parameter"), Box("b", "reference")], [Arrow("a", "b", "reads")])[:4]
        '<svg'
    """
    if not 0 < len(boxes) <= MOST_BOXES:
        return ""
    names = {box.name for box in boxes}
    known = [arrow for arrow in arrows if arrow.source in names and arrow.target in names]
    places = _places(boxes, known)
    width = max(x for x, _ in places.values()) + _WIDTH + _MARGIN
    height = max(y for _, y in places.values()) + _HEIGHT + _MARGIN
    label = f"Dependency graph: {len(boxes)} values, {len(known)} dependencies; the list below says the same"
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    lines = [
        f'<svg class="graph" role="img" aria-label="{label}" {size}>',
        _TIP,
        *(_arrow(arrow, places) for arrow in known),
        *(_box(box, places[box.name]) for box in boxes),
        "</svg>",
    ]
    return "\n".join(lines)


def _places(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> dict[str, tuple[int, int]]:
    columns: dict[int, list[str]] = {}
    for name, depth in _depths([box.name for box in boxes], arrows).items():
        columns.setdefault(depth, []).append(name)
    _untangle(columns, arrows)
    return {
        name: (_MARGIN + depth * (_WIDTH + _COLUMN_GAP), _MARGIN + row * (_HEIGHT + _GAP))
        for depth, names in columns.items()
        for row, name in enumerate(names)
    }


def _depths(names: Sequence[str], arrows: Sequence[Arrow]) -> dict[str, int]:
    """Return the longest way to each node from one that depends on nothing; cycles are cut somewhere."""
    depths = dict.fromkeys(names, 0)
    for _ in names:
        changed = False
        for arrow in arrows:
            depth = depths[arrow.source] + 1
            if depths[arrow.target] < depth < len(names):
                depths[arrow.target] = depth
                changed = True
        if not changed:
            break
    return depths


def _untangle(columns: Mapping[int, list[str]], arrows: Sequence[Arrow]) -> None:
    """Order each column by the mean row of its neighbours, there and back a few times."""
    neighbours: dict[str, list[str]] = {}
    for arrow in arrows:
        neighbours.setdefault(arrow.source, []).append(arrow.target)
        neighbours.setdefault(arrow.target, []).append(arrow.source)
    order = sorted(columns)
    for sweep in range(_SWEEPS):
        rows = {name: row for names in columns.values() for row, name in enumerate(names)}
        for depth in order if sweep % 2 == 0 else reversed(order):
            columns[depth].sort(
                key=lambda name: _mean((rows[n] for n in neighbours.get(name, ())), rows[name])
            )
            rows.update({name: row for row, name in enumerate(columns[depth])})


def _mean(rows: Iterable[int], otherwise: int) -> float:
    found = list(rows)
    return sum(found) / len(found) if found else otherwise


def _box(box: Box, place: tuple[int, int]) -> str:
    x, y = place
    title = escape(f"{box.name}: {box.kind} {box.detail}".strip())
    second = f'<text class="detail" x="{x + 8}" y="{y + 32}">{escape(_cut(box.detail))}</text>'
    return (
        f'<g class="box {escape(box.kind)}"><title>{title}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x + 8}" y="{y + (17 if box.detail else 25)}">{escape(_cut(box.name))}</text>'
        f"{second if box.detail else ''}</g>"
    )


def _arrow(arrow: Arrow, places: Mapping[str, tuple[int, int]]) -> str:
    (x1, y1), (x2, y2) = places[arrow.source], places[arrow.target]
    start, end = (x1 + _WIDTH, y1 + _HEIGHT / 2), (x2, y2 + _HEIGHT / 2)
    bend = max(40.0, (end[0] - start[0]) / 2)
    title = escape(f"{arrow.target} {arrow.kind} {arrow.source} {arrow.label}".strip())
    return (
        f'<path class="arrow {escape(arrow.kind)}" marker-end="url(#tip)" '
        f'd="M{start[0]} {start[1]}C{start[0] + bend} {start[1]} {end[0] - bend} {end[1]} {end[0]} {end[1]}">'
        f"<title>{title}</title></path>"
    )


def _cut(text: str) -> str:
    """Return a text that fits into a box; of a path the end tells more than the beginning."""
    return text if len(text) <= _LETTERS else f"\N{HORIZONTAL ELLIPSIS}{text[-_LETTERS + 1 :]}"
