"""``qgtune evaluate``: a trained model measured, on its own test data or on other data."""

import argparse
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from qgtune.cli.command import Command, one_of
from qgtune.cli.printing import OK
from qgtune.cli.projects import read_file
from qgtune.cli.train import print_metrics
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError
from qgtune.core.paths import Path, format_path
from qgtune.document import Document

_SECTIONS = ("training", "validation", "testing", "all")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=pathlib.Path, metavar="MODEL", help="a model.pt, or its folder")
    parser.add_argument(
        "--data",
        type=pathlib.Path,
        metavar="DATA.yaml",
        help="a file with the settings of another data set: the section data of a tuning file, or that file",
    )
    which = "which part: training, validation, testing or all; default testing, and all of other data"
    parser.add_argument("--section", type=one_of(*_SECTIONS), metavar="PART", help=which)
    parser.add_argument(
        "--format", type=one_of("text", "json"), default="text", metavar="FORM", help="text or json"
    )


def _evaluate(options: argparse.Namespace) -> int:
    from qgtune.schema.outputs import json_number
    from qgtune.single_training import evaluate_file

    document = read_file(options.data) if options.data else None
    root, data = _data_section(document) if document else ((), None)
    try:
        model, section, metrics = evaluate_file(
            options.model, data, options.data.parent if options.data else None, options.section
        )
    except ConfigValueError as error:
        if document is None:
            raise
        raise _located(error, document, root) from error
    if options.format == "json":
        content = {"version": 2, "task": model.task, "data": data or model.data, "section": section}
        told = {name: json_number(value) for name, value in metrics.items()}
        print(json.dumps({**content, "metrics": told}, indent=2, ensure_ascii=False))
    else:
        print_metrics(section, metrics)
    return OK


def _data_section(document: Document) -> tuple[Path, Mapping[str, Any]]:
    """Return where a file has the settings of a data set, and the settings.

    Raises:
        DiagnosticError: if it has none.
    """
    content = document.data
    if isinstance(content, dict) and isinstance(content.get("data"), dict):
        return ("data",), content["data"]
    if isinstance(content, dict) and "name" in content:
        return (), content
    message = "a data set is a mapping with its name, or the section data of a file, and there is neither"
    hint = "for example: {name: causal_sets, seed: 1}"
    raise DiagnosticError((Diagnostic("QG409", message, document.locate(()), hint),))


def _located(error: ConfigValueError, document: Document, root: Path) -> DiagnosticError:
    """Return the problem of a value in the settings of a data set, at its line."""
    below = error.path[1:] if error.path[:1] == ("data",) else ()
    shown = format_path(error.path)
    message = error.message if not shown or shown in error.message else f"{shown}: {error.message}"
    return DiagnosticError((Diagnostic("QG409", message, document.locate((*root, *below)), error.hint),))


EVALUATE = Command(
    "evaluate",
    "measure a trained model on its test data, or on other data",
    "evaluate MODEL",
    "evaluate MODEL [--data DATA.yaml] [--section training|validation|testing|all] [--format text|json]",
    _add_arguments,
    _evaluate,
)
