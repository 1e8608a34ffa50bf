"""``qgtune init``: a commented set of files to begin tuning a config with."""

import argparse
import pathlib

from qgtune.cli.command import Command
from qgtune.cli.printing import OK
from qgtune.cli.projects import read_file
from qgtune.core.errors import QgtuneError
from qgtune.core.files import write_new_files
from qgtune.core.wording import count, reason_of


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "config",
        type=pathlib.Path,
        metavar="CONFIG.yaml",
        help="a concrete config; becomes the base settings",
    )
    folder = "where the files go, by default here; files that exist are never overwritten"
    parser.add_argument(
        "folder", type=pathlib.Path, nargs="?", default=pathlib.Path(), metavar="FOLDER", help=folder
    )


def _init(options: argparse.Namespace) -> int:
    from qgtune.compiler.files import shown_path
    from qgtune.insight.starter import BASE, TUNING, make_starter

    starter = make_starter(read_file(options.config))
    contents = {BASE: options.config.read_bytes()}
    contents |= {name: text.encode() for name, text in starter.files.items()}
    base = options.folder / BASE
    if base.exists() and base.samefile(options.config):
        del contents[BASE]  # the config is where it belongs
    _write_new(options.folder, contents)
    for name in contents:
        print(f"wrote {shown_path(options.folder / name)}")
    print(f"{count(starter.parameters, 'parameter')}, {count(starter.references, 'reference')}")
    if starter.data is None:
        print("objective.py holds a stand-in: put your training in its place")
    print(f"next:  qgtune check {shown_path(options.folder / TUNING)}")
    return OK


def _write_new(folder: pathlib.Path, contents: dict[str, bytes]) -> None:
    """Write files into a folder; none of them if one exists.

    Raises:
        QgtuneError: if a file exists, or cannot be written.
    """
    existing = [name for name in contents if (folder / name).exists() or (folder / name).is_symlink()]
    if existing:
        verb = "exists" if len(existing) == 1 else "exist"
        raise QgtuneError(
            f"nothing was written, since {', '.join(existing)} {verb} in {folder}; name another folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_new_files({folder / name: content for name, content in contents.items()})
    except OSError as error:
        raise QgtuneError(f"{error.filename or folder} cannot be written: {reason_of(error)}") from error


INIT = Command(
    "init",
    "write a commented set of files to begin tuning a config with",
    "init CONFIG.yaml",
    "init CONFIG.yaml [FOLDER]",
    _add_arguments,
    _init,
)
