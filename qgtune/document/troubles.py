"""What is wrong with a text: each trouble at its place, and of a bounded length."""

from qgtune.core.diagnostics import Diagnostic, Related, Severity
from qgtune.document.sources import Source, Span

MAX_MESSAGE = 400
"""Characters of a message or a hint, which can quote a text of any length."""


class Troubles:
    """Collects the diagnostics of one source.

    Args:
        source: the text.
        found: receives them.
    """

    def __init__(self, source: Source, found: list[Diagnostic]) -> None:
        self.source = source
        self.found = found

    def error(self, code: str, message: str, span: Span, hint: str = "", *related: Related) -> None:
        """Add an error at a stretch of the text."""
        place = self.source.location(span)
        self.found.append(Diagnostic(code, _cut(message), place, _cut(hint), related=related))

    def warn(self, code: str, message: str, span: Span, hint: str) -> None:
        """Add a warning at a stretch of the text."""
        place = self.source.location(span)
        self.found.append(Diagnostic(code, _cut(message), place, _cut(hint), Severity.WARNING))


def _cut(message: str) -> str:
    """Return a message with the middle of what it quotes left out if it is long."""
    half = MAX_MESSAGE // 2
    return message if len(message) <= MAX_MESSAGE else f"{message[:half]} ... {message[-half:]}"
