"""What of the search space varies in this study: all of it, or the parts that ``tune`` names."""

from dataclasses import dataclass
from enum import Enum

from qgtune.core.paths import Path, PathSyntaxError, parse_path, selected, selects_many

MAX_ITEMS = 2**31
"""More items than any list has, for slices of a list whose length is not known."""


class Extent(Enum):
    """How much varies at and below a path."""

    ALL = "all"
    PART = "part"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Selection:
    """The parts of a config that a study varies; the rest comes from the base settings as it is.

    Args:
        untuned: sections (top-level keys) of which nothing varies.
        patterns: paths, perhaps with ``[*]``, at and below which everything varies; None for everywhere.
    """

    untuned: frozenset[str] = frozenset()
    patterns: tuple[Path, ...] | None = None

    def extent(self, path: Path) -> Extent:
        """Return how much varies at and below a path of the config."""
        if path and path[0] in self.untuned:
            return Extent.NONE
        if self.patterns is None:
            return Extent.ALL
        found = Extent.NONE
        for pattern in self.patterns:
            if self.fits(pattern, path):
                if len(pattern) <= len(path):
                    return Extent.ALL
                found = Extent.PART
        return found

    @staticmethod
    def fits(pattern: Path, path: Path) -> bool:
        """Tell whether a path agrees with a pattern, as far as both go."""
        return all(_fits(wanted, part) for wanted, part in zip(pattern, path, strict=False))


EVERYTHING = Selection()


def parse_pattern(text: str) -> Path:
    """Return the path that a pattern of ``tune`` spells.

    Raises:
        PathSyntaxError: if it is none, or if it counts from the end of a list, whose length may vary.
    """
    pattern = parse_path(text)
    for part in pattern:
        if (isinstance(part, int) and part < 0) or (selects_many(part) and "-" in str(part)):
            raise PathSyntaxError(text, text.find("-"), "tune counts items from the start, but this does not")
    return pattern


def _fits(wanted: str | int, part: str | int) -> bool:
    if isinstance(part, int) and selects_many(wanted):
        return part in selected(wanted, MAX_ITEMS)
    return wanted == part
