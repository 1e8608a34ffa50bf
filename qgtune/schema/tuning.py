"""The schema of a tuning file: what is tuned, how long, by whom, and where the results go."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from qgtune.schema.gnn import TASK_SCHEMAS


def _without_control_characters(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise PydanticCustomError("control_characters", "must have no control characters")
    return text


def _from_home(text: str) -> str:
    """Return a path with its leading ``~`` or ``~user`` replaced by that home folder."""
    if not text.startswith("~"):
        return text
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        raise PydanticCustomError("no_home", "must begin with a home folder that is known") from None


def _as_folder_name(text: str) -> str:
    if text in {".", ".."} or "/" in text or "\\" in text:
        raise PydanticCustomError(
            "no_folder_name",
            "names a folder under runs, so it must be neither . nor .. and have no / and no \\",
        )
    return text


_VISIBLE = {"pattern": r"^[^\x00-\x1f\x7f]*$"}

PathText = Annotated[
    str,
    Field(min_length=1, json_schema_extra=_VISIBLE),
    AfterValidator(_without_control_characters),
    AfterValidator(_from_home),
]
"""A path as a tuning file writes it; ``~`` at its beginning is the home folder."""

StudyName = Annotated[
    str,
    Field(min_length=1, json_schema_extra={"pattern": r"^(?!\.{1,2}$)[^\x00-\x1f\x7f/\\]*$"}),
    AfterValidator(_without_control_characters),
    AfterValidator(_as_folder_name),
]

ObjectiveName = Annotated[
    str,
    Field(min_length=3, pattern=r"^[^:]+(\.py|[\w.]):[A-Za-z_]\w*$"),
    AfterValidator(_without_control_characters),
    AfterValidator(_from_home),
]


def _path_key(*names: str) -> AliasChoices:
    """Return the spellings of a key that names a file: each name with ``_path`` and with ``_file``."""
    return AliasChoices(*(f"{name}_{ending}" for name in names for ending in ("path", "file")))


class TuningSettings(BaseModel):
    """A tuning file. Paths are relative to the folder that holds it; ``~`` is the home folder."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    base_settings_path: PathText | None = Field(
        None,
        validation_alias=_path_key("base_settings"),
        description="The base settings: a complete runnable config, from which all that is not tuned comes.",
    )
    search_space_path: PathText | None = Field(
        None,
        validation_alias=_path_key("search_space", "config"),
        description="The search space: what varies.",
    )
    dependency_mapping_path: PathText | None = Field(
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
    tune: list[str] | None = Field(
        None,
        min_length=1,
        description="Paths of what varies, such as [training, 'model.gcn_net[*].dropout']; all else is the "
        "base settings' own. By default everything in the search space varies.",
    )
    study_name: StudyName | None = Field(
        None, description="The study's name; by default that of the tuning file's folder."
    )
    storage: PathText | None = Field(
        None,
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
        description="A built-in trainer, and `data` with it: graph_classification, graph_regression, "
        "node_classification, or a task of your own.",
    )
    allow_pyobjects: list[str] | None = Field(
        None,
        description="Python objects that a config may name with !pyobject, and modules of which it may name "
        "everything, such as [torch.nn, torch_geometric.nn]. By default none.",
    )
    data: dict[str, Any] | None = Field(None, description="The task's data set: its name and its arguments.")
    metric: str | None = Field(
        None,
        min_length=1,
        description="The validation metric that the task reports and the study optimizes; by default `loss` "
        "where the direction is minimize, and where it is maximize `f1_weighted`, or `r2` for a regression.",
    )
    on_oom: Literal["fail", "prune", "halve_batch"] = Field(
        "fail",
        description="What becomes of a trial of a built-in task that runs out of memory: it fails, it is "
        "pruned, or begins again with batches half as large, twice as many of which make a step.",
    )
    output_dir: PathText | None = Field(
        None, description="Where the results go; by default `runs/<study_name>`."
    )
    built_search_space_path: PathText | None = Field(
        None,
        validation_alias=_path_key("built_search_space"),
        description="The first trial's config; by default built_search_space.yaml in the output folder.",
    )
    best_trial_path: PathText | None = Field(
        None,
        validation_alias=_path_key("best_trial"),
        description="The best trial's parameters; by default best_trial.yaml in the output folder.",
    )
    best_config_path: PathText | None = Field(
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
        if self.metric or self.direction == "minimize":
            return self.metric or "loss"
        task = TASK_SCHEMAS.get(self.task or "")
        return "r2" if task is not None and task.predicts == "values" else "f1_weighted"

    def name(self, folder: Path) -> str:
        """Return the study's name, which by default is that of the folder of the tuning file."""
        return self.study_name or folder.resolve().name or "study"

    def output_folder(self, folder: Path) -> Path:
        """Return the folder for results."""
        return folder / (self.output_dir or Path("runs") / self.name(folder))

    def output_files(self, folder: Path) -> dict[str, Path]:
        """Return the files for results, by the settings that name them; ``trials.csv`` has none."""
        output = self.output_folder(folder)
        named = {
            "built_search_space_path": (self.built_search_space_path, "built_search_space.yaml"),
            "best_trial_path": (self.best_trial_path, "best_trial.yaml"),
            "best_config_path": (self.best_config_path, "best_config.yaml"),
        }
        files = {
            field: output / default if written is None else folder / written
            for field, (written, default) in named.items()
        }
        return {**files, "trials.csv": output / "trials.csv"}

    def journal(self, folder: Path) -> Path | None:
        """Return the file that keeps the study; None if it lives in memory, or if the storage is a URL."""
        if self.storage is not None:
            return None if "://" in self.storage else folder / self.storage
        return None if "storage" in self.model_fields_set else self.output_folder(folder) / "study.log"


def key_spellings(field: str) -> tuple[str, ...]:
    """Return the spellings of one setting's key."""
    alias = TuningSettings.model_fields[field].validation_alias
    return tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (field,)


def tuning_keys() -> tuple[str, ...]:
    """Return every spelling of every key that a tuning file may have."""
    return tuple(spelling for field in TuningSettings.model_fields for spelling in key_spellings(field))
