"""The names that a user adds to those of qgtune: by entry points of installed packages, or by ``register``.

A package that writes, in its ``pyproject.toml``, ::

    [project.entry-points."qgtune.layer"]
    mine = "its_module:MyConv"

makes ``gnn_layer_type: mine`` legal. Here only the names are read: nothing of the package is imported.
``qgtune.register("layer", "mine")`` does the same for the process that calls it.
"""

from functools import cache
from importlib.metadata import entry_points

from qgtune.core.registry import own_names
from qgtune.schema.gnn.names import RegisteredNames


def installed_tasks() -> frozenset[str]:
    """Return the names of the tasks that a user adds."""
    return _names("task")


def installed_datasets() -> frozenset[str]:
    """Return the names of the data sets that a user adds."""
    return _names("dataset")


def installed_names() -> RegisteredNames:
    """Return the names in a config that a user adds."""
    return RegisteredNames(
        layer_types=_names("layer"),
        normalizers=_names("normalizer"),
        activations=_names("activation"),
        poolings=_names("pooling"),
        metrics=_names("metric") | own_names("regression_metric"),
    )


def _names(kind: str) -> frozenset[str]:
    return names_of_packages(kind) | own_names(kind)


@cache
def names_of_packages(kind: str) -> frozenset[str]:
    """Return the names that the installed packages' entry points give; looked up once in a process."""
    return frozenset(entry_points(group=f"qgtune.{kind}").names)
