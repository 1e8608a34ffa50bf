"""Words of the command line -> the command that they name, and its exit code."""

import argparse
import errno
import os
import pathlib
import shlex
import sys
import traceback
from collections.abc import Sequence
from typing import TypeGuard

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
from qgtune.cli.printing import (
    FAULT,
    INTERRUPTED,
    OK,
    PROBLEMS,
    USAGE,
    print_diagnostics,
    reader_may_leave,
    say,
)
from qgtune.cli.report import REPORT
from qgtune.cli.run import RUN
from qgtune.cli.sample import SAMPLE
from qgtune.cli.schema import SCHEMA
from qgtune.cli.show import SHOW
from qgtune.cli.status import STATUS
from qgtune.cli.stop import STOP
from qgtune.cli.train import TRAIN
from qgtune.cli.trials import TRIALS
from qgtune.compiler.files import shown_path
from qgtune.core.errors import DiagnosticError, QgtuneError, UsageError
from qgtune.core.wording import reason_of

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Threads of torch that wait for each other would else do so at full speed: where other programs want the
    # cores too, a training takes three times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        options = parse(words, COMMANDS)
    except SystemExit as stop:  # argparse has said what is wrong, or printed the help
        with reader_may_leave():
            pass  # what was printed is written as the block ends
        return stop.code if isinstance(stop.code, int) else USAGE
    command = COMMANDS[options.command]
    code = OK  # also where whoever read what it printed has gone, as head does
    try:
        with reader_may_leave():
            code = command.execute(options)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - each gets its words and its exit code
        with reader_may_leave():
            _explain(error, command, options, words)
        return _exit_code(error)
    return code


def _explain(
    error: BaseException, command: Command, options: argparse.Namespace, words: Sequence[str]
) -> None:
    """Say what ended the command."""
    kept = "; what has finished is kept" if command.goes_on else ""
    if isinstance(error, DiagnosticError):
        form = options.format if command.lists_problems else "text"
        print_diagnostics(error.diagnostics, form, options.color)
    elif isinstance(error, QgtuneError):
        say(f"qgtune: {error}")
    elif isinstance(error, KeyboardInterrupt):
        goes_on = command.goes_on and getattr(options, "more", None) is None
        again = f"; the same command goes on from here:  {shlex.join(['qgtune', *words])}"
        say(f"interrupted{again if goes_on else ''}")
    elif _is_of_the_system(error):
        say(f"qgtune: {_refused(error)}{kept}")
    else:
        traceback.print_exception(error)
        say(f"qgtune: this is a fault of qgtune's own, not of your files{kept}")


def _exit_code(error: BaseException) -> int:
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return PROBLEMS if isinstance(error, QgtuneError) or _is_of_the_system(error) else FAULT


def _is_of_the_system(error: BaseException) -> TypeGuard[OSError]:
    """Tell whether the system refused a file, or has no room left for what is written."""
    if not isinstance(error, OSError):
        return False
    return error.filename is not None or error.errno in {errno.ENOSPC, errno.EDQUOT}


def _refused(error: OSError) -> str:
    """Return which file the system refused, and why."""
    if error.filename is None or isinstance(error.filename, int):
        return reason_of(error)
    return f"{shown_path(pathlib.Path(os.fsdecode(error.filename)))}: {reason_of(error)}"
