"""Diagnostics: problems as values, and the text that shows them.

A diagnostic stands on its own: it carries the line that it points at, so that it can be pickled,
sent from a worker, and rendered where the file is no longer at hand.
"""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from qgtune.core.passwords import passwords_hidden, without_passwords

MAX_COMPARED = 100
"""Names that a misspelled one is compared with at most."""


class Severity(StrEnum):
    """How bad it is: an error stops the run, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file. Lines and columns count from 1, columns in characters; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str = ""
    """The whole first line, without its line break."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another place involved in a problem, and what it has to do with it."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: its code, where it is, the rule and the values, and a way out."""

    code: str
    message: str
    location: Location
    hint: str = ""
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = field(default=())


def nearest(name: str, legal: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the legal name that ``name`` was most likely meant to be, or None if none is near.

    ``cutoff`` is how alike they must be, from 0 to 1: twice the common characters over all characters.

    Example:
        >>> nearest("learning_rat", ["learning_rate", "dropout"])
        'learning_rate'
    """
    names = list(legal)
    if len(names) > MAX_COMPARED:
        # Comparing is slow, and a file with a thousand names may hold a thousand mistakes.
        alike = [n for n in names if n[:1] == name[:1] and abs(len(n) - len(name)) <= 3]
        names = alike[:MAX_COMPARED]
    matches = get_close_matches(name, names, n=1, cutoff=cutoff)
    return matches[0] if matches else None


def did_you_mean(name: str, legal: Iterable[str]) -> str:
    """Return the hint ``did you mean 'x'?``, or the list of legal names if none is near."""
    names = sorted(set(legal))
    match = nearest(name, names)
    if match is not None:
        return f"did you mean {match!r}?"
    return f"known: {', '.join(names)}" if names else ""


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics in the one order that qgtune shows: by file, line, column, code; no twins."""
    unique = dict.fromkeys(diagnostics)
    return tuple(
        sorted(unique, key=lambda d: (d.location.file, d.location.line, d.location.column, d.code, d.message))
    )


def render_diagnostics(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the text of all diagnostics, one block each, separated by empty lines."""
    return "\n\n".join(map(render_diagnostic, diagnostics))


def render_diagnostic(diagnostic: Diagnostic) -> str:
    """Return the text of one diagnostic: head line, source line with a caret, hint, related places.

    Example of the result::

        search_space.yaml:14:20: error[QG301]: nothing stands at model.gcn_net[3].out_dim
           14 |     in_dim: "model.gcn_net[3].out_dim"
              |             ^^^^^^^^^^^^^^^^^^^^^^^^^^
           = hint: model.gcn_net has 3 items
    """
    return "".join(piece.text for piece in styled_diagnostic(diagnostic))


class Piece(NamedTuple):
    """A part of a rendered diagnostic, and the role it plays there; whoever shows it chooses the colours.

    ``role`` is ``place``, ``error``, ``warning``, ``code``, ``message``, ``margin``, ``caret-error``,
    ``caret-warning``, ``caret-related``, ``hint``, ``related``, or empty for plain text.
    """

    text: str
    role: str = ""


def styled_diagnostic(diagnostic: Diagnostic) -> list[Piece]:
    """Return the text of one diagnostic in pieces, for a terminal that can tell them apart by colour.

    The texts of the pieces, joined, are what ``render_diagnostic`` returns.
    """
    place, severity = diagnostic.location, str(diagnostic.severity)
    pieces = [
        Piece(_where(place), "place"),
        Piece(": "),
        Piece(severity, severity),
        Piece(f"[{diagnostic.code}]", "code"),
        Piece(": "),
        Piece(_visible(diagnostic.message), "message"),
        *_excerpt(place, f"caret-{severity}"),
    ]
    for related in diagnostic.related:
        where = _where(related.location)
        pieces += [
            Piece("\n   = ", "margin"),
            Piece(_visible(related.message), "related"),
            Piece(f": {where}"),
        ]
        pieces += _excerpt(related.location, "caret-related")
    if diagnostic.hint:
        pieces += [Piece("\n   = ", "margin"), Piece("hint", "hint"), Piece(f": {_visible(diagnostic.hint)}")]
    return pieces


def _visible(text: str) -> str:
    """Return a text without passwords and control characters, which could command a terminal."""
    text = without_passwords(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def diagnostics_as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return all diagnostics as a JSON list of objects, for editors and other programs.

    Each has code, severity, file, line, column, end (line and column), message, hint, and related: a list of
    places with a message each. Lines and columns count from 1, the end is exclusive; line 0 is a whole file.
    """
    return json.dumps(
        [
            {
                "code": problem.code,
                "severity": str(problem.severity),
                **_place_as_json(problem.location),
                "message": without_passwords(problem.message),
                "hint": without_passwords(problem.hint),
                "related": [
                    {**_place_as_json(related.location), "message": without_passwords(related.message)}
                    for related in problem.related
                ],
            }
            for problem in diagnostics
        ],
        indent=2,
        ensure_ascii=False,
    )


def _place_as_json(place: Location) -> dict[str, object]:
    end = {"line": place.end_line, "column": place.end_column}
    return {"file": place.file, "line": place.line, "column": place.column, "end": end}


def diagnostics_for_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Return all diagnostics as workflow commands, one a line, which GitHub shows beside the code."""
    lines = []
    for problem in diagnostics:
        place = problem.location
        span = f",line={place.line},endLine={place.end_line},col={place.column}" if place.line else ""
        text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        fields = f"file={_escaped(place.file, ':,')}{span},title={problem.code}"
        lines.append(f"::{problem.severity} {fields}::{_escaped(without_passwords(text))}")
    return "\n".join(lines)


def _escaped(text: str, more: str = "") -> str:
    """Return a text in which the characters that end a workflow command are percent-encoded."""
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _where(place: Location) -> str:
    return f"{place.file}:{place.line}:{place.column}" if place.line else place.file


def _excerpt(place: Location, role: str) -> list[Piece]:
    if not place.line or not place.text.strip():
        return []
    # One column for each control character: tabs keep the caret in place, escapes do not reach a terminal.
    clean = "".join(
        " " if c == "\t" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for c in passwords_hidden(place.text)
    )
    text, start = _window(clean, place.column - 1)
    end = place.end_column - 1 - (place.column - 1 - start) if place.end_line == place.line else len(text)
    width = max(1, _columns(text[start : max(start + 1, min(end, len(text)))]))
    return [
        Piece(f"\n{place.line:5d} | ", "margin"),
        Piece(text),
        Piece("\n      | ", "margin"),
        Piece(" " * _columns(text[:start])),
        Piece("^" * width, role),
    ]


def _window(text: str, start: int) -> tuple[str, int]:
    """Cut a very long line to the part around the caret."""
    limit, before = 120, 40
    if len(text) <= limit:
        return text, start
    cut = max(0, start - before)
    shown = text[cut : cut + limit]
    lead = "..." if cut else ""
    tail = "..." if cut + limit < len(text) else ""
    return lead + shown + tail, start - cut + len(lead)


def _columns(text: str) -> int:
    """Count terminal columns, so that the caret stands under wide characters too."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
