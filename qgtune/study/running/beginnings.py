"""What a run settles in its study before its first trial: which failures count, and what is tried first."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import END_ASKED, FORGIVEN, OWNER, WORKER, is_lost
from qgtune.study.quiet import quiet_optuna
from qgtune.study.results.records import forgiven_trials
from qgtune.study.storage.ownership import GRACE_SECONDS, Owner

_CAME_TO_SOMETHING = (TrialState.COMPLETE, TrialState.PRUNED)


def begin_anew(study: optuna.Study) -> None:
    """Forgive the failed trials of a study in which no trial has come to anything, and let it go on.

    Its objective was wrong: once it is mended, the same command must have something to do. The study keeps
    which trials are forgiven, so that later runs, and processes that join, count as this one does. Nothing is
    done where others are at work: the failures of their run count.
    """
    trials = study.get_trials(deepcopy=False)
    if _at_work(trials):
        return
    if not any(trial.state in _CAME_TO_SOMETHING for trial in trials):
        failed = [trial.number for trial in trials if trial.state == TrialState.FAIL and not is_lost(trial)]
        if failed != study.user_attrs.get(FORGIVEN, []):
            study.set_user_attr(FORGIVEN, failed)
    if study.user_attrs.get(END_ASKED):
        study.set_user_attr(END_ASKED, False)


def ask_for_the_end(study: optuna.Study) -> None:
    """Have every run on the study begin no further trial."""
    if not study.user_attrs.get(END_ASKED):
        study.set_user_attr(END_ASKED, True)


def is_end_asked(study: optuna.Study) -> bool:
    """Return whether an objective or a sampler has asked for the end since the study was begun or went on."""
    return bool(study.user_attrs.get(END_ASKED))


def end_that_stands(study: optuna.Study) -> str:
    """Return until when a study that was asked to end does not go on, or an empty text if it does.

    A run does not take back what an objective has asked for while another run may still have to heed it. One
    on another host that was killed is taken for alive for as long as its silence may be a pause.
    """
    at_work = _at_work(study.get_trials(deepcopy=False)) if is_end_asked(study) else []
    if not at_work:
        return ""
    owner = Owner.read(at_work[0].user_attrs.get(OWNER))
    where = "" if owner is None else f" on {owner.host}"
    return (
        f"the end of the study was asked for, and trial {at_work[0].number}{where} has not ended: the same "
        f"command goes on once it has, or has given no sign of life for {GRACE_SECONDS / 60:g} minutes"
    )


def _at_work(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that workers run; of others nobody knows whether they ever end."""
    return [trial for trial in trials if trial.state == TrialState.RUNNING and WORKER in trial.user_attrs]


def enqueue_once(study: optuna.Study, configs: Collection[dict[str, Any]]) -> None:
    """Have configs tried first, each once in the life of a study; what is forgiven begins it anew."""
    forgiven = forgiven_trials(study)
    last = max(forgiven, default=-1)

    def counts(trial: FrozenTrial) -> bool:
        return trial.number not in forgiven and not (is_lost(trial) and trial.number < last)

    with quiet_optuna():
        for params in configs:
            known = study.get_trials(deepcopy=False)
            if not any(_has(trial, params) for trial in known if counts(trial)):
                study.enqueue_trial(params)


def _has(trial: FrozenTrial, params: Mapping[str, Any]) -> bool:
    """Return whether a trial has these parameters, or was enqueued with them."""
    known = trial.system_attrs.get("fixed_params", trial.params)
    return known.keys() == params.keys() and all(_equal(known[name], value) for name, value in params.items())


def _equal(known: Any, value: Any) -> bool:
    if type(known) is not type(value):
        return False
    # A database may round.
    return math.isclose(known, value, rel_tol=1e-9) if isinstance(value, float) else bool(known == value)
