"""``qgtune check``: everything that is wrong with the files, and what a run would do."""

import argparse
from typing import TYPE_CHECKING

from qgtune.cli.command import Command, add_tuning_file, one_of
from qgtune.cli.printing import OK, count, print_diagnostics
from qgtune.cli.projects import prepare_file
from qgtune.compiler.files import shown_path

if TYPE_CHECKING:
    from qgtune.compiler.prepare import Prepared


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    forms = "how to show problems: text, json (a list of objects), github (beside the code of a pull request)"
    parser.add_argument(
        "--format", type=one_of("text", "json", "github"), default="text", metavar="FORM", help=forms
    )


def _check(options: argparse.Namespace) -> int:
    prepared = prepare_file(options.tuning)
    print_diagnostics(prepared.warnings, options.format, options.color)
    if options.format == "text":
        _print_space(prepared)
    return OK


def _print_space(prepared: "Prepared") -> None:
    from qgtune.compiler.preview import preview

    plan = prepared.compilation.plan
    width = max((len(s.name) for s in plan.suggestions), default=0)
    print(f"{shown_path(prepared.tuning.path)}: {count(len(plan.suggestions), 'parameter')}")
    for suggestion in plan.suggestions:
        print(f"  {suggestion.name:<{width}}  {suggestion.domain}")
    if plan.steps:
        print(count(len(plan.steps), "reference"))
        for step in plan.steps:
            print(f"  {step}")
    print(preview(prepared))


CHECK = Command(
    "check",
    "say everything that is wrong with the files, and what a run would do",
    "check TUNING.yaml",
    "check TUNING.yaml [--format text|json|github]",
    _add_arguments,
    _check,
)
