"""A path of the config -> the places of the tree that it leads to, in whichever cases these stand."""

from dataclasses import dataclass, field

from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.linking.nearest_paths import missing_hint
from qgtune.compiler.linking.sources import Route
from qgtune.core.paths import ROOT, Path
from qgtune.insight.presence import is_last_or_not
from qgtune.space import Branch, Repeat, SpaceNode, Switch, config_path
from qgtune.space.tree import LAST, MIDDLE, child_at, child_key


@dataclass(slots=True)
class Found:
    """Where a path leads to.

    Args:
        paths: the places of the tree, in the order of the cases.
        absences: the cases in which nothing stands there, by their places of the tree.
        missing: the path as far as it leads, and the first part that leads to nothing.
        hint: what may be meant instead.
    """

    paths: list[Path] = field(default_factory=list)
    absences: list[Path] = field(default_factory=list)
    missing: Path = ROOT
    hint: str = ""


def found_at(space: LinkedSpace, path: Path) -> Found:
    """Return where a path of the config leads to; one through a copy is led on to where that reads.

    Args:
        space: the tree.
        path: the path; indices may count from the end.
    """
    found = Found()
    _Search(space, found).follow(space.root, ROOT, path)
    return found


class _Search:
    def __init__(self, space: LinkedSpace, found: Found) -> None:
        self.space = space
        self.found = found

    def follow(self, node: SpaceNode, here: Path, rest: Path) -> bool:
        """Add the places that ``rest`` leads to from a node; tell whether there are any."""
        if isinstance(node, Switch):
            return self._through_cases(node, here, rest)
        if not rest:
            if here not in self.found.paths:
                self.found.paths.append(here)
            return True
        start = self._copied(here)
        if start is not None:
            return self.follow(self.space.root, ROOT, (*start, *rest))
        if isinstance(node, Repeat) and isinstance(rest[0], int) and rest[0] < 0:
            return self._from_the_end(node, here, rest)
        key = child_key(node, rest[0])
        if key is None:
            if not self.found.missing:
                place = config_path(here)
                self.found.missing = (*place, rest[0])
                self.found.hint = missing_hint(node, self.found.missing, len(place))
            return False
        return self.follow(child_at(node, key), (*here, key), rest[1:])

    def _copied(self, here: Path) -> Path | None:
        """Return the path of the config that the value at a path of the tree is a copy of, if it is one."""
        formula = self.space.formulas.get(here)
        source = formula.sources[0] if formula is not None and formula.expression.is_path else None
        if isinstance(source, Route):
            return source.path
        return config_path(source) if isinstance(source, tuple) else None

    def _through_cases(self, node: Switch, here: Path, rest: Path) -> bool:
        """Go on in every case; where some lead to nothing, note which."""
        nowhere: list[Path] = []
        somewhere = False
        for case in node.all_cases:
            inside = (*here, Branch(case.label))
            if case.node is not None and self.follow(case.node, inside, rest):
                somewhere = True
            else:
                nowhere.append(inside)
        if somewhere:
            self.found.absences += nowhere
        return somewhere

    def _from_the_end(self, node: Repeat, here: Path, rest: Path) -> bool:
        """Go on in every item that may be the one that an index from the end means."""
        index, most = int(rest[0]), len(node.items)
        counts = range(max(node.least, 1), most + 1)
        positions = sorted({count + index for count in counts if count + index >= 0})
        part = LAST if index == -1 else MIDDLE
        found = False
        for i in positions:
            item, inside = node.items[i], (*here, i)
            if is_last_or_not(node, item):
                item, inside = child_at(item, Branch(part)), (*inside, Branch(part))
            found = self.follow(item, inside, rest[1:]) or found
        return found
