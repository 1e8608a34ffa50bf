"""The names under which qgtune keeps what it knows in a study's and its trials' user attributes."""

from optuna.trial import FrozenTrial, TrialState

FINGERPRINT = "qgtune:space_fingerprint"
"""On a study: the fingerprint of the search space that it was begun with."""

WORKER = "qgtune:worker"
"""On a trial: the index of the worker process that ran it, as text."""

FAILURE = "qgtune:failure"
"""On a trial that its objective failed: the reason, in one line. Such a trial counts towards the total."""

TRACEBACK = "qgtune:traceback"
"""On such a trial, unless the error is one of qgtune's own: the last lines of its traceback."""

PRUNED_BECAUSE = "qgtune:pruned_because"
"""On a trial whose config could not be resolved: the reason. It is pruned, and counts."""

PEAK_MEMORY = "qgtune:peak_memory"
"""On a trial of a built-in task: the most memory that it held at once, in bytes."""

LOST = "qgtune:lost"
"""On a trial whose process ended before it did: the reason. Such a trial does not count."""

RETRY_OF = "qgtune:retry_of"
"""On a trial that runs the parameters of a lost one again: the number of the lost one."""

DEATHS = "qgtune:deaths"
"""On such a trial: how many worker processes have died with these parameters, one after the other."""

LONE_DEATHS = "qgtune:lone_deaths"
"""On such a trial: how many runs were killed whole while they had no other trial than these parameters."""

OWNER = "qgtune:owner"
"""On a trial: the process that runs it, as a mapping of host, machine, pid and started."""

SEEN = "qgtune:seen"
"""On a trial of a minute and more: when its run last gave a sign of life, in seconds since 1970."""

REUSED_FROM = "qgtune:reused_from"
"""On a trial whose config is that of an earlier one: the number of that one, whose values it has."""

REPEATED_VALUES = "qgtune:repeats"
"""On a trial that was trained several times: the value of each training; its own value is their mean."""

SPREAD = "qgtune:spread"
"""On such a trial: the standard deviation of these values."""

SPACE = "qgtune:space"
"""On a study: the canonical form of its search space, as JSON text."""

CONFIG = "qgtune:config"
"""On a trial: a name of its config, the same for equal configs only; written before it is trained."""

FOLLOWS = "qgtune:follows"
"""On a trial: what follows from its parameters, as a mapping from paths of its config to values."""

FORGIVEN = "qgtune:forgiven"
"""On a study: the numbers of failed trials that do not count, as nothing had come of any trial by then."""

END_ASKED = "qgtune:end_asked"
"""On a study: whether an objective or a sampler has asked by ``study.stop()`` that no further trial begin."""


def is_lost(trial: FrozenTrial) -> bool:
    """Return whether a trial has failed because its process ended; only such a one does not count.

    A trial that its worker ends while it is taken for lost has the reason too, and is none the less complete.
    """
    return trial.state == TrialState.FAIL and LOST in trial.user_attrs
