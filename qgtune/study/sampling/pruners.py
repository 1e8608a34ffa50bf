"""The pruner of a study, from what a tuning file says of it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)

from qgtune.core.errors import ConfigValueError
from qgtune.schema.sampler_settings import Choice
from qgtune.study.sampling.samplers import calling, own_function, with_defaults

_PRUNERS: Mapping[str, Callable[..., BasePruner]] = {
    "none": NopPruner,
    "median": MedianPruner,
    "percentile": PercentilePruner,
    "asha": SuccessiveHalvingPruner,
    "hyperband": HyperbandPruner,
    "patient": PatientPruner,
    "threshold": ThresholdPruner,
    "wilcoxon": WilcoxonPruner,
}


def make_pruner(choice: Choice, folder: Path = Path()) -> BasePruner:
    """Return the pruner of a study; each worker has its own, since all that it learns from is in the study.

    Args:
        choice: which one, and its arguments.
        folder: what the file of a user's own pruner is relative to.

    Raises:
        ConfigValueError: at ``pruner``, if it cannot be made of these arguments.

    Example:
        >>> type(make_pruner(Choice("asha", {"reduction_factor": 3}))).__name__
        'SuccessiveHalvingPruner'
    """
    if choice.name not in _PRUNERS:
        function = own_function("pruner", choice.name, folder)
        made = calling("pruner", choice.name, lambda: function(**choice.arguments))
        if not isinstance(made, BasePruner):
            message = f"{choice.name} must return a pruner of Optuna's kind, but returned {made!r}"
            raise ConfigValueError(("pruner",), message)
        return made
    arguments = with_defaults("pruner", choice)
    if isinstance(inner := arguments.get("wrapped_pruner"), Choice):
        arguments["wrapped_pruner"] = make_pruner(inner, folder)
    pruner: BasePruner = calling("pruner", choice.name, lambda: _PRUNERS[choice.name](**arguments))
    return pruner
