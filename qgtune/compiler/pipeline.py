"""The passes in their order: three documents in, one plan out, every problem on the way."""

import pathlib
from dataclasses import dataclass, replace

from qgtune.compiler.building.build import build_space
from qgtune.compiler.building.expand import ListPaths, expand_dependencies
from qgtune.compiler.building.extends import Extension
from qgtune.compiler.building.selection import EVERYTHING, Selection
from qgtune.compiler.building.settings import CONSTRAINTS, EXTENDS, read_constraints, settings_in
from qgtune.compiler.linking.advice import advise
from qgtune.compiler.linking.coverage import check_cases
from qgtune.compiler.linking.link import NOTHING, LinkedSpace, Outside, link
from qgtune.compiler.linking.objects import check_objects
from qgtune.compiler.planning.naming import parameter_names
from qgtune.compiler.planning.plan import Plan
from qgtune.compiler.planning.writing import make_plan
from qgtune.compiler.problems import Problems
from qgtune.compiler.proving.findings import check_probes
from qgtune.core.collecting import no_collecting
from qgtune.core.diagnostics import Diagnostic, sort_diagnostics
from qgtune.core.errors import DiagnosticError
from qgtune.core.paths import Path, format_path
from qgtune.document import Document, Source, read_document
from qgtune.space import Parameter, Role, config_path


@dataclass(frozen=True, slots=True)
class SpaceSources:
    """The texts of the three files; None for a file that is not given."""

    space: Source | None
    base: Source | None = None
    dependencies: Source | None = None
    is_complete: bool = True
    """False if a file that should be here could not be read: then only the texts that are here are read."""
    folder: pathlib.Path | None = None
    """The folder of the search space's file, from which the names in it go; None for the working folder."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """A compiled search space: the plan for trials, and what explains it to people."""

    plan: Plan
    space: LinkedSpace
    documents: dict[Role, Document]
    warnings: tuple[Diagnostic, ...]
    extended: tuple[pathlib.Path, ...] = ()
    """The files that the search space extends, nearest first."""


def compile_space(
    sources: SpaceSources,
    selection: Selection = EVERYTHING,
    problems: Problems | None = None,
    outside: Outside = NOTHING,
) -> Compilation:
    """Return the compiled search space.

    Args:
        sources: the texts of the three files.
        selection: what varies; the rest comes from the base settings as it is. Everything by default.
        problems: what was found before, to be reported together; new by default.
        outside: what the space is linked with beside its own files; nothing by default.

    Raises:
        DiagnosticError: with all errors and warnings of all files, if there is an error.
    """
    with no_collecting():
        return _compile(sources, selection, problems or Problems(), outside)


def _compile(
    sources: SpaceSources, selection: Selection, problems: Problems, outside: Outside
) -> Compilation:
    roles = {Role.SPACE: sources.space, Role.BASE: sources.base, Role.DEPENDENCIES: sources.dependencies}
    for role, source in roles.items():
        document = read_document(source, problems.found) if source else None
        if document is not None:
            problems.documents[role] = document
    extension = Extension(problems)
    _extend(extension, sources, problems)
    unread = [role for role, source in roles.items() if source and role not in problems.documents]
    linked = None if unread or not sources.is_complete else _compile_documents(problems, selection, outside)
    if linked is None or problems.has_errors:
        raise DiagnosticError(sort_diagnostics(problems.found))
    check_cases(linked, problems)
    check_objects(linked, outside.objects, problems)
    _check_names(linked, problems)
    problems.raise_errors()
    plan = make_plan(linked)
    check_probes(plan, linked, problems)
    problems.raise_errors()
    _warn_if_nothing_varies(linked, selection, problems)
    advise(linked, selection, problems)
    found = sort_diagnostics(problems.found)
    return Compilation(plan, linked, problems.documents, found, tuple(extension.files))


def _extend(extension: Extension, sources: SpaceSources, problems: Problems) -> None:
    """Replace the search space by itself laid over what it extends, if it extends something that is sound."""
    space, base = problems.documents.get(Role.SPACE), problems.documents.get(Role.BASE)
    if space is None or EXTENDS not in settings_in(space, base):
        return
    whole = extension.apply(space, sources.folder or pathlib.Path())
    if whole is None:
        del problems.documents[Role.SPACE]
    else:
        problems.documents[Role.SPACE] = whole


def _compile_documents(problems: Problems, selection: Selection, outside: Outside) -> LinkedSpace | None:
    documents = problems.documents
    dependencies = expand_dependencies(documents.get(Role.DEPENDENCIES), problems)
    space, base = documents.get(Role.SPACE), documents.get(Role.BASE)
    settings = settings_in(space, base)
    root = build_space(space, base, ListPaths(dependencies), selection, problems)
    if root is None:
        return None
    constraints = read_constraints(space, problems) if space and CONSTRAINTS in settings else ()
    together = (*dependencies, *outside.dependencies)
    return link(root, replace(outside, dependencies=together, constraints=constraints), selection, problems)


def _check_names(linked: LinkedSpace, problems: Problems) -> None:
    """Report parameters that a study would take for one, because their paths give the same name."""
    seen: dict[str, Path] = {}
    for path, name in parameter_names(linked.nodes).items():
        place = config_path(path)
        first = seen.setdefault(name, place)
        if first != place:
            both = f"{format_path(first)} and {format_path(place)}"
            message = f"{both} would be one parameter in a study, {name}"
            origin = linked.nodes[path].origin
            problems.error("QG216", message, problems.at_key(origin), "rename one of the keys")


def _warn_if_nothing_varies(linked: LinkedSpace, selection: Selection, problems: Problems) -> None:
    if any(isinstance(node, Parameter) for node in linked.nodes.values()):
        return
    role = Role.SPACE if Role.SPACE in problems.documents else Role.BASE
    hint = "give a parameter a range or choices"
    if selection.untuned:
        hint = f"set tune_{min(selection.untuned)} to true, or {hint}"
    elif selection.patterns is not None:
        hint = f"name in tune what shall vary, or {hint}"
    problems.warn(
        "QG213", "nothing varies: every trial would train the same config", problems.at_top(role), hint
    )
