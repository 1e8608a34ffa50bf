"""qgtune: write what you would train, mark what may vary, say what follows from what.

The public names::

    build_search_space_with_dependencies   a trial's config, for an objective of your own
    tune                                   QGTune's functions under their own names
    load_study, trials_frame, parameter_importances, plot_history, ...   a study's results
    register                               a layer, a metric, a task, a sampler, ... of your own, under a name
    DiagnosticError, QgtuneError, QgtuneWarning, TrialPruned
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qgtune import tune
from qgtune.core.diagnostics import did_you_mean
from qgtune.core.errors import (
    ConfigValueError,
    DiagnosticError,
    QgtuneError,
    QgtuneWarning,
    TrialPruned,
    UsageError,
)
from qgtune.core.registry import note_own_name
from qgtune.schema.samplers import OWN
from qgtune.tune import build_search_space_with_dependencies

if TYPE_CHECKING:
    from qgtune.outputs.studies import (
        load_study,
        parameter_importances,
        plot_contour,
        plot_history,
        plot_importance,
        plot_intermediate_values,
        plot_parallel_coordinates,
        plot_pareto_front,
        plot_slices,
        plot_timeline,
        trials_frame,
    )

__all__ = [
    "ConfigValueError",
    "DiagnosticError",
    "QgtuneError",
    "QgtuneWarning",
    "TrialPruned",
    "build_search_space_with_dependencies",
    "load_study",
    "parameter_importances",
    "plot_contour",
    "plot_history",
    "plot_importance",
    "plot_intermediate_values",
    "plot_parallel_coordinates",
    "plot_pareto_front",
    "plot_slices",
    "plot_timeline",
    "register",
    "trials_frame",
    "tune",
]

_OF_STUDIES = frozenset(
    name for name in __all__ if name.startswith(("load_", "parameter_", "plot_", "trials_"))
)
"""Public names of ``qgtune.outputs.studies``, which takes longer to import than most scripts need."""


_WITH_TORCH = {
    "layer": "qgtune.nn:LAYERS",
    "normalizer": "qgtune.nn:NORMALIZERS",
    "activation": "qgtune.nn:ACTIVATIONS",
    "pooling": "qgtune.nn:POOLING",
    "metric": "qgtune.training:METRICS",
    "regression_metric": "qgtune.training:REGRESSION_METRICS",
    "task": "qgtune.training:TASKS",
    "dataset": "qgtune.data:DATASETS",
}
"""Kind -> the registry of its rooms, which import torch and are entered only where they are asked for."""


def register(kind: str, name: str) -> Callable[[Any], Any]:
    """Return a decorator that makes a class or a function known under a name, for YAML files to use.

    Other processes of a run know it where they import the module that registers it: name that module under
    ``plugins`` in the tuning file, or give a package an entry point of the group ``qgtune.<kind>``.

    Args:
        kind: ``layer``, ``normalizer``, ``activation``, ``pooling``, ``metric``, ``regression_metric``,
            ``task`` (an object of its class), ``dataset``, ``sampler``, ``pruner`` or ``launcher``.
        name: what a file calls it; a later registration replaces an earlier one.

    Raises:
        UsageError: if there is no such kind.

    Example:
        >>> @register("pruner", "impatient")
        ... def impatient(epochs: int = 3) -> object:
        ...     from optuna.pruners import PatientPruner
        ...
        ...     return PatientPruner(None, epochs)
    """
    if kind in OWN:
        return OWN[kind].register(name)
    if kind not in _WITH_TORCH:
        known = (*OWN, *_WITH_TORCH)
        raise UsageError(f"there is no kind {kind!r} of things to register ({did_you_mean(kind, known)})")
    note_own_name(kind, name)
    module, _, registry = _WITH_TORCH[kind].partition(":")
    decorate: Callable[[Any], Any] = getattr(import_module(module), registry).register(name)
    return decorate


def __getattr__(name: str) -> Any:
    """Return what is slow to import where it is asked for; the version costs a tenth of a whole check."""
    if name in _OF_STUDIES:
        from qgtune.outputs import studies

        return getattr(studies, name)
    if name != "__version__":
        raise AttributeError(f"module 'qgtune' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("qgtune")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
