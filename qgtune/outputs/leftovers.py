"""Files of a study that nothing needs any more."""

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qgtune.compiler.prepare import Prepared
from qgtune.outputs.files import OutputFiles
from qgtune.outputs.kept_checkpoints import KeptCheckpoints, remove_checkpoints
from qgtune.outputs.report import config_reader
from qgtune.outputs.study_results import results_of

if TYPE_CHECKING:
    from qgtune.study import Study

_TEMPORARY = re.compile(r"\.qgtune-[0-9a-f]{32}\.(?:tmp|probe)")
_DATA = re.compile(r"\.?\.qgtune-[0-9a-f]{32}\.graphs(?:\.[0-9a-f]{32}\.tmp)?")
_WRITING_SECONDS = 3600.0
"""Nobody writes one file for so long: an older temporary one is a killed run's, even if a run is alive."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file, or the folder of a trial's checkpoints, that nothing needs any more, and why."""

    path: Path
    why: str
    size: int
    """In bytes."""

    def remove(self) -> None:
        """Remove it.

        Raises:
            OSError: if it cannot be removed.
        """
        if self.path.is_dir():
            with contextlib.suppress(FileNotFoundError):  # a run was faster
                remove_checkpoints(self.path)
        else:
            self.path.unlink(missing_ok=True)


def leftovers(prepared: Prepared, study: "Study", *, alone: bool) -> list[Leftover]:
    """Return what a study's runs have left and nothing needs: temporary files, cut parts, checkpoints.

    What a run that is alive may still write or read is never among them.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        study: its study.
        alone: whether certainly no run on the study is alive.
    """
    tuning = prepared.tuning
    files = OutputFiles.of(tuning.settings, tuning.folder)
    written = tuning.settings.output_files(tuning.folder).values()
    journal = tuning.settings.journal(tuning.folder)
    parents = (path.parent for path in (*written, *([journal] if journal else ())))
    folders = dict.fromkeys([*parents, files.folder, files.plots, files.front])
    found = [leftover for folder in folders for leftover in _temporary(folder, alone=alone)]
    if journal is not None:
        found += _beside(journal, alone=alone)
    return [*found, *_checkpoints(prepared, study, files)]


def _temporary(folder: Path, *, alone: bool) -> Iterator[Leftover]:
    for path in _within(folder):
        status = _status(path)
        if status is None:
            continue
        if alone and _DATA.fullmatch(path.name):
            yield Leftover(path, "the data set of a run that was killed", status.st_size)
        is_old = alone or time.time() - status.st_mtime > _WRITING_SECONDS
        if is_old and _TEMPORARY.fullmatch(path.name):
            yield Leftover(path, "a file that a killed run did not finish", status.st_size)


def _within(folder: Path) -> list[Path]:
    """Return what a folder holds, in order; nothing if it is not there."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _status(path: Path) -> os.stat_result | None:
    """Return size and time of a regular file; None for others, and where a run has just moved it away."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _beside(journal: Path, *, alone: bool) -> Iterator[Leftover]:
    torn = journal.with_name(f"{journal.name}.torn")
    if (status := _status(torn)) is not None:
        yield Leftover(torn, "half a record, cut off from the study after a kill", status.st_size)
    fresh = journal.with_name(f"{journal.name}.new")
    if alone and (status := _status(fresh)) is not None:
        yield Leftover(fresh, "a study whose migration was killed", status.st_size)


def _checkpoints(prepared: Prepared, study: "Study", files: OutputFiles) -> Iterator[Leftover]:
    from qgtune.study import trial_records

    if prepared.tuning.settings.task is None:
        return
    results = results_of(prepared, trial_records(study))
    keep = prepared.tuning.settings.keep_checkpoints or max(1, len(results.best))
    kept = KeptCheckpoints(config_reader(prepared.compilation), files.folder, keep)
    why = f"checkpoints of a trial that is not among the best {keep}"
    if keep == 1:
        why = "checkpoints of a trial that is not the best"
    for folder in kept.superfluous(results):
        files_of_it = _within(folder)
        size = sum(status.st_size for status in map(_status, files_of_it) if status is not None)
        yield Leftover(folder, why if files_of_it else "an empty folder for checkpoints", size)
