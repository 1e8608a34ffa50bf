"""A run: a tuning file that was prepared, workers that fill its study, and the files it leaves."""

import contextlib
import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qgtune.compiler.emit import best_config_text, best_trial_text, built_header, built_search_space_text
from qgtune.compiler.files import shown_path
from qgtune.compiler.prepare import Prepared
from qgtune.compiler.tuning import spelling_in
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.events import Event, Notice, TrialFinished
from qgtune.core.files import check_can_be_written, write_atomically
from qgtune.core.paths import format_path
from qgtune.core.trials import TrialRecord
from qgtune.reports.trials_table import write_trials_csv
from qgtune.schema.tuning import TuningSettings
from qgtune.space import EvaluationError

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
        files = settings.output_files(folder)
        return cls(
            settings.output_folder(folder),
            files["built_search_space_path"],
            files["best_trial_path"],
            files["best_config_path"],
            files["trials.csv"],
        )


_AFRESH = "the base settings' own text could not be kept: {} is written afresh, without its comments"


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, and what it left behind."""

    outcome: "RunOutcome"
    best: TrialRecord | None
    files: OutputFiles
    journal: pathlib.Path | None


def run(prepared: Prepared, on_event: Callable[[Event], None]) -> RunResult:
    """Return the result of a run, after the study has as many finished trials as the tuning file asks for.

    The best config is written whenever a better trial is found, so that a run that is killed leaves it too.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        on_event: called with each event of the run, in this process.

    Raises:
        DiagnosticError: if the output folder, the storage, the study or the objective cannot be used.
        QgtuneError: if results, or the study itself, can no longer be written, as on a full disk.
    """
    # Optuna takes most of a second to import, and a tuning file with problems never gets here.
    from qgtune.study import best_record, run_trials

    files = OutputFiles.of(prepared.tuning.settings, prepared.tuning.folder)
    _check_outputs(prepared)
    writer = _Writer(prepared, files, on_event)
    journal = prepared.tuning.settings.journal(prepared.tuning.folder)
    spec = _run_spec(prepared, files, journal)
    view_errors: list[OSError] = []

    def handle(event: Event) -> None:
        if isinstance(event, TrialFinished):
            writer.trial_finished(event.record, is_best=event.is_best)
        try:
            on_event(event)
        except OSError as error:
            view_errors.append(error)
            raise

    try:
        outcome = run_trials(spec, handle)
    except ConfigValueError as error:
        raise DiagnosticError((_located(error, prepared),)) from error
    except OSError as error:
        if error in view_errors:
            raise
        where = f"{_shown(error)}: " if error.filename else ""
        raise QgtuneError(f"the run cannot go on: {where}{_reason(error)}; {writer.what_is_kept}") from error
    best = best_record(outcome.records, prepared.tuning.settings.direction)
    writer.run_ended(outcome.records, best)
    return RunResult(outcome, best, files, journal)


def _check_outputs(prepared: Prepared) -> None:
    """Make every folder that is written to, and check that every file can be written there.

    Raises:
        DiagnosticError: at the setting that names the file or the folder that cannot be.
    """
    tuning = prepared.tuning
    for setting, file in tuning.settings.output_files(tuning.folder).items():
        try:
            check_can_be_written(file)
        except OSError as error:
            given = setting in tuning.settings.model_fields_set
            name = spelling_in(tuning.document, setting) if given else "output_dir"
            message = f"results cannot be written to {_shown(error)}: {_reason(error)}"
            place = tuning.locate(setting if given else "output_dir")
            raise DiagnosticError((Diagnostic("QG413", message, place, f"set {name}"),)) from error


def _shown(error: OSError) -> str:
    return shown_path(pathlib.Path(str(error.filename)))


def _reason(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else str(error)).lower()


def _run_spec(prepared: Prepared, files: OutputFiles, journal: pathlib.Path | None) -> "RunSpec":
    from qgtune.objectives import TaskSpec, make_own_objective, make_task_objective
    from qgtune.study import RunSpec

    tuning, plan = prepared.tuning, prepared.compilation.plan
    settings = tuning.settings
    spec = RunSpec(
        study_name=settings.name(tuning.folder),
        total=settings.total_trials,
        directions=(settings.direction,),
        # A URL stays as it is, for the study to say what it does not support.
        storage=settings.storage if journal is None else str(journal),
        seed=settings.seed,
        fingerprint=_fingerprint(prepared),
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
        settings.on_oom,
    )
    make = functools.partial(make_task_objective, plan=plan, spec=task)
    return replace(spec, make_objective=make, preload=TASK_MODULES)


def _fingerprint(prepared: Prepared) -> str:
    """Return a text that is equal only for runs whose values can be compared."""
    settings = prepared.tuning.settings
    measured = {
        "objective": settings.objective,
        "task": settings.task,
        "data": settings.data,
        "metric": settings.metric_name if settings.task else None,
    }
    parts = f"{prepared.compilation.plan.fingerprint} {json.dumps(measured, sort_keys=True)}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


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

    def __init__(self, prepared: Prepared, files: OutputFiles, notify: Callable[[Event], None]) -> None:
        self.notify = notify
        self.compilation = prepared.compilation
        self.settings = prepared.tuning.settings
        self.study = self.settings.name(prepared.tuning.folder)
        self.files = files

    @property
    def what_is_kept(self) -> str:
        """Say what becomes of the finished trials if the run ends before its time."""
        in_memory = "storage" in self.settings.model_fields_set and self.settings.storage is None
        return "the study was in memory only" if in_memory else "the study keeps all finished trials"

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
        with self._writing():
            write_trials_csv(records, self.files.trials)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn a file that cannot be written into words for the user."""
        try:
            yield
        except OSError as error:
            message = f"results cannot be written to {_shown(error)}: {_reason(error)}; {self.what_is_kept}"
            raise QgtuneError(message) from error

    def _config(self, record: TrialRecord) -> dict[str, Any] | None:
        """Return a trial's config, or None if it ended before all of it was known."""
        try:
            return self.compilation.plan.config_of(record.params)
        except (KeyError, EvaluationError):
            return None

    def _write_built(self, record: TrialRecord) -> None:
        config = self._config(record)
        if config is not None:
            header = built_header(self.compilation, config)
            text = built_search_space_text(self.compilation, config, header)
            with self._writing():
                write_atomically(self.files.built_search_space, text)

    def _write_best(self, record: TrialRecord, finished: int | None) -> None:
        config = self._config(record)
        if config is None:
            return
        header = self._header(record, finished)
        with self._writing():
            write_atomically(self.files.best_trial, best_trial_text(record.params, header))
            text, kept_layout = best_config_text(self.compilation, config, header)
            write_atomically(self.files.best_config, text)
        if not kept_layout:
            self.notify(Notice(_AFRESH.format(self.files.best_config.name)))

    def _header(self, record: TrialRecord, finished: int | None) -> list[str]:
        what = self.settings.metric_name if self.settings.task else "value"
        count = "so far" if finished is None else f"of {finished} trial{'' if finished == 1 else 's'}"
        value = ", ".join(map(repr, record.values))
        best = f"Study {self.study}: trial {record.number} is the best {count}"
        return [
            f"{best}, {what} {value} ({self.settings.direction}).",
            f"search space {self.compilation.plan.fingerprint}",
        ]
