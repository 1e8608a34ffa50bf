"""Trials that carry the process which runs them from their first moment, be they new or enqueued."""

from datetime import datetime
from typing import Any

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import WORKER
from qgtune.study.storage.ownership import owner_attributes

_worker: dict[str, str] = {}
"""In a worker process: which one it is, as its trials carry it."""


def become_worker(index: int) -> None:
    """Have every trial of this process carry the index of the worker that runs it."""
    _worker[WORKER] = str(index)


def runner_attributes() -> dict[str, Any]:
    """Return the attributes that tell who runs a trial of this process."""
    return {**_worker, **owner_attributes()}


def record_runner(storage: BaseStorage, trial_id: int) -> None:
    """Write down that this process runs a trial which was enqueued, right after it has taken it.

    What comes next, the sampler's preparations, can take seconds; a trial whose process is killed meanwhile
    is to be known as its.
    """
    for name, value in runner_attributes().items():
        storage.set_trial_user_attr(trial_id, name, value)


def born_with_owner() -> FrozenTrial:
    """Return the template of a trial that this process is about to run.

    The owner is written together with the trial, in one record or one transaction: there is no moment at
    which a killed process leaves a trial of nobody.
    """
    return FrozenTrial(
        number=-1,
        trial_id=-1,
        state=TrialState.RUNNING,
        value=None,
        datetime_start=datetime.now(),  # noqa: DTZ005 - Optuna's own convention: local time without a zone
        datetime_complete=None,
        params={},
        distributions={},
        user_attrs=runner_attributes(),
        system_attrs={},
        intermediate_values={},
    )
