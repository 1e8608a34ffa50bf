"""A run: a tuning file that was prepared, workers that fill its study, and the files it leaves."""

import functools
import pathlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qgtune.compiler.enqueued import asked_by
from qgtune.compiler.files import shown_path
from qgtune.compiler.prepare import Prepared
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.events import Event, Notice, RunEnded, RunStarted, TrialFinished
from qgtune.core.fork_server import start_fork_server
from qgtune.core.trials import TrialRecord
from qgtune.core.wording import reason_of
from qgtune.loaded_data import data_of_run
from qgtune.outputs.files import OutputFiles, check_outputs, shown
from qgtune.outputs.kept_checkpoints import KeptCheckpoints
from qgtune.outputs.report import config_reader
from qgtune.outputs.study_results import located, open_tuned_study, run_fingerprint
from qgtune.outputs.writer import OutputWriter
from qgtune.run_request import TASK_MODULES, canonical_text, requested_run
from qgtune.schema.tuning import TuningSettings

if TYPE_CHECKING:
    from qgtune.study import LateSignals, RunOutcome, RunSpec

WORKER_MODULES = ("qgtune.study.running.workers",)
"""What the server that forks the workers loads once for all of them, besides what a task needs."""

_MANY_CORES = 4

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
    # Optuna takes most of a second to import, and a tuning file with problems never gets here.
    from qgtune.study import LateSignals

    folder = files.folder.resolve()
    with LateSignals() as late, data_of_run(prepared.tuning, prepared.compilation, folder) as store:
        result = _run(prepared, store, on_event, late, more)
    return replace(result, outcome=_with_late_signals(result.outcome, late.noted))


def _with_late_signals(outcome: "RunOutcome", noted: Sequence[int]) -> "RunOutcome":
    """Return how a run went to which these signals came while it wrote its last files."""
    from qgtune.study import ENDS

    if not noted:
        return outcome
    ended_by = outcome.ended_by or next((number for number in noted if number in ENDS), 0)
    return replace(outcome, interrupted=True, ended_by=ended_by)


def _run(
    prepared: Prepared,
    store: pathlib.Path | None,
    on_event: Callable[[Event], None],
    late: "LateSignals",
    more: int | None,
) -> RunResult:
    from qgtune.study import RunOutcome, run_trials

    files = OutputFiles.of(prepared.tuning.settings, prepared.tuning.folder)
    onlooker = _Onlooker(on_event)
    writer = OutputWriter(prepared, files, onlooker, _kept_checkpoints(prepared, files))
    spec = replace(requested_run(prepared, files, store), more=more)
    for text in _notices(spec, prepared.tuning.settings):
        onlooker(Notice(text))
    recorder = _Recorder(writer, onlooker, late.hold)
    try:
        outcome = run_trials(spec, recorder)
    except ConfigValueError as error:
        raise DiagnosticError((located(error, prepared.tuning),)) from error
    except OSError as error:
        if error is onlooker.gone:
            # What is shown cannot be written, as on a full disk: the results are wanted all the same.
            late.hold()
            _write_results(prepared, spec, writer, RunOutcome(_records(prepared, spec, recorder)), late)
            raise
        where = f"{shown(error)}: " if error.filename else ""
        raise QgtuneError(
            f"the run cannot go on: {where}{reason_of(error)}; {writer.what_is_kept}"
        ) from error
    finally:
        writer.close()
    return _write_results(prepared, spec, writer, outcome, late)


class _Onlooker:
    """Shows events for as long as somebody looks on."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self.gone: OSError | None = None
        """The error that said that nobody does any more."""

    def __call__(self, event: Event) -> None:
        if self.gone is not None:
            return
        try:
            self._on_event(event)
        except OSError as error:
            self.gone = error
            raise


class _Recorder:
    """Has the results written that an event changes, and the event shown.

    ``at_end`` is called when no trial runs any more and none is to come.
    """

    def __init__(self, writer: OutputWriter, onlooker: _Onlooker, at_end: Callable[[], None]) -> None:
        self._writer = writer
        self._onlooker = onlooker
        self._at_end = at_end
        self.records: dict[int, TrialRecord] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.records.update((record.number, record) for record in event.records)
            self._writer.run_started(event.records)
        elif isinstance(event, TrialFinished):
            self.records[event.record.number] = event.record
            self._writer.trial_finished(event.record, is_best=event.is_best)
        elif isinstance(event, RunEnded):
            self._at_end()
        self._onlooker(event)


def _records(prepared: Prepared, spec: "RunSpec", recorder: _Recorder) -> tuple[TrialRecord, ...]:
    """Return all trials of a study; of one in memory, which is gone, those that were told of."""
    from qgtune.study import trial_records

    if spec.storage is None:
        return tuple(recorder.records[number] for number in sorted(recorder.records))
    return tuple(trial_records(open_tuned_study(prepared.tuning)))


def _write_results(
    prepared: Prepared,
    spec: "RunSpec",
    writer: OutputWriter,
    outcome: "RunOutcome",
    late: "LateSignals",
) -> RunResult:
    """Write everything as it is at the end; return what the run has come to."""
    from qgtune.study import best_record, pareto_front

    best = best_record(outcome.records, spec.directions[0])
    front = pareto_front(outcome.records, spec.directions) if len(spec.directions) > 1 else ()
    writer.run_ended(outcome.records)
    kept = None if spec.storage is None else open_tuned_study(prepared.tuning)

    def in_a_hurry() -> bool:
        return outcome.interrupted + len(late.noted) > 1

    writer.write_report(kept, with_plots=prepared.tuning.settings.plots, in_a_hurry=in_a_hurry)
    study = prepared.tuning.settings.study_file(prepared.tuning.folder)
    return RunResult(outcome, best, front, writer.files, study)


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
    spec = replace(
        requested_run(prepared, files, store), total=total, more=None, enqueue=(), launching=None, joins=True
    )
    try:
        return run_trials(spec, on_event)
    except ConfigValueError as error:
        raise DiagnosticError((located(error, prepared.tuning),)) from error


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
    from qgtune.study import usable_cores

    if spec.total < settings.total_trials:
        name = spec.sampler.choice.name
        yield f"{name}: there are {spec.total} combinations, and the run ends after the last"
    if spec.metrics and len(spec.directions) > 1:
        yield _NOT_PRUNED
    unsaid = settings.model_fields_set.isdisjoint({"n_processes", "n_jobs", "launcher"})
    if unsaid and spec.total > 1 and (cores := usable_cores()) >= _MANY_CORES:
        at_once = min(cores // 2, spec.total)
        yield (
            f"trials run one at a time, and this machine has {cores} cores: "
            f"n_processes: {at_once} would run {at_once} at once, and n_processes: 1 says that one is meant"
        )


@dataclass(frozen=True, slots=True)
class Migrated:
    """What became of a study that was migrated, in words."""

    words: str
    goes_on: bool
    """Whether a run of the same tuning file goes on with it; else that has to say another ``study_name``."""


def migrate(prepared: Prepared) -> Migrated:
    """Return what became of a study that begins anew with those of its trials that fit the space.

    Raises:
        DiagnosticError: if the study cannot be migrated, and is as it was.
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
        done = migrate_study(storage, name, run_fingerprint(prepared), canonical_text(prepared), asked)
    except ConfigValueError as error:
        raise DiagnosticError((located(error, prepared.tuning),)) from error
    if done is None:
        return Migrated("nothing to migrate: the study was begun with this search space", goes_on=True)
    trials = f"{done.taken} of {done.finished} finished trials"
    if done.old_study is None:
        words = (
            f"{trials} are copied into the study {done.study_name!r}; {name!r} stays as it was\n"
            f"write study_name: {done.study_name} in {shown_path(tuning.path)}, and give the command without "
            "--migrate"
        )
        return Migrated(words, goes_on=False)
    return Migrated(f"migrated {trials}; the study as it was is {shown_path(done.old_study)}", goes_on=True)
