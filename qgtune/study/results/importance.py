"""How much each parameter matters for the values of a study's trials."""

import math
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from qgtune.study.quiet import quiet_optuna

# optuna.importance loads scikit-learn, which takes longer than all the rest of this room.
if TYPE_CHECKING:
    from optuna.importance import BaseImportanceEvaluator

_MOST_CELLS = 20_000
"""Trials times parameters up to which fANOVA, whose forests take long to grow, answers in seconds."""


class Importances(NamedTuple):
    """The importance of each parameter, and how it was found.

    Args:
        shares: the shares by name, which add up to 1, the largest first; empty where they are undefined.
        method: how they were found; where they are undefined, why.
        left_out: the parameters that only some complete trials have, which cannot be compared.
    """

    shares: dict[str, float]
    method: str
    left_out: tuple[str, ...] = ()


def importances(study: optuna.Study, target: int = 0, least: int = 2) -> Importances:
    """Return the importance of each parameter, and how it was found.

    fANOVA for studies of usual size (Hutter, Hoos, Leyton-Brown: An Efficient Approach for Assessing
    Hyperparameter Importance, ICML 2014), PED-ANOVA for large ones (Watanabe, Bansal, Hutter: PED-ANOVA:
    Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces, IJCAI 2023). Only parameters
    that every complete trial has are compared.

    Args:
        study: any study.
        target: which value of a trial, from 0.
        least: complete trials below which nothing is said; at least 2.

    Example:
        ``shares, method, left_out = importances(study)``
    """
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    finite = [trial for trial in trials if math.isfinite(trial.values[target])]
    if len(finite) < 2:
        return Importances({}, "It is undefined with fewer than two complete trials")
    if len(finite) < least:
        return Importances({}, f"It says too little with fewer than {least} complete trials")
    if len({trial.values[target] for trial in finite}) == 1:
        return Importances({}, "It is undefined where all complete trials have the same value")
    common = set(finite[0].params).intersection(*(trial.params for trial in finite))
    others = dict.fromkeys(name for trial in finite for name in trial.params if name not in common)
    varying = [name for name in finite[0].params if name in common and _varies(name, finite)]
    if not varying:
        return Importances({}, "It is undefined where no parameter of all complete trials varies")
    return _evaluated(study, finite, varying, target)._replace(left_out=tuple(others))


def _varies(name: str, trials: list[FrozenTrial]) -> bool:
    first = trials[0].params[name]
    return any(trial.params[name] != first for trial in trials)


def _evaluated(study: optuna.Study, trials: list[FrozenTrial], names: list[str], target: int) -> Importances:
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    evaluator = _evaluator_for(len(trials) * len(names))
    # PED-ANOVA asks what makes values small, unless it is given no target and thus knows the direction.
    sign = -1 if study.directions[target].name == "MAXIMIZE" else 1
    value = None if len(study.directions) == 1 else lambda trial: sign * float(trial.values[target])
    with quiet_optuna(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = get_param_importances(study, evaluator=evaluator, params=names, target=value)
        except Exception as error:  # noqa: BLE001 - of odd values, forests fail in many ways; a report goes on
            words = str(error) or type(error).__name__
            return Importances({}, f"It could not be computed: {words}")
    shares = {name: float(share) for name, share in found.items() if math.isfinite(share)}
    if not shares:
        return Importances({}, "It could not be computed: no share is a number")
    return Importances(shares, "fANOVA" if isinstance(evaluator, FanovaImportanceEvaluator) else "PED-ANOVA")


def _evaluator_for(cells: int) -> "BaseImportanceEvaluator":
    """Return what finds importances in seconds for so many trials times parameters."""
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

    if cells <= _MOST_CELLS:
        return FanovaImportanceEvaluator(n_trees=32, max_depth=32, seed=0)
    return PedAnovaImportanceEvaluator(evaluate_on_local=False)


def told_importances(shares: Mapping[str, float], most: int) -> "BaseImportanceEvaluator":
    """Return what answers Optuna's plot with importances that are known, so that all reports tell the same.

    Args:
        shares: the share of each parameter, the largest first.
        most: how many parameters have a bar of their own; all others share one.
    """
    from optuna.importance import BaseImportanceEvaluator

    told = dict(list(shares.items())[:most])
    rest = list(shares.values())[most:]
    if rest:
        told[f"{len(rest)} other{'' if len(rest) == 1 else 's'}"] = math.fsum(rest)

    class Told(BaseImportanceEvaluator):
        """Computes nothing."""

        def evaluate(
            self,
            study: optuna.Study,  # noqa: ARG002 - Optuna's signature
            params: list[str] | None = None,  # noqa: ARG002 - the same
            *,
            target: Callable[[FrozenTrial], float] | None = None,  # noqa: ARG002 - the same
        ) -> dict[str, float]:
            return told

    return Told()
