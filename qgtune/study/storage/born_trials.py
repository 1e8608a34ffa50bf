"""New trials that carry the process which runs them from their first moment."""

from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import OWNER, WORKER
from qgtune.study.storage.ownership import owner_attributes, record_owner

_worker: dict[str, str] = {}
"""In a worker process: which one it is, as its trials carry it."""


def become_worker(index: int) -> None:
    """Have every trial of this process carry the index of the worker that runs it."""
    _worker[WORKER] = str(index)


def was_born_here(trial: optuna.Trial) -> bool:
    """Return whether this process has made the trial to run it, and not taken it from those that wait."""
    return bool(trial.user_attrs.get(OWNER) == owner_attributes()[OWNER])


def record_worker(trial: optuna.Trial) -> None:
    """Write down who runs a trial, unless it was born with that: one that was enqueued was not."""
    attributes = trial.user_attrs
    for name, value in _worker.items():
        if attributes.get(name) != value:
            trial.set_user_attr(name, value)
    record_owner(trial)


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
        user_attrs={**_worker, **owner_attributes()},
        system_attrs={},
        intermediate_values={},
    )
