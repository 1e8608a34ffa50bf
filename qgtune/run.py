"""A run: a tuning file that was prepared, workers that fill its study, and the files it leaves."""

import functools
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qgtune.compiler.prepare import Prepared
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.events import Event, RunStarted, TrialFinished
from qgtune.core.trials import TrialRecord
from qgtune.outputs.files import OutputFiles, check_outputs, reason, shown
from qgtune.outputs.study_results import located, open_tuned_study, run_fingerprint
from qgtune.outputs.writer import OutputWriter

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
        raise DiagnosticError((located(error, prepared.tuning),)) from error
    except OSError as error:
        if error in view_errors:
            raise
        where = f"{shown(error)}: " if error.filename else ""
        raise QgtuneError(f"the run cannot go on: {where}{reason(error)}; {writer.what_is_kept}") from error
    finally:
        writer.close()
    best = best_record(outcome.records, prepared.tuning.settings.direction)
    writer.run_ended(outcome.records, best)
    study = None if spec.storage is None else open_tuned_study(prepared.tuning)
    writer.write_report(study, with_plots=prepared.tuning.settings.plots)
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
        fingerprint=run_fingerprint(prepared),
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
