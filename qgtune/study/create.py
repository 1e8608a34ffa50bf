"""Making a study, or going on with one that exists."""

from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import ConfigValueError
from qgtune.schema.sampler_settings import DEFAULT_PRUNER, Choice
from qgtune.study.attributes import FINGERPRINT
from qgtune.study.quiet import quiet_optuna
from qgtune.study.sampling.grid import CellSampler
from qgtune.study.sampling.pruners import make_pruner
from qgtune.study.sampling.quasi_random import SequenceSampler
from qgtune.study.sampling.sampler import shared_seed
from qgtune.study.sampling.samplers import SamplerSpec, make_sampler
from qgtune.study.storage.storages import open_storage


def create_study(  # noqa: PLR0913 - each is a setting of the user's
    study_name: str | None,
    storage: str | Path | BaseStorage | None,
    direction: str | Sequence[str] = "minimize",
    *,
    seed: int | None = None,
    sampler: SamplerSpec | None = None,
    pruner: Choice | None = None,
) -> optuna.Study:
    """Return the study of that name: a new one, or the one that the storage holds already.

    By default it samples with TPE and prunes with the median rule of QGTune's guide: never before the second
    finished trial, never before the fifth step, and then at every fifth.

    Args:
        study_name: the study's name; None makes one up.
        storage: a journal file, an open storage, or None for memory only.
        direction: ``minimize`` or ``maximize``; one for each objective if there are several.
        seed: makes what trials draw repeatable; see ``TrialSeededSampler``.
        sampler: how trials are sampled; TPE by default.
        pruner: how trials are pruned; by default as said above, and not at all with several objectives,
            which Optuna cannot prune.

    Raises:
        ConfigValueError: if a direction is neither of the two, or not what the study was begun with,
            or if the storage cannot be used.

    Example:
        >>> create_study("example", None, "maximize").direction.name
        'MAXIMIZE'
    """
    directions = _directions(direction)
    how = sampler or SamplerSpec()
    default_pruner = DEFAULT_PRUNER if len(directions) == 1 else Choice("none")
    drawing = make_sampler(how, seed, len(directions))
    pruning = make_pruner(pruner or default_pruner, how.folder)
    opened = storage if isinstance(storage, BaseStorage) else open_storage(storage)
    with quiet_optuna():
        # Optuna's load_if_exists would add a record to the journal each time that a study is opened.
        if study_name in [known.study_name for known in opened.get_all_studies()]:
            study = optuna.load_study(study_name=study_name, storage=opened, sampler=drawing, pruner=pruning)
        else:
            study = optuna.create_study(
                study_name=study_name,
                storage=opened,
                sampler=drawing,
                pruner=pruning,
                directions=directions,
                load_if_exists=study_name is not None,
            )
    check_directions(study, direction)
    if isinstance(drawing, CellSampler | SequenceSampler):
        shared_seed(study, seed)  # before any worker needs it
    return study


def check_directions(study: optuna.Study, direction: str | Sequence[str]) -> None:
    """Check that a study is meant as it was begun: turned round, its best trial would be its worst.

    Args:
        study: any study.
        direction: ``minimize`` or ``maximize``; one for each objective if there are several.

    Raises:
        ConfigValueError: if it was begun with another direction, or with more or fewer of them.

    Example:
        >>> check_directions(create_study("example", None, "maximize"), ["maximize"])
    """
    directions = _directions(direction)
    if study.directions == directions:
        return
    begun, now = _names(study.directions), _names(directions)
    raise ConfigValueError(
        (_key(directions),),
        f"a study keeps the direction that it was begun with: {study.study_name!r} was begun with {begun}, "
        f"and is now to {now}",
        f"write {begun}, or choose another study_name",
    )


def check_fingerprint(study: optuna.Study, fingerprint: str) -> None:
    """Check that the study is begun or went on with the same search space.

    The first call on a study keeps the fingerprint with it.

    Args:
        study: a study made by ``create_study``.
        fingerprint: a text that is equal for equal search spaces only.

    Raises:
        ConfigValueError: at ``study_name``, if the study was begun with another fingerprint.
    """
    begun_with = study.user_attrs.get(FINGERPRINT)
    if begun_with is None:
        study.set_user_attr(FINGERPRINT, fingerprint)
    elif begun_with != fingerprint:
        raise ConfigValueError(
            ("study_name",),
            "the trials of a study can be compared only if all that they share is the same, but the search "
            "space, the base settings, the dependency map, the objective, the data or the metric "
            f"has changed since the study {study.study_name!r} began "
            f"(fingerprint {begun_with[:12]} then, {fingerprint[:12]} now)",
            "choose another study_name or another storage, or undo the change",
        )


def _directions(direction: str | Sequence[str]) -> list[StudyDirection]:
    names = [direction] if isinstance(direction, str) else list(direction)
    key = _key(names)
    legal = {"minimize": StudyDirection.MINIMIZE, "maximize": StudyDirection.MAXIMIZE}
    if not names:
        raise ConfigValueError((key,), "a study has at least one direction, this one has none")
    for index, name in enumerate(names):
        if name not in legal:
            raise ConfigValueError(
                (key,) if len(names) == 1 else (key, index),
                f"a direction is minimize or maximize, it is {name!r}",
                did_you_mean(str(name), legal),
            )
    return [legal[name] for name in names]


def _key(directions: Sequence[object]) -> str:
    """Return the setting that holds so many directions."""
    return "direction" if len(directions) == 1 else "directions"


def _names(directions: Sequence[StudyDirection]) -> str:
    return ", ".join(direction.name.lower() for direction in directions)
