"""Checkpoints: what a trial has learned so far, written whole or not at all."""

import os
from pathlib import Path
from typing import Any

import torch

from qgtune.core.errors import ConfigValueError
from qgtune.schema.gnn import TrainingConfig
from qgtune.training.task import EpochResult


class Checkpoints:
    """Writes a trial's checkpoints.

    They are ``<output_dir>/<checkpoint_path>/<trial>/epoch_<epoch>.pt``, and ``best_model.pt`` beside them in
    the end. ``checkpoint_path`` may be absolute and then stands for itself. Trials are numbered with five
    digits, epochs from 0 with four. ``torch.load(file, weights_only=True)`` reads a mapping with ``epoch``,
    ``model`` (the state of the weights), ``metrics``, and except for the best ``optimizer`` (its state).

    Args:
        config: the training section.
        output_dir: the folder of the run.
        trial_number: the trial's number in the study.

    Raises:
        ConfigValueError: if the folder cannot be made.
    """

    def __init__(self, config: TrainingConfig, output_dir: Path, trial_number: int) -> None:
        self._every = config.checkpoint_at or 0
        self.folder = output_dir / (config.checkpoint_path or "") / f"{trial_number:05d}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigValueError(
                ("training", "checkpoint_path"),
                f"must be a folder that can be written: {self.folder}: {error.strerror}",
            ) from error

    @classmethod
    def wanted(
        cls, config: TrainingConfig, output_dir: Path | None, trial_number: int
    ) -> "Checkpoints | None":
        """Return the checkpoints that the config asks for, or None.

        There are some if ``checkpoint_at``, ``checkpoint_path`` and the output folder are all given.
        """
        if config.checkpoint_at is None or config.checkpoint_path is None or output_dir is None:
            return None
        return cls(config, output_dir, trial_number)

    def after_epoch(
        self, result: EpochResult, model: torch.nn.Module, optimizer: torch.optim.Optimizer
    ) -> None:
        """Write a checkpoint if so many epochs are over that one is due."""
        if (result.epoch + 1) % self._every:
            return
        state = {
            "epoch": result.epoch,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "metrics": dict(result.metrics),
        }
        save_atomically(state, self.folder / f"epoch_{result.epoch:04d}.pt")

    def best(self, result: EpochResult, model: torch.nn.Module) -> None:
        """Write ``best_model.pt``: the epoch, the weights and the metrics of the best epoch."""
        state = {"epoch": result.epoch, "model": model.state_dict(), "metrics": dict(result.metrics)}
        save_atomically(state, self.folder / "best_model.pt")


def save_atomically(state: Any, path: Path) -> None:
    """Leave at ``path`` a file that ``torch.load`` reads, or, if anything fails, what was there before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        torch.save(state, temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
