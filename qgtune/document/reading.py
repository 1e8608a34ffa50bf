"""Text -> Source -> Document: reading YAML with every token's place, bounded, and without surprises."""

import codecs
import pathlib
from typing import Any

import yaml

from qgtune.core.collecting import no_collecting
from qgtune.core.diagnostics import Diagnostic, Location, Related, Severity
from qgtune.document.composing import BoundExceededError, Composer
from qgtune.document.nodes import Document
from qgtune.document.sources import Source, Span

MAX_BYTES = 64 * 1024 * 1024
_MARK = "\ufeff"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_source(path: pathlib.Path, name: str, problems: list[Diagnostic]) -> Source | None:
    """Return the text of a file under the name that diagnostics show, or None with a diagnostic.

    UTF-8 is expected; UTF-16 and UTF-32 are read if a byte order mark says so.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL character
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        problems.append(_about_file("QG101", f"the file cannot be read: {reason.lower()}", name))
        return None
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        problems.append(_about_file("QG106", f"the file is larger than {limit} MiB", name))
        return None
    encoding = next((known for mark, known in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        return Source(name, data.decode(encoding))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        text = f"byte {error.start + 1} (line {line}) is not {error.encoding.upper()}: {error.reason}"
        problems.append(_about_file("QG102", text, name, hint="save the file as UTF-8"))
        return None


def _about_file(code: str, message: str, name: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code, message, Location(name, 0, 0, 0, 0), hint)


def read_document(source: Source, problems: list[Diagnostic]) -> Document | None:
    """Return the document of a source; None, with at least one error in ``problems``, if it is not usable.

    Scalars are read under YAML 1.2's core schema. Duplicate keys, unknown tags, keys that are neither text
    nor integers, more than one document, and anything beyond the bounds are errors; scalars that YAML 1.1
    readers take otherwise are warnings. Several problems are reported in one go.
    """
    before = len(problems)
    if source.text.startswith(_MARK):  # which the parser skips without counting it
        source = Source(source.name, source.text.lstrip(_MARK))
    try:
        with no_collecting():
            root = Composer(source, problems).compose()
    except yaml.MarkedYAMLError as error:
        problems.append(_syntax_problem(source, error))
        return None
    except yaml.reader.ReaderError as error:
        problems.append(_refused_character(source, error))
        return None
    except UnicodeEncodeError as error:  # half of a surrogate pair
        problems.append(_character_problem(source, error.start, ord(source.text[error.start])))
        return None
    except BoundExceededError as bound:
        problems.append(Diagnostic("QG106", str(bound), source.location(bound.span)))
        return None
    if any(problem.severity is Severity.ERROR for problem in problems[before:]):
        return None
    return Document(source, root)


def _syntax_problem(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    message = f"this is not YAML: {error.problem or error.context or 'it cannot be read'}"
    hint = _syntax_hint(source, error)
    related: tuple[Related, ...] = ()
    if mark is None:
        return _about_file("QG103", message, source.name, hint)
    if error.context_mark and error.context and error.context_mark.index != mark.index:
        related = (Related(source.location(_point(error.context_mark)), error.context),)
    return Diagnostic("QG103", message, source.location(_point(mark)), hint, related=related)


def _syntax_hint(source: Source, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    if mark is None or mark.line >= len(source.lines):
        return ""
    line = source.lines[mark.line]
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in (error.problem or ""):
        return "indent with spaces: YAML does not allow tabs there"
    if "expected ',' or" in (error.problem or "") and "[" in line[: mark.column + 1]:
        return "inside {} and [], a path such as net[0].dim needs quotes"
    if "mapping values are not allowed" in (error.problem or ""):
        return "a text that holds ': ' needs quotes; else check the indentation of this line"
    return ""


def _refused_character(source: Source, error: yaml.reader.ReaderError) -> Diagnostic:
    if isinstance(error.character, int):  # the C reader counts bytes
        position = len(source.text.encode()[: error.position].decode(errors="ignore"))
        return _character_problem(source, position, error.character)
    return _character_problem(source, error.position, ord(error.character))


def _character_problem(source: Source, position: int, character: int) -> Diagnostic:
    place = source.location(source.span(position, position + 1))
    message = f"the character U+{character:04X} is not allowed in YAML"
    return Diagnostic("QG103", message, place, hint="remove it, or write it as an escape in quotes")


def _point(mark: Any) -> Span:
    return Span(mark.index, mark.index + 1, mark.line, mark.column, mark.line, mark.column + 1)


def read_text(text: str) -> Any:
    """Return the plain data of a YAML text that qgtune itself wrote; the text itself if it is not YAML."""
    document = read_document(Source("", text), [])
    return text if document is None else document.data
