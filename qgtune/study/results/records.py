"""The trials of a study as plain records."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.core.trials import TrialRecord
from qgtune.study.attributes import (
    FAILURE,
    FORGIVEN,
    LOST,
    PEAK_MEMORY,
    PRUNED_BECAUSE,
    REPEATED_VALUES,
    REUSED_FROM,
    SPREAD,
    WORKER,
    is_lost,
)

_STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


def trial_records(study: optuna.Study) -> list[TrialRecord]:
    """Return a record of every trial that has begun, in the order of their numbers."""
    trials = study.get_trials(deepcopy=False, states=tuple(_STATES))
    forgiven = forgiven_trials(study)
    records = [trial_record(trial) for trial in trials]
    return [replace(record, forgiven=True) if record.number in forgiven else record for record in records]


def forgiven_trials(study: optuna.Study) -> frozenset[int]:
    """Return the numbers of the failed trials that do not count, as nothing had come of any trial by then."""
    return frozenset(study.user_attrs.get(FORGIVEN, ()))


def trial_record(trial: FrozenTrial) -> TrialRecord:
    """Return the record of one trial; whether it was forgiven only its study knows.

    A pruned trial has no values: what it reported last is not what it would have returned.
    """
    complete = trial.state == TrialState.COMPLETE
    return TrialRecord(
        number=trial.number,
        state=_STATES[trial.state],
        values=tuple(trial.values) if complete else (),
        params=dict(trial.params),
        started=trial.datetime_start,
        ended=trial.datetime_complete,
        failure=_reason(trial),
        worker=str(trial.user_attrs.get(WORKER, "")),
        lost=is_lost(trial),
        peak_memory=trial.user_attrs.get(PEAK_MEMORY),
        reused_from=trial.user_attrs.get(REUSED_FROM),
        repeats=tuple(map(_several, trial.user_attrs.get(REPEATED_VALUES, ()))),
        spread=_several(trial.user_attrs.get(SPREAD, ())),
    )


def _several(kept: Any) -> tuple[float, ...]:
    """Return the numbers of an attribute, which a study of one objective keeps bare."""
    return tuple(map(float, kept)) if isinstance(kept, list | tuple) else (float(kept),)


def _reason(trial: FrozenTrial) -> str:
    """Return why a trial did not come to its end, or an empty text."""
    reasons = (LOST, FAILURE, PRUNED_BECAUSE) if trial.state == TrialState.FAIL else (PRUNED_BECAUSE,)
    return next((str(trial.user_attrs[name]) for name in reasons if name in trial.user_attrs), "")


def complete_trials(study: optuna.Study) -> Iterator[tuple[int, dict[str, Any], tuple[float, ...]]]:
    """Yield the number, the parameters and the values of every complete trial, in their order."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        yield trial.number, trial.params, tuple(trial.values)


def value_names(study: optuna.Study) -> tuple[str, ...]:
    """Return what the values of a trial are called in a table.

    Example:
        >>> value_names(optuna.create_study(directions=["minimize", "maximize"]))
        ('values_0', 'values_1')
    """
    count = len(study.directions)
    if count == 1:
        return ("value",)
    return tuple(study.metric_names or (f"values_{index}" for index in range(count)))


def best_record(records: Iterable[TrialRecord], direction: str) -> TrialRecord | None:
    """Return the complete trial with the best single value, the earliest of equals, or None.

    Args:
        records: any records; only complete ones with one value take part.
        direction: ``minimize`` or ``maximize``.

    Example:
        >>> worse = TrialRecord(0, "complete", (0.5,), {})
        >>> better = TrialRecord(1, "complete", (0.9,), {})
        >>> best_record([worse, better], "maximize").number
        1
    """
    sign = -1.0 if direction == "maximize" else 1.0
    complete = [record for record in records if record.state == "complete" and len(record.values) == 1]
    return min(complete, key=lambda record: (sign * record.values[0], record.number), default=None)


def is_finished(trial: FrozenTrial) -> bool:
    """Return whether the trial counts towards a run's total.

    Complete, pruned, and failed by its objective count; a trial whose process was killed does not.
    """
    return trial.state.is_finished() and not is_lost(trial)
