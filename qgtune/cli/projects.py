"""Tuning files that the command line names, prepared."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from qgtune.compiler.files import similar_file
from qgtune.compiler.load import read_data_file
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import DiagnosticError
from qgtune.document import Document

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared


def prepare_file(path: pathlib.Path, *, to_run: bool = False) -> "Prepared":
    """Return what a run of a tuning file needs; where there is no such file, name the one that is meant.

    Args:
        path: the tuning file.
        to_run: whether what only the first trials need has to be there.

    Raises:
        DiagnosticError: with every problem of the tuning file and of the files that it names.
    """
    from qgtune.compiler.prepare import prepare  # pydantic takes a tenth of the time of a whole check

    with naming_what_is_meant(path):
        return prepare(path, to_run=to_run)


def read_file(path: pathlib.Path) -> Document:
    """Return the document of a YAML file; where there is no such file, name the one that is meant.

    Raises:
        DiagnosticError: if it cannot be read, or is not sound YAML.
    """
    with naming_what_is_meant(path):
        return read_data_file(path)


@contextlib.contextmanager
def naming_what_is_meant(path: pathlib.Path) -> Iterator[None]:
    """Add to the problem that there is no such file which one is meant."""
    try:
        yield
    except DiagnosticError as error:
        raise DiagnosticError(tuple(_with_hint(problem, path) for problem in error.diagnostics)) from error


def _with_hint(problem: Diagnostic, path: pathlib.Path) -> Diagnostic:
    is_about_the_file = problem.code == "QG101" and not problem.location.line and not problem.hint
    return dataclasses.replace(problem, hint=similar_file(path)) if is_about_the_file else problem
