"""Samplers and search spaces of which some parameters exist only in some trials."""

import threading
import weakref

from optuna import Study
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, QMCSampler, TPESampler

_advised: "weakref.WeakSet[Study]" = weakref.WeakSet()
_advising = threading.Lock()


def conditional_space_advice(study: Study) -> str:
    """Return what to set in a study so that its sampler suits a conditional search space.

    An empty text if nothing need be set, or if it has been said of this study before. Optuna's TPE draws
    parameters together (``multivariate``), but only those that every trial has; the others it draws one by
    one, and says nothing of it. The Gaussian process, CMA-ES and QMC samplers draw them at random. With
    ``TPESampler(group=True)`` those that occur together are drawn together.

    Args:
        study: the study whose trials the space is for.
    """
    with _advising:
        if study in _advised:
            return ""
        _advised.add(study)
    how = _neglect(study.sampler)
    # Groups are for one objective only.
    if not how or len(study.directions) > 1:
        return ""
    return (
        f"some parameters of this search space exist only in some trials, and {how}; "
        "create the study with sampler=optuna.samplers.TPESampler(group=True), which draws those together "
        "that occur together"
    )


def _neglect(sampler: BaseSampler) -> str:
    """Say what a sampler does with parameters that only some trials have, if that is not its best."""
    name = type(sampler).__name__
    if isinstance(sampler, CmaEsSampler | GPSampler | QMCSampler):
        return f"{name} draws these at random"
    # Optuna tells these settings nowhere else.
    if isinstance(sampler, TPESampler) and getattr(sampler, "_multivariate", None) is not False:
        return "" if getattr(sampler, "_group", False) else f"{name} draws these one by one"
    return ""
