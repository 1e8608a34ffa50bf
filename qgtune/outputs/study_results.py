"""A tuning file and the trials of its study -> the results that every output is made of."""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qgtune.compiler.prepare import Prepared, prepare
from qgtune.compiler.tuning import Tuning
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.paths import format_path
from qgtune.core.trials import TrialRecord
from qgtune.reports.results import Results
from qgtune.reports.trials_table import value_columns
from qgtune.sampling import VISITS_EACH, total_trials
from qgtune.schema.tuning import TuningSettings

if TYPE_CHECKING:
    from qgtune.study import Study

CHANGED = (
    "the search space, the base settings, the dependency map, the objective, the data or the metric has "
    "changed since the study began: configs are shown as the files are now"
)


@dataclass(frozen=True, slots=True)
class Begun:
    """What the values are of a study that was begun with other files than there are now.

    Args:
        metrics: what each value of a trial is.
        columns: the columns of trials.csv that hold them.
    """

    metrics: tuple[str, ...]
    columns: tuple[str, ...]


def results_of(
    prepared: Prepared,
    records: Sequence[TrialRecord],
    begun: Begun | None = None,
    total: int | None = None,
) -> Results:
    """Return the results of a study.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        records: its trials, by number.
        begun: what ``begun_otherwise`` says of the study; with it, nothing is taken from the search space,
            which is not that of the trials, and ``note`` says so.
        total: finished trials that were asked for, where that is known already.
    """
    settings, plan = prepared.tuning.settings, prepared.compilation.plan
    return Results(
        study=settings.name(prepared.tuning.folder),
        metrics=metric_names(settings) if begun is None else begun.metrics,
        directions=settings.all_directions,
        records=tuple(records),
        total=_reached(total_trials(prepared) if total is None else total, records),
        fingerprint=plan.fingerprint if begun is None else "",
        domains={} if begun else {suggestion.name: suggestion.domain for suggestion in plan.suggestions},
        note="" if begun is None else CHANGED,
    )


def results_by_settings(tuning: Tuning, study: "Study") -> Results:
    """Return the results of a study of which only the tuning file is read, as far as that is enough.

    Args:
        tuning: the tuning file. Its search space is compiled where only that tells after how many trials the
            study ends; a space with problems is as good as none.
        study: its study.
    """
    from qgtune.study import trial_records

    settings = tuning.settings
    records = tuple(trial_records(study))
    total = settings.total_trials
    if settings.chosen_sampler.name in VISITS_EACH:
        with contextlib.suppress(DiagnosticError):
            total = total_trials(prepare(tuning.path))
    directions = tuple(direction.name.lower() for direction in study.directions)
    return Results(study.study_name, metric_names(settings), directions, records, _reached(total, records))


def _reached(asked: int, records: Sequence[TrialRecord]) -> int:
    """Return how many trials were asked for, in all, of a study that --more may have taken further."""
    return max(asked, sum(record.is_finished for record in records))


def metric_names(settings: TuningSettings) -> tuple[str, ...]:
    """Return what each value of a trial is called."""
    if settings.task:
        return settings.metric_names
    return tuple(value_columns(len(settings.all_directions)))


def columns_of_values(settings: TuningSettings) -> tuple[str, ...]:
    """Return the names of the columns of trials.csv that hold what trials returned."""
    several = len(settings.all_directions)
    return metric_names(settings) if several > 1 else tuple(value_columns(several))


def open_tuned_study(tuning: Tuning, *, writing: bool = False, turned: bool = False) -> "Study":
    """Return the study of a tuning file, for reading: nothing is made or changed.

    Args:
        tuning: the tuning file.
        writing: whether it may be added to as well, where what keeps it can be written.
        turned: whether it may be a study that was begun with other directions; then nobody may ask which
            trial is the best.

    Raises:
        DiagnosticError: at the setting to blame, if there is no such study, or it was begun with other
            directions.
        QgtuneError: if the study was in memory only.
    """
    from qgtune.study import check_directions, open_study

    settings = tuning.settings
    storage = settings.storage_at(tuning.folder)
    if storage is None:
        raise QgtuneError("the study was in memory only, as storage is null: there is nothing to read")
    try:
        study = open_study(settings.name(tuning.folder), storage, writing=writing)
        if not turned:
            check_directions(study, settings.all_directions)
    except ConfigValueError as error:
        raise DiagnosticError((located(error, tuning),)) from error
    return study


def begun_otherwise(study: "Study", prepared: Prepared) -> Begun | None:
    """Return what a study was begun with, or None if that is what the files say now."""
    from qgtune.study import SPACE, value_names

    if not has_changed(study, prepared):
        return None
    kept = json.loads(study.user_attrs.get(SPACE) or "{}")
    metric = (kept.get("measured") or {}).get("metric")
    names = tuple(metric) if isinstance(metric, list) else (metric,)
    known = len(names) == len(study.directions) and all(isinstance(name, str) for name in names)
    return Begun(names if known else tuple(value_columns(len(study.directions))), value_names(study))


def has_changed(study: "Study", prepared: Prepared) -> bool:
    """Tell whether a study was begun with other files than there are now."""
    from qgtune.study import FINGERPRINT

    begun_with = study.user_attrs.get(FINGERPRINT)
    return begun_with is not None and begun_with != run_fingerprint(prepared)


def run_fingerprint(prepared: Prepared) -> str:
    """Return a text that is equal only for runs whose values can be compared."""
    parts = (
        f"{prepared.compilation.plan.fingerprint} {json.dumps(measured_settings(prepared), sort_keys=True)}"
    )
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def measured_settings(prepared: Prepared) -> dict[str, Any]:
    """Return the settings that say what a trial's value is."""
    settings = prepared.tuning.settings
    measured = {
        "objective": settings.objective,
        "task": settings.task,
        "data": settings.data,
        "metric": _measured_metric(settings),
    }
    # Only where it changes a value: studies that were begun before it was looked at go on.
    return {**measured, "repeats": settings.repeats} if settings.repeats > 1 else measured


def _measured_metric(settings: TuningSettings) -> Any:
    names = settings.metric_names if settings.task else (None,)
    return names[0] if len(names) == 1 else list(names)


def located(error: ConfigValueError, tuning: Tuning) -> Diagnostic:
    """Return the problem of a setting, or of a value in the data section, at its line of the tuning file."""
    head = str(error.path[0]) if error.path else ""
    if error.path == ("storage",):
        place = tuning.locate_first("storage", "output_dir", "study_name")
    elif head in TuningSettings.model_fields and len(error.path) == 1:
        place = tuning.locate(head)
    else:
        place = tuning.document.locate(error.path)
    code = {"storage": "QG419", "sampler": "QG416", "pruner": "QG416", "launcher": "QG422"}.get(head, "QG414")
    if type(error).__name__ == "SpaceChangedError":
        code = "QG421"
    return Diagnostic(code, f"{format_path(error.path)}: {error.message}", place, error.hint)
