"""qgtune: write what you would train, mark what may vary, say what follows from what.

The public names::

    build_search_space_with_dependencies   a trial's config, for an objective of your own
    tune                                   QGTune's functions under their own names
    register                               a sampler or a pruner of your own, under a name
    DiagnosticError, QgtuneError, QgtuneWarning, TrialPruned
"""

from collections.abc import Callable
from typing import Any

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
from qgtune.schema.samplers import OWN
from qgtune.tune import build_search_space_with_dependencies

__all__ = [
    "ConfigValueError",
    "DiagnosticError",
    "QgtuneError",
    "QgtuneWarning",
    "TrialPruned",
    "build_search_space_with_dependencies",
    "register",
    "tune",
]


def register(kind: str, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that makes a function known under a name, for the tuning file to use.

    Worker processes know it where they import the module that registers it: a package does so with an entry
    point of the group ``qgtune.<kind>``.

    Args:
        kind: ``sampler`` or ``pruner``.
        name: what a tuning file calls it; a later registration replaces an earlier one.

    Raises:
        UsageError: if there is no such kind.

    Example:
        >>> @register("pruner", "impatient")
        ... def impatient(epochs: int = 3) -> object:
        ...     from optuna.pruners import PatientPruner
        ...
        ...     return PatientPruner(None, epochs)
    """
    if kind not in OWN:
        raise UsageError(f"there is no kind {kind!r} of things to register ({did_you_mean(kind, OWN)})")
    return OWN[kind].register(name)


def __getattr__(name: str) -> Any:
    """Return the version where it is asked for: to look it up costs a tenth of a whole check."""
    if name != "__version__":
        raise AttributeError(f"module 'qgtune' has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("qgtune")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
