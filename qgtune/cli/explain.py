"""``qgtune explain``: what a diagnostic means, or who sets a value of the config."""

import argparse
import pathlib

from qgtune.cli.code_pages import code_section, code_titles, is_code
from qgtune.cli.command import Command
from qgtune.cli.printing import OK
from qgtune.cli.projects import prepare_file
from qgtune.core.errors import ConfigValueError, UsageError
from qgtune.core.paths import PathSyntaxError, parse_path

_TUNING = "tuning.yaml"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    what = f"""\
any number of codes; or a path in the config, and the tuning file where it is not {_TUNING} in this folder;
all codes are listed where nothing is given"""
    parser.add_argument("words", nargs="*", metavar="CODE|PATH", help=what)


def _explain(options: argparse.Namespace) -> int:
    words: list[str] = options.words
    codes = [word for word in words if is_code(word) and not pathlib.Path(word).exists()]
    if codes:
        print("\n\n".join(dict.fromkeys(map(code_section, codes))))
    elif words:
        _explain_path(words)
    else:
        for code, title in code_titles().items():
            print(f"{code}  {title}")
    return OK


def _explain_path(words: list[str]) -> None:
    """Print who sets the value that one of the words names in the tuning file that the other names."""
    from qgtune.insight.explain import explain_path

    files = [word for word in words if pathlib.Path(word).is_file() or word.endswith((".yaml", ".yml"))]
    paths = [word for word in words if word not in files]
    if len(paths) != 1:
        raise UsageError("write: qgtune explain PATH TUNING.yaml, with one path such as training.batch_size")
    if not files and not pathlib.Path(_TUNING).exists():
        raise UsageError(f"there is no {_TUNING} here; write: qgtune explain {paths[0]} TUNING.yaml")
    try:
        path = parse_path(paths[0])
    except PathSyntaxError as error:
        raise UsageError(str(error)) from error
    prepared = prepare_file(pathlib.Path(files[0] if files else _TUNING))
    try:
        print(explain_path(prepared.compilation, path))
    except ConfigValueError as error:
        raise UsageError(f"{error.message}; {error.hint}") from error


EXPLAIN = Command(
    "explain",
    "say what a diagnostic means, or who sets a value, what it follows and what follows it",
    "explain CODE|PATH",
    "explain [CODE|PATH ...] [TUNING.yaml]",
    _add_arguments,
    _explain,
)
