"""A run: a tuning file that was prepared, workers that fill its study, and the files it leaves."""

import functools
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qgtune.compiler.emit import best_config_text, best_trial_text, built_header, built_search_space_text
from qgtune.compiler.prepare import Prepared
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError
from qgtune.core.events import Event, TrialFinished
from qgtune.core.files import write_atomically
from qgtune.core.paths import format_path
from qgtune.core.trials import TrialRecord
from qgtune.reports.trials_table import write_trials_csv
from qgtune.schema.tuning import TuningSettings

if TYPE_CHECKING:
    from qgtune.study import RunOutcome, RunSpec

TASK_MODULES = ("qgtune.training", "qgtune.data")
"""What the server that forks the workers loads once for all of them."""


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """Where a run writes."""

    folder: pathlib.Path
    built_search_space: pathlib.Path
    best_trial: pathlib.Path
    best_config: pathlib.Path
    trials: pathlib.Path

    @classmethod
    def of(cls, settings: TuningSettings, folder: pathlib.Path) -> "OutputFiles":
        """Return the paths that the settings name, or their defaults in the output folder."""
        output = settings.output_folder(folder)

        def place(written: str | None, name: str) -> pathlib.Path:
            return output / name if written is None else folder / written

        return cls(
            output,
            place(settings.built_search_space_path, "built_search_space.yaml"),
            place(settings.best_trial_path, "best_trial.yaml"),
            place(settings.best_config_path, "best_config.yaml"),
            output / "trials.csv",
        )

    def make_folders(self) -> None:
        """Make every folder that is written to.

        Raises:
            OSError: if one cannot be made or written to; its ``filename`` is the folder.
        """
        files = (self.built_search_space, self.best_trial, self.best_config, self.trials)
        for folder in dict.fromkeys(file.parent for file in files):
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".qgtune-write-probe"
            try:
                write_atomically(probe, "")
                probe.unlink()
            except OSError as error:
                raise type(error)(error.errno, error.strerror, str(folder)) from error


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, and what it left behind."""

    outcome: "RunOutcome"
    best: TrialRecord | None
    files: OutputFiles
    storage: pathlib.Path | None


def run(prepared: Prepared, on_event: Callable[[Event], None]) -> RunResult:
    """Return the result of a run, after the study has as many finished trials as the tuning file asks for.

    The best config is written whenever a better trial is found, so that a run that is killed leaves it too.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        on_event: called with each event of the run, in this process.

    Raises:
        DiagnosticError: if the output folder, the storage, the study or the objective cannot be used.
    """
    # Optuna takes most of a second to import, and a tuning file with problems never gets here.
    from qgtune.study import best_record, run_trials

    files = OutputFiles.of(prepared.tuning.settings, prepared.tuning.folder)
    _make_folders(files, prepared)
    writer = _Writer(prepared, files)
    storage = _storage_path(prepared, files)
    spec = _run_spec(prepared, files, storage)

    def handle(event: Event) -> None:
        if isinstance(event, TrialFinished):
            writer.trial_finished(event.record, is_best=event.is_best)
        on_event(event)

    try:
        outcome = run_trials(spec, handle)
    except ConfigValueError as error:
        raise DiagnosticError((_located(error, prepared),)) from error
    best = best_record(outcome.records, prepared.tuning.settings.direction)
    writer.run_ended(outcome.records, best)
    return RunResult(outcome, best, files, storage)


def _make_folders(files: OutputFiles, prepared: Prepared) -> None:
    try:
        files.make_folders()
    except OSError as error:
        message = f"results cannot be written to {error.filename}: {(error.strerror or str(error)).lower()}"
        place = prepared.tuning.locate("output_dir")
        raise DiagnosticError((Diagnostic("QG413", message, place, "set output_dir"),)) from error


def _storage_path(prepared: Prepared, files: OutputFiles) -> pathlib.Path | None:
    settings = prepared.tuning.settings
    if settings.storage is not None:
        # A URL stays as it is, for the study to say what it does not support.
        return (
            pathlib.Path(settings.storage)
            if "://" in settings.storage
            else prepared.tuning.folder / settings.storage
        )
    return None if "storage" in settings.model_fields_set else files.folder / "study.log"


def _run_spec(prepared: Prepared, files: OutputFiles, storage: pathlib.Path | None) -> "RunSpec":
    from qgtune.objectives import TaskSpec, make_own_objective, make_task_objective
    from qgtune.study import RunSpec

    tuning, plan = prepared.tuning, prepared.compilation.plan
    settings = tuning.settings
    spec = RunSpec(
        study_name=settings.name(tuning.folder),
        total=settings.total_trials,
        directions=(settings.direction,),
        storage=None
        if storage is None
        else settings.storage
        if "://" in str(settings.storage)
        else str(storage),
        seed=settings.seed,
        fingerprint=plan.fingerprint,
        n_processes=settings.n_processes,
        n_jobs=settings.n_jobs,
        timeout=settings.timeout,
        make_objective=functools.partial(
            make_own_objective,
            plan=plan,
            name=settings.objective or "",
            folder=tuning.folder.resolve(),
            place=tuning.locate("objective"),
        ),
    )
    if settings.task is None:
        return spec
    task = TaskSpec(
        settings.task,
        dict(settings.data or {}),
        settings.metric_name,
        tuning.folder.resolve(),
        files.folder.resolve(),
    )
    make = functools.partial(make_task_objective, plan=plan, spec=task)
    return replace(spec, make_objective=make, preload=TASK_MODULES)


def _located(error: ConfigValueError, prepared: Prepared) -> Diagnostic:
    """Return the problem of a setting, or of a value in the data section, at its line of the tuning file."""
    tuning = prepared.tuning
    head = str(error.path[0]) if error.path else ""
    if head in TuningSettings.model_fields and len(error.path) == 1:
        place = tuning.locate(head)
    else:
        place = tuning.document.locate(error.path)
    return Diagnostic("QG414", f"{format_path(error.path)}: {error.message}", place, error.hint)


class _Writer:
    """Writes a run's files as trials finish. Each is written whole, or not at all."""

    def __init__(self, prepared: Prepared, files: OutputFiles) -> None:
        self.compilation = prepared.compilation
        self.settings = prepared.tuning.settings
        self.study = self.settings.name(prepared.tuning.folder)
        self.files = files

    def trial_finished(self, record: TrialRecord, *, is_best: bool) -> None:
        """Write what one more trial changes."""
        if record.number == 0:
            self._write_built(record)
        if is_best:
            self._write_best(record, finished=None)

    def run_ended(self, records: tuple[TrialRecord, ...], best: TrialRecord | None) -> None:
        """Write everything as it is at the end."""
        sampled = next((record for record in records if self._config(record) is not None), None)
        if sampled is not None:
            self._write_built(sampled)
        if best is not None:
            finished = [record for record in records if record.state != "running" and not record.lost]
            self._write_best(best, len(finished))
        write_trials_csv(records, self.files.trials)

    def _config(self, record: TrialRecord) -> dict[str, Any] | None:
        """Return a trial's config, or None if it ended before all its parameters were sampled."""
        try:
            return self.compilation.plan.config_of(record.params)
        except KeyError:
            return None

    def _write_built(self, record: TrialRecord) -> None:
        config = self._config(record)
        if config is not None:
            text = built_search_space_text(self.compilation, config, built_header(self.compilation))
            write_atomically(self.files.built_search_space, text)

    def _write_best(self, record: TrialRecord, finished: int | None) -> None:
        config = self._config(record)
        if config is None:
            return
        header = self._header(record, finished)
        write_atomically(self.files.best_trial, best_trial_text(record.params, header))
        write_atomically(self.files.best_config, best_config_text(self.compilation, config, header))

    def _header(self, record: TrialRecord, finished: int | None) -> list[str]:
        what = self.settings.metric_name if self.settings.task else "value"
        count = "so far" if finished is None else f"of {finished} trial{'' if finished == 1 else 's'}"
        value = ", ".join(map(repr, record.values))
        best = f"Study {self.study}: trial {record.number} is the best {count}"
        return [
            f"{best}, {what} {value} ({self.settings.direction}).",
            f"search space {self.compilation.plan.fingerprint}",
        ]
