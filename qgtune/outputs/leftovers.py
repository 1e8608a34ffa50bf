"""Files of a study that nothing needs any more."""

import re
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
    folders = dict.fromkeys([*(path.parent for path in written), files.front, files.plots])
    if journal is not None:
        folders[journal.parent] = None
    found = [leftover for folder in folders for leftover in _temporary(folder, alone=alone)]
    if journal is not None:
        found += _beside(journal, alone=alone)
    return [*found, *_checkpoints(prepared, study, files)]


def _temporary(folder: Path, *, alone: bool) -> Iterator[Leftover]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if _TEMPORARY.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            status = path.stat()
            if alone or time.time() - status.st_mtime > _WRITING_SECONDS:
                yield Leftover(path, "a file that a killed run did not finish", status.st_size)


def _beside(journal: Path, *, alone: bool) -> Iterator[Leftover]:
    torn = journal.with_name(f"{journal.name}.torn")
    if torn.is_file():
        yield Leftover(torn, "half a record, cut off from the study after a kill", torn.stat().st_size)
    fresh = journal.with_name(f"{journal.name}.new")
    if alone and fresh.is_file():
        yield Leftover(fresh, "a study whose migration was killed", fresh.stat().st_size)


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
        yield Leftover(folder, why, sum(file.stat().st_size for file in folder.iterdir()))
