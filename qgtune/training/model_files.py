"""Trained models on disk: the weights, and all that is needed to use them again."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from qgtune.core.errors import QgtuneError
from qgtune.training.loop.checkpoints import state_bytes

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The weights of a model, and what they were trained for.

    Args:
        task: the name of the task.
        config: the config that the model is built from.
        data: the settings of its data set; relative paths start from the folder of the file.
        metric: the validation metric by which the epoch was chosen.
        epoch: the epoch of the weights, from 0.
        epochs: how many epochs were trained.
        metrics: the metrics of each section that was measured: ``validation``, ``testing``.
        weights: the state of the model by parameter name.
    """

    task: str
    config: Mapping[str, Any]
    data: Mapping[str, Any]
    metric: str
    epoch: int
    epochs: int
    metrics: Mapping[str, Mapping[str, float]]
    weights: Mapping[str, Tensor]


class ModelFileError(QgtuneError):
    """A file that holds no trained model; its text names the file, and what was expected."""


def model_bytes(model: TrainedModel) -> bytes:
    """Return the content of the file of a trained model.

    ``torch.load(path, weights_only=True)`` reads it as a mapping of the fields of ``TrainedModel``.
    """
    weights = {name: value.detach().cpu() for name, value in model.weights.items()}
    fields = {name: getattr(model, name) for name in TrainedModel.__slots__ if name != "weights"}
    return state_bytes({"format": FORMAT_VERSION, **fields, "weights": weights})


def read_model(path: Path) -> TrainedModel:
    """Return the trained model of a file with what ``model_bytes`` returned; nothing in the file is run.

    Raises:
        ModelFileError: if there is no such file, or it is cut short or of another kind.
    """
    if not path.is_file():
        raise ModelFileError(f"there is no trained model {path}")
    expected = f"{path} is no model that qgtune train has written"
    try:
        # Always to the CPU: the GPU of the training may not be here.
        found = torch.load(path, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        reason = (" ".join(str(error).split()) or type(error).__name__).partition(". ")[0]
        raise ModelFileError(f"{expected}: {reason}") from error
    names = {"format", *TrainedModel.__slots__}
    if not isinstance(found, dict) or not names <= found.keys():
        lacking = ", ".join(sorted(names - (found.keys() if isinstance(found, dict) else set())))
        raise ModelFileError(f"{expected}: it lacks {lacking}")
    if found["format"] != FORMAT_VERSION:
        raise ModelFileError(f"{expected}: its format is {found['format']}, and {FORMAT_VERSION} is known")
    return TrainedModel(**{name: found[name] for name in TrainedModel.__slots__})
