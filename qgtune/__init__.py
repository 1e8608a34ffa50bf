"""qgtune: write what you would train, mark what may vary, say what follows from what.

The public names::

    build_search_space_with_dependencies   a trial's config, for an objective of your own
    tune                                   QGTune's functions under their own names
    DiagnosticError, QgtuneError, QgtuneWarning, TrialPruned
"""

from importlib.metadata import PackageNotFoundError, version

from qgtune import tune
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError, QgtuneWarning, TrialPruned
from qgtune.tune import build_search_space_with_dependencies

try:
    __version__ = version("qgtune")
except PackageNotFoundError:  # run from a folder that was never installed
    __version__ = "0"

__all__ = [
    "ConfigValueError",
    "DiagnosticError",
    "QgtuneError",
    "QgtuneWarning",
    "TrialPruned",
    "__version__",
    "build_search_space_with_dependencies",
    "tune",
]
