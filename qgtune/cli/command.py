"""What a command of the command line is."""

import argparse
import pathlib
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, how it is written, what arguments it takes, and what it does.

    Args:
        name: the word that calls it.
        usage: its arguments as the usage line shows them, after ``qgtune``.
        add_arguments: adds its arguments to a parser of its own.
        execute: does it; returns the exit code.
    """

    name: str
    usage: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[argparse.Namespace], int]


def add_tuning_file(parser: argparse.ArgumentParser) -> None:
    """Add the tuning file to the arguments of a command, as ``tuning``."""
    parser.add_argument("tuning", type=pathlib.Path, metavar="TUNING.yaml", help="the tuning file")
