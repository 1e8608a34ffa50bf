"""Words of the command line -> the command that they name, and its exit code."""

import argparse
import errno
import itertools
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version

from qgtune.cli.check import CHECK
from qgtune.cli.command import Command
from qgtune.cli.printing import FAULT, GO_ON, INTERRUPTED, OK, PROBLEMS, USAGE, print_diagnostics, say
from qgtune.cli.run import RUN
from qgtune.cli.sample import SAMPLE
from qgtune.core.errors import DiagnosticError, QgtuneError, UsageError

COMMANDS: dict[str, Command] = {command.name: command for command in (RUN, CHECK, SAMPLE)}

_EPILOG = """\
commands:
  qgtune TUNING.yaml         tune: run trials until the study has as many as the file asks for
  qgtune check TUNING.yaml   say everything that is wrong with the files, and what a trial would sample
  qgtune sample TUNING.yaml  print configs as trials would get them, drawn at random

exit codes:
  0 all went well, 1 problems in your files, 2 wrong usage, 3 a fault of qgtune's own, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser().parse_args(_with_command_first(words))
    except SystemExit as stop:  # argparse has said what is wrong, or printed the help
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        return COMMANDS[options.command].execute(options)
    except BrokenPipeError:  # the reader of our output has gone, as head does
        sys.stderr.close()
        return OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - each gets its words and its exit code
        return _explain(error, getattr(options, "format", "text"))


def _with_command_first(words: list[str]) -> list[str]:
    """Return the words with the command before its options, and with ``run`` where none is said."""
    options = list(itertools.takewhile(lambda word: word.startswith("-"), words))
    if not words or {"-h", "--help", "--version"} & set(options):
        return words
    rest = words[len(options) :]
    if rest and rest[0] in COMMANDS and "--" not in options:
        return [rest[0], *options, *rest[1:]]
    return ["run", *words]


def _explain(error: BaseException, form: str) -> int:
    """Say what ended the command; return the exit code."""
    if isinstance(error, DiagnosticError):
        print_diagnostics(error.diagnostics, form)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qgtune",
        description="Tune the hyperparameters that a search space in YAML describes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="qgtune [-h] [--version] [check|sample] TUNING.yaml [--quiet]",
    )
    parser.add_argument("--version", action="version", version=f"qgtune {version('qgtune')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", prog="qgtune")
    for command in COMMANDS.values():
        command.add_arguments(commands.add_parser(command.name, usage=f"qgtune {command.usage}"))
    return parser
