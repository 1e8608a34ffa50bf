"""``qgtune export``: one config as a script that needs no qgtune."""

import argparse
import pathlib

from qgtune.cli.command import Command
from qgtune.cli.printing import OK
from qgtune.cli.projects import naming_what_is_meant
from qgtune.compiler.files import shown_path


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=pathlib.Path, metavar="CONFIG.yaml", help="such as a best_config.yaml")
    parser.add_argument(
        "--script", type=pathlib.Path, required=True, metavar="OUT.py", help="where the script goes"
    )
    parser.add_argument(
        "--tuning",
        type=pathlib.Path,
        metavar="TUNING.yaml",
        help="a tuning file that says task, data and metric, where the config does not",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a script that says something else")


def _export(options: argparse.Namespace) -> int:
    from qgtune.compiler.runnable import read_runnable

    with naming_what_is_meant(options.config):
        runnable = read_runnable(options.config, options.tuning)
    # Heavy rooms are entered only now: a file with problems is answered in a blink.
    from qgtune.script_export import export_script

    for path in export_script(runnable, options.script, overwrite=options.overwrite):
        print(f"wrote {shown_path(path)}")
    return OK


EXPORT = Command(
    "export",
    "write one config as a PyTorch Geometric script that needs no qgtune",
    "export --script OUT.py CONFIG.yaml",
    "export --script OUT.py CONFIG.yaml [--tuning TUNING.yaml] [--overwrite]",
    _add_arguments,
    _export,
)
