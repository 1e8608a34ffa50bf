"""Files -> texts -> a compiled search space, with every problem at its line."""

import pathlib
from collections.abc import Sequence
from typing import Any

from qgtune.compiler.building.expand import Dependency
from qgtune.compiler.building.selection import EVERYTHING, Selection
from qgtune.compiler.files import shown_path
from qgtune.compiler.linking.link import Outside
from qgtune.compiler.pipeline import Compilation, SpaceSources, compile_space
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import DiagnosticError
from qgtune.document import Document, Source, read_document, read_source, splice
from qgtune.space import Role


def compile_files(
    space: pathlib.Path | None,
    dependencies: pathlib.Path | None,
    base: pathlib.Path | None,
    selection: Selection = EVERYTHING,
    objects: tuple[str, ...] = (),
) -> Compilation:
    """Return the compiled search space of three files, any of which may be None.

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
            folder=space.parent if space else None,
        ),
        selection,
        problems,
        Outside(objects=objects),
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


def fill_references(
    built: Document,
    config: dict[str, Any],
    dependencies: pathlib.Path | None,
    links: Sequence[Dependency],
) -> dict[str, Any]:
    """Return a config in which all that follows other values follows the config's own.

    Args:
        built: the built search space, for what is to be said about it.
        config: its data with other values.
        dependencies: the dependency map, or None.
        links: references besides those of the dependency map.

    Raises:
        DiagnosticError: if the dependency map cannot be read, or does not fit.
    """
    problems = Problems()
    following = read_source(dependencies, shown_path(dependencies), problems.found) if dependencies else None
    constants = Source(built.source.name, splice(built, config))
    sources = SpaceSources(None, constants, following, is_complete=not problems.has_errors)
    return compile_space(sources, problems=problems, outside=Outside(tuple(links))).plan.config_of({})
