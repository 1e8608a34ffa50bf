"""Texts and the stretches of them: offsets, lines and columns."""

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Optional

from qgtune.core.diagnostics import Location

# The line breaks that the parser counts; str.splitlines would also break at form feeds.
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class Span(NamedTuple):
    """A stretch of a text: character offsets, then lines and columns, all counted from 0, end exclusive."""

    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int
    source: Optional["Source"] = None
    """The text, where it is known; it need not be that of the document at hand (see ``overlay``)."""


@dataclass(frozen=True)
class Source:
    """A file's name, as it is shown to the user, and its text."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their line breaks."""
        return tuple(_LINE_BREAK.split(self.text))

    @cached_property
    def _line_starts(self) -> "array[int]":
        return array("q", [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))])

    def span(self, start: int, end: int) -> Span:
        """Return the stretch of the text from one character offset to another."""
        starts = self._line_starts
        line, end_line = bisect_right(starts, start) - 1, bisect_right(starts, end) - 1
        return Span(start, end, line, start - starts[line], end_line, end - starts[end_line], self)

    def location(self, span: Span) -> Location:
        """Return the place of ``span`` as a diagnostic shows it: in its own source, else in this one."""
        source = span.source or self
        text = source.lines[span.line] if span.line < len(source.lines) else ""
        return Location(
            source.name, span.line + 1, span.column + 1, span.end_line + 1, span.end_column + 1, text
        )
