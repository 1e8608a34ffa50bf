"""File names as users see them."""

import os
import pathlib

from qgtune.core.diagnostics import nearest


def shown_path(path: pathlib.Path) -> str:
    """Return a path as diagnostics show it: relative to the working directory where it lies below it."""
    absolute = pathlib.Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    working = pathlib.Path.cwd()
    return str(absolute.relative_to(working)) if absolute.is_relative_to(working) else str(path)


def similar_file(path: pathlib.Path) -> str:
    """Return the hint ``did you mean 'x.yaml'?`` for a file that is not there, or an empty text."""
    try:
        siblings = [other.name for other in path.parent.iterdir() if other.suffix[:3] == path.suffix[:3]]
    except (OSError, ValueError):  # ValueError: a name with a NUL character
        return ""
    meant = None if path.name in siblings else nearest(path.name, siblings, cutoff=0.8)
    return f"did you mean {meant!r}?" if meant else ""
