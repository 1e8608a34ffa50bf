"""``qgtune clean``: remove what a study's runs have left and nothing needs any more."""

import argparse

from qgtune.cli.command import Command, add_tuning_file
from qgtune.cli.printing import OK, PROBLEMS, say
from qgtune.cli.projects import prepare_file
from qgtune.compiler.files import shown_path
from qgtune.core.errors import QgtuneError
from qgtune.core.wording import count, reason_of


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_tuning_file(parser)
    parser.add_argument("--dry-run", action="store_true", help="list it only, and remove nothing")


def _clean(options: argparse.Namespace) -> int:
    prepared = prepare_file(options.tuning)
    from qgtune.outputs.leftovers import Leftover, leftovers
    from qgtune.outputs.study_results import open_tuned_study
    from qgtune.study import sole_use

    tuning = prepared.tuning
    storage = tuning.settings.storage_at(tuning.folder)
    if storage is None:
        raise QgtuneError("the study was in memory only, as storage is null: it has left nothing to clean")
    study = open_tuned_study(tuning)
    failed: list[Leftover] = []
    with sole_use(storage) as alone:
        found = leftovers(prepared, study, alone=alone)
        for leftover in found:
            print(f"  {_bytes(leftover.size):>8}  {shown_path(leftover.path)}  {leftover.why}")
            try:
                if not options.dry_run:
                    leftover.remove()
            except OSError as error:
                failed.append(leftover)
                say(f"{shown_path(leftover.path)} cannot be removed: {reason_of(error)}")
    gone = [leftover for leftover in found if leftover not in failed]
    size = _bytes(sum(leftover.size for leftover in gone))
    done = "would be removed" if options.dry_run else "removed"
    things = f"{count(len(gone), 'thing')} {done}, {size}" if found else "there is nothing to remove"
    print(
        f"study {study.study_name}: {things}{'' if alone else '; a run may be at work: what it needs stays'}"
    )
    return PROBLEMS if failed else OK


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


CLEAN = Command(
    "clean",
    "remove what a study has left and nothing needs: temporary files, checkpoints that are not the best",
    "clean TUNING.yaml",
    "clean TUNING.yaml [--dry-run]",
    _add_arguments,
    _clean,
)
