"""A run: a tuning file that was prepared, workers that fill its study, and the files it leaves."""

import functools
import hashlib
import json
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qgtune.compiler.prepare import Prepared
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.events import Event, RunStarted, TrialFinished
from qgtune.core.paths import format_path
from qgtune.core.trials import TrialRecord
from qgtune.outputs.files import OutputFiles, check_outputs, reason, shown
from qgtune.outputs.writer import OutputWriter
from qgtune.schema.tuning import TuningSettings

if TYPE_CHECKING:
    from qgtune.study import RunOutcome, RunSpec

TASK_MODULES = ("qgtune.training", "qgtune.data")
"""What the server that forks the workers loads once for all of them."""


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
    check_outputs(prepared)
    writer = OutputWriter(prepared, files, on_event)
    journal = prepared.tuning.settings.journal(prepared.tuning.folder)
    spec = _run_spec(prepared, files, journal)
    view_errors: list[OSError] = []

    def handle(event: Event) -> None:
        if isinstance(event, RunStarted):
            writer.run_started(event.records)
        elif isinstance(event, TrialFinished):
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
        where = f"{shown(error)}: " if error.filename else ""
        raise QgtuneError(f"the run cannot go on: {where}{reason(error)}; {writer.what_is_kept}") from error
    finally:
        writer.close()
    best = best_record(outcome.records, prepared.tuning.settings.direction)
    writer.run_ended(outcome.records, best)
    return RunResult(outcome, best, files, journal)


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
