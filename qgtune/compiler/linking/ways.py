"""Ways of paths through a tree: into items and cases, and through references to where these read."""

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass

from qgtune.compiler.linking.nearest_paths import missing_hint
from qgtune.compiler.linking.ordering import report_cycle
from qgtune.compiler.problems import Problems
from qgtune.core.paths import ROOT, Path, format_path, selected, selects_many
from qgtune.space import (
    Branch,
    Expression,
    Mapping,
    Origin,
    Reference,
    Repeat,
    Sequence,
    SpaceNode,
    Switch,
    Term,
    Unread,
    config_path,
    path_text,
)
from qgtune.space.expressions import NEXT, PREVIOUS, THIS
from qgtune.space.tree import child_at, child_key


class UnresolvedError(Exception):
    """A term that leads nowhere; it has been reported."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads, for what is said about it."""

    owner: Path
    expression: Expression
    origin: Origin
    verb: str

    def __str__(self) -> str:
        if not self.owner:
            return f"the constraint {self.expression} reads its values"
        return f"{path_text(self.owner)} {self.verb} {self.expression}"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path leads to in the tree, whether it does so in every trial, and through which references."""

    paths: list[Path]
    is_fixed: bool
    through: list[Path]

    @classmethod
    def of_all(cls, found: list["Found"], *, is_fixed: bool) -> "Found":
        """Return several findings as one."""
        return cls(
            [p for one in found for p in one.paths], is_fixed, [p for one in found for p in one.through]
        )

    def passing(self, through: list[Path]) -> "Found":
        """Return this finding after a way through references."""
        return self if not through else Found(self.paths, self.is_fixed, [*through, *self.through])


class Ways:
    """Leads paths through a tree, and reports those that lead nowhere.

    Args:
        nodes: the nodes of the tree by their paths, with every reference in place.
        problems: receives what leads nowhere.
    """

    def __init__(self, nodes: AbstractMapping[Path, SpaceNode], problems: Problems) -> None:
        self.nodes = nodes
        self.root = nodes[ROOT]
        self.problems = problems
        self._via: list[Path] = []
        """The references that the path which is being followed has led through."""

    def places(self, reader: Reader, path: Path) -> Found:
        """Return where a path from the root leads to.

        Raises:
            UnresolvedError: if that is nowhere.
        """
        self._via = []
        return self._follow(reader, self.root, (), list(path))

    def absolute(self, owner: Path, term: Term, reader: Reader) -> Path:
        """Return a term's path from the root, as seen from ``owner``.

        Raises:
            UnresolvedError: if it speaks of a neighbour that is not there.
        """
        if not term.head:
            return term.path
        item = self._item(owner, is_value=not term.path and term.head != THIS)
        if item is None:
            if term.head == THIS:
                return (*_without_branches_at_end(owner)[:-1], *term.path)
            self._report_neighbour(reader, f"{term.head} needs a list, and this stands in none")
            raise UnresolvedError
        *above, position = item
        neighbour = int(position) + {THIS: 0, PREVIOUS: -1, NEXT: 1}[term.head]
        siblings = self.nodes[tuple(above)]
        if not isinstance(siblings, Sequence | Repeat) or not 0 <= neighbour < len(siblings.items):
            where = "before the first item" if term.head == PREVIOUS else "after the last item"
            self._report_neighbour(reader, f"nothing stands {where} of {path_text(tuple(above))}")
            raise UnresolvedError
        return (*above, neighbour, *term.path)

    def _item(self, target: Path, *, is_value: bool) -> Path | None:
        """Return the path of the innermost list item around a target that is a mapping.

        ``prev`` alone speaks of a value, and so of the innermost item of whatever kind.
        """
        for end in range(len(target), 0, -1):
            if not isinstance(target[end - 1], int):
                continue
            if is_value or (end < len(target) and isinstance(self.nodes[target[:end]], Mapping | Switch)):
                return target[:end]
        return None

    def _report_neighbour(self, reader: Reader, reason: str) -> None:
        self.problems.error("QG308", f"{reader}, but {reason}", self.problems.at(reader.origin))

    def _follow(self, reader: Reader, node: SpaceNode, path: Path, rest: list[str | int]) -> Found:
        """Return the places of the tree that ``rest`` leads to from a node.

        Indices from the end become indices from the start. A path that leads through another reference is
        led on to where that one reads.
        """
        depth = len(self._via)
        found = self._way(reader, node, path, rest)
        del self._via[depth:]
        return found

    def _way(self, reader: Reader, node: SpaceNode, path: Path, rest: list[str | int]) -> Found:
        through: list[Path] = []
        while rest:
            if isinstance(node, Reference):
                if path in self._via:
                    report_cycle(self._via[self._via.index(path) :], self.nodes, self.problems)
                    raise UnresolvedError
                self._via.append(path)
                if not node.expression.is_path:
                    self._report_missing(reader, node, path, rest[0])
                    raise UnresolvedError
                through.append(path)
                rest = [*self.absolute(path, node.expression.terms[0], reader), *rest]
                node, path = self.root, ()
                continue
            if isinstance(node, Switch) and not isinstance(rest[0], Branch):
                return self._through_switch(reader, node, path, rest).passing(through)
            part, rest = rest[0], rest[1:]
            if isinstance(node, Repeat) and isinstance(part, int):
                return self._through_repeat(reader, node, path, part, rest).passing(through)
            if isinstance(node, Sequence | Repeat) and selects_many(part):
                # Which items a slice has of a repeat depends on the trial; these are all there can be.
                positions = selected("[*]" if isinstance(node, Repeat) else part, len(node.items))
                found = [self._follow(reader, node.items[i], (*path, i), rest) for i in positions]
                fixed = isinstance(node, Sequence) and all(one.is_fixed for one in found)
                return Found.of_all(found, is_fixed=fixed).passing(through)
            key = child_key(node, part)
            if key is None:
                self._report_missing(reader, node, path, part)
                raise UnresolvedError
            node, path = child_at(node, key), (*path, key)
        return Found([path], is_fixed=not _may_be_absent(node), through=through)

    def _through_switch(self, reader: Reader, node: Switch, path: Path, rest: list[str | int]) -> Found:
        """Follow a path into the case that the reader stands in, or else into every case that has it."""
        for case in node.all_cases:
            inside = (*path, case.branch)
            if case.node is not None and reader.owner[: len(inside)] == inside:
                return self._follow(reader, case.node, inside, rest)
        found = [
            self._follow(reader, case.node, (*path, case.branch), rest)
            for case in node.all_cases
            if case.node is not None and found_below(case.node, tuple(rest)) is not None
        ]
        if not found:
            self._report_missing(reader, _all_keys(node), path, rest[0])
            raise UnresolvedError
        return Found.of_all(found, is_fixed=False)

    def _through_repeat(
        self, reader: Reader, node: Repeat, path: Path, index: int, rest: list[str | int]
    ) -> Found:
        """Follow an index into a list of which the length depends on the trial."""
        most = len(node.items)
        counts = range(max(node.least, 1), most + 1)
        positions = {index if index >= 0 else count + index for count in counts}
        positions = {position for position in positions if 0 <= position < most}
        if not positions:
            self._report_missing(reader, node, path, index)
            raise UnresolvedError
        if index < 0:  # which item it is depends on the trial, and so may what the item has
            having = {p for p in positions if found_below(node.items[p], tuple(rest)) is not None}
            positions = having or {max(positions)}
        own = {position for position in positions if reader.owner[: len(path) + 1] == (*path, position)}
        fixed = index >= 0 and (index < node.least or bool(own))
        found = [self._follow(reader, node.items[p], (*path, p), rest) for p in sorted(positions)]
        return Found.of_all(found, is_fixed=fixed and all(one.is_fixed for one in found))

    def _report_missing(self, reader: Reader, node: SpaceNode, path: Path, part: str | int) -> None:
        if isinstance(node, Unread):
            return
        missing = format_path((*config_path(path), part))
        message = f"{reader}, but there is no {missing}"
        if isinstance(node, Reference):
            hint = f"{path_text(path)} is computed"
        else:
            place = config_path(path)
            hint = missing_hint(node, (*place, part), len(place))
        self.problems.error("QG301", message, self.problems.at(reader.origin), hint)


def _may_be_absent(node: SpaceNode | None) -> bool:
    """Tell whether in some trials nothing stands where a node is."""
    return node is None or (
        isinstance(node, Switch) and any(_may_be_absent(case.node) for case in node.all_cases)
    )


def _all_keys(node: Switch) -> SpaceNode:
    """Return, for a hint, a mapping with what stands in any case of a switch; or one of the cases."""
    cases = [case.node for case in node.all_cases if case.node is not None]
    if any(isinstance(case, Unread) for case in cases):
        return next(case for case in cases if isinstance(case, Unread))
    mappings = [case for case in cases if isinstance(case, Mapping)]
    known = {key: child for case in mappings for key, child in case.entries.items()}
    return Mapping(known, node.origin) if mappings else cases[0]


def _without_branches_at_end(path: Path) -> Path:
    while path and isinstance(path[-1], Branch):
        path = path[:-1]
    return path


def found_below(node: SpaceNode, path: Path) -> SpaceNode | None:
    """Return what a path leads to in some trial, or None."""
    for depth, part in enumerate(path):
        if isinstance(node, Switch) and not isinstance(part, Branch):
            rest = path[depth:]
            cases = (case.node for case in node.all_cases if case.node is not None)
            return next((found for case in cases if (found := found_below(case, rest)) is not None), None)
        if isinstance(node, Reference):
            return node
        if isinstance(node, Sequence | Repeat) and selects_many(part) and node.items:
            node = node.items[0]
            continue
        if isinstance(node, Repeat) and isinstance(part, int) and -len(node.items) <= part < 0:
            node = node.items[part]
            continue
        key = child_key(node, part)
        if key is None:
            return None
        node = child_at(node, key)
    return node
