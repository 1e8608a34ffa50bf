"""Beginning a study anew with those of its trials that fit a changed search space."""

import copy
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from qgtune.core.errors import ConfigValueError
from qgtune.study.attributes import FINGERPRINT, SPACE
from qgtune.study.create import create_study
from qgtune.study.space_change import SpaceChangedError, space_changes
from qgtune.study.storage.run_lock import RunLock
from qgtune.study.storage.storages import open_study

Asked = Mapping[str, tuple[str, tuple[Any, ...]]]
"""By name: ``categorical`` with its labels, or ``float`` or ``int`` with low, high, step and log."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of a study: the trials that were taken over, all that it had, and where the old one is."""

    taken: int
    finished: int
    old_study: Path


def migrate_study(
    journal: Path,
    study_name: str,
    fingerprint: str,
    form: str,
    asked_by: Callable[[dict[str, Any]], Asked | None],
) -> Migration | None:
    """Return what became of the study after it began anew under its name; None if nothing has changed.

    The new journal takes the old one's place in one step, and the old one stays beside it: a process that is
    killed at any moment leaves the one or the other, whole.

    Args:
        journal: the study's file.
        study_name: its name.
        fingerprint: of the space as it is now.
        form: the same in canonical form.
        asked_by: returns what a trial's parameters are asked for in the new space; None if they do not fit.

    Raises:
        SpaceChangedError: if more has changed than domains, so that no old value stands for a new config.
        ConfigValueError: if a run on the study is alive, or the file holds no such study.
    """
    with RunLock(journal) as lock:
        if not lock.claim():
            raise ConfigValueError(
                ("storage",),
                "a study is migrated while no run works on it, but one is alive",
                "stop it first",
            )
        old = open_study(study_name, journal)
        begun_with = str(old.user_attrs.get(FINGERPRINT, ""))
        if begun_with == fingerprint:
            return None
        _check_domains_only(old, form)
        fresh = journal.with_name(journal.name + ".new")
        fresh.unlink(missing_ok=True)
        taken, finished = _copy(old, fresh, {FINGERPRINT: fingerprint, SPACE: form}, asked_by)
        kept = journal.with_name(f"{journal.name}.{begun_with[:8]}")
        kept.unlink(missing_ok=True)
        os.link(journal, kept)
        fresh.replace(journal)
        return Migration(taken, finished, kept)


def _check_domains_only(old: optuna.Study, form: str) -> None:
    kept, now = json.loads(old.user_attrs.get(SPACE, "{}")), json.loads(form)
    refused = (
        [change.words for change in space_changes(kept, now) if change.verdict == "refused"] if kept else []
    )
    if not kept or kept.get("measured") != now.get("measured"):
        refused.append("what is measured is not the same, or is not known")
    if refused:
        raise SpaceChangedError(
            ("study_name",),
            "trials are taken over where only the domains of parameters have changed, but here "
            f"{'; '.join(refused[:5])}",
            "choose another study_name, or undo the change",
        )


def _copy(
    old: optuna.Study,
    fresh: Path,
    attributes: Mapping[str, str],
    asked_by: Callable[[dict[str, Any]], Asked | None],
) -> tuple[int, int]:
    directions = [direction.name.lower() for direction in old.directions]
    study = create_study(old.study_name, fresh, directions)
    for name, value in attributes.items():
        study.set_user_attr(name, value)
    finished = old.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    taken = 0
    for trial in finished:
        asked = asked_by(trial.params)
        if asked is not None:
            moved = copy.deepcopy(trial)
            moved.params = {name: trial.params[name] for name in asked}
            moved.distributions = {name: _distribution(*one) for name, one in asked.items()}
            study.add_trial(moved)
            taken += 1
    return taken, len(finished)


def _distribution(kind: str, details: tuple[Any, ...]) -> BaseDistribution:
    if kind == "categorical":
        return CategoricalDistribution(details)
    low, high, step, log = details
    if kind == "int":
        return IntDistribution(low, high, log=log, step=step)
    return FloatDistribution(low, high, log=log, step=step)
