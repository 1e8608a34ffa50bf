"""The files that the training of one config leaves in a folder: its model, its metrics, its epochs."""

import csv
import io
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from qgtune.compiler.files import shown_path
from qgtune.compiler.runnable import RunnableConfig
from qgtune.core.errors import QgtuneError
from qgtune.core.files import check_can_be_written, is_special_file, write_atomically
from qgtune.core.wording import reason_of
from qgtune.outputs.kept_checkpoints import config_in
from qgtune.outputs.own_files import OwnFiles
from qgtune.schema.checkpoint_paths import checkpoint_folder
from qgtune.schema.outputs import TrainingMetrics, json_number

if TYPE_CHECKING:
    from qgtune.training import EpochResult, TrainedModel

MODEL, METRICS, HISTORY, CONFIG = "model.pt", "metrics.json", "history.csv", "config.yaml"
TRIALS = "trials.csv"


class TrainingFiles:
    """Writes what a training leaves once it has come to its end; one that is killed changes none of it.

    Args:
        folder: where the files go.
        runnable: the config that is trained.
        say: told of each file that was edited, and is kept beside.
    """

    def __init__(self, folder: pathlib.Path, runnable: RunnableConfig, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._source = runnable.path
        self._config = runnable.config
        self._config_text = runnable.document.source.text
        self._own = OwnFiles(folder, say)
        self._history = EpochHistory(folder / HISTORY)

    def check(self) -> None:
        """Make the folder, and check that all files can be written there and are nobody else's.

        Raises:
            QgtuneError: if not.
        """
        for name in (MODEL, METRICS, HISTORY, CONFIG):
            try:
                check_can_be_written(self._folder / name)
            except OSError as error:
                where = shown_path(self._folder)
                message = f"results cannot be written to {where}: {reason_of(error)}; give --output"
                raise QgtuneError(message) from error
        theirs = next((path for path in self._paths() if self._is_theirs(path)), None)
        if theirs is not None and not self._holds_a_model():
            raise QgtuneError(
                f"{shown_path(theirs)} is there already, and no training wrote it: "
                "move it, or have the results elsewhere with --output DIR"
            )
        self._check_checkpoints()

    def _check_checkpoints(self) -> None:
        """Refuse to write over what the first trial of a study has learned, which is in this folder."""
        if self._own.has_written(self._folder / MODEL) or not self._own.has_written(self._folder / TRIALS):
            return
        learned = checkpoint_folder(self._config, self._folder, 0)
        if learned.exists() and config_in(learned) != self._config:
            raise QgtuneError(
                f"{shown_path(learned)} holds what a trial of a study has learned: "
                "have the results elsewhere with --output DIR"
            )

    def add_epoch(self, result: "EpochResult") -> None:
        """Take note of what an epoch has come to.

        Raises:
            OSError: if it cannot be written.
        """
        self._history.add(result)

    def write(self, model: "TrainedModel") -> None:
        """Write everything; the model last: where it stands, the training has come to its end.

        Raises:
            OSError: if a file cannot be written.
        """
        from qgtune.training import model_bytes

        content = model_bytes(model)
        if not self._is_trained_file(self._folder / CONFIG):
            self._own.write(self._folder / CONFIG, self._config_text)
        self._own.write(self._folder / METRICS, metrics_text(model))
        self._history.finish(self._own)
        self._own.write(self._folder / MODEL, content)

    def _paths(self) -> list[pathlib.Path]:
        return [self._folder / name for name in (MODEL, METRICS, HISTORY, CONFIG)]

    def _is_theirs(self, path: pathlib.Path) -> bool:
        if not path.exists() or is_special_file(path) or self._own.has_written(path):
            return False
        if path.name != CONFIG:
            return True
        return not self._is_trained_file(path) and path.read_bytes() != self._config_text.encode()

    def _is_trained_file(self, path: pathlib.Path) -> bool:
        """Return whether this is the very file whose config is trained."""
        return path.exists() and path.samefile(self._source)

    def _holds_a_model(self) -> bool:
        """Return whether the folder was trained into, by a version that did not remember its files even."""
        from qgtune.training import ModelFileError, read_model

        try:
            read_model(self._folder / MODEL)
        except ModelFileError:
            return False
        return True


class EpochHistory:
    """Collects a row for each epoch; the rows of a training that was killed, and now goes on, are kept.

    They are in a hidden file beside until the training has come to its end.

    Args:
        path: the file that holds them in the end.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._part = path.with_name(f".qgtune-{path.name}")
        self._names: list[str] = []

    def add(self, result: "EpochResult") -> None:
        """Add the row of an epoch.

        Raises:
            OSError: if it cannot be written.
        """
        if not self._names:
            self._begin(result)
        row = [result.epoch, repr(result.train_loss), *(repr(result.metrics[name]) for name in self._names)]
        with self._part.open("a", encoding="utf-8", newline="") as file:
            file.write(_line(row))

    def finish(self, own: OwnFiles) -> None:
        """Leave all rows where they belong.

        Raises:
            OSError: if they cannot be written there.
        """
        if self._part.exists():
            own.write(self._path, self._part.read_bytes())
            self._part.unlink()

    def _begin(self, result: "EpochResult") -> None:
        self._names = sorted(result.metrics)
        head = _line(["epoch", "train_loss", *self._names])
        source = self._part if self._part.exists() else self._path
        old = (
            source.read_bytes().decode(errors="replace").splitlines(keepends=True) if source.exists() else []
        )
        goes_on = old[:1] == [head] and result.epoch > 0
        kept = [line for line in old[1:] if _is_before(line, result.epoch)] if goes_on else []
        write_atomically(self._part, head + "".join(kept))


def _line(cells: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _is_before(line: str, epoch: int) -> bool:
    """Return whether a line is the whole row of an earlier epoch; the last may be cut, any may be edited."""
    number = line.partition(",")[0]
    return line.endswith("\n") and number.isdecimal() and int(number) < epoch


def metrics_text(model: "TrainedModel") -> str:
    """Return the content of metrics.json; equal trainings give equal bytes."""
    return TrainingMetrics(
        task=model.task,
        data=dict(model.data),
        metric=model.metric,
        best_epoch=model.epoch,
        epochs=model.epochs,
        metrics={
            section: {name: json_number(value) for name, value in metrics.items()}
            for section, metrics in model.metrics.items()
        },
    ).text()
