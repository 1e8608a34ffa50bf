"""An objective named in a tuning file: whether it exists, found out without running it."""

import ast

from qgtune.compiler.load import shown_path
from qgtune.compiler.tuning import Tuning
from qgtune.core.diagnostics import Diagnostic, Location, did_you_mean
from qgtune.document import read_source


def check_objective(tuning: Tuning, problems: list[Diagnostic]) -> None:
    """Report an objective whose file, or whose function in it, does not exist; the file is not run.

    ``package.module:function`` is checked where a worker imports it, since finding a module can run code.
    """
    objective = tuning.settings.objective
    if objective is None or not objective.rpartition(":")[0].endswith(".py"):
        return
    file, _, function = objective.rpartition(":")
    path = tuning.folder / file
    place = tuning.locate("objective")
    found: list[Diagnostic] = []
    source = read_source(path, shown_path(path), found)
    if source is None:
        problems.append(Diagnostic("QG404", f"{shown_path(path)}: {found[0].message}", place))
        return
    try:
        tree = ast.parse(source.text, filename=source.name)
    except SyntaxError as error:
        at = Location(
            source.name, error.lineno or 1, error.offset or 1, error.lineno or 1, (error.offset or 1) + 1,
            (error.text or "").rstrip("\n"),
        )  # fmt: skip
        problems.append(Diagnostic("QG404", f"the objective's file is not Python: {error.msg}", at))
        return
    names = top_level_names(tree)
    if function not in names and "*" not in names:
        message = f"{shown_path(path)} defines no function {function!r}"
        problems.append(Diagnostic("QG404", message, place, did_you_mean(function, names)))


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
