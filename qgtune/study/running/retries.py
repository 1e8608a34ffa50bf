"""Trials whose worker process died: they are failed with the reason, and their parameters tried again."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import DEATHS, FAILURE, LONE_DEATHS, LOST, OWNER, RETRY_OF, WORKER, is_lost
from qgtune.study.storage.ownership import Owner, abandoned_trials, this_owner

_KILLED_RUN = "the run was killed before this trial ended"

WORKER_LOST = "its worker process was lost"
"""Why a trial is lost that has nothing but its worker's end to blame."""

DEATHS_OF_ONE_CONFIG = 3
"""Worker processes that may die with the same parameters before these are blamed for it."""


class Blame(StrEnum):
    """What a death counts against the parameters of the trial that it cost: the attribute that counts it."""

    NOBODY = ""
    WORKER = DEATHS
    """One worker died, with this trial."""
    RUN = LONE_DEATHS
    """All of a run was killed, and this was its only trial."""


class Loss(StrEnum):
    """What became of a trial whose process is gone."""

    ENDED = "it had ended by itself"
    KNOWN = "another run has dealt with it"
    RETRIED = "its parameters are tried again"
    DROPPED = "another trial makes up for it"
    BLAMED = "its parameters are not tried again, and it counts as failed"


_WHO_DIED = {
    Blame.WORKER: "worker processes in a row died",
    Blame.RUN: "runs that had no other trial were killed, all of their processes,",
}


def lose_trial(study: optuna.Study, number: int, reason: str, *, retry: bool, blame: Blame) -> Loss:
    """Return what became of a trial whose process is gone, after failing it.

    The retry is in the storage before the trial has failed there, and is made once only: whenever the
    supervisor is killed too, no parameters get lost and none are tried twice.

    Args:
        study: the study of the trial.
        number: the trial's number.
        reason: why it is lost, in one line; kept with the trial.
        retry: whether its parameters are enqueued again.
        blame: what the death counts against the parameters; each kind is counted apart.
    """
    trial = _trial(study, number)
    if trial.state.is_finished():
        return _end_of(trial)
    deaths = {kind: int(trial.user_attrs.get(kind, 0)) + (kind is blame) for kind in _WHO_DIED}
    for kind, who in _WHO_DIED.items():
        if retry and deaths[kind] >= DEATHS_OF_ONE_CONFIG:
            words = f"{deaths[kind]} {who} with these parameters; the last: {reason}"
            return Loss.BLAMED if _fail(study, trial, FAILURE, words) else _end_of(_trial(study, number))
    params = planned_params(trial)
    if retry and params and not _retries_of(study, number):
        counts = {str(kind): count for kind, count in deaths.items() if count}
        study.enqueue_trial(params, user_attrs={RETRY_OF: number, **counts})
        _keep_the_first_retry(study, number)
    if not _fail(study, trial, LOST, reason):
        # It ended in between: nothing is to be tried again. A retry that stays is a trial like any other.
        return _end_of(_trial(study, number))
    return Loss.RETRIED if retry and params else Loss.DROPPED


def lose_abandoned_trials(
    study: optuna.Study, reason: str, *, retry: bool, alone: bool = False, spared: Collection[int] = ()
) -> tuple[int, ...]:
    """Fail every running trial whose process is dead, and return their numbers.

    Args:
        study: the study of the trials.
        reason: why they are lost, in one line; kept with each.
        retry: whether their parameters are enqueued again.
        alone: whether no other process works on the study for certain; see ``is_owner_dead``.
        spared: the caller's own workers, whose ends it hears of.
    """
    ours = _owners(spared)
    abandoned = [trial for trial in abandoned_trials(study, alone=alone) if _owner(trial) not in ours]
    return _lose_all(study, abandoned, reason, retry=retry, blame=Blame.NOBODY)


def lose_trials_of_killed_run(study: optuna.Study, *, retry: bool, alone: bool) -> tuple[int, ...]:
    """Fail the trials that a run has left that was killed, all of its processes; return their numbers.

    Nobody can tell what it was killed for, unless it had one trial only: that counts against its parameters.

    Args:
        study: the study of the trials.
        retry: whether their parameters are enqueued again.
        alone: whether no other process works on the study for certain; see ``is_owner_dead``.
    """
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    blame = Blame.RUN if len(running) == 1 else Blame.NOBODY
    return _lose_all(study, abandoned_trials(study, alone=alone), _KILLED_RUN, retry=retry, blame=blame)


def others_at_work(study: optuna.Study, pids: Collection[int], numbers: Collection[int]) -> int:
    """Return how many running trials belong to workers of other runs.

    Args:
        study: the study of the trials.
        pids: the caller's own workers.
        numbers: trials that these have said to run.
    """
    ours = _owners(pids)
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    # A trial without a worker is one that a script of the user's has asked for: nobody waits for it.
    others = [trial for trial in running if trial.number not in numbers and WORKER in trial.user_attrs]
    return sum(_owner(trial) not in ours for trial in others)


def _owners(pids: Collection[int]) -> set[Owner | None]:
    """Return processes of this machine as ``_owner`` tells of them."""
    mine = this_owner()
    return {replace(mine, pid=pid, started="") for pid in pids}


def _owner(trial: FrozenTrial) -> Owner | None:
    """Return whose a trial is, whenever that process began; None if it does not say."""
    owner = Owner.read(trial.user_attrs.get(OWNER))
    return owner and replace(owner, started="")


def _lose_all(
    study: optuna.Study, trials: Iterable[FrozenTrial], reason: str, *, retry: bool, blame: Blame
) -> tuple[int, ...]:
    """Lose trials; return the numbers of those that had not ended."""
    ends = [(t.number, lose_trial(study, t.number, reason, retry=retry, blame=blame)) for t in trials]
    return tuple(number for number, end in ends if end not in (Loss.ENDED, Loss.KNOWN))


def any_suspects(study: optuna.Study) -> bool:
    """Return whether any trial that runs, or is about to, has parameters with which a worker has died.

    Where a worker runs several trials at a time, its death tells of none of them that it is to blame.
    """
    open_states = (TrialState.WAITING, TrialState.RUNNING)
    return any(RETRY_OF in trial.user_attrs for trial in study.get_trials(deepcopy=False, states=open_states))


def planned_params(trial: FrozenTrial) -> dict[str, Any]:
    """Return the parameters that a trial has sampled, or was enqueued with and had not reached."""
    return {**trial.system_attrs.get("fixed_params", {}), **trial.params}


def _trial(study: optuna.Study, number: int) -> FrozenTrial:
    return study.get_trials(deepcopy=False)[number]


def _end_of(trial: FrozenTrial) -> Loss:
    return Loss.KNOWN if is_lost(trial) else Loss.ENDED


def _retries_of(study: optuna.Study, number: int) -> list[FrozenTrial]:
    """Return the trials that run the parameters of a lost one again, in the order of their numbers."""
    trials = study.get_trials(deepcopy=False)
    return [trial for trial in trials if trial.user_attrs.get(RETRY_OF) == number]


def _keep_the_first_retry(study: optuna.Study, number: int) -> None:
    """Have later retries of a lost trial give way, where another run has lost it at the same moment.

    Each looks after its own stands in the storage, so that the later one sees the other.
    """
    for later in _retries_of(study, number)[1:]:
        if later.state == TrialState.WAITING:
            _fail(study, later, LOST, f"another run tries the parameters of trial {number} again")


def _fail(study: optuna.Study, trial: FrozenTrial, attribute: str, reason: str) -> bool:
    """Fail a trial with a reason, and return whether it had not ended by itself before."""
    storage = study._storage  # noqa: SLF001 - Study has no public way to give an attribute to another's trial
    trial_id = trial._trial_id  # noqa: SLF001 - as above
    try:
        storage.set_trial_user_attr(trial_id, attribute, reason)
        return storage.set_trial_state_values(trial_id, TrialState.FAIL)
    except optuna.exceptions.UpdateFinishedTrialError:
        return False
