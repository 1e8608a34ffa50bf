"""Words of the command line -> the command that they name, and its exit code."""

import errno
import sys
import traceback
from collections.abc import Sequence

from qgtune.cli.arguments import parse
from qgtune.cli.check import CHECK
from qgtune.cli.clean import CLEAN
from qgtune.cli.command import Command
from qgtune.cli.diff import DIFF
from qgtune.cli.evaluate import EVALUATE
from qgtune.cli.explain import EXPLAIN
from qgtune.cli.export import EXPORT
from qgtune.cli.graph import GRAPH
from qgtune.cli.infer_dependencies import INFER_DEPENDENCIES
from qgtune.cli.init import INIT
from qgtune.cli.printing import FAULT, GO_ON, INTERRUPTED, OK, PROBLEMS, USAGE, print_diagnostics, say
from qgtune.cli.report import REPORT
from qgtune.cli.run import RUN
from qgtune.cli.sample import SAMPLE
from qgtune.cli.schema import SCHEMA
from qgtune.cli.show import SHOW
from qgtune.cli.status import STATUS
from qgtune.cli.stop import STOP
from qgtune.cli.train import TRAIN
from qgtune.cli.trials import TRIALS
from qgtune.core.errors import DiagnosticError, QgtuneError, UsageError

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        RUN,
        TRAIN,
        EVALUATE,
        EXPORT,
        STATUS,
        TRIALS,
        SHOW,
        REPORT,
        STOP,
        CLEAN,
        CHECK,
        SAMPLE,
        INIT,
        INFER_DEPENDENCIES,
        EXPLAIN,
        GRAPH,
        DIFF,
        SCHEMA,
    )
}
_PROBLEM_FORMS = ("json", "github")
"""Forms of output in which problems have a form of their own; in all others they are text."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parse(words, COMMANDS)
    except SystemExit as stop:  # argparse has said what is wrong, or printed the help
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        return COMMANDS[options.command].execute(options)
    except BrokenPipeError:  # the reader of our output has gone, as head does
        sys.stderr.close()
        return OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - each gets its words and its exit code
        return _explain(error, getattr(options, "format", "text"), options.color)


def _explain(error: BaseException, form: str, color: str) -> int:
    """Say what ended the command; return the exit code."""
    if isinstance(error, DiagnosticError):
        print_diagnostics(error.diagnostics, form if form in _PROBLEM_FORMS else "text", color)
        return PROBLEMS
    if isinstance(error, QgtuneError):
        say(f"qgtune: {error}")
        return USAGE if isinstance(error, UsageError) else PROBLEMS
    if isinstance(error, KeyboardInterrupt):
        say(GO_ON)
        return INTERRUPTED
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        say(f"qgtune: {error}; trials that finished are kept")
        return PROBLEMS
    traceback.print_exception(error)
    say("qgtune: this is a fault of qgtune's own, not of your files; trials that finished are kept")
    return FAULT
