"""The JSON files that a run leaves for other programs."""

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Value = float | Literal["NaN", "Infinity", "-Infinity"]
"""A number; as text where JSON has no such number."""


def json_number(value: float) -> Value:
    """Return a number as every JSON file has it.

    Example:
        >>> [json_number(value) for value in (0.5, float("nan"), float("-inf"))]
        [0.5, 'NaN', '-Infinity']
    """
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class _File(_Part):
    def text(self) -> str:
        """Return the text of the file; numbers that JSON does not have are the texts NaN and Infinity."""
        return self.model_dump_json(indent=2) + "\n"


class _Output(_File):
    version: Literal[1] = Field(
        default=1, description="The version of the file's format; raised when readers must change."
    )


class BestTrial(_Part):
    """A trial that no other one beats."""

    number: int = Field(ge=0, description="The trial's number in the study.")
    values: list[Value] = Field(description="What the trial returned, one value for each metric.")
    params: dict[str, Any] = Field(description="Name and value of each parameter, as the study stores them.")


class BestParams(_Output):
    """The best trial's parameters; with several objectives, those of every trial that no other one beats."""

    study: str = Field(description="The study's name.")
    metrics: list[str] = Field(description="What each value of a trial is.")
    directions: list[Literal["minimize", "maximize"]] = Field(
        description="Which way each value is to go, in the order of the metrics."
    )
    trials: list[BestTrial] = Field(
        description="The best trial; several with several objectives; none while no trial is complete."
    )


class Reason(_Part):
    """Why trials came to nothing."""

    state: str = Field(description="pruned, failed, or lost with its worker.")
    reason: str = Field(description="The reason, in one line.")
    count: int = Field(ge=1, description="How many trials ended so.")


class TopSpread(_Part):
    """How the values of the ten best trials spread."""

    metric: str = Field(description="What the value is.")
    count: int = Field(ge=1, description="How many trials these are, at most ten.")
    mean: float = Field(description="Their mean.")
    standard_deviation: float = Field(ge=0, description="Their sample standard deviation; 0 for one trial.")
    least: float = Field(description="The smallest of them.")
    most: float = Field(description="The largest of them.")


class StudySummary(_Output):
    """How far a study has come, and what it has found."""

    study: str = Field(description="The study's name.")
    fingerprint: str = Field(
        description="Names the search space; the same for equal spaces only. Empty if the files have changed "
        "since the study began."
    )
    metrics: list[str] = Field(description="What each value of a trial is.")
    directions: list[Literal["minimize", "maximize"]] = Field(
        description="Which way each value is to go, in the order of the metrics."
    )
    asked: int | None = Field(description="How many finished trials were asked for; null if nobody said.")
    counts: dict[str, int] = Field(
        description="How many trials are complete, pruned, failed, lost with their worker, and running."
    )
    reasons: list[Reason] = Field(description="Why trials were pruned, failed or lost, most frequent first.")
    best: list[BestTrial] = Field(description="The best trial; several with several objectives.")
    top: list[TopSpread] = Field(description="How the values of the ten best trials spread, by metric.")
    started: str | None = Field(description="When the first trial began, as ISO 8601; null before it.")
    ended: str | None = Field(description="When the last finished trial ended; null before any did.")
    trial_seconds: float = Field(
        ge=0, description="The durations of all finished trials together, in seconds."
    )


class RunningTrial(_Part):
    """A trial that runs, and the last that it has reported."""

    number: int = Field(ge=0, description="The trial's number in the study.")
    worker: str | None = Field(description="The worker that runs it; null if nobody noted it.")
    datetime_start: str | None = Field(description="When it began, as ISO 8601.")
    step: int | None = Field(description="The epoch of its last report; null before the first.")
    value: Value | None = Field(description="What it reported last; null before the first report.")


class StudyStatus(_Output):
    """How far a study has come at this moment, as `qgtune status --format json` prints it."""

    study: str = Field(description="The study's name.")
    metrics: list[str] = Field(description="What each value of a trial is.")
    directions: list[Literal["minimize", "maximize"]] = Field(
        description="Which way each value is to go, in the order of the metrics."
    )
    finished: int = Field(ge=0, description="How many trials count: complete, pruned or failed.")
    asked: int | None = Field(description="How many finished trials were asked for; null if nobody said.")
    counts: dict[str, int] = Field(
        description="How many trials are complete, pruned, failed, lost with their worker, and running."
    )
    reasons: list[Reason] = Field(description="Why trials were pruned, failed or lost, most frequent first.")
    best: list[BestTrial] = Field(
        description="The best trial; with several objectives every trial that no other one beats."
    )
    running: list[RunningTrial] = Field(description="The trials that run, by number.")
    mean_duration_seconds: float | None = Field(
        description="Seconds that a trial took on average; null before the first has ended."
    )


class ShownTrial(_Output):
    """One trial with its config, as `qgtune show --format json` prints it."""

    study: str = Field(description="The study's name.")
    metrics: list[str] = Field(description="What each value of a trial is.")
    number: int = Field(ge=0, description="The trial's number in the study.")
    state: Literal["complete", "pruned", "failed", "lost", "running"] = Field(
        description="What became of it; a lost one was killed with its worker, and does not count."
    )
    values: list[Value] = Field(
        description="What it returned, one value for each metric; none unless complete."
    )
    params: dict[str, Any] = Field(description="Name and value of each parameter, as the study stores them.")
    config: dict[str, Any] | None = Field(
        description="Its whole config, as the files give it now; null where its parameters do not tell it."
    )
    changed: bool = Field(
        description="Whether the search space or what is measured has changed since the study began."
    )
    duration_seconds: float | None = Field(description="From its start to its end; null while it runs.")
    datetime_start: str | None = Field(description="When it began, as ISO 8601.")
    datetime_complete: str | None = Field(description="When it ended, as ISO 8601; null while it runs.")
    worker: str | None = Field(description="The worker that ran it; null if nobody noted it.")
    peak_memory: int | None = Field(
        description="The most memory that its process held meanwhile, in bytes; null if that is not known."
    )
    failure: str = Field(description="Why it was pruned, failed or lost, in one line; empty otherwise.")


class GitState(_Part):
    """The repository that holds the tuning file."""

    commit: str = Field(description="The commit that was checked out.")
    changed: bool = Field(description="Whether files under version control differed from it.")


class RunConfig(_Output):
    """What a run was asked for, and with what it ran."""

    study: str = Field(description="The study's name.")
    fingerprint: str = Field(description="Names the search space; the same for equal spaces only.")
    settings: dict[str, Any] = Field(
        description="Every setting of the tuning file; paths as the file writes them, passwords left out."
    )
    python: str = Field(description="The version of Python.")
    platform: str = Field(description="Operating system and kind of processor.")
    libraries: dict[str, str] = Field(description="Versions of qgtune and of what it stands on, by name.")
    git: GitState | None = Field(description="The user's repository; null if there is none, or no git.")


class TrainingMetrics(_File):
    """What the training of one config came to, and what its model was measured to be worth."""

    version: Literal[2] = Field(
        default=2,
        description="The version of the file's format; version 1 had null for numbers that JSON lacks.",
    )
    task: str = Field(description="The task that trained the config.")
    data: dict[str, Any] = Field(
        description="The settings of the data set; relative paths start from the folder of the file."
    )
    metric: str = Field(description="The validation metric by which the best epoch was chosen.")
    best_epoch: int = Field(ge=0, description="The epoch of the weights that were kept, from 0.")
    epochs: int = Field(ge=0, description="How many epochs were trained.")
    metrics: dict[str, dict[str, Value]] = Field(
        description="Every metric of the task, by the part that was measured: validation, testing."
    )


class WrittenFiles(_Output):
    """What was written into a folder, so that a file that somebody else changed is never written over."""

    files: dict[str, list[str]] = Field(
        description="By the path of each file from this folder: the latest contents that were written, as "
        "the first 32 hexadecimal digits of their SHA-256, the last one last."
    )
