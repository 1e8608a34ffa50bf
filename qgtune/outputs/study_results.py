"""A tuning file and the trials of its study -> the results that every output is made of."""

from collections.abc import Sequence

from qgtune.compiler.prepare import Prepared
from qgtune.core.trials import TrialRecord
from qgtune.reports.results import Results


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
