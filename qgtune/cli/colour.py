"""Problems in colour, on a terminal that shows colours."""

import os
import sys
from collections.abc import Iterable

from qgtune.core.diagnostics import Diagnostic, styled_diagnostic

_STYLES = {
    "place": "bold",
    "error": "bold red",
    "warning": "bold yellow",
    "code": "bold",
    "message": "bold",
    "margin": "blue",
    "caret-error": "bold red",
    "caret-warning": "bold yellow",
    "caret-related": "bold blue",
    "hint": "bold cyan",
    "related": "bold blue",
}


def is_coloured(when: str) -> bool:
    """Tell whether problems, which go to stderr, are coloured.

    Args:
        when: ``always``, ``never``, or ``auto``: on a terminal that is not dumb, unless NO_COLOR is set
            (https://no-color.org).
    """
    if when != "auto":
        return when == "always"
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def print_coloured(diagnostics: Iterable[Diagnostic]) -> None:
    """Print problems to stderr in colour: the same text, with escape codes between."""
    # Only here: a terminal that shows no colour, or a file, does not wait for rich.
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, force_terminal=True, color_system="standard", no_color=False)
    for position, diagnostic in enumerate(diagnostics):
        if position:
            console.print()
        pieces = [(text, _STYLES.get(role, "")) for text, role in styled_diagnostic(diagnostic)]
        console.print(Text.assemble(*pieces), soft_wrap=True)
