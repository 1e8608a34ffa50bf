"""Patterns of ``tune`` against the config that they are about."""

from collections.abc import Iterator

from qgtune.compiler.building.selection import Selection
from qgtune.compiler.linking.link import LinkedSpace
from qgtune.core.diagnostics import did_you_mean
from qgtune.core.paths import format_path, selects_many
from qgtune.space import config_path


def patterns_to_nothing(selection: Selection, linked: LinkedSpace) -> Iterator[tuple[int, str, str]]:
    """Yield the number of each pattern that leads to nothing, what is wrong with it, and a hint."""
    if not selection.patterns:
        return
    paths = {config_path(path) for path in linked.nodes}
    for i, pattern in enumerate(selection.patterns):
        if any(len(path) == len(pattern) and selection.fits(pattern, path) for path in paths):
            continue
        depth = next(
            end
            for end in range(len(pattern))
            if not any(len(p) == end + 1 and selection.fits(pattern[: end + 1], p) for p in paths)
        )
        known = {
            str(p[-1]) for p in paths if len(p) == depth + 1 and selection.fits(pattern[:depth], p[:depth])
        }
        message = f"tune names {format_path(pattern)}, but there is no {format_path(pattern[: depth + 1])}"
        hint = "" if selects_many(pattern[depth]) else did_you_mean(str(pattern[depth]), sorted(known))
        yield i, message, hint
