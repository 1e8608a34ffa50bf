"""Branches: how paths of the tree name the cases of a switch."""

from qgtune.core.paths import Path, format_path


class Branch(str):
    """The part of a tree's path that names a case of a switch; a config's path has no such part."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Branch) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Branch, str(self)))


def config_path(path: Path) -> Path:
    """Return where the node at a path of the tree stands in a config: the path without its branches."""
    if Branch not in map(type, path):  # as most are; this is asked very often
        return path
    return tuple(part for part in path if not isinstance(part, Branch))


def path_text(path: Path) -> str:
    """Return a path of the tree as it is shown: that of the config, with brackets.

    Example:
        >>> path_text(("model", "gcn_net", 0, Branch("gat"), "heads"))
        'model.gcn_net[0].heads'
    """
    return format_path(config_path(path))
