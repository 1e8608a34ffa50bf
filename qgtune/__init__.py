"""qgtune: write what you would train, mark what may vary, say what follows from what.

The public names::

    build_search_space_with_dependencies   a trial's config, for an objective of your own
    tune                                   QGTune's functions under their own names
    DiagnosticError, QgtuneError, QgtuneWarning, TrialPruned
"""

from typing import Any

from qgtune import tune
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError, QgtuneWarning, TrialPruned
from qgtune.tune import build_search_space_with_dependencies

__all__ = [
    "ConfigValueError",
    "DiagnosticError",
    "QgtuneError",
    "QgtuneWarning",
    "TrialPruned",
    "build_search_space_with_dependencies",
    "tune",
]


def __getattr__(name: str) -> Any:
    """Return the version where it is asked for: to look it up costs a tenth of a whole check."""
    if name != "__version__":
        raise AttributeError(f"module 'qgtune' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("qgtune")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
