"""What is to follow something: targets as a tree of their own, and what they lead to in a space."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from qgtune.compiler.building.expand import Dependency
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Related
from qgtune.core.paths import EVERY, Path, format_path, selected, selects_many
from qgtune.space import Repeat, Sequence, SpaceNode, Switch
from qgtune.space.tree import child_at, child_key


@dataclass(slots=True)
class Targets:
    """The targets at and below one path, as a tree of their own."""

    here: Dependency | None = None
    below: dict[str | int, "Targets"] = field(default_factory=dict)

    def add(self, dependency: Dependency, problems: Problems) -> None:
        """Add a target, or report that the same value, or one that holds it, already follows something."""
        node = self
        for part in dependency.target:
            if node.here is not None:
                break
            below = node.below.get(part)
            if below is None:
                below = node.below[part] = Targets()
            node = below
        first = node.here or next(node.all(), None)
        if first is None:
            node.here = dependency
            return
        target, other = format_path(dependency.target), format_path(first.target)
        what = f"{target} is set twice" if target == other else f"{target} and {other} overlap"
        related = Related(problems.at(first.reference.origin), "first set here")
        place = problems.at(dependency.reference.origin)
        problems.error("QG307", f"{what}: one value follows one reference", place, "remove one", related)

    def put(self, dependency: Dependency, rest: Path) -> None:
        """Add a target that is known to stand apart from the others."""
        node = self
        for part in rest:
            node = node.below.setdefault(part, Targets())
        node.here = dependency

    def all(self) -> Iterator[Dependency]:
        """Yield every target at or below this path."""
        if self.here is not None:
            yield self.here
        for targets in self.below.values():
            yield from targets.all()


def in_one_spelling(root: SpaceNode, target: Path) -> Path:
    """Return a target in its one spelling: indices from the start, keys as the tree has them."""
    found: list[str | int] = []
    node: SpaceNode | None = root
    for part in target:
        while isinstance(node, Switch):
            cases = [case.node for case in node.all_cases if case.node is not None]
            node = next((case for case in cases if child_key(case, part) is not None), cases[0])
        if selects_many(part) and isinstance(node, Sequence | Repeat):
            found.append(part)
            node = node.items[0] if node.items else None
            continue
        key = None if node is None else child_key(node, part)
        found.append(part if key is None else key)
        node = None if node is None or key is None else child_at(node, key)
    return tuple(found)


def rank(part: str | int) -> int:
    """Return when a part of targets has its turn: [*], slices, single items; the narrower one is set last."""
    return 0 if part == EVERY else 1 if selects_many(part) else 2


def overlap(one: Path, other: Path) -> bool:
    """Tell whether two targets, seen from one item, are one value, or one holds the other."""
    return all(
        left == right or selects_many(left) or selects_many(right)
        for left, right in zip(one, other, strict=False)
    )


def positions_of(node: SpaceNode, part: str | int) -> list[str | int | None]:
    """Return the items that ``[*]`` or a slice stands for; None if that depends on the trial."""
    assert isinstance(node, Sequence | Repeat)  # noqa: S101 - only lists have items
    if isinstance(node, Repeat) and "-" in str(part):
        return [None]  # counted from the end of a list whose end is not known
    return list(selected(part, len(node.items)))


def reaches(node: SpaceNode | None, rest: Path) -> bool:
    """Tell whether a target leads to something, at least in some case."""
    for depth, part in enumerate(rest):
        if isinstance(node, Switch):
            return any(reaches(case.node, rest[depth:]) for case in node.all_cases)
        if isinstance(node, Sequence | Repeat) and selects_many(part):
            positions = positions_of(node, part)
            return any(i is not None and reaches(child_at(node, i), rest[depth + 1 :]) for i in positions)
        key = None if node is None else child_key(node, part)
        if node is None or key is None:
            return False
        node = child_at(node, key)
    return node is not None
