"""Trials that nobody needs: several runs may each begin what it takes for the last trial of their study."""

import time

import optuna
from optuna.trial import TrialState

from qgtune.study.attributes import OWNER, WORKER
from qgtune.study.results.records import is_finished

_LOOKS = 10
_SECONDS_BETWEEN_LOOKS = 0.05


class GivenBackError(BaseException):
    """A trial goes back to those that wait; not an Exception, so that Optuna tells no end of it."""


def is_surplus(study: optuna.Study, number: int, limit: int) -> bool:
    """Return whether a trial that has just begun is one more than its study needs.

    It looks after its own beginning stands in the storage. So of all that begin at the same moment at least
    the last one to look sees all the others, and the study never gets more than its total. Those with the
    higher numbers give way at once; the others look again, so that not all of them give way.

    Args:
        study: the study of the trial, which says who its worker is.
        number: the trial's number.
        limit: finished trials with which the study has its total.
    """
    for _ in range(_LOOKS):
        trials = study.get_trials(deepcopy=False)
        if len(trials) <= limit:
            return False
        others = [trial for trial in trials if trial.number != number]
        needed = limit - sum(map(is_finished, others))
        # A trial without a worker is one that a script of the user's has asked for: it may never end.
        running = [t.number for t in others if t.state == TrialState.RUNNING and WORKER in t.user_attrs]
        if len(running) < needed:
            return False
        if sum(other < number for other in running) >= needed:
            return True
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return True


def give_back(study: optuna.Study, trial: optuna.Trial) -> None:
    """Have a trial wait again, for this run's end or another run's beginning.

    Raises:
        GivenBackError: always, to leave the objective and Optuna's own care for trials.
    """
    # Whoever begins it next writes this state before its own name: until then a supervisor would ask after
    # us, and fail the trial under its new worker once we have ended. Of nobody's it waits for a sign of life.
    trial.set_user_attr(OWNER, None)
    study._storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)  # noqa: SLF001 - Study cannot
    raise GivenBackError
