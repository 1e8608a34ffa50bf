"""What a run settles in its study before its first trial: which failures count, and what is tried first."""

import math
from collections.abc import Collection, Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.attributes import END_ASKED, FORGIVEN, WORKER, is_lost
from qgtune.study.quiet import quiet_optuna

_CAME_TO_SOMETHING = (TrialState.COMPLETE, TrialState.PRUNED)


def begin_anew(study: optuna.Study) -> None:
    """Forgive the failed trials of a study in which no trial has come to anything, and let it go on.

    Its objective was wrong: once it is mended, the same command must have something to do. The study keeps
    which trials are forgiven, so that later runs, and processes that join, count as this one does. Nothing is
    done where others are at work: the failures of their run count.
    """
    trials = study.get_trials(deepcopy=False)
    if any(trial.state == TrialState.RUNNING and WORKER in trial.user_attrs for trial in trials):
        return
    if not any(trial.state in _CAME_TO_SOMETHING for trial in trials):
        failed = [trial.number for trial in trials if trial.state == TrialState.FAIL and not is_lost(trial)]
        if failed != study.user_attrs.get(FORGIVEN, []):
            study.set_user_attr(FORGIVEN, failed)
    if study.user_attrs.get(END_ASKED):
        study.set_user_attr(END_ASKED, False)


def forgiven_trials(study: optuna.Study) -> frozenset[int]:
    """Return the numbers of the failed trials that do not count; see ``begin_anew``."""
    return frozenset(study.user_attrs.get(FORGIVEN, ()))


def ask_for_the_end(study: optuna.Study) -> None:
    """Have every run on the study begin no further trial."""
    if not study.user_attrs.get(END_ASKED):
        study.set_user_attr(END_ASKED, True)


def is_end_asked(study: optuna.Study) -> bool:
    """Return whether an objective or a sampler has asked for the end since the study was begun or went on."""
    return bool(study.user_attrs.get(END_ASKED))


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
