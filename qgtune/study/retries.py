"""Trials whose worker process died: they are failed with the reason, and their parameters tried again."""

from enum import StrEnum
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import DEATHS, FAILURE, LOST, RETRY_OF

DEATHS_OF_ONE_CONFIG = 3
"""Worker processes that may die with the same parameters before these are blamed for it."""


class Loss(StrEnum):
    """What became of a trial whose process is gone."""

    ENDED = "it had ended by itself"
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
    trial = study.get_trials(deepcopy=False)[number]
    if trial.state.is_finished():
        return Loss.ENDED
    deaths = int(trial.user_attrs.get(DEATHS, 0)) + blame
    if retry and deaths >= DEATHS_OF_ONE_CONFIG:
        words = f"{deaths} worker processes in a row died with these parameters; the last: {reason}"
        return Loss.BLAMED if _fail(study, trial, FAILURE, words) else Loss.ENDED
    params = planned_params(trial)
    if retry and params and not _is_retried(study, number):
        study.enqueue_trial(params, user_attrs={RETRY_OF: number, DEATHS: deaths})
    if not _fail(study, trial, LOST, reason):
        # It ended in between: nothing is to be tried again. A retry that stays is a trial like any other.
        return Loss.ENDED
    return Loss.RETRIED if retry and params else Loss.DROPPED


def lose_running_trials(study: optuna.Study, reason: str, *, retry: bool) -> tuple[int, ...]:
    """Fail every trial that the study still holds as running, and return their numbers.

    The caller knows that no process of a run is alive.
    """
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    lost = [
        trial.number
        for trial in running
        if lose_trial(study, trial.number, reason, retry=retry, blame=False) is not Loss.ENDED
    ]
    return tuple(lost)


def planned_params(trial: FrozenTrial) -> dict[str, Any]:
    """Return the parameters that a trial has sampled, or was enqueued with and had not reached."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


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
