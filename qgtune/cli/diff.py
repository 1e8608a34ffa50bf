"""``qgtune diff``: what changed between two search spaces, two studies or two configs."""

import argparse
import json
import pathlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qgtune.cli.command import Command, one_of
from qgtune.cli.diff_results import best_of_both, best_trial, names_result, print_result, result_as_data
from qgtune.cli.printing import OK, PROBLEMS
from qgtune.cli.projects import prepare_file, read_file
from qgtune.core.errors import UsageError

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared
    from qgtune.insight.difference import Change, Difference
    from qgtune.insight.outline import Outline
    from qgtune.outputs.best_trials import BestOfStudy

_VERDICTS = {
    "same": "the same: a study begun with {old} goes on with {new}",
    "goes on": "goes on: trials stay comparable, and a study begun with {old} goes on with {new}",
    "fits in part": """\
fits in part: a study begun with {old} is refused with {new}, though some of its trials may fit
  choose another study_name or another storage, undo the change, or run with --migrate, which begins the
  study anew with those trials that fit""",
    "refused": """\
refused: a study begun with {old} is refused with {new}, since its trials could not be compared
  choose another study_name or another storage, or undo the change""",
    "begins anew": "begins anew: a study of its own, apart from one begun with {old}",
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
    kinds = "a tuning file, a search space alone, a best config, the folder of a run, or a study's storage"
    parser.add_argument("old", metavar="OLD", help=kinds)
    parser.add_argument("new", metavar="NEW", help="the same, as it is now")
    parser.add_argument(
        "--format", type=one_of("text", "json"), default="text", metavar="FORM", help="text or json"
    )


def _diff(options: argparse.Namespace) -> int:
    difference: Difference | None = None
    if names_result(options.old) or names_result(options.new):
        best: tuple[BestOfStudy, BestOfStudy] | None = (best_trial(options.old), best_trial(options.new))
    else:
        difference, best = _compare_files(pathlib.Path(options.old), pathlib.Path(options.new))
    if options.format == "json":
        found = _as_data(difference) | (result_as_data(*best) if best else {})
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        if difference is not None:
            _print_changes(difference)
        if best is not None:
            print_result(*best)
        if difference is not None:
            print(_VERDICTS[difference.verdict].format(old=options.old, new=options.new))
    return PROBLEMS if difference is not None and difference.verdict.is_refused else OK


def _as_data(difference: "Difference | None") -> dict[str, Any]:
    if difference is None:
        return {}
    changes = [asdict(change) for change in difference.changes]
    return {"verdict": difference.verdict, "goes_on": difference.verdict.goes_on, "changes": changes}


def _compare_files(
    old: pathlib.Path, new: pathlib.Path
) -> "tuple[Difference, tuple[BestOfStudy, BestOfStudy] | None]":
    """Return what differs between two files, and the best trials of two tuning files that have some."""
    from qgtune.insight.difference import Difference, compare_spaces
    from qgtune.insight.settings_difference import compare_settings

    (old_space, was), (new_space, now) = _read(old), _read(new)
    changes = compare_spaces(old_space, new_space).changes
    if (was is None) != (now is None):
        raise UsageError(f"one of {old} and {new} is a tuning file, and the other is not")
    if was is None or now is None:
        return Difference(changes), None
    settings = compare_settings(was.tuning, now.tuning)
    return Difference(changes + settings.changes, settings.has_own_study), best_of_both(was, now)


def _read(path: pathlib.Path) -> "tuple[Outline, Prepared | None]":
    """Return what a file describes, and all of it if it is a tuning file rather than a search space."""
    from qgtune.compiler.load import compile_files
    from qgtune.insight.outline import outline
    from qgtune.schema.tuning import tuning_keys

    data = read_file(path).data
    if isinstance(data, dict) and set(data) & set(tuning_keys()):
        prepared = prepare_file(path)
        return outline(prepared.compilation), prepared
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
    "say what changed between two files or studies, and whether a study goes on",
    "diff OLD NEW",
    "diff OLD NEW [--format text|json]",
    _add_arguments,
    _diff,
)
