"""Checkpoints: what a trial has learned so far, written whole or not at all."""

import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from qgtune.core.errors import ConfigValueError
from qgtune.core.files import write_atomically
from qgtune.document import dump
from qgtune.schema.checkpoint_paths import BEST_MODEL, CONFIG, LAST, checkpoint_folder
from qgtune.schema.gnn.training import LoopConfig
from qgtune.training.task import EpochResult, TrainingResult


class Checkpoints:
    """Writes a trial's checkpoints, and reads the one from which a training that was ended goes on.

    They are in ``<output_dir>/<checkpoint_path>/<trial>``. ``checkpoint_path`` is ``checkpoints`` by default;
    an absolute one stands for itself. Trials are numbered with five digits, epochs from 0 with four.

    * ``cfg.yaml``: the whole config.
    * ``epoch_<epoch>.pt``: written each time that ``checkpoint_at`` epochs are over.
    * ``last.pt``: everything that the training needs in order to go on after its latest checkpoint.
    * ``best_model.pt``: written in the end.

    ``torch.load(file, weights_only=True)`` reads each ``.pt`` as a mapping with ``epoch`` and ``model`` (the
    state of the weights); the best and the numbered ones have ``metrics``, the numbered ones ``optimizer``.

    Args:
        config: the training section.
        output_dir: the folder of the run.
        trial_number: the trial's number in the study.
        whole_config: the whole config, for ``cfg.yaml``.
        learned: a text that differs where something else is learned from the same config.
    """

    def __init__(
        self,
        config: LoopConfig,
        output_dir: Path,
        trial_number: int,
        whole_config: Mapping[str, Any],
        learned: str = "",
    ) -> None:
        self._at = config.checkpoint_at
        self._config = dict(whole_config)
        self._learned = learned
        self.folder = checkpoint_folder(self._config, output_dir, trial_number)

    def begin(self) -> None:
        """Make the folder, and leave the config there.

        Raises:
            ConfigValueError: if the folder cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / CONFIG, dump(self._config))
        except OSError as error:
            raise ConfigValueError(
                ("training", "checkpoint_path"),
                f"must be a folder that can be written: {self.folder}: {error.strerror}",
            ) from error

    def is_due(self, epoch: int) -> bool:
        """Return whether a checkpoint is due after this epoch; always, where ``checkpoint_at`` is absent."""
        return (epoch + 1) % (self._at or 1) == 0

    def after_epoch(self, result: EpochResult, state: Mapping[str, Any]) -> None:
        """Write the checkpoint of an epoch; ``state`` is all that the training needs to go on."""
        if self._at is not None:
            numbered = {
                "epoch": result.epoch,
                "model": state["model"],
                "optimizer": state["optimizer"],
                "metrics": dict(result.metrics),
            }
            save_atomically(numbered, self.folder / f"epoch_{result.epoch:04d}.pt")
        save_atomically({**state, "config": self._identity()}, self.folder / LAST)

    def best(self, result: EpochResult, model: torch.nn.Module) -> None:
        """Write ``best_model.pt``: the epoch, the weights and the metrics of the best epoch."""
        state = {"epoch": result.epoch, "model": model.state_dict(), "metrics": dict(result.metrics)}
        save_atomically(state, self.folder / BEST_MODEL)

    def last(self, device: torch.device) -> dict[str, Any] | None:
        """Return the state from which the training goes on, or None if there is none yet.

        Raises:
            ConfigValueError: if it is that of another config or other data, or cannot be read.
        """
        file = self.folder / LAST
        if not file.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(file, weights_only=True, map_location=device)
            identity = state["config"]
        except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
            raise ConfigValueError(
                ("training", "checkpoint_path"),
                f"holds a checkpoint that cannot be read: {file}: {' '.join(str(error).split())[:200]}",
                "remove it to train from the start",
            ) from error
        if identity != self._identity():
            raise ConfigValueError(
                ("training", "checkpoint_path"),
                f"holds the checkpoint of another config, metric or data set, not of this training: {file}",
                "remove it to train from the start, or take another folder",
            )
        return state

    def _identity(self) -> str:
        """Return a text that is equal for configs of which one can go on where the other ended."""
        # How long to train may change, unless the learning rate follows from it.
        training = dict(self._config["training"])
        if training.get("scheduler") is None:
            training.pop("num_epochs", None)
        config = json.dumps({**self._config, "training": training}, sort_keys=True, default=repr)
        return f"{self._learned} {config}"


def save_best_model(
    config: Mapping[str, Any], output_dir: Path, trial_number: int, result: TrainingResult
) -> None:
    """Write ``cfg.yaml`` and ``best_model.pt`` of a trained trial, and nothing else of it.

    Args:
        config: the whole config of the trial.
        output_dir: the folder of the run.
        trial_number: the trial's number in the study.
        result: what the training came to.

    Raises:
        OSError: if they cannot be written.
    """
    folder = checkpoint_folder(config, output_dir, trial_number)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / CONFIG, dump(dict(config)))
    state = {"epoch": result.epoch, "model": result.model.state_dict(), "metrics": dict(result.metrics)}
    save_atomically(state, folder / BEST_MODEL)


def state_bytes(state: Any) -> bytes:
    """Return what ``torch.load`` reads as ``state``."""
    # torch writes to a file by itself, and tells of a full disk in words of its own.
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


def save_atomically(state: Any, path: Path) -> None:
    """Leave at ``path`` a file that ``torch.load`` reads, or, if anything fails, what was there before.

    Raises:
        OSError: if the file cannot be written.
    """
    write_atomically(path, state_bytes(state))
