"""Tuning files that the command line names, prepared."""

import dataclasses
import pathlib
from typing import TYPE_CHECKING

from qgtune.compiler.load import similar_file
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import DiagnosticError

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared


def prepare_file(path: pathlib.Path) -> "Prepared":
    """Return what a run of a tuning file needs; where there is no such file, name the one that is meant.

    Raises:
        DiagnosticError: with every problem of the tuning file and of the files that it names.
    """
    from qgtune.compiler.prepare import prepare  # pydantic takes a tenth of the time of a whole check

    try:
        return prepare(path)
    except DiagnosticError as error:
        raise DiagnosticError(tuple(_with_hint(problem, path) for problem in error.diagnostics)) from error


def _with_hint(problem: Diagnostic, path: pathlib.Path) -> Diagnostic:
    is_about_the_file = problem.code == "QG101" and not problem.location.line and not problem.hint
    return dataclasses.replace(problem, hint=similar_file(path)) if is_about_the_file else problem
