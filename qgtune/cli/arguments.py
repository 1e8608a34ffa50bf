"""Words of the command line -> options of a command; wrong usage is told in a line or two."""

import argparse
import pathlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from qgtune.cli.command import Command, meant, one_of
from qgtune.cli.printing import USAGE
from qgtune.core.diagnostics import nearest

_HELP = {"-h", "--help", "--version"}

_EXIT_CODES = """\
exit codes:
  0 all went well, 1 problems in your files, 2 wrong usage, 3 a fault of qgtune's own, 130 interrupted,
  143 and 129 a run that SIGTERM or SIGHUP has ended
"""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong first, and how the command is written after it."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the words; exit with the code for wrong usage."""
        message = message.replace("the following arguments are required:", "this is missing:")
        print(f"{self.prog}: {message}\n{self.format_usage().rstrip()}", file=sys.stderr)
        sys.exit(USAGE)


class _PrintVersion(argparse.Action):
    """Prints the version and ends; the packages' metadata, slow to import, are asked only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"qgtune {version('qgtune')}")
        parser.exit()


def parse(words: Sequence[str], commands: Mapping[str, Command]) -> argparse.Namespace:
    """Return the options that the words of a command line give; ``command`` is the command's name.

    Raises:
        SystemExit: where the words are wrong, which has then been said, or after the help was printed.
    """
    parser, by_name = _parsers(commands)
    if not words:
        print(_short_help(commands), file=sys.stderr)
        sys.exit(USAGE)
    ordered = _with_values_joined(_with_command_first(list(words), parser, by_name), by_name)
    options, rest = parser.parse_known_args(ordered)
    if rest:
        chosen = by_name[options.command]
        chosen.error(_unexpected(rest[0], chosen))
    return options


def _parsers(commands: Mapping[str, Command]) -> tuple[Parser, dict[str, Parser]]:
    """Return the parser of the whole line, and that of each command."""
    parser = Parser(
        prog="qgtune",
        description="Tune the hyperparameters that a search space in YAML describes.",
        epilog=f"{_command_list(commands)}\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=f"qgtune [-h] [--version] [{'|'.join(commands)}] ...",
        add_help=False,
    )
    parser.add_argument("-h", "--help", action="help", help="print this; after a command, what it takes")
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the version of qgtune")
    # Listed by the epilog, as they are written.
    subparsers = parser.add_subparsers(dest="command", help=argparse.SUPPRESS, prog="qgtune")
    by_name = {}
    for name, command in commands.items():
        usage = f"qgtune {command.usage} [--color WHEN]"
        by_name[name] = subparsers.add_parser(
            name, usage=usage, description=f"{command.summary[0].upper()}{command.summary[1:]}."
        )
        command.add_arguments(by_name[name])
        when = (
            "colour problems and the live view: auto (on a terminal, unless NO_COLOR is set), always, never"
        )
        by_name[name].add_argument(
            "--color", type=one_of("auto", "always", "never"), default="auto", metavar="WHEN", help=when
        )
    return parser, by_name


def _command_list(commands: Mapping[str, Command]) -> str:
    width = max(len(command.short_usage) for command in commands.values())
    lines = [f"  qgtune {c.short_usage:<{width}}  {c.summary}" for c in commands.values()]
    return "\n".join(["commands:", *lines])


def _short_help(commands: Mapping[str, Command]) -> str:
    more = "qgtune COMMAND --help says what a command takes."
    return f"usage: qgtune TUNING.yaml, or qgtune COMMAND ...\n\n{_command_list(commands)}\n\n{more}"


def _with_command_first(words: list[str], parser: Parser, commands: Mapping[str, Parser]) -> list[str]:
    """Return the words with the command before its options, and with ``run`` where none is said."""
    end = 0
    while end < len(words) and words[end].startswith("-") and words[end] != "--":
        _refuse_unknown_option(words[end], parser, commands.values())
        end += 2 if _takes_next_word(words[end], commands.values()) else 1
    options, rest = words[:end], words[end:]
    if _HELP & set(options):
        return [word for word in options if word in _HELP]
    if rest and rest[0] in commands:
        return [rest[0], *options, *rest[1:]]
    if rest and rest[0] != "--":
        _refuse_misspelled_command(rest, parser, commands)
    return ["run", *words]


def _with_values_joined(words: list[str], commands: Mapping[str, Parser]) -> list[str]:
    """Return the words with an option joined to a value that begins with a dash, such as ``--sort -value``.

    argparse would take the value for options of one letter, and ``-heads`` for a wish for help.
    """
    if words[0] not in commands:  # a wish for help
        return words
    known = _options(commands[words[0]])
    joined: list[str] = []
    for word in words:
        before = known.get(joined[-1]) if joined and joined[-1].startswith("--") else None
        takes_value = before is not None and before.nargs is None
        if takes_value and word[:1] == "-" and word[1:2] not in ("", "-") and word not in known:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _takes_next_word(word: str, parsers: Iterable[argparse.ArgumentParser]) -> bool:
    """Tell whether a word is an option whose value is the word after it."""
    return any(word in _options(parser) and _options(parser)[word].nargs is None for parser in parsers)


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return the options of a parser by their spellings."""
    return {name: action for action in parser._actions for name in action.option_strings}  # noqa: SLF001 - argparse has no public list


def _refuse_unknown_option(word: str, parser: Parser, parsers: Iterable[Parser]) -> None:
    """End with wrong usage where no command knows an option that stands before the command."""
    name = word.partition("=")[0]
    known = {option for one in (parser, *parsers) for option in _options(one)}
    if name.startswith("--") and not any(option.startswith(name) for option in known):
        parser.error(f"there is no option {name}{meant(name, known)}")


def _refuse_misspelled_command(words: Sequence[str], parser: Parser, commands: Iterable[str]) -> None:
    """End with wrong usage where the first word is no file, and can only be meant as a command."""
    first, *others = words
    is_followed = any(not word.startswith("-") for word in others)
    if "." in first or pathlib.Path(first).exists() or not (is_followed or nearest(first, commands)):
        return
    parser.error(f"there is no command {first!r}, and no such file{meant(first, commands)}")


def _unexpected(word: str, parser: argparse.ArgumentParser) -> str:
    if not word.startswith("-"):
        return f"{word!r} is more than this takes"
    name = word.partition("=")[0]
    return f"there is no option {name}{meant(name, _options(parser))}"
