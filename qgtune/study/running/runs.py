"""The front door of a run: a storage that is repaired, a study made or found, a supervisor at work."""

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna

from qgtune.core.errors import UsageError
from qgtune.core.events import Event, Notice
from qgtune.study.create import create_study
from qgtune.study.quiet import quiet_optuna
from qgtune.study.running.beginnings import begin_anew
from qgtune.study.running.interrupts import Interrupts
from qgtune.study.running.launched_run import LaunchedRun
from qgtune.study.running.retries import lose_trials_of_killed_run
from qgtune.study.running.run_spec import RunOutcome, RunSpec
from qgtune.study.running.stopping import reachable
from qgtune.study.running.supervisor import Supervisor
from qgtune.study.running.worker_process import WorkerStarter, process_factory
from qgtune.study.space_change import check_space
from qgtune.study.storage.run_lock import RunLock
from qgtune.study.storage.storage_address import StorageAddress
from qgtune.study.storage.storage_problems import storage_lost_in_words
from qgtune.study.storage.storages import open_storage, prepare_storage, repair_storage, storage_advice


def run_trials(spec: RunSpec, on_event: Callable[[Event], None]) -> RunOutcome:
    """Return how the run went, after the study has its total of finished trials or the run had to end.

    Trials that are complete, pruned or failed by their objective count; those of killed workers do
    not, and are made up for. A run that was killed, by ``kill -9`` of all its processes even, goes on to the
    total when it is started again. The first Ctrl-C lets running trials finish, the second does not.

    Args:
        spec: what to run.
        on_event: called in this process with each event, in order; if it raises, the run ends.

    Raises:
        UsageError: if the objective cannot be sent to other processes.
        ConfigValueError: if the storage or the study cannot be used.
        QgtuneError: what building the objective raised in a worker; ``WorkerStartupError`` with the
            traceback, if it was an exception of another kind.
    """
    payload = _pickled(spec)
    if spec.storage is not None:
        return _run(spec, payload, prepare_storage(spec.storage), on_event)
    # Processes cannot share a memory: a study that is not to be kept lives in a journal for as long.
    with TemporaryDirectory(prefix="qgtune-") as folder:
        return _run(spec, payload, prepare_storage(Path(folder) / "study.log"), on_event)


def _run(
    spec: RunSpec, payload: bytes, storage: StorageAddress, on_event: Callable[[Event], None]
) -> RunOutcome:
    with storage_lost_in_words(storage), RunLock(storage.presence) as lock:
        # Whoever joins leaves the storage to the run that it joins: a lock may not reach across hosts.
        alone = not spec.joins and lock.claim()
        if alone:
            repair_storage(storage)
            lock.clear()
        else:
            # Another run may be repairing the journal: nothing is written to it before that ends.
            lock.share()
        study = create_study(
            spec.study_name,
            open_storage(storage),
            spec.directions,
            seed=spec.seed,
            sampler=spec.sampler,
            pruner=spec.pruner,
        )
        _name_values(study, spec.metrics)
        if spec.fingerprint:
            note = check_space(study, spec.fingerprint, spec.space)
            if note:
                on_event(Notice(note))
        alone = alone and storage.file is not None
        lose_trials_of_killed_run(study, retry=spec.retries, alone=alone)
        if not spec.joins and not lock.others_live:
            begin_anew(study)
        lock.share()
        alone_by_lock = storage.file is not None and not spec.joins
        notices = tuple(_notices(spec, storage, lock))
        if spec.launching is not None:
            with Interrupts() as interrupts, reachable(lock, spec.study_name, interrupts):
                return LaunchedRun(spec, spec.launching, study, on_event, interrupts).run(notices)
        start = WorkerStarter(process_factory(spec.start_method, spec.preload), payload, storage, spec.n_jobs)
        with Interrupts() as interrupts, reachable(lock, spec.study_name, interrupts):
            supervisor = Supervisor(spec, start, study, on_event, interrupts)
            return supervisor.run(lock, alone_by_lock=alone_by_lock, notices=notices)


def _notices(spec: RunSpec, storage: StorageAddress, lock: RunLock) -> Iterator[str]:
    """Yield what a user should know of the storage, and of who shares it, as the run begins."""
    launched = 1 if spec.launching is None else spec.launching.choice.workers
    if advice := storage_advice(storage, launched * spec.n_processes * spec.n_jobs):
        yield advice
    if lock.others_live:
        yield (
            "another run on this storage is alive: the two share the study, "
            "and what a killed run may have left is not repaired"
        )


def _name_values(study: optuna.Study, metrics: tuple[str, ...]) -> None:
    if len(metrics) > 1 and study.metric_names is None:
        with quiet_optuna():
            study.set_metric_names(list(metrics))


def _pickled(spec: RunSpec) -> bytes:
    try:
        return pickle.dumps(spec)
    except Exception as error:
        raise UsageError(
            "the objective is sent to worker processes, so it must be a function at the top level "
            f"of a module, or a functools.partial of one with values that can be pickled: {error}"
        ) from error
