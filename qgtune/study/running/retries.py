"""Trials whose worker process died: they are failed with the reason, and their parameters tried again."""

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import DEATHS, FAILURE, LOST, OWNER, RETRY_OF, WORKER, is_lost
from qgtune.study.storage.ownership import Owner, abandoned_trials, this_owner

DEATHS_OF_ONE_CONFIG = 3
"""Worker processes that may die with the same parameters before these are blamed for it."""


class Loss(StrEnum):
    """What became of a trial whose process is gone."""

    ENDED = "it had ended by itself"
    KNOWN = "another run has dealt with it"
    RETRIED = "its parameters are tried again"
    DROPPED = "another trial makes up for it"
    BLAMED = "its parameters are not tried again, and it counts as failed"


def lose_trial(study: optuna.Study, number: int, reason: str, *, retry: bool, blame: bool) -> Loss:
    """Return what became of a trial whose process is gone, after failing it.

    The retry is in the storage before the trial has failed there, and is made once only: whenever the
    supervisor is killed too, no parameters get lost and none are tried twice.

    Args:
        study: the study of the trial.
        number: the trial's number.
        reason: why it is lost, in one line; kept with the trial.
        retry: whether its parameters are enqueued again.
        blame: whether the death counts against the parameters. It does where one worker died, and does not
            where all of a run was killed.
    """
    trial = _trial(study, number)
    if trial.state.is_finished():
        return _end_of(trial)
    deaths = int(trial.user_attrs.get(DEATHS, 0)) + blame
    if retry and deaths >= DEATHS_OF_ONE_CONFIG:
        words = f"{deaths} worker processes in a row died with these parameters; the last: {reason}"
        return Loss.BLAMED if _fail(study, trial, FAILURE, words) else _end_of(_trial(study, number))
    params = planned_params(trial)
    if retry and params and not _is_retried(study, number):
        study.enqueue_trial(params, user_attrs={RETRY_OF: number, DEATHS: deaths})
    if not _fail(study, trial, LOST, reason):
        # It ended in between: nothing is to be tried again. A retry that stays is a trial like any other.
        return _end_of(_trial(study, number))
    return Loss.RETRIED if retry and params else Loss.DROPPED


def lose_abandoned_trials(
    study: optuna.Study, reason: str, *, retry: bool, alone: bool = False
) -> tuple[int, ...]:
    """Fail every running trial whose process is dead, and return their numbers.

    Args:
        study: the study of the trials.
        reason: why they are lost, in one line; kept with each.
        retry: whether their parameters are enqueued again.
        alone: whether no other process works on the study for certain; see ``is_owner_dead``.
    """
    lost = [
        trial.number
        for trial in abandoned_trials(study, alone=alone)
        if lose_trial(study, trial.number, reason, retry=retry, blame=False) not in (Loss.ENDED, Loss.KNOWN)
    ]
    return tuple(lost)


def others_at_work(study: optuna.Study, pids: Collection[int], numbers: Collection[int]) -> int:
    """Return how many running trials belong to workers of other runs.

    Args:
        study: the study of the trials.
        pids: the caller's own workers.
        numbers: trials that these have said to run.
    """
    mine = this_owner()
    ours = {replace(mine, pid=pid, started="") for pid in pids}
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    # A trial without a worker is one that a script of the user's has asked for: nobody waits for it.
    others = [trial for trial in running if trial.number not in numbers and WORKER in trial.user_attrs]
    owners = [Owner.read(trial.user_attrs.get(OWNER)) for trial in others]
    return sum(owner is None or replace(owner, started="") not in ours for owner in owners)


def planned_params(trial: FrozenTrial) -> dict[str, Any]:
    """Return the parameters that a trial has sampled, or was enqueued with and had not reached."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def _trial(study: optuna.Study, number: int) -> FrozenTrial:
    return study.get_trials(deepcopy=False)[number]


def _end_of(trial: FrozenTrial) -> Loss:
    return Loss.KNOWN if is_lost(trial) else Loss.ENDED


def _is_retried(study: optuna.Study, number: int) -> bool:
    return any(trial.user_attrs.get(RETRY_OF) == number for trial in study.get_trials(deepcopy=False))


def _fail(study: optuna.Study, trial: FrozenTrial, attribute: str, reason: str) -> bool:
    """Fail a trial with a reason, and return whether it had not ended by itself before."""
    storage = study._storage  # noqa: SLF001 - Study has no public way to give an attribute to another's trial
    trial_id = trial._trial_id  # noqa: SLF001 - as above
    try:
        storage.set_trial_user_attr(trial_id, attribute, reason)
        return storage.set_trial_state_values(trial_id, TrialState.FAIL)
    except optuna.exceptions.UpdateFinishedTrialError:
        return False
