"""Where the checkpoints of a trial are, and which files belong to them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKPOINTS = "checkpoints"
"""The folder of the checkpoints where the config names none."""
CONFIG, BEST_MODEL, LAST = "cfg.yaml", "best_model.pt", "last.pt"

_WRITTEN = re.compile(
    rf"{re.escape(CONFIG)}|(?:best_model|last|epoch_\d{{4,}})\.pt"
    r"|\.(?:best_model|last|epoch_\d{4,})\.pt\.\d+\.tmp|\.qgtune-[0-9a-f]{32}\.tmp"
)


def checkpoint_folder(config: Mapping[str, Any], output_dir: Path, trial_number: int) -> Path:
    """Return the folder of a trial's checkpoints.

    Args:
        config: the config of the trial; its ``training.checkpoint_path`` may name another folder.
        output_dir: the folder of the run.
        trial_number: the trial's number in the study, from 0.

    Example:
        >>> checkpoint_folder({}, Path("runs/digits"), 74).as_posix()
        'runs/digits/checkpoints/00074'
    """
    training = config.get("training")
    named = training.get("checkpoint_path") if isinstance(training, Mapping) else None
    return output_dir / (named or CHECKPOINTS) / f"{trial_number:05d}"


def is_checkpoint_file(name: str) -> bool:
    """Return whether a file of this name is one that the trainer writes into a trial's folder.

    Example:
        >>> is_checkpoint_file("epoch_0004.pt"), is_checkpoint_file("notes.txt")
        (True, False)
    """
    return _WRITTEN.fullmatch(name) is not None
