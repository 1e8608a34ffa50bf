"""What a command of the command line is."""

import argparse
import pathlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qgtune.core.diagnostics import nearest


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, how it is written, what arguments it takes, and what it does.

    Args:
        name: the word that calls it.
        summary: what it does, in half a line.
        short_usage: how it is called at least, after ``qgtune``.
        usage: all its arguments as its usage line shows them, after ``qgtune``.
        add_arguments: adds its arguments to a parser of its own.
        execute: does it; returns the exit code.
        lists_problems: whether problems are its answer, and take the form that is asked for.
        goes_on: whether it keeps what it has done, and goes on from there when it is called again.
    """

    name: str
    summary: str
    short_usage: str
    usage: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[argparse.Namespace], int]
    lists_problems: bool = False
    goes_on: bool = False


def add_tuning_file(parser: argparse.ArgumentParser) -> None:
    """Add the tuning file to the arguments of a command, as ``tuning``."""
    parser.add_argument("tuning", type=pathlib.Path, metavar="TUNING.yaml", help="the tuning file")


def one_of(*legal: str) -> Callable[[str], str]:
    """Return a type of an argument that is one of a few words."""

    def read(word: str) -> str:
        if word not in legal:
            raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(legal)}{meant(word, legal)}")
        return word

    return read


def meant(word: str, legal: Iterable[str]) -> str:
    """Return ``; did you mean x?`` for a word that is near to a legal one, or an empty text."""
    match = nearest(word, legal)
    return f"; did you mean {match}?" if match else ""


def at_least_one(word: str) -> int:
    """Return a number of things of which there must be one.

    Raises:
        ArgumentTypeError: if it is no number, or less than 1.
    """
    try:
        number = int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, but is {word!r}") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, but is {number}")
    return number
