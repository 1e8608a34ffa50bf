"""The names that installed packages add to those of qgtune, by their entry points.

A package that writes, in its ``pyproject.toml``, ::

    [project.entry-points."qgtune.layer"]
    mine = "its_module:MyConv"

makes ``gnn_layer_type: mine`` legal. Here only the names are read: nothing of the package is imported.
"""

from functools import cache
from importlib.metadata import entry_points

from qgtune.schema.gnn.names import RegisteredNames

_GROUPS = {
    "layer_types": "qgtune.layer",
    "normalizers": "qgtune.normalizer",
    "activations": "qgtune.activation",
    "poolings": "qgtune.pooling",
    "metrics": "qgtune.metric",
}


@cache
def installed_tasks() -> frozenset[str]:
    """Return the names of the tasks that the installed packages add; looked up once in a process."""
    return frozenset(entry_points(group="qgtune.task").names)


@cache
def installed_names() -> RegisteredNames:
    """Return the names that the installed packages' entry points give; looked up once in a process."""
    return RegisteredNames(
        **{kind: frozenset(entry_points(group=group).names) for kind, group in _GROUPS.items()}
    )
