"""How much each parameter matters for the values of a study's trials."""

import math
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.quiet import quiet_optuna

# optuna.importance loads scikit-learn, which takes longer than all the rest of this room.
if TYPE_CHECKING:
    from optuna.importance import BaseImportanceEvaluator

_MOST_CELLS = 20_000
"""Trials times parameters up to which fANOVA, whose forests take long to grow, answers in seconds."""


def importances(study: optuna.Study, target: int = 0, least: int = 2) -> tuple[dict[str, float], str]:
    """Return the importance of each parameter, and how it was found.

    fANOVA for studies of usual size (Hutter, Hoos, Leyton-Brown: An Efficient Approach for Assessing
    Hyperparameter Importance, ICML 2014), PED-ANOVA for large ones (Watanabe, Bansal, Hutter: PED-ANOVA:
    Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces, IJCAI 2023). Only parameters
    that every complete trial has are compared.

    Args:
        study: any study.
        target: which value of a trial, from 0.
        least: complete trials below which nothing is said; at least 2.

    Returns:
        The shares by name, which add up to 1, the largest first; empty where they are undefined, and then the
        reason in place of the method.

    Example:
        ``shares, method = importances(study)``
    """
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    finite = [trial for trial in trials if math.isfinite(trial.values[target])]
    if len(finite) < 2:
        return {}, "It is undefined with fewer than two complete trials"
    if len(finite) < least:
        return {}, f"It says too little with fewer than {least} complete trials"
    if len({trial.values[target] for trial in finite}) == 1:
        return {}, "It is undefined where all complete trials have the same value"
    common = set(finite[0].params).intersection(*(trial.params for trial in finite))
    varying = [name for name in finite[0].params if name in common and _varies(name, finite)]
    if not varying:
        return {}, "It is undefined where no parameter of all complete trials varies"
    return _evaluated(study, finite, varying, lambda trial: float(trial.values[target]))


def _varies(name: str, trials: list[FrozenTrial]) -> bool:
    first = trials[0].params[name]
    return any(trial.params[name] != first for trial in trials)


def _evaluated(
    study: optuna.Study,
    trials: list[FrozenTrial],
    names: list[str],
    target: Callable[[FrozenTrial], float],
) -> tuple[dict[str, float], str]:
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    evaluator = evaluator_for(len(trials) * len(names))
    with quiet_optuna(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # One objective is asked about: a target of ours would tell PED-ANOVA nothing of its direction.
        one = None if len(study.directions) == 1 else target
        try:
            found = get_param_importances(study, evaluator=evaluator, params=names, target=one)
        except (ValueError, RuntimeError, ZeroDivisionError) as error:
            return {}, f"It could not be computed: {error}"
    shares = {name: float(share) for name, share in found.items() if math.isfinite(share)}
    return shares, "fANOVA" if isinstance(evaluator, FanovaImportanceEvaluator) else "PED-ANOVA"


def evaluator_for(cells: int) -> "BaseImportanceEvaluator":
    """Return what finds importances in seconds for so many trials times parameters."""
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

    if cells <= _MOST_CELLS:
        return FanovaImportanceEvaluator(n_trees=32, max_depth=32, seed=0)
    return PedAnovaImportanceEvaluator(evaluate_on_local=False)
