"""The schema of a tuning file: what is tuned, how long, by whom, and where the results go."""

from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from qgtune.schema.gnn import TASK_SCHEMAS
from qgtune.schema.launcher_settings import LauncherChoice, launcher_schema, parse_launcher
from qgtune.schema.sampler_settings import Choice, parse_setting, setting_schema
from qgtune.schema.tuning_places import RESULT_FILES, absolute_storage, result_files, sqlite_file
from qgtune.schema.tuning_texts import Metrics, ModuleName, ObjectiveName, PathText, StudyName, path_key

FACTS_AS_METRICS = {"model.params": "minimize"}
"""What a task knows of a model before it is trained, and a study may optimize: fact -> better direction."""

FIXED_NAMES = (
    "trials.csv",
    "best_params.json",
    "study_summary.json",
    "config.json",
    "summary_report.md",
    "report.html",
)
"""Files for results that no setting names; they stand in the output folder."""


class TuningSettings(BaseModel):
    """A tuning file. Paths are relative to the folder that holds it; ``~`` is the home folder."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    base_settings_path: PathText | None = Field(
        None,
        validation_alias=path_key("base_settings"),
        description="The base settings: a complete runnable config, from which all that is not tuned comes.",
    )
    search_space_path: PathText | None = Field(
        None,
        validation_alias=path_key("search_space", "config"),
        description="The search space: what varies.",
    )
    dependency_mapping_path: PathText | None = Field(
        None,
        validation_alias=path_key("dependency_mapping", "dependency_map", "depmap"),
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
        description="What keeps the study: a journal file, or the URL of a database or of a Redis server, as "
        "sqlite:///study.db, postgresql://user@host/studies, mysql://user@host/studies or "
        "redis://host:6379/0; absent: `study.log` in the output folder; null: the study lives in memory and "
        "is gone after the run.",
    )
    direction: Literal["minimize", "maximize"] = Field(
        "minimize", description="Whether a smaller or a larger value of the objective is better."
    )
    directions: list[Literal["minimize", "maximize"]] | None = Field(
        None,
        min_length=2,
        description="Instead of `direction`, where a trial has several values: one for each.",
    )
    sampler: Any = Field(
        None,
        description="How trials are sampled: a name such as tpe, or {type: tpe, ...} with arguments, or "
        "`file.py:function`.",
        json_schema_extra=setting_schema("sampler"),
    )
    pruner: Any = Field(
        None,
        description="How trials are pruned: a name such as median, or {type: median, ...} with arguments, or "
        "`file.py:function`; null or none: not at all.",
        json_schema_extra=setting_schema("pruner"),
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
    target: float | None = Field(
        None,
        allow_inf_nan=False,
        description="A value of the objective that is good enough: once a trial reaches it, no further "
        "one is begun; null: no target. For one objective only.",
    )
    stop_after_trials_without_improvement: int | None = Field(
        None,
        ge=1,
        description="How many trials in a row may finish without a new best one before no further trial is "
        "begun; null: any number. For one objective only.",
    )
    start_method: Literal["auto", "fork", "spawn"] = Field(
        "auto",
        description="How worker processes are made: forked from a clean server that has imported the "
        "libraries, or spawned; auto: forked where the system can.",
    )
    launcher: Any = Field(
        None,
        description="Where the worker processes run: local, which is the default, or {type: command, "
        "command: 'srun --ntasks=1 {command}', workers: 4}, or `file.py:function`.",
        json_schema_extra=launcher_schema(),
    )
    on_worker_death: Literal["retry", "fail"] = Field(
        "retry",
        description="What becomes of the parameters of a trial whose worker process died: retry tries them "
        "again, until three workers in a row have died with them; fail leaves them, and samples others.",
    )
    reuse_equal_configs: bool = Field(
        default=True,
        description="Whether a config that is equal to that of a trial that has ended, or that is being "
        "trained, ends as that one does, instead of being trained again.",
    )
    repeats: int = Field(
        1,
        ge=1,
        le=1000,
        description="How often each config is trained, with training.seed, training.seed + 1 and so on, from "
        "0 where a task's config has none; a trial's value is the mean.",
    )
    enqueue_base: bool = Field(
        default=True,
        description="Whether the base settings are the first trial, where they lie in the search space.",
    )
    enqueue: list[dict[str, Any]] | PathText | None = Field(
        None,
        description="Configs to try first: a list of mappings from paths of parameters to values, or a YAML "
        "file with one. What an entry does not name is sampled.",
    )
    warm_start: PathText | None = Field(
        None,
        description="Another tuning file, or the journal of a study: the parameters of its five best trials "
        "that lie in this search space are tried first.",
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
    plugins: list[ModuleName] | None = Field(
        None,
        description="Your own Python files and modules, imported before anything else in every process: they "
        "register layers, metrics, samplers, data sets and so on. `file.py` or `package.module`.",
    )
    data: dict[str, Any] | None = Field(None, description="The task's data set: its name and its arguments.")
    metric: Metrics = Field(
        None,
        description="The validation metric that the task reports and the study optimizes; by default `loss` "
        "where the direction is minimize, and where it is maximize `f1_weighted`, or `r2` for a regression. "
        "With `directions` a list with one for each of them, such as [f1_weighted, model.params].",
    )
    on_oom: Literal["fail", "prune", "halve_batch"] = Field(
        "fail",
        description="What becomes of a trial of a built-in task that runs out of memory: it fails, it is "
        "pruned, or begins again with batches half as large, twice as many of which make a step.",
    )
    keep_checkpoints: int | None = Field(
        None,
        ge=1,
        description="Of how many of the best trials of a built-in task the model and the config are kept, in "
        "`checkpoints/<trial>` of the output folder; absent: no models, and the checkpoints of all trials "
        "where the config has `training.checkpoint_at`.",
    )
    output_dir: PathText | None = Field(
        None, description="Where the results go; by default `runs/<study_name>`."
    )
    built_search_space_path: PathText | None = Field(
        None,
        validation_alias=path_key("built_search_space"),
        description="The first trial's config; by default built_search_space.yaml in the output folder.",
    )
    best_trial_path: PathText | None = Field(
        None,
        validation_alias=path_key("best_trial"),
        description="The best trial's parameters; by default best_trial.yaml in the output folder.",
    )
    best_config_path: PathText | None = Field(
        None,
        validation_alias=path_key("best_param", "best_config"),
        description="The best trial's whole config; by default best_config.yaml in the output folder.",
    )

    plots: bool = Field(
        default=True,
        description="Whether a run ends with pictures of its study in `plots`, which takes matplotlib; "
        "`qgtune report` makes them at any time.",
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
    def all_directions(self) -> tuple[str, ...]:
        """Whether smaller or larger is better, for each value of a trial."""
        return (self.direction,) if self.directions is None else tuple(self.directions)

    @property
    def chosen_sampler(self) -> Choice:
        """The sampler, which by default is ``DEFAULT_SAMPLER``."""
        return parse_setting("sampler", self.sampler)

    @property
    def chosen_pruner(self) -> Choice | None:
        """The pruner; None where the file does not say, and the study's default is meant."""
        return parse_setting("pruner", self.pruner) if "pruner" in self.model_fields_set else None

    @property
    def chosen_launcher(self) -> LauncherChoice:
        """Where the worker processes run."""
        return parse_launcher(self.launcher)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The metrics, one for each direction; by default the one that goes with the direction."""
        if self.metric is not None:
            return (self.metric,) if isinstance(self.metric, str) else tuple(self.metric)
        if self.direction == "minimize":
            return ("loss",)
        task = TASK_SCHEMAS.get(self.task or "")
        return ("r2" if task is not None and task.predicts == "values" else "f1_weighted",)

    @property
    def metric_name(self) -> str:
        """What is tuned, in one line."""
        return ", ".join(self.metric_names)

    @property
    def training_metric(self) -> str:
        """The metric by which a training finds its best epoch: the first that is no fact of the model."""
        measured = (name for name in self.metric_names if name not in FACTS_AS_METRICS)
        return next(measured, self.metric_names[0])

    def name(self, folder: Path) -> str:
        """Return the study's name, which by default is that of the folder of the tuning file."""
        return self.study_name or folder.resolve().name or "study"

    def output_folder(self, folder: Path) -> Path:
        """Return the folder for results."""
        return folder / (self.output_dir or Path("runs") / self.name(folder))

    def output_files(self, folder: Path) -> dict[str, Path]:
        """Return the files for results, by the settings that name them, or by their names if none does."""
        output = self.output_folder(folder)
        named = {setting: getattr(self, setting) for setting in RESULT_FILES}
        return {**result_files(named, folder, output), **{name: output / name for name in FIXED_NAMES}}

    def storage_at(self, folder: Path) -> str | None:
        """Return the absolute file or the URL that keeps the study; None for memory."""
        journal = self.journal(folder)
        return absolute_storage(self.storage, folder) if journal is None else str(journal)

    def study_file(self, folder: Path) -> Path | None:
        """Return the file that keeps the study; None if it lives in memory or on a server."""
        return self.journal(folder) or sqlite_file(self.storage, folder)

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
