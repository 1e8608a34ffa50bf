"""What a run tries first: the base settings, the tuning file's own configs, the best ones of others."""

from typing import TYPE_CHECKING, Any

from qgtune.compiler.enqueued import base_params, enqueued_params, params_in
from qgtune.compiler.prepare import Prepared
from qgtune.compiler.problems import Problems
from qgtune.compiler.warm_start import warm_start_study
from qgtune.core.diagnostics import Diagnostic
from qgtune.core.errors import ConfigValueError, DiagnosticError
from qgtune.core.trials import TrialRecord

if TYPE_CHECKING:
    from qgtune.study import Study

TAKEN_OVER = 5
"""How many trials of another study are tried first."""


def params_to_try_first(prepared: Prepared, *, with_base: bool) -> tuple[dict[str, Any], ...]:
    """Return parameters by their names in the study, as it stores them.

    Args:
        prepared: the tuning file, which was checked.
        with_base: whether the base settings may be among them; a sampler that visits every combination
            comes to them anyway.

    Raises:
        DiagnosticError: at ``warm_start``, if there is no such study.
    """
    written = enqueued_params(prepared.tuning, prepared.compilation, Problems())
    base = base_params(prepared.compilation)
    kept = tuple(params for params in written if with_base or params != base)
    return kept + tuple(_best_of_another(prepared))


def _best_of_another(prepared: Prepared) -> list[dict[str, Any]]:
    from qgtune.study import open_study

    tuning = prepared.tuning
    problems = Problems()
    where = warm_start_study(tuning, problems)
    problems.raise_errors()
    if where is None:
        return []
    try:
        study = open_study(*where)
    except ConfigValueError as error:
        message = f"warm_start: {error.message}"
        raise DiagnosticError(
            (Diagnostic("QG420", message, tuning.locate("warm_start"), error.hint),)
        ) from error
    fitting = (params_in(prepared.compilation.plan, record.params) for record in _best_first(study))
    found = [params for params in fitting if params is not None]
    return found[:TAKEN_OVER] if len(study.directions) == 1 else _spread(found)


def _spread(front: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return members from one end of a front to the other."""
    if len(front) <= TAKEN_OVER:
        return front
    return [front[i * (len(front) - 1) // (TAKEN_OVER - 1)] for i in range(TAKEN_OVER)]


def _best_first(study: "Study") -> list[TrialRecord]:
    """Return the complete trials by their study's own direction; of several, those that no other beats."""
    from qgtune.study import pareto_front, trial_records

    directions = [direction.name.lower() for direction in study.directions]
    records = [record for record in trial_records(study) if record.state == "complete"]
    best = records if len(directions) == 1 else pareto_front(records, directions)
    sign = -1.0 if directions[0] == "maximize" else 1.0
    return sorted(best, key=lambda record: (sign * record.values[0], record.number))
