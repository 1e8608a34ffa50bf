"""``qgtune check``: everything that is wrong with the files, and what a run would do."""

import argparse
import pathlib
from typing import TYPE_CHECKING

from qgtune.cli.command import Command, add_tuning_file, one_of
from qgtune.cli.printing import OK, PROBLEMS, print_diagnostics, say
from qgtune.cli.projects import naming_what_is_meant, prepare_file
from qgtune.compiler.files import shown_path
from qgtune.core.diagnostics import Diagnostic, Severity
from qgtune.core.errors import DiagnosticError
from qgtune.core.wording import count
from qgtune.loaded_data import check_data_of_run
from qgtune.sampling import total_trials

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared

_TOLD_BETTER_BY_BUILDING = "QG214"
"""What a task's schema finds wrong with a config: no reason not to build it, which tells more."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    deep = "build each distinct architecture too, and push a batch through it (imports torch)"
    parser.add_argument("--deep", action="store_true", help=deep)
    forms = "how to show problems: text, json (a list of objects), github (beside the code of a pull request)"
    parser.add_argument(
        "--format", type=one_of("text", "json", "github"), default="text", metavar="FORM", help=forms
    )


def _check(options: argparse.Namespace) -> int:
    if options.deep:
        return _check_deep(options)
    prepared = prepare_file(options.tuning, to_run=True)
    print_diagnostics(prepared.warnings, options.format, options.color)
    if options.format == "text":
        _print_space(prepared)
    return OK


def _check_deep(options: argparse.Namespace) -> int:
    prepared: Prepared | None = None
    try:
        prepared = prepare_file(
            options.tuning, to_run=True
        )  # what is wrong already is told before torch is imported
    except DiagnosticError as error:
        if any(
            _is_error(problem) and problem.code != _TOLD_BETTER_BY_BUILDING for problem in error.diagnostics
        ):
            raise
    from qgtune.training.proofs.deep_check import deep_check

    if prepared is not None:
        check_data_of_run(prepared.tuning, prepared.compilation)
    with naming_what_is_meant(options.tuning):
        found = deep_check(options.tuning)
    print_diagnostics(found.diagnostics, options.format, options.color)
    if options.format != "text":
        say(found.coverage)
    else:
        _print_space(prepared or _whatever_the_task_says(options.tuning))
        print(found.coverage)
    return PROBLEMS if any(map(_is_error, found.diagnostics)) else OK


def _whatever_the_task_says(path: pathlib.Path) -> "Prepared":
    """Return a project that compiles, though its task refuses some of the configs."""
    from qgtune.compiler.prepare import Prepared
    from qgtune.compiler.tuning import read_tuning
    from qgtune.training.proofs.compiled_spaces import compile_unchecked

    tuning = read_tuning(path, [])
    assert tuning is not None  # noqa: S101 - it has been read before
    return Prepared(tuning, compile_unchecked(path)[0], ())


def _is_error(problem: Diagnostic) -> bool:
    return problem.severity is Severity.ERROR


def _print_space(prepared: "Prepared") -> None:
    from qgtune.insight.listing import listing
    from qgtune.insight.preview import preview

    found = listing(prepared.compilation)
    width = max((len(name) for name, _ in found.parameters), default=0)
    print(f"{shown_path(prepared.tuning.path)}: {count(len(found.parameters), 'parameter')}")
    for name, domain in found.parameters:
        print(f"  {name:<{width}}  {domain}")
    _print_lines(found.references, "reference")
    _print_lines((*found.conditions, *found.lengths), "condition")
    _print_lines(found.constraints, "constraint")
    print(preview(prepared, found, total_trials(prepared)))


def _print_lines(lines: tuple[str, ...], noun: str) -> None:
    if lines:
        print(count(len(lines), noun))
    for line in lines:
        print(f"  {line}")


CHECK = Command(
    "check",
    "say everything that is wrong with the files, and what a run would do",
    "check TUNING.yaml",
    "check TUNING.yaml [--deep] [--format text|json|github]",
    _add_arguments,
    _check,
    lists_problems=True,
)
