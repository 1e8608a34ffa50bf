"""A run: a tuning file that was prepared, workers that fill its study, and the files it leaves."""

import functools
import json
import pathlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qgtune.compiler.enqueued import asked_by
from qgtune.compiler.files import shown_path
from qgtune.compiler.planning.canonical_form import canonical_form
from qgtune.compiler.prepare import Prepared
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.events import Event, Notice, RunStarted, TrialFinished
from qgtune.core.fork_server import start_fork_server
from qgtune.core.trials import TrialRecord
from qgtune.core.wording import reason_of
from qgtune.first_trials import params_to_try_first
from qgtune.loaded_data import data_of_run
from qgtune.outputs.files import OutputFiles, check_outputs, shown
from qgtune.outputs.kept_checkpoints import KeptCheckpoints
from qgtune.outputs.report import config_reader
from qgtune.outputs.study_results import located, measured_settings, open_tuned_study, run_fingerprint
from qgtune.outputs.writer import OutputWriter
from qgtune.sampling import number_of_combinations, sampler_spec, total_trials
from qgtune.schema.tuning import TuningSettings

if TYPE_CHECKING:
    from qgtune.study import Launching, RunOutcome, RunSpec

WORKER_MODULES = ("qgtune.study.running.workers",)
TASK_MODULES = ("qgtune.training", "qgtune.data")
"""What the server that forks the workers loads once for all of them; the latter for built-in tasks only."""

_NOT_PRUNED = (
    "with several metrics no trial is pruned: no one of them says which trial is worse; "
    "a training still stops early by the first metric of the task"
)


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended, and what it left behind."""

    outcome: "RunOutcome"
    best: TrialRecord | None
    front: tuple[TrialRecord, ...]
    """With several directions, the trials that no other beats; empty with one."""
    files: OutputFiles
    study: pathlib.Path | None
    """The file that keeps the study; None if it lives in memory or on a server."""


def run(prepared: Prepared, on_event: Callable[[Event], None], more: int | None = None) -> RunResult:
    """Return the result of a run, after the study has as many finished trials as the tuning file asks for.

    The best config is written whenever a better trial is found, so that a run that is killed leaves it too.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        on_event: called with each event of the run, in this process.
        more: finished trials that this run adds, whatever the study has; None: as many as it lacks.

    Raises:
        DiagnosticError: if the output folder, the storage, the study or the objective cannot be used.
        QgtuneError: if results, or the study itself, can no longer be written, as on a full disk.
    """
    files = OutputFiles.of(prepared.tuning.settings, prepared.tuning.folder)
    check_outputs(prepared)
    _start_server(prepared.tuning.settings)
    with data_of_run(prepared.tuning, prepared.compilation, files.folder.resolve()) as store:
        return _run(prepared, files, store, on_event, more)


def _run(
    prepared: Prepared,
    files: OutputFiles,
    store: pathlib.Path | None,
    on_event: Callable[[Event], None],
    more: int | None,
) -> RunResult:
    # Optuna takes most of a second to import, and a tuning file with problems never gets here.
    from qgtune.study import best_record, pareto_front, run_trials

    writer = OutputWriter(prepared, files, on_event, _kept_checkpoints(prepared, files))
    spec = replace(_run_spec(prepared, files, store), launching=_launching(prepared, store), more=more)
    for text in _notices(spec, prepared.tuning.settings):
        on_event(Notice(text))
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
        raise QgtuneError(
            f"the run cannot go on: {where}{reason_of(error)}; {writer.what_is_kept}"
        ) from error
    finally:
        writer.close()
    best = best_record(outcome.records, spec.directions[0])
    front = pareto_front(outcome.records, spec.directions) if len(spec.directions) > 1 else ()
    writer.run_ended(outcome.records)
    kept = None if spec.storage is None else open_tuned_study(prepared.tuning)
    writer.write_report(kept, with_plots=prepared.tuning.settings.plots)
    study = prepared.tuning.settings.study_file(prepared.tuning.folder)
    return RunResult(outcome, best, front, files, study)


def join(
    prepared: Prepared,
    on_event: Callable[[Event], None],
    total: int,
    store: pathlib.Path | None = None,
) -> "RunOutcome":
    """Return how it went, after adding trials to the study of a run elsewhere until it has its total.

    The results are written by that run alone.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        on_event: called with each event, in this process.
        total: finished trials that the study shall have in the end.
        store: the file in which that run keeps its data set, if it does; it need not be here.

    Raises:
        DiagnosticError: if the storage, the study or the objective cannot be used.
    """
    from qgtune.study import run_trials

    files = OutputFiles.of(prepared.tuning.settings, prepared.tuning.folder)
    spec = replace(_run_spec(prepared, files, store), total=total, enqueue=(), joins=True)
    try:
        return run_trials(spec, on_event)
    except ConfigValueError as error:
        raise DiagnosticError((located(error, prepared.tuning),)) from error


def _launching(prepared: Prepared, store: pathlib.Path | None) -> "Launching | None":
    """Return how processes are started that join the run; None where its workers are its own."""
    from qgtune.study import Launching

    tuning = prepared.tuning
    choice = tuning.settings.chosen_launcher
    if choice.is_local:
        return None
    data = () if store is None else ("--data", str(store))
    command = (sys.executable, "-m", "qgtune", "run", str(tuning.path.resolve()), *data, "--join")
    return Launching(choice, command, tuning.folder.resolve())


def _kept_checkpoints(prepared: Prepared, files: OutputFiles) -> KeptCheckpoints | None:
    keep = prepared.tuning.settings.keep_checkpoints
    if keep is None or prepared.tuning.settings.task is None:
        return None
    return KeptCheckpoints(config_reader(prepared.compilation), files.folder, keep)


def _start_server(settings: TuningSettings) -> None:
    """Have the modules of this machine's workers loaded while this process opens the study."""
    if settings.start_method != "spawn" and settings.chosen_launcher.is_local:
        start_fork_server(WORKER_MODULES if settings.task is None else (*WORKER_MODULES, *TASK_MODULES))


def _notices(spec: "RunSpec", settings: TuningSettings) -> Iterator[str]:
    """Yield what a user should know of a run before it begins."""
    if spec.total < settings.total_trials:
        name = spec.sampler.choice.name
        yield f"{name}: there are {spec.total} combinations, and the run ends after the last"
    if spec.metrics and len(spec.directions) > 1:
        yield _NOT_PRUNED


def _run_spec(prepared: Prepared, files: OutputFiles, store: pathlib.Path | None) -> "RunSpec":
    from qgtune.measuring import measured
    from qgtune.objectives import TaskSpec, make_own_objective, make_task_objective
    from qgtune.plugins import with_plugins
    from qgtune.study import RunSpec

    tuning, plan = prepared.tuning, prepared.compilation.plan
    settings = tuning.settings
    spec = RunSpec(
        study_name=settings.name(tuning.folder),
        total=total_trials(prepared),
        directions=settings.all_directions,
        sampler=sampler_spec(prepared),
        pruner=settings.chosen_pruner,
        storage=settings.storage_at(tuning.folder),
        seed=settings.seed,
        fingerprint=run_fingerprint(prepared),
        space=_canonical_form(prepared),
        n_processes=settings.n_processes,
        n_jobs=settings.n_jobs,
        timeout=settings.timeout,
        target=settings.target,
        patience=settings.stop_after_trials_without_improvement,
        enqueue=params_to_try_first(prepared, with_base=number_of_combinations(prepared) is None),
        start_method=settings.start_method,
        on_worker_death=settings.on_worker_death,
        make_objective=functools.partial(
            make_own_objective,
            plan=plan,
            name=settings.objective or "",
            folder=tuning.folder.resolve(),
            place=tuning.locate("objective"),
            n_values=len(settings.all_directions),
        ),
    )
    if settings.task is None:
        return with_plugins(measured(spec, plan, settings), tuning)
    task = TaskSpec(
        settings.task,
        dict(settings.data or {}),
        settings.metric_names,
        tuning.folder.resolve(),
        files.folder.resolve(),
        settings.on_oom,
        keeps_models=settings.keep_checkpoints is not None,
        store=store,
    )
    make = functools.partial(make_task_objective, plan=plan, spec=task)
    spec = replace(spec, make_objective=make, preload=TASK_MODULES, metrics=settings.metric_names)
    return with_plugins(measured(spec, plan, settings), tuning)


def migrate(prepared: Prepared) -> str:
    """Return in words what became of a study that begins anew with those of its trials that fit the space.

    Raises:
        DiagnosticError: if the study cannot be migrated, and is as it was; or if the trials were copied into
            a study of another name, which the tuning file has to say.
    """
    from qgtune.study import migrate_study

    tuning = prepared.tuning
    storage = tuning.settings.storage_at(tuning.folder)
    name = tuning.settings.name(tuning.folder)
    try:
        if storage is None:
            raise ConfigValueError(  # noqa: TRY301 - told as every other reason
                ("storage",),
                "a study in memory is gone after its run: there is nothing to migrate",
                "leave out --migrate",
            )
        asked = functools.partial(asked_by, prepared.compilation.plan)
        done = migrate_study(storage, name, run_fingerprint(prepared), _canonical_form(prepared), asked)
    except ConfigValueError as error:
        raise DiagnosticError((located(error, prepared.tuning),)) from error
    if done is None:
        return "nothing to migrate: the study was begun with this search space"
    trials = f"{done.taken} of {done.finished} finished trials"
    if done.old_study is None:
        message = (
            f"study_name: {trials} are copied into the study {done.study_name!r}; {name!r} stays as it was"
        )
        hint = f"write study_name: {done.study_name}, and give the command without --migrate"
        raise DiagnosticError((Diagnostic("QG421", message, tuning.locate("study_name"), hint),))
    return f"migrated {trials}; the study as it was is {shown_path(done.old_study)}"


def _canonical_form(prepared: Prepared) -> str:
    """Return what a study keeps of its search space and of what is measured, as JSON."""
    form = {**canonical_form(prepared.compilation.plan), "measured": measured_settings(prepared)}
    return json.dumps(form, ensure_ascii=False)
