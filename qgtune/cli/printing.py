"""What every command prints alike: problems, counts, and words to the user."""

import sys

from qgtune.cli.colour import is_coloured, print_coloured
from qgtune.core.diagnostics import (
    Diagnostic,
    Severity,
    diagnostics_as_json,
    diagnostics_for_github,
    render_diagnostics,
)

OK, PROBLEMS, USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes."""

GO_ON = "interrupted; the same command goes on from here"


def print_diagnostics(diagnostics: tuple[Diagnostic, ...], form: str = "text", color: str = "auto") -> None:
    """Print problems: as text to stderr, or as ``json`` or for ``github`` to stdout.

    Args:
        diagnostics: the problems.
        form: ``text``, ``json`` or ``github``.
        color: whether text is coloured: ``auto``, ``always`` or ``never``.
    """
    if form == "json":  # also where there are none: a program reads a list
        print(diagnostics_as_json(diagnostics))
    elif form == "github" and diagnostics:
        print(diagnostics_for_github(diagnostics))
    elif diagnostics:
        if is_coloured(color):
            print_coloured(diagnostics)
        else:
            say(render_diagnostics(diagnostics))
        say(f"\n{_totals(diagnostics)}\n")


def _totals(diagnostics: tuple[Diagnostic, ...]) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in diagnostics)
    return " and ".join(
        count(number, noun)
        for number, noun in ((errors, "error"), (len(diagnostics) - errors, "warning"))
        if number
    )


def say(text: str) -> None:
    """Print a text to stderr."""
    print(text, file=sys.stderr)


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun in the singular or plural.

    Example:
        >>> count(1, "trial"), count(2, "process", "processes")
        ('1 trial', '2 processes')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
