"""Journals whose trials are born with their owner: in a file, or on a Redis server."""

import contextlib
import io
import threading
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.storages.journal._storage import JournalOperation
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.storage.born_trials import born_with_owner, runner_attributes
from qgtune.study.storage.journal_replay import Replay


class SharedJournal(JournalStorage):
    """Optuna's own journal, read faster, whose trials are born with the process that runs them.

    What is sampled for a trial and said of it can be written together: each record costs a lock and a wait
    for the disk. Each thread has records of its own that wait, because a journal tells only the thread that a
    record is of when it is refused.
    """

    def __init__(self, journal: BaseJournalBackend) -> None:
        self._gathering: set[int] = set()
        """The threads that are within ``written_together``."""
        self._waiting: dict[int, list[dict[str, Any]]] = {}
        """Records that wait, by thread; whatever the thread reads or writes next takes them along."""
        super().__init__(_Empty())
        self._backend = journal
        self._replay_result = Replay(self._worker_id_prefix)
        with self._thread_lock:
            self._sync_with_backend()

    def __getstate__(self) -> dict[str, Any]:
        # What waits here is written from here.
        left_behind = ("_gathering", "_gathered")
        return {name: value for name, value in super().__getstate__().items() if name not in left_behind}

    @contextlib.contextmanager
    def written_together(self) -> Iterator[None]:
        """Write what this thread samples and says of a trial in this block at once, at its end at the latest.

        A process that is killed before that leaves a trial without them.
        """
        thread = threading.get_ident()
        if thread in self._gathering:
            yield  # the block around this one writes them
            return
        self._gathering.add(thread)
        try:
            yield
        except BaseException:
            self._gathering.discard(thread)
            # What ended the block is what counts; records that cannot be written wait for the next call.
            with contextlib.suppress(Exception), self._thread_lock:
                self._sync_with_backend()
            raise
        self._gathering.discard(thread)
        with self._thread_lock:
            self._sync_with_backend()

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Write a parameter of a trial, or have it wait for the others."""
        if threading.get_ident() not in self._gathering:
            super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
            return
        record = {
            "trial_id": trial_id,
            "param_name": param_name,
            "param_value_internal": param_value_internal,
            "distribution": distribution_to_json(distribution),
        }
        with self._thread_lock:
            self._add(JournalOperation.SET_TRIAL_PARAM, record)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Write an attribute of a trial, or have it wait for the parameters."""
        if threading.get_ident() not in self._gathering:
            super().set_trial_user_attr(trial_id, key, value)
            return
        with self._thread_lock:
            record = {"trial_id": trial_id, "user_attr": {key: value}}
            self._add(JournalOperation.SET_TRIAL_USER_ATTR, record)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Add a trial and return its id; one without a template carries this process as its owner."""
        return super().create_new_trial(study_id, template_trial or born_with_owner())

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Write a trial's state, and who runs it if this process has just taken it; return whether it has.

        What follows, the sampler's preparations, can take seconds: a process that is killed meanwhile is to
        be known as the owner. A trial that this thread has given back is its own no longer.
        """
        taken = super().set_trial_state_values(trial_id, state, values)
        if state == TrialState.WAITING:
            # Else it would take the trial for its own again when another process is quicker to begin it.
            owned = self._replay_result._worker_id_to_owned_trial_id  # noqa: SLF001 - Optuna never gives back
            owned.pop(self._replay_result.worker_id, None)
        elif taken and state == TrialState.RUNNING:
            with self._thread_lock:
                for name, value in runner_attributes().items():
                    record = {"trial_id": trial_id, "user_attr": {name: value}}
                    self._add(JournalOperation.SET_TRIAL_USER_ATTR, record)
                self._sync_with_backend()
        return taken

    def _add(self, operation: JournalOperation, fields: dict[str, Any]) -> None:
        record = {"op_code": operation, "worker_id": self._replay_result.worker_id, **fields}
        self._waiting.setdefault(threading.get_ident(), []).append(record)

    def _write_log(self, op_code: int, extra_fields: dict[str, Any]) -> None:
        self._write_waiting()
        super()._write_log(op_code, extra_fields)

    def _sync_with_backend(self) -> None:
        """Read what is new, all of it, and then raise the first refusal of a record of this thread.

        Optuna stops reading at a refusal, and would raise that of each further record in some later call.
        """
        self._write_waiting()
        refusal: Exception | None = None
        while True:
            before = self._replay_result.log_number_read
            try:
                super()._sync_with_backend()
            except (KeyError, ValueError, optuna.exceptions.OptunaError) as error:
                if self._replay_result.log_number_read == before:
                    raise  # the journal itself cannot be read
                refusal = refusal or error
            else:
                break
        if refusal is not None:
            raise refusal

    def _write_waiting(self) -> None:
        thread = threading.get_ident()
        records = self._waiting.get(thread)
        if records:
            # Only then forgotten: on a disk that was full for a moment they are written by the next call. To
            # write one twice does no harm.
            self._backend.append_logs(records)
            del self._waiting[thread]


class _Empty(BaseJournalBackend):
    """A journal without records: what there is is read by our own reader, right after."""

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:  # noqa: ARG002 - theirs
        yield from ()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:  # noqa: ARG002 - theirs
        raise io.UnsupportedOperation("nothing is written before the journal is read")
