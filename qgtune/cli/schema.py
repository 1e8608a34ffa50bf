"""``qgtune schema``: a JSON Schema of the files, with which an editor completes and checks them."""

import argparse
import json
import pathlib
from typing import Any

from qgtune.cli.command import Command, one_of
from qgtune.cli.printing import OK
from qgtune.cli.projects import read_file
from qgtune.compiler.files import shown_path
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import DiagnosticError, QgtuneError, UsageError
from qgtune.core.files import write_atomically
from qgtune.core.wording import reason_of
from qgtune.schema.identity import is_ours

_SPACE, _MAP, _TUNING = "search-space", "dependency-map", "tuning"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    base = "base settings: their keys, values and paths become those that an editor offers"
    parser.add_argument("--for", type=pathlib.Path, dest="base", metavar="BASE.yaml", help=base)
    kinds = f"which file it describes: {_SPACE} (the default), {_MAP} or {_TUNING}"
    parser.add_argument(
        "--kind", type=one_of(_SPACE, _MAP, _TUNING), default=_SPACE, metavar="KIND", help=kinds
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is no schema of qgtune")
    where = "the file that it is written to; printed where this is left out"
    parser.add_argument("-o", type=pathlib.Path, dest="file", metavar="FILE", help=where)


def _schema(options: argparse.Namespace) -> int:
    from qgtune.schema.export import schema_text

    text = schema_text(_schema_of(options))
    if options.file is None:
        print(text, end="")
        return OK
    if options.base is not None and options.file.exists() and options.file.samefile(options.base):
        raise UsageError(f"-o names the base settings themselves, {shown_path(options.base)}")
    _check_may_be_replaced(options)
    try:
        write_atomically(options.file, text)
    except OSError as error:
        raise QgtuneError(f"{shown_path(options.file)} cannot be written: {reason_of(error)}") from error
    print(f"wrote {shown_path(options.file)}")
    return OK


def _check_may_be_replaced(options: argparse.Namespace) -> None:
    """Check that what stands where the schema goes is a schema that qgtune has written, if anything.

    Raises:
        QgtuneError: if it is anything else, which may be the only copy of somebody's work.
    """
    file: pathlib.Path = options.file
    if options.overwrite or not file.is_file():
        return
    try:
        found = json.loads(file.read_text(encoding="utf-8") or "{}")
    except (OSError, ValueError):
        found = None
    if found == {} or is_ours(found):
        return
    raise QgtuneError(
        f"nothing was written, since {shown_path(file)} exists and is no schema of qgtune; "
        "name another file, or give --overwrite"
    )


def _schema_of(options: argparse.Namespace) -> dict[str, Any]:
    from qgtune.schema.export import schemas
    from qgtune.schema.for_settings import schema_for

    if options.base is None:
        return schemas()[f"{options.kind.replace('-', '_')}.schema.json"]
    if options.kind == _TUNING:
        raise UsageError("a tuning file has the same keys for all base settings; leave out --for")
    document = read_file(options.base)
    if not isinstance(document.data, dict):
        message = "base settings are a mapping of sections, such as model: and training:"
        raise DiagnosticError((Diagnostic("QG201", message, document.locate(())),))
    return schema_for(document.data, options.kind)


SCHEMA = Command(
    "schema",
    "write a JSON Schema, from which an editor completes and checks your files",
    "schema --for BASE.yaml",
    f"schema [--for BASE.yaml] [--kind {_SPACE}|{_MAP}|{_TUNING}] [-o FILE] [--overwrite]",
    _add_arguments,
    _schema,
)
