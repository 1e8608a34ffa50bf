"""Files -> texts -> a compiled search space, with every problem at its line."""

import os
import pathlib
from collections.abc import Sequence

from qgtune.compiler.expand import Dependency
from qgtune.compiler.pipeline import Compilation, SpaceSources, compile_space
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import DiagnosticError
from qgtune.document import Document, read_document, read_source
from qgtune.space import Role


def shown_path(path: pathlib.Path) -> str:
    """Return a path as diagnostics show it: relative to the working directory where it lies below it."""
    absolute = pathlib.Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    working = pathlib.Path.cwd()
    return str(absolute.relative_to(working)) if absolute.is_relative_to(working) else str(path)


def compile_files(
    space: pathlib.Path | None,
    dependencies: pathlib.Path | None,
    base: pathlib.Path | None,
    untuned: frozenset[str],
    links: Sequence[Dependency] = (),
) -> Compilation:
    """Return the compiled search space of three files, any of which may be None.

    ``links`` are references besides those of the dependency map.

    Raises:
        DiagnosticError: with every problem of every file.
    """
    problems = Problems()
    sources = {
        role: read_source(path, shown_path(path), problems.found) if path else None
        for role, path in ((Role.SPACE, space), (Role.BASE, base), (Role.DEPENDENCIES, dependencies))
    }
    return compile_space(
        SpaceSources(
            sources[Role.SPACE],
            sources[Role.BASE],
            sources[Role.DEPENDENCIES],
            is_complete=not problems.has_errors,
        ),
        untuned,
        problems,
        links=links,
    )


def read_data_file(path: pathlib.Path) -> Document:
    """Return the document of a YAML file that is read for its data alone.

    Raises:
        DiagnosticError: if it cannot be read, or is not sound YAML.
    """
    problems: list[Diagnostic] = []
    source = read_source(path, shown_path(path), problems)
    document = read_document(source, problems) if source else None
    if document is None:
        raise DiagnosticError(tuple(problems))
    return document
