"""``qgtune diff``: what changed between two search spaces, and whether a study can go on."""

import argparse
import json
import pathlib
from dataclasses import asdict
from typing import TYPE_CHECKING

from qgtune.cli.command import Command, one_of
from qgtune.cli.printing import OK, PROBLEMS
from qgtune.cli.projects import prepare_file, read_file
from qgtune.core.errors import UsageError

if TYPE_CHECKING:
    from qgtune.insight.difference import Change, Difference, Outline
    from qgtune.schema.tuning import TuningSettings

_VERDICTS = {
    "same": "the same: a study begun with {old} can go on with {new}",
    "compatible": "compatible: trials stay comparable, and a study begun with {old} can go on with {new}",
    "changed": """\
changed: a study begun with {old} cannot go on with {new}, since its trials could not be compared
  choose another study_name or another storage, or undo the change""",
}
_SECTIONS = {
    "parameters": "parameter",
    "references": "reference",
    "switches": "switch",
    "lengths of lists": "length",
    "constants": "constant",
    "constraints": "constraint",
    "base settings": "base value",
    "settings": "setting",
}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    files = "a tuning file, or a search space alone; both files are of the same kind"
    parser.add_argument("old", type=pathlib.Path, metavar="OLD", help=files)
    parser.add_argument("new", type=pathlib.Path, metavar="NEW", help="the same, as it is now")
    parser.add_argument(
        "--format", type=one_of("text", "json"), default="text", metavar="FORM", help="text or json"
    )


def _diff(options: argparse.Namespace) -> int:
    difference = _difference(options.old, options.new)
    if options.format == "json":
        changes = [asdict(change) for change in difference.changes]
        found = {"verdict": difference.verdict, "goes_on": difference.verdict.goes_on, "changes": changes}
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print_changes(difference)
        print(_VERDICTS[difference.verdict].format(old=options.old, new=options.new))
    return OK if difference.verdict.goes_on else PROBLEMS


def _difference(old: pathlib.Path, new: pathlib.Path) -> "Difference":
    from qgtune.insight.difference import Difference, compare_spaces
    from qgtune.insight.settings_difference import compare_settings

    (old_space, old_settings), (new_space, new_settings) = _read(old), _read(new)
    changes = compare_spaces(old_space, new_space).changes
    if (old_settings is None) != (new_settings is None):
        raise UsageError(f"one of {old} and {new} is a tuning file, and the other is not")
    if old_settings is not None and new_settings is not None:
        changes += compare_settings(old_settings, new_settings).changes
    return Difference(changes)


def _read(path: pathlib.Path) -> "tuple[Outline, TuningSettings | None]":
    """Return what a file describes, and its settings if it is a tuning file rather than a search space."""
    from qgtune.compiler.load import compile_files
    from qgtune.insight.difference import outline
    from qgtune.schema.tuning import tuning_keys

    data = read_file(path).data
    if isinstance(data, dict) and set(data) & set(tuning_keys()):
        prepared = prepare_file(path)
        return outline(prepared.compilation), prepared.tuning.settings
    return outline(compile_files(path, None, None)), None


def _print_changes(difference: "Difference") -> None:
    for title, kind in _SECTIONS.items():
        found = [change for change in difference.changes if change.kind == kind]
        if found:
            print(title)
        for change in found:
            print(f"  {_line(change)}")


def _line(change: "Change") -> str:
    if change.before is not None and change.after is not None:
        return f"~ {change.name}: {change.detail}"
    sign, text = ("+", change.after) if change.before is None else ("-", change.before)
    return f"{sign} {change.name}" if text == change.name else f"{sign} {change.name}: {text}"


DIFF = Command(
    "diff",
    "say what changed between two files, and whether a study can go on",
    "diff OLD NEW",
    "diff OLD NEW [--format text|json]",
    _add_arguments,
    _diff,
)
