"""A tuning file and the trials of its study -> the results that every output is made of."""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qgtune.compiler.prepare import Prepared
from qgtune.compiler.tuning import Tuning
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.paths import format_path
from qgtune.core.trials import TrialRecord
from qgtune.reports.results import Results
from qgtune.schema.tuning import TuningSettings

if TYPE_CHECKING:
    from qgtune.study import Study

CHANGED = (
    "the search space, the base settings, the dependency map, the objective, the data or the metric has "
    "changed since the study began: configs are shown as the files are now"
)


def results_of(prepared: Prepared, records: Sequence[TrialRecord]) -> Results:
    """Return the results of a study.

    Args:
        prepared: what ``prepare`` made of the tuning file.
        records: its trials, by number.
    """
    settings, plan = prepared.tuning.settings, prepared.compilation.plan
    return Results(
        study=settings.name(prepared.tuning.folder),
        metrics=(settings.metric_name if settings.task else "value",),
        directions=(settings.direction,),
        records=tuple(records),
        total=settings.total_trials,
        fingerprint=plan.fingerprint,
        domains={suggestion.name: suggestion.domain for suggestion in plan.suggestions},
    )


def open_tuned_study(tuning: Tuning) -> "Study":
    """Return the study of a tuning file, for reading.

    Raises:
        DiagnosticError: at the setting to blame, if there is no such study.
        QgtuneError: if the study was in memory only.
    """
    from qgtune.study import open_study

    settings = tuning.settings
    journal = settings.journal(tuning.folder)
    storage = settings.storage if journal is None else str(journal)
    if storage is None:
        raise QgtuneError("the study was in memory only, as storage is null: there is nothing to read")
    try:
        return open_study(settings.name(tuning.folder), storage)
    except ConfigValueError as error:
        raise DiagnosticError((located(error, tuning),)) from error


def has_changed(study: "Study", prepared: Prepared) -> bool:
    """Tell whether a study was begun with other files than there are now."""
    from qgtune.study import FINGERPRINT

    begun_with = study.user_attrs.get(FINGERPRINT)
    return begun_with is not None and begun_with != run_fingerprint(prepared)


def run_fingerprint(prepared: Prepared) -> str:
    """Return a text that is equal only for runs whose values can be compared."""
    settings = prepared.tuning.settings
    measured = {
        "objective": settings.objective,
        "task": settings.task,
        "data": settings.data,
        "metric": settings.metric_name if settings.task else None,
    }
    parts = f"{prepared.compilation.plan.fingerprint} {json.dumps(measured, sort_keys=True)}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def located(error: ConfigValueError, tuning: Tuning) -> Diagnostic:
    """Return the problem of a setting, or of a value in the data section, at its line of the tuning file."""
    head = str(error.path[0]) if error.path else ""
    if head in TuningSettings.model_fields and len(error.path) == 1:
        place = tuning.locate(head)
    else:
        place = tuning.document.locate(error.path)
    return Diagnostic("QG414", f"{format_path(error.path)}: {error.message}", place, error.hint)
