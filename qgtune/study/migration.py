"""Beginning a study anew with those of its trials that fit a changed search space."""

import contextlib
import copy
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from qgtune.core.errors import ConfigValueError
from qgtune.study.attributes import END_ASKED, FINGERPRINT, FORGIVEN, RETRY_OF, REUSED_FROM, SPACE
from qgtune.study.create import create_study
from qgtune.study.quiet import quiet_optuna
from qgtune.study.sampling.grid import CELL
from qgtune.study.space_change import SpaceChangedError, measured_changes, space_changes
from qgtune.study.storage.ownership import is_owner_dead
from qgtune.study.storage.run_lock import RunLock
from qgtune.study.storage.storage_address import StorageAddress, storage_address
from qgtune.study.storage.storages import open_storage, open_study, prepare_storage

Asked = Mapping[str, tuple[str, tuple[Any, ...]]]
"""By name: ``categorical`` with its labels, or ``float`` or ``int`` with low, high, step and log."""

_OF_SAMPLERS = ("cma:", "sepcma:", "cmawm:")
"""Attributes of trials in which Optuna's samplers keep what they have learnt of the ranges as they were."""


@dataclass(frozen=True, slots=True)
class NewSpace:
    """A search space as it is now.

    Args:
        fingerprint: of the space and of what is measured.
        form: the same in canonical form, as JSON.
        asked_by: returns what a trial's parameters are asked for; None if they do not fit.
    """

    fingerprint: str
    form: str
    asked_by: Callable[[dict[str, Any]], Asked | None]


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of a study: the trials that were taken over, all that it had, and where both are."""

    taken: int
    finished: int
    study_name: str
    """The study that has them now."""
    old_study: Path | None
    """The journal as it was; None if the study stays beside the new one, under the name that it had."""


def migrate_study(
    storage: str | Path,
    study_name: str,
    fingerprint: str,
    form: str,
    asked_by: Callable[[dict[str, Any]], Asked | None],
) -> Migration | None:
    """Return what became of the study after it began anew; None if nothing has changed.

    A journal begins anew under the study's name, with all other studies that it holds: the new file takes
    the old one's place in one step, and the old one stays beside it. So a process that is killed at any
    moment leaves the one or the other, whole. In a database or on a server nothing is renamed or removed:
    the trials are copied into a study of another name beside the old one.

    Args:
        storage: the study's file, or the URL of what keeps it.
        study_name: its name.
        fingerprint: of the space as it is now.
        form: the same in canonical form.
        asked_by: returns what a trial's parameters are asked for in the new space; None if they do not fit.

    Raises:
        SpaceChangedError: if more has changed than domains, so that no old value stands for a new config.
        ConfigValueError: if a run on the study is alive, there is no such study, the disk is full, or another
            process of this host migrates a study in the same storage.
    """
    address = storage_address(storage)
    space = NewSpace(fingerprint, form, asked_by)
    if address.kind != "journal" or address.file is None:
        return _migrate_within(open_study(study_name, storage), address, space)
    # Before anything is made, even the file with which runs are held back.
    open_study(study_name, address.file)
    prepare_storage(address)
    with RunLock(address.file) as lock:
        if not lock.claim():
            raise _alive()
        return _migrate_journal(address.file, study_name, space)


def _alive() -> ConfigValueError:
    return ConfigValueError(
        ("storage",), "a study is migrated while no run works on it, but one is alive", "stop it first"
    )


def _migrate_journal(journal: Path, study_name: str, space: NewSpace) -> Migration | None:
    old = open_study(study_name, journal)
    if not _has_changed(old, space):
        return None
    fresh = journal.with_name(journal.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        if len(optuna.get_all_study_names(old._storage)) > 1:  # noqa: SLF001 - Study has no public name for it
            # The very bytes, so that the other studies go on as if nothing had been.
            shutil.copyfile(journal, fresh)
            optuna.delete_study(study_name=study_name, storage=open_storage(fresh))
        taken, finished = _begin(old, study_name, open_storage(fresh), space)
        kept = _kept_beside(journal, str(old.user_attrs.get(FINGERPRINT, ""))[:8])
        fresh.replace(journal)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ConfigValueError(
            ("storage",),
            f"the study cannot begin anew in {journal}, and is as it was: {error.strerror or error}",
            "make room in its folder, or choose another study_name",
        ) from error
    return Migration(taken, finished, study_name, kept)


def _migrate_within(old: optuna.Study, address: StorageAddress, space: NewSpace) -> Migration | None:
    """Copy the trials that fit into a study of another name in the same storage, one process at a time."""
    storage = open_storage(address)
    # Not the lock of the runs: a run on another study in the same database is no obstacle.
    presence = address.presence.resolve()
    with RunLock(presence.with_name(f"{presence.name}.migration")) as lock:
        if not lock.claim() and lock.others_live:
            raise ConfigValueError(
                ("storage",),
                "another command migrates a study in this storage at this moment",
                "give the command again once that one has ended",
            )
        return _copy_within(old, storage, space)


def _copy_within(old: optuna.Study, storage: BaseStorage, space: NewSpace) -> Migration | None:
    """Copy the trials that fit into a study of another name beside the old one, or find that it is done."""
    if not _has_changed(old, space):
        return None
    if any(
        not is_owner_dead(trial) for trial in old.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    ):
        raise _alive()
    there = {study.study_name: study.user_attrs.get(FINGERPRINT) for study in storage.get_all_studies()}
    for name in _names(f"{old.study_name}-{space.fingerprint[:8]}"):
        if name not in there:
            return Migration(*_begin(old, name, storage, space), name, None)
        # A study has its fingerprint last: one without it is a migration's that was killed.
        if there[name] == space.fingerprint:
            fitting, finished = _fitting(old, space)
            return Migration(len(fitting), finished, name, None)
    raise AssertionError("there is always another name")


def _names(first: str) -> Iterator[str]:
    yield first
    yield from (f"{first}-{number}" for number in itertools.count(2))


def _kept_beside(journal: Path, digits: str) -> Path:
    """Return the file that stays as the journal is; what earlier migrations kept is never touched."""
    for name in _names(f"{journal.name}.{digits}"):
        kept = journal.with_name(name)
        with contextlib.suppress(FileExistsError):
            _link_or_copy(journal, kept)
            return kept
    raise AssertionError("there is always another name")


def _link_or_copy(journal: Path, kept: Path) -> None:
    try:
        os.link(journal, kept)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with kept.open("xb") as copied, journal.open("rb") as file:
            shutil.copyfileobj(file, copied)


def _has_changed(old: optuna.Study, space: NewSpace) -> bool:
    """Return whether the space has changed, after checking that only domains have."""
    if old.user_attrs.get(FINGERPRINT) == space.fingerprint:
        return False
    kept, now = json.loads(old.user_attrs.get(SPACE, "{}")), json.loads(space.form)
    refused = (
        [change.words for change in space_changes(kept, now) if change.verdict == "refused"] if kept else []
    )
    refused += measured_changes(kept, now) if "measured" in kept else ["what was measured is not known"]
    if refused:
        raise SpaceChangedError(
            ("study_name",),
            "trials are taken over where only the domains of parameters have changed, but here "
            f"{'; '.join(refused[:5])}",
            "choose another study_name, or undo the change",
        )
    return True


def _fitting(old: optuna.Study, space: NewSpace) -> tuple[list[tuple[FrozenTrial, Asked]], int]:
    """Return the finished trials that fit, each with what it is asked for, and how many have finished."""
    finished = old.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    asked = [(trial, space.asked_by(trial.params)) for trial in finished]
    return [(trial, one) for trial, one in asked if one is not None], len(finished)


def _begin(old: optuna.Study, name: str, storage: BaseStorage, space: NewSpace) -> tuple[int, int]:
    """Begin a study with the trials that fit; return how many these are, and how many there were."""
    study = create_study(name, storage, [direction.name.lower() for direction in old.directions])
    fitting, finished = _fitting(old, space)
    numbers = {trial.number: number for number, (trial, _) in enumerate(fitting)}
    with quiet_optuna():
        for trial, asked in fitting:
            study.add_trial(_moved(trial, asked, numbers))
    left_behind = (FINGERPRINT, FORGIVEN, END_ASKED)  # the latter two are of trials that are not taken over
    attributes = {name: value for name, value in old.user_attrs.items() if name not in left_behind}
    for attribute, value in {**attributes, SPACE: space.form, FINGERPRINT: space.fingerprint}.items():
        study.set_user_attr(attribute, value)
    return len(fitting), finished


def _moved(trial: FrozenTrial, asked: Asked, numbers: Mapping[int, int]) -> FrozenTrial:
    """Return a trial of the new space; what names another trial, or a cell of the old grid, is put right."""
    moved = copy.deepcopy(trial)
    moved.params = {name: trial.params[name] for name in asked}
    moved.distributions = {name: _distribution(*one) for name, one in asked.items()}
    attributes = {name: value for name, value in trial.user_attrs.items() if name != CELL}
    for name in (RETRY_OF, REUSED_FROM):
        if (number := numbers.get(attributes.pop(name, -1))) is not None:
            attributes[name] = number
    moved.user_attrs = attributes
    moved.system_attrs = {
        name: value for name, value in trial.system_attrs.items() if not name.startswith(_OF_SAMPLERS)
    }
    return moved


def _distribution(kind: str, details: Sequence[Any]) -> BaseDistribution:
    if kind == "categorical":
        return CategoricalDistribution(details)
    low, high, step, log = details
    if kind == "int":
        return IntDistribution(low, high, log=log, step=step)
    return FloatDistribution(low, high, log=log, step=step)
