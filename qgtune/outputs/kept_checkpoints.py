"""The checkpoints of a study's best trials, which are kept, and those of the others, which are removed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qgtune.core.trials import TrialRecord
from qgtune.document import Source, read_document
from qgtune.reports.page_configs import ConfigReader
from qgtune.reports.results import Results
from qgtune.schema.checkpoint_paths import BEST_MODEL, CONFIG, checkpoint_folder, is_checkpoint_file

_DIFFERS_BY_TRAINING = {"training", "validation", "testing"}
"""Sections that may differ from the trial's: batches are halved for want of memory."""

_UNFINISHED = ".qgtune-"
"""How the hidden names of files begin that are being written."""


class KeptCheckpoints:
    """Tells the checkpoints of a study's best trials from those of its other finished ones.

    A folder counts as a trial's only if it lies where that trial's checkpoints go, holds nothing but what
    the trainer writes, and its ``cfg.yaml`` is the config of that trial, or it holds nothing whole at all.
    Those of trials that run are not looked at.

    Args:
        config_of: gives the config of a trial; None if it ended before all of it was known.
        output_dir: the folder of the run.
        keep: of how many trials checkpoints are kept, at least 1.
    """

    def __init__(self, config_of: ConfigReader, output_dir: Path, keep: int) -> None:
        self._config_of = config_of
        self._output_dir = output_dir
        self._keep = keep
        self._without: set[int] = set()
        """Finished trials that have no checkpoints, or have them no longer."""

    def superfluous(self, results: Results) -> list[Path]:
        """Return the folders of the finished trials that are not among the best with a model.

        With one objective the best are those with the best values; with several, those that no other trial
        beats, of which those with the best first value are kept.
        """
        folders = dict(self._folders(results))
        ranking = results.ranked if results.is_single else results.best
        models = (r.number for r in ranking if (f := folders.get(r.number)) and (f / BEST_MODEL).is_file())
        kept = {number for number, _ in zip(models, range(self._keep), strict=False)}
        return [folder for number, folder in folders.items() if number not in kept]

    def prune(self, results: Results) -> None:
        """Remove the folders that ``superfluous`` returns; what cannot be removed now is left for later."""
        for folder in self.superfluous(results):
            with contextlib.suppress(OSError):
                remove_checkpoints(folder)

    def _folders(self, results: Results) -> Iterator[tuple[int, Path]]:
        for record in results.records:
            if record.state == "running" or record.number in self._without:
                continue
            folder = self._folder(record)
            if folder is None:
                self._without.add(record.number)
            else:
                yield record.number, folder

    def _folder(self, record: TrialRecord) -> Path | None:
        """Return the folder of a trial's checkpoints; None if there is none that is certainly its own."""
        config = self._config_of(record)
        if config is None:
            return None
        folder = checkpoint_folder(config, self._output_dir, record.number)
        if folder.is_symlink() or not folder.is_dir():
            return None
        names = [entry.name for entry in folder.iterdir() if entry.is_file() and not entry.is_symlink()]
        if len(names) != sum(1 for _ in folder.iterdir()) or not all(map(is_checkpoint_file, names)):
            return None
        if all(name.startswith(_UNFINISHED) for name in names):
            return folder  # its worker was killed after making it, before the config stood there
        return folder if _same_but_training(config_in(folder), config) else None


def remove_checkpoints(folder: Path) -> None:
    """Remove the folder of a trial's checkpoints; its config last, so that what is left tells whose it is.

    Raises:
        OSError: if a file cannot be removed, or the folder holds others.
    """
    files = [entry for entry in folder.iterdir() if is_checkpoint_file(entry.name)]
    for file in sorted(files, key=lambda file: file.name == CONFIG):
        file.unlink(missing_ok=True)
    folder.rmdir()


def config_in(folder: Path) -> Any:
    """Return the config of the trial whose checkpoints are in a folder; None if it does not tell."""
    try:
        text = (folder / CONFIG).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    document = read_document(Source(CONFIG, text), [])
    return None if document is None else document.data


def _same_but_training(found: Any, config: dict[str, Any]) -> bool:
    if not isinstance(found, dict):
        return False
    ours, theirs = (
        {key: value for key, value in each.items() if key not in _DIFFERS_BY_TRAINING}
        for each in (config, found)
    )
    return ours == theirs
