"""What every command prints alike: problems and words to the user; and where nobody reads them."""

import contextlib
import errno
import os
import select
import sys
from collections.abc import Iterator
from typing import TextIO

from qgtune.cli.colour import is_coloured, print_coloured
from qgtune.core.diagnostics import (
    Diagnostic,
    Severity,
    diagnostics_as_json,
    diagnostics_for_github,
    render_diagnostics,
)
from qgtune.core.wording import count

OK, PROBLEMS, USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes."""

_UNREAD = frozenset({errno.EPIPE, errno.EIO})
"""How the system says that nobody reads: a pipe whose reader has ended, a terminal that was closed."""


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


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Print within this block where the reader of the output may go away, as ``head`` or a terminal does.

    What nobody reads is dropped from then on, also what Python would write as it ends, and nothing fails.

    Raises:
        OSError: if it is not our output that nobody reads.
    """
    try:
        yield
        if sys.stdout is not None:  # where Python was started without one
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in _UNREAD or not _drop_what_nobody_reads():
            raise


def _drop_what_nobody_reads() -> bool:
    """Send what a stream without a reader holds, and what follows, nowhere; return whether there is one."""
    unread = [stream for stream in (sys.stdout, sys.stderr) if stream is not None and _is_unread(stream)]
    for stream in unread:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    return bool(unread)


def _is_unread(stream: TextIO) -> bool:
    try:
        stream.flush()
    except OSError as error:
        return error.errno in _UNREAD
    # A stream without a buffer has nothing left to fail with.
    try:
        looks = select.poll()
        looks.register(stream.fileno(), select.POLLERR | select.POLLHUP)
    except (AttributeError, OSError, ValueError):  # Windows has no poll, and a stream may be no file
        return False
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in looks.poll(0))
