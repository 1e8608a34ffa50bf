"""Dependencies -> references at their places in the tree."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from qgtune.compiler.expand import Dependency
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Related, nearest
from qgtune.core.paths import EVERY, ROOT, Path, format_path
from qgtune.space import Mapping, Parameter, Reference, Sequence, SpaceNode
from qgtune.space.expressions import NEXT, PREVIOUS
from qgtune.space.tree import child_at, child_key, children

MAX_SHOWN = 12
"""Names that a hint lists at most."""

_Item = tuple[int, int]
"""The position of a list item, and the length of its list."""


def place_references(
    root: Mapping, dependencies: Iterable[Dependency], untuned: frozenset[str], problems: Problems
) -> Mapping:
    """Return the tree with a reference at every target, rebuilt in one walk; missing targets are reported.

    A target with ``[*]`` stands for every item of a list; a target that names one item wins over it. In an
    untuned section a missing target is a warning: the map may be meant for a search space with more layers.
    """
    targets: _Targets = _Targets()
    for dependency in dependencies:
        targets.add(replace(dependency, target=_normal(root, dependency.target)), problems)
    placed = _Placer(untuned, problems).put(root, ROOT, targets, None)
    assert isinstance(placed, Mapping)  # noqa: S101 - every target has at least one part
    return placed


def _normal(root: SpaceNode, target: Path) -> Path:
    """Return a target in its one spelling: indices from the start, keys as the tree has them."""
    found: list[str | int] = []
    node: SpaceNode | None = root
    for part in target:
        if part == EVERY and isinstance(node, Sequence):
            found.append(part)
            node = node.items[0] if node.items else None
            continue
        key = None if node is None else child_key(node, part)
        found.append(part if key is None else key)
        node = None if node is None or key is None else child_at(node, key)
    return tuple(found)


@dataclass(slots=True)
class _Targets:
    """The targets at and below one path, as a tree of their own."""

    here: Dependency | None = None
    below: dict[str | int, "_Targets"] = field(default_factory=dict)

    def add(self, dependency: Dependency, problems: Problems) -> None:
        """Add a target, or report that the same value, or one that holds it, already follows something."""
        node = self
        for part in dependency.target:
            if node.here is not None:
                break
            node = node.below.setdefault(part, _Targets())
        first = node.here or next(node.all(), None)
        if first is None:
            node.here = dependency
            return
        target, other = format_path(dependency.target), format_path(first.target)
        what = f"{target} is set twice" if target == other else f"{target} and {other} overlap"
        related = Related(problems.at(first.reference.origin), "first set here")
        place = problems.at(dependency.reference.origin)
        problems.error("QG307", f"{what}: one value follows one reference", place, "remove one", related)

    def all(self) -> Iterator[Dependency]:
        """Yield every target at or below this path."""
        if self.here is not None:
            yield self.here
        for targets in self.below.values():
            yield from targets.all()


class _Placer:
    def __init__(self, untuned: frozenset[str], problems: Problems) -> None:
        self.untuned = untuned
        self.problems = problems

    def put(self, node: SpaceNode, path: Path, targets: _Targets, item: _Item | None) -> SpaceNode:
        """Return ``node`` with the references of ``targets`` in place; ``item`` is the list item around."""
        if targets.here is not None:
            reference = targets.here.reference
            return node if reference.every and _lacks_neighbour(reference, item) else reference
        options = dict(children(node))
        changed: dict[str | int, SpaceNode] = {}
        # [*] first, so that what is said of one item is said last.
        for part, inner in sorted(targets.below.items(), key=lambda entry: entry[0] != EVERY):
            keys = list(options) if part == EVERY and isinstance(node, Sequence) else [child_key(node, part)]
            for key in keys:
                if key is None:
                    added = self._add(node, path, part, inner)
                    changed.update(added)
                else:
                    child = changed.get(key, options[key])
                    # An item that is a mapping is what @, prev and next speak of.
                    inside = (int(key), len(options)) if _is_item(node, child) else item
                    changed[key] = self.put(child, (*path, key), inner, inside)
        if not changed:
            return node
        if isinstance(node, Mapping):
            return replace(node, entries={**node.entries, **changed})
        assert isinstance(node, Sequence)  # noqa: S101 - leaves have no children to change
        return replace(node, items=tuple(changed.get(i, item) for i, item in enumerate(node.items)))

    def _add(
        self, node: SpaceNode, path: Path, part: str | int, targets: _Targets
    ) -> dict[str | int, SpaceNode]:
        """Return what is added to a mapping that has no such key, or report that nothing stands there."""
        names = [str(key) for key, _ in children(node)]
        if isinstance(node, Mapping) and targets.here and part != EVERY and not nearest(str(part), names):
            reference = targets.here.reference
            shown = format_path((*path, part))
            message = f"{shown} stands neither in the base settings nor in the search space"
            self.problems.warn("QG306", f"{message}; it is added", self.problems.at_key(reference.origin))
            return {part: reference}
        for dependency in targets.all():
            target, source = format_path(dependency.target), dependency.reference.expression
            message = f"{target} follows {source}, but there is no {format_path((*path, part))} to set"
            place = self.problems.at_key(dependency.reference.origin)
            report = self.problems.warn if dependency.target[0] in self.untuned else self.problems.error
            report("QG302", message, place, missing_hint(node, (*path, part), len(path)))
        return {}


def _is_item(node: SpaceNode, child: SpaceNode) -> bool:
    return isinstance(node, Sequence) and isinstance(child, Mapping)


def _lacks_neighbour(reference: Reference, item: _Item | None) -> bool:
    heads = {term.head for term in reference.expression.terms}
    if item is None:
        return False
    position, count = item
    return (PREVIOUS in heads and position == 0) or (NEXT in heads and position == count - 1)


def known_paths(node: SpaceNode, path: Path) -> list[str]:
    """Return the paths of a node's children, as they are shown."""
    return [format_path((*path, key)) for key, _ in children(node)]


def missing_hint(node: SpaceNode, target: Path, depth: int) -> str:
    """Return a way out where ``target`` leads to nothing below ``node``, which stands at its first parts."""
    path = target[:depth]
    if isinstance(node, Sequence):
        count = len(node.items)
        return f"{format_path(path)} has {count} item{'' if count == 1 else 's'}"
    known = known_paths(node, path)
    if not known:
        if isinstance(node, Mapping):
            return f"{format_path(path) or 'the config'} is empty"
        what = "sampled" if isinstance(node, Parameter) else "a single value"
        return f"{format_path(path)} is {what}"
    keys = [str(key) for key, _ in children(node)]
    meant = nearest(str(target[depth]), keys)
    if meant is not None:
        return f"did you mean {known[keys.index(meant)]!r}?"
    shown = ", ".join(keys[:MAX_SHOWN]) + (", ..." if len(keys) > MAX_SHOWN else "")
    return f"{format_path(path) or 'the config'} has {shown}"
