"""Optuna's plots for scripts and notebooks, as matplotlib axes."""

from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import QgtuneError, UsageError
from qgtune.study.quiet import quiet_optuna
from qgtune.study.results.importance import importances, told_importances
from qgtune.study.results.plots import (
    MISSING,
    MOST_PARAMETERS,
    can_draw,
    figure_of,
    plain_text,
    without_formulas,
)

Target = int | Callable[[FrozenTrial], float]
"""Which value of a trial, from 0; or a function that returns what stands for it."""

_OPTUNA_NAMES = {
    "history": "plot_optimization_history",
    "importance": "plot_param_importances",
    "parallel_coordinates": "plot_parallel_coordinate",
    "slices": "plot_slice",
    "contour": "plot_contour",
    "intermediate_values": "plot_intermediate_values",
    "timeline": "plot_timeline",
    "pareto_front": "plot_pareto_front",
}
_WITHOUT_TARGET = ("intermediate_values", "timeline", "pareto_front")
_MOST = {"parallel_coordinates": MOST_PARAMETERS, "slices": MOST_PARAMETERS, "contour": 2}
"""How many parameters a plot of some of them shows, unless it is told which."""


def plot_axes(
    kind: str, study: optuna.Study, names: Sequence[str], target: Target | None = None, **options: Any
) -> Any:
    """Return the matplotlib axes of one plot.

    Args:
        kind: one of the names of the pictures, without ``.png``.
        study: any study.
        names: the names of its values.
        target: which value is plotted; by default the first.
        options: what Optuna's own function takes.

    Raises:
        QgtuneError: if matplotlib is missing, there is no such plot, or Optuna cannot draw it.
        UsageError: if the study has no such value, or the plot shows none.
    """
    if not can_draw():
        raise QgtuneError(MISSING)
    if kind not in _OPTUNA_NAMES:
        hint = did_you_mean(kind, _OPTUNA_NAMES)
        raise QgtuneError(f"there is no plot {kind!r}, but {', '.join(_OPTUNA_NAMES)}; {hint}".rstrip("; "))
    import optuna.visualization.matplotlib as draw

    chosen = {**_about(kind, study, names, target), **_parameters(kind, study, target, options), **options}
    with quiet_optuna(), plain_text():
        try:
            axes = getattr(draw, _OPTUNA_NAMES[kind])(study, **chosen)
        except (ValueError, TypeError) as error:
            raise QgtuneError(f"the plot {kind} cannot be drawn: {error}") from error
        _settle(figure_of(axes))
    return axes


def _about(kind: str, study: optuna.Study, names: Sequence[str], target: Target | None) -> dict[str, Any]:
    """Return which value Optuna is to plot, and what it is called."""
    if kind in _WITHOUT_TARGET:
        if target is not None:
            raise UsageError(f"the plot {kind} takes no target: it does not show one value of each trial")
        named = kind == "pareto_front" and len(names) == len(study.directions)
        return {"target_names": list(names)} if named else {}
    if callable(target):
        return {"target": target, "target_name": "target"}
    index, several = target or 0, len(study.directions)
    if not 0 <= index < several:
        has = "one value, target 0" if several == 1 else f"{several} values, target 0 to {several - 1}"
        raise UsageError(f"there is no target {target}: a trial of study {study.study_name} has {has}")
    # Of a study of one objective, Optuna knows more if it is given no target: its direction.
    return {
        "target": None if several == 1 else lambda trial: trial.values[index],
        "target_name": names[index],
    }


def _parameters(
    kind: str, study: optuna.Study, target: Target | None, options: dict[str, Any]
) -> dict[str, Any]:
    """Return which parameters Optuna is to plot, where the caller leaves it open; all, if these are few."""
    if "params" in options or kind not in {*_MOST, "importance"}:
        return {}
    if kind != "importance":
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        found = list(dict.fromkeys(name for trial in complete for name in trial.params))
        if len(found) <= _MOST[kind]:
            return {}
        shares = importances(study, target).shares if isinstance(target, int) else importances(study).shares
        return {"params": list(dict.fromkeys([*shares, *found]))[: _MOST[kind]]}
    if callable(target) or "evaluator" in options:
        return {}
    shares, method, _ = importances(study, target or 0)
    if not shares:
        raise QgtuneError(f"the importance of parameters: {method[0].lower()}{method[1:]}")
    return {"evaluator": told_importances(shares, MOST_PARAMETERS)}


def _settle(figure: Any) -> None:
    """Have the labels of all axes made now: matplotlib would take dollar signs in later ones for formulas."""
    without_formulas(figure)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_ticklabels(which="both")
