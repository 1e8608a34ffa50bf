"""``qgtune sample``: configs as trials would get them, drawn at random."""

import argparse

from qgtune.cli.command import Command, add_tuning_file
from qgtune.cli.printing import OK, print_diagnostics
from qgtune.cli.projects import prepare_file
from qgtune.core.errors import UsageError
from qgtune.space import EvaluationError


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=int, default=1, metavar="NUMBER", help="how many configs; default 1")
    parser.add_argument("--seed", type=int, metavar="SEED", help="the same seed prints the same configs")
    add_tuning_file(parser)


def _sample(options: argparse.Namespace) -> int:
    from qgtune.compiler.emit import built_search_space_text
    from qgtune.document import comment_block

    if options.n < 1 or not 0 <= (options.seed or 0) < 2**32:
        raise UsageError("-n must be at least 1, and --seed from 0 to 4294967295")
    prepared = prepare_file(options.tuning)
    print_diagnostics(prepared.warnings, color=options.color)
    from qgtune.study import random_trials  # Optuna takes most of a second to import

    compilation = prepared.compilation
    for i, trial in enumerate(random_trials(options.n, options.seed)):
        try:
            text = built_search_space_text(compilation, compilation.plan.resolve(trial), [])
        except EvaluationError as error:
            text = comment_block([f"no config: {error}"])
        print(f"---\n{text}" if i else text, end="")
    return OK


SAMPLE = Command(
    "sample",
    "print configs as trials would get them, drawn at random",
    "sample TUNING.yaml",
    "sample TUNING.yaml [-n NUMBER] [--seed SEED]",
    _add_arguments,
    _sample,
)
