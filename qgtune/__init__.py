"""qgtune: write what you would train, mark what may vary, say what follows from what.

The public names::

    build_search_space_with_dependencies   a trial's config, for an objective of your own
    tune                                   QGTune's functions under their own names
    load_study, trials_frame, parameter_importances, plot_history, ...   a study's results
    DiagnosticError, QgtuneError, QgtuneWarning, TrialPruned
"""

from typing import TYPE_CHECKING, Any

from qgtune import tune
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError, QgtuneWarning, TrialPruned
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
    "trials_frame",
    "tune",
]

_OF_STUDIES = frozenset(
    name for name in __all__ if name.startswith(("load_", "parameter_", "plot_", "trials_"))
)
"""Public names of ``qgtune.outputs.studies``, which takes longer to import than most scripts need."""


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
