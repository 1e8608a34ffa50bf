"""What the command line tells programs of a study and of a trial, as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from qgtune.core.trials import TrialRecord
from qgtune.core.wording import number_as_json
from qgtune.document import format_flow
from qgtune.outputs.machine_files import best_trials, reasons
from qgtune.reports.results import Results
from qgtune.schema.outputs import RunningTrial, ShownTrial, StudyStatus


def status_text(results: Results, curves: Mapping[int, Sequence[tuple[int, float]]]) -> str:
    """Return how far a study has come, as JSON.

    Args:
        results: its trials.
        curves: step and value of each report, by the number of the trial.
    """
    return StudyStatus(
        study=results.study,
        metrics=list(results.metrics),
        directions=list(results.directions),  # type: ignore[arg-type]  # checked by the model
        finished=results.finished,
        asked=results.total,
        counts=results.counts,
        reasons=reasons(results),
        best=best_trials(results),
        running=[
            _running(record, curves.get(record.number, ()))
            for record in results.records
            if record.state == "running"
        ],
        mean_duration_seconds=results.mean_duration,
    ).text()


def _running(record: TrialRecord, curve: Sequence[tuple[int, float]]) -> RunningTrial:
    step, value = curve[-1] if curve else (None, None)
    return RunningTrial(
        number=record.number,
        worker=record.worker or None,
        datetime_start=None if record.started is None else record.started.isoformat(),
        step=step,
        value=value,
    )


def trial_text(results: Results, record: TrialRecord, config: dict[str, Any] | None, *, changed: bool) -> str:
    """Return one trial with its config, as JSON.

    Args:
        results: the study that has it.
        record: the trial.
        config: its config; None where its parameters do not tell it.
        changed: whether the files have changed since the study began.
    """
    return ShownTrial(
        study=results.study,
        metrics=list(results.metrics),
        number=record.number,
        state=record.outcome,  # type: ignore[arg-type]  # checked by the model
        values=list(record.values),
        params=record.params,
        config=None if config is None else _as_json(config),
        changed=changed,
        duration_seconds=record.duration,
        datetime_start=None if record.started is None else record.started.isoformat(),
        datetime_complete=None if record.ended is None else record.ended.isoformat(),
        worker=record.worker or None,
        peak_memory=record.peak_memory,
        failure=record.failure,
        reused_from=record.reused_from,
        repeats=[list(values) for values in record.repeats],
        spread=list(record.spread),
    ).text()


def _as_json(value: Any) -> Any:
    """Return a value of a config as JSON can hold it: keys are texts, and so is what JSON has no form for."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, float):
        return number_as_json(value)
    return value if value is None or isinstance(value, str | int) else format_flow(value)
