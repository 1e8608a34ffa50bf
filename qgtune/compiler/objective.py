"""Functions of the user's own named in a tuning file: whether they exist, found out without running them."""

import ast
import pathlib

from qgtune.compiler.files import shown_path, similar_file
from qgtune.compiler.tuning import Tuning
from qgtune.core.diagnostics import Diagnostic, Location, did_you_mean
from qgtune.document import read_source


def check_objective(tuning: Tuning, problems: list[Diagnostic]) -> None:
    """Report an objective whose file, or whose function in it, does not exist; the file is not run."""
    objective = tuning.settings.objective
    if objective is not None:
        check_function(objective, tuning.folder, tuning.locate("objective"), "QG404", problems)


def check_function(
    reference: str, folder: pathlib.Path, place: Location, code: str, problems: list[Diagnostic]
) -> None:
    """Report a reference ``file.py:function`` to a file or a function that does not exist.

    ``package.module:function`` is checked where a worker imports it, since finding a module can run code.

    Args:
        reference: as it is written.
        folder: what the file is relative to.
        place: where it is written.
        code: of the diagnostics.
        problems: receives what is wrong.
    """
    file, _, function = reference.rpartition(":")
    if not file.endswith(".py"):
        return
    path = folder / file
    found: list[Diagnostic] = []
    source = read_source(path, shown_path(path), found)
    if source is None:
        message = f"{shown_path(path)}: {found[0].message}"
        problems.append(Diagnostic(code, message, place, similar_file(path)))
        return
    try:
        tree = ast.parse(source.text, filename=source.name)
    except (SyntaxError, ValueError) as error:
        problems.append(_not_python(error, code, source.name, place))
        return
    names = top_level_names(tree)
    if function not in names and "*" not in names:
        message = f"{shown_path(path)} defines no function {function!r}"
        problems.append(Diagnostic(code, message, place, did_you_mean(function, names)))


def _not_python(error: SyntaxError | ValueError, code: str, name: str, place: Location) -> Diagnostic:
    if not isinstance(error, SyntaxError):
        return Diagnostic(code, f"{name} is not Python: {error}", place)
    line, column = error.lineno or 1, error.offset or 1
    at = Location(name, line, column, line, column + 1, (error.text or "").rstrip("\n"))
    return Diagnostic(code, f"the file is not Python: {error.msg}", at)


def top_level_names(tree: ast.Module) -> set[str]:
    """Return the names that a module defines or imports; ``*`` where it imports all of another's."""
    names: set[str] = set()
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        else:
            names.update(
                inner.id
                for inner in ast.walk(node)
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
            )
            pending.extend(
                inner for inner in ast.walk(node) if isinstance(inner, ast.stmt) and inner is not node
            )
    return names
