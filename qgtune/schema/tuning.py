"""The schema of a tuning file: what is tuned, how long, by whom, and where the results go."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

ObjectiveName = Annotated[str, Field(min_length=3, pattern=r"^[^:]+(\.py|[\w.]):[A-Za-z_]\w*$")]


def _path_key(*names: str) -> AliasChoices:
    """Return the spellings of a key that names a file: each name with ``_path`` and with ``_file``."""
    return AliasChoices(*(f"{name}_{ending}" for name in names for ending in ("path", "file")))


class TuningSettings(BaseModel):
    """A tuning file. Paths are relative to the folder that holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    base_settings_path: str | None = Field(
        None,
        validation_alias=_path_key("base_settings"),
        description="The base settings: a complete runnable config, from which all that is not tuned comes.",
    )
    search_space_path: str | None = Field(
        None, validation_alias=_path_key("search_space"), description="The search space: what varies."
    )
    dependency_mapping_path: str | None = Field(
        None,
        validation_alias=_path_key("dependency_mapping", "dependency_map", "depmap"),
        description="The dependency map: what follows from what.",
    )
    tune_model: bool = Field(
        default=True, description="Whether the section `model` varies; else it is the base settings' own."
    )
    tune_training: bool = Field(
        default=True, description="Whether the section `training` varies; else it is the base settings' own."
    )
    study_name: str | None = Field(
        None, min_length=1, description="The study's name; by default that of the tuning file's folder."
    )
    storage: str | None = Field(
        None,
        min_length=1,
        description="The journal file that keeps the study; absent: `study.log` in the output folder; "
        "null: the study lives in memory and is gone after the run.",
    )
    direction: Literal["minimize", "maximize"] = Field(
        "minimize", description="Whether a smaller or a larger value of the objective is better."
    )
    n_trials: int = Field(
        20, ge=1, description="Trials of one iteration; n_trials x n_iterations are run in total."
    )
    n_iterations: int = Field(1, ge=1, description="How many times n_trials trials are run.")
    n_processes: int = Field(1, ge=1, le=4096, description="Worker processes that share the trials.")
    n_jobs: int = Field(1, ge=1, le=256, description="Threads of each worker process, one trial each.")
    timeout: float | None = Field(
        None, gt=0, description="Seconds after which no further trial is begun; null: no limit."
    )
    seed: int | None = Field(
        None, ge=0, le=2**32 - 1, description="Seed of the sampler; null: every run samples anew."
    )
    objective: ObjectiveName | None = Field(
        None,
        description="A function `file.py:function` or `package.module:function`, called as "
        "`objective(trial, config)`; it returns a number.",
    )
    task: str | None = Field(
        None,
        min_length=1,
        description="A built-in trainer, such as graph_classification, and `data` with it.",
    )
    data: dict[str, Any] | None = Field(None, description="The task's data set: its name and its arguments.")
    metric: str | None = Field(
        None,
        min_length=1,
        description="The validation metric that the task reports and the study optimizes; by default `loss` "
        "where the direction is minimize, and `f1_weighted` where it is maximize.",
    )
    output_dir: str | None = Field(
        None, min_length=1, description="Where the results go; by default `runs/<study_name>`."
    )
    built_search_space_path: str | None = Field(
        None,
        validation_alias=_path_key("built_search_space"),
        description="The first trial's config; by default built_search_space.yaml in the output folder.",
    )
    best_trial_path: str | None = Field(
        None,
        validation_alias=_path_key("best_trial"),
        description="The best trial's parameters; by default best_trial.yaml in the output folder.",
    )
    best_config_path: str | None = Field(
        None,
        validation_alias=_path_key("best_param", "best_config"),
        description="The best trial's whole config; by default best_config.yaml in the output folder.",
    )

    @property
    def total_trials(self) -> int:
        """How many finished trials the study shall have."""
        return self.n_trials * self.n_iterations

    @property
    def untuned(self) -> frozenset[str]:
        """The sections that come from the base settings as they are."""
        flags = {"model": self.tune_model, "training": self.tune_training}
        return frozenset(section for section, tuned in flags.items() if not tuned)

    @property
    def metric_name(self) -> str:
        """The metric, or the one that goes with the direction."""
        return self.metric or ("loss" if self.direction == "minimize" else "f1_weighted")

    def name(self, folder: Path) -> str:
        """Return the study's name, which by default is that of the folder of the tuning file."""
        return self.study_name or folder.resolve().name or "study"

    def output_folder(self, folder: Path) -> Path:
        """Return the folder for results."""
        return folder / (self.output_dir or Path("runs") / self.name(folder))


def key_spellings(field: str) -> tuple[str, ...]:
    """Return the spellings of one setting's key."""
    alias = TuningSettings.model_fields[field].validation_alias
    return tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (field,)


def tuning_keys() -> tuple[str, ...]:
    """Return every spelling of every key that a tuning file may have."""
    return tuple(spelling for field in TuningSettings.model_fields for spelling in key_spellings(field))
