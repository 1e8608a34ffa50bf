"""A tuning file -> its settings and the texts that it names, with every problem at its line."""

import os
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from qgtune.compiler.files import shown_path, similar_file
from qgtune.compiler.pipeline import SpaceSources
from qgtune.core.diagnostics import Diagnostic, Location, Severity, did_you_mean
from qgtune.core.files import is_special_file
from qgtune.core.paths import Path, format_path
from qgtune.document import Document, MappingNode, Source, read_document, read_source
from qgtune.schema.tuning import TuningSettings, key_spellings, tuning_keys
from qgtune.space import Role

FILE_KEYS = {
    Role.SPACE: "search_space_path",
    Role.BASE: "base_settings_path",
    Role.DEPENDENCIES: "dependency_mapping_path",
}


@dataclass(frozen=True, slots=True)
class Tuning:
    """A tuning file that was read: its settings, and its document for what is to be said about it."""

    path: pathlib.Path
    settings: TuningSettings
    document: Document

    @property
    def folder(self) -> pathlib.Path:
        """What the file's relative paths are relative to."""
        return self.path.parent

    def gives(self, field: str) -> bool:
        """Return whether the file sets this setting, be it to null."""
        return field in self.settings.model_fields_set

    def locate(self, field: str) -> Location:
        """Return the place of a setting's value, under whichever spelling of its key was used."""
        return locate_setting(self.document, field)

    def locate_first(self, *fields: str) -> Location:
        """Return the place of the first of these settings that the file gives.

        If it gives none, that is its first line, which is not shown: what stands there is not to blame.
        """
        for field in fields:
            if self.gives(field):
                return self.locate(field)
        return replace(top_of(self.document), text="")


def read_tuning(path: pathlib.Path, problems: list[Diagnostic]) -> Tuning | None:
    """Return the settings of a tuning file, or None after reporting what is wrong with them."""
    source = read_source(path, shown_path(path), problems)
    document = read_document(source, problems) if source else None
    if document is None:
        return None
    if not isinstance(document.root, MappingNode):
        place = document.locate(())
        problems.append(Diagnostic("QG401", "a tuning file is a mapping of settings", place))
        return None
    try:
        settings = TuningSettings.model_validate(document.data)
    except ValidationError as error:
        problems.extend(_setting_problem(detail, document) for detail in error.errors(include_url=False))
        return None
    tuning = Tuning(path, settings, document)
    problems.extend(_clashes(tuning))
    return tuning


def _clashes(tuning: Tuning) -> Iterator[Diagnostic]:
    """Yield a problem for each file that a run would write over another that it reads or writes."""
    taken: dict[str, str] = {}
    for name, path in _files_read(tuning):
        taken.setdefault(os.path.realpath(path), name)
    study = tuning.settings.study_file(tuning.folder)
    written = tuning.settings.output_files(tuning.folder) | ({"storage": study} if study else {})
    for name, path in written.items():
        other = taken.setdefault(os.path.realpath(path), name)
        if other != name and not is_special_file(path):
            given = [field for field in (name, other, "output_dir") if tuning.gives(field)]
            yield Diagnostic(
                "QG403",
                f"{_called(tuning, name)} and {_called(tuning, other)} are both {shown_path(path)}, "
                "but one file cannot be both",
                tuning.locate(given[0]) if given else top_of(tuning.document),
                "name another file",
            )


def _files_read(tuning: Tuning) -> Iterator[tuple[str, pathlib.Path]]:
    """Yield each file that a run reads, after the setting that names it."""
    yield "the tuning file", tuning.path
    for field in FILE_KEYS.values():
        written = getattr(tuning.settings, field)
        if written is not None:
            yield field, tuning.folder / written
    functions = {"objective": tuning.settings.objective, "data": (tuning.settings.data or {}).get("name")}
    for field, reference in functions.items():
        source = str(reference or "").rpartition(":")[0]
        if source:
            file = source if source.endswith(".py") else source.replace(".", "/") + ".py"
            yield field, tuning.folder / file


def _called(tuning: Tuning, name: str) -> str:
    """Return the name of a file in a message: its key as it is spelled, or that of its default."""
    if tuning.gives(name) or name not in TuningSettings.model_fields:
        return spelling_in(tuning.document, name)
    return f"the default of {spelling_in(tuning.document, name)}"


def spelling_in(document: Document, field: str) -> str:
    """Return the key of a setting as a tuning file spells it, or the first of its spellings."""
    spellings = key_spellings(field) if field in TuningSettings.model_fields else (field,)
    return next((name for name in spellings if document.find((name,)) is not None), spellings[0])


def locate_setting(document: Document, field: str) -> Location:
    """Return the place of a setting, or of the top of the file if it is not given."""
    for spelling in key_spellings(field):
        if document.find((spelling,)) is not None:
            return document.locate((spelling,))
    return top_of(document)


def top_of(document: Document) -> Location:
    """Return the beginning of a document, for what is missing in it."""
    place = document.locate(())
    return Location(place.file, place.line, place.column, place.line, place.column + 1, place.text)


def _setting_problem(detail: ErrorDetails, document: Document) -> Diagnostic:
    path: Path = tuple(detail["loc"])
    key = str(path[0])
    if path[-1] == "[key]" or detail["type"] == "invalid_key":
        return _key_that_is_no_text(path[:-1] if path[-1] == "[key]" else path, document)
    if detail["type"] == "extra_forbidden":
        return _unknown_key(key, document)
    place = document.locate(path[:1])
    if key == "objective" and detail["type"] == "string_pattern_mismatch":
        message = (
            f"an objective is file.py:function or package.module:function, but this is {detail['input']!r}"
        )
        return Diagnostic("QG404", message, place)
    rule = (
        detail["msg"]
        .replace("Input should", "must")
        .replace("String should", "must")
        .replace("List should", "must")
        .replace(" after validation, not 0", "")
        .replace("a valid ", "a ")
        .replace("a integer", "an integer")
    )
    return Diagnostic("QG403", f"{key} {rule}, but is {detail['input']!r}", place)


def _key_that_is_no_text(path: Path, document: Document) -> Diagnostic:
    node = document.key_at(path)
    place = document.source.location(node.span) if node else document.locate(path)
    whose = "a tuning file" if len(path) == 1 else format_path(path[:-1])
    return Diagnostic("QG402", f"the keys of {whose} are names, but this one is the number {path[-1]}", place)


def unknown_keys(document: Document) -> tuple[Diagnostic, ...]:
    """Return a warning for each key of a tuning file that qgtune does not know."""
    keys = [key for key in document.data if key not in tuning_keys()]
    return tuple(replace(_unknown_key(str(key), document), severity=Severity.WARNING) for key in keys)


def _unknown_key(key: str, document: Document) -> Diagnostic:
    node = document.key_at((key,))
    place = document.source.location(node.span) if node else document.locate(())
    if key in tuning_keys():
        spellings = next(names for names in map(key_spellings, TuningSettings.model_fields) if key in names)
        other = next(name for name in spellings if name != key and document.find((name,)) is not None)
        return Diagnostic("QG402", f"{key} and {other} set the same thing", place, "remove one of them")
    return Diagnostic(
        "QG402", f"{key!r} is not a key of a tuning file", place, did_you_mean(key, tuning_keys())
    )


def read_space_sources(tuning: Tuning, problems: list[Diagnostic]) -> SpaceSources:
    """Return the texts of the three files that a tuning file names; what cannot be read is reported there."""
    sources: dict[Role, Source | None] = {}
    before = len(problems)
    for role, field in FILE_KEYS.items():
        written = getattr(tuning.settings, field)
        sources[role] = None
        if written is not None:
            path = tuning.folder / written
            found: list[Diagnostic] = []
            sources[role] = read_source(path, shown_path(path), found)
            hint = similar_file(path)
            problems.extend(_at_setting(problem, role, tuning.locate(field), hint) for problem in found)
    if tuning.settings.search_space_path is None and tuning.settings.base_settings_path is None:
        message = "a tuning file needs search_space_path, and base_settings_path where the space is sparse"
        problems.append(Diagnostic("QG405", message, top_of(tuning.document)))
    space = tuning.settings.search_space_path
    return SpaceSources(
        sources[Role.SPACE],
        sources[Role.BASE],
        sources[Role.DEPENDENCIES],
        is_complete=len(problems) == before,
        folder=None if space is None else (tuning.folder / space).parent,
    )


def _at_setting(problem: Diagnostic, role: Role, place: Location, hint: str) -> Diagnostic:
    """Return a problem of a whole file as a problem of the setting that names it."""
    message = f"the {role} file {problem.location.file}: {problem.message}"
    return Diagnostic(problem.code, message, place, problem.hint or hint)
