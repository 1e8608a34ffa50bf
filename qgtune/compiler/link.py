"""References -> concrete sources, in an order in which every source is known before it is read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter

from qgtune.compiler.expand import Dependency
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Related, did_you_mean, nearest
from qgtune.core.paths import ROOT, Path, format_path
from qgtune.space import Mapping, Origin, Parameter, Reference, Sequence, SpaceNode, walk
from qgtune.space.tree import children


@dataclass(frozen=True, slots=True)
class LinkedSpace:
    """A tree whose references are all sound: ``order`` lists their targets, sources first."""

    root: Mapping
    sources: dict[Path, Path]
    order: tuple[Path, ...]


def link(root: Mapping, dependencies: Iterable[Dependency], problems: Problems) -> LinkedSpace:
    """Return the tree with every dependency in place, linked; what leads nowhere is reported."""
    root = _place(root, dependencies, problems)
    references = {path: node for path, node in walk(root) if isinstance(node, Reference)}
    linker = _Linker(root, references, problems)
    sources = {}
    for target, reference in references.items():
        source = linker.resolve(target, reference)
        if source is not None:
            sources[target] = source
    order = linker.order(sources)
    return LinkedSpace(root, sources, order)


def _place(root: Mapping, dependencies: Iterable[Dependency], problems: Problems) -> Mapping:
    """Return the tree with a reference at every target, rebuilt in one walk."""
    targets: _Targets = _Targets()
    for dependency in dependencies:
        targets.add(dependency, problems)
    placed = _put(root, ROOT, targets, problems)
    assert isinstance(placed, Mapping)  # noqa: S101 - every target has at least one part
    return placed


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


def _put(node: SpaceNode, path: Path, targets: _Targets, problems: Problems) -> SpaceNode:
    """Return ``node`` with the references of ``targets`` in place."""
    if targets.here is not None:
        return targets.here.reference
    options = dict(children(node))
    changed: dict[str | int, SpaceNode] = {}
    for part, inner in targets.below.items():
        key = _child_key(node, part)
        if key is not None:
            changed[key] = _put(options[key], (*path, key), inner, problems)
        elif isinstance(node, Mapping) and inner.here and not nearest(str(part), map(str, options)):
            origin = inner.here.reference.origin
            message = (
                f"{format_path((*path, part))} stands neither in the base settings nor in the search space"
            )
            problems.warn("QG306", f"{message}; it is added", problems.at_key(origin))
            changed[part] = inner.here.reference
        else:
            for dependency in inner.all():
                _report_no_target(dependency, node, path, part, problems)
    if not changed:
        return node
    if isinstance(node, Mapping):
        return replace(node, entries={**node.entries, **changed})
    assert isinstance(node, Sequence)  # noqa: S101 - leaves have no children to change
    return replace(node, items=tuple(changed.get(i, item) for i, item in enumerate(node.items)))


def _report_no_target(
    dependency: Dependency, node: SpaceNode, path: Path, part: str | int, problems: Problems
) -> None:
    target, source = format_path(dependency.target), format_path(dependency.reference.source)
    message = f"{target} follows {source}, but there is no {format_path((*path, part))} to set"
    place = problems.at_key(dependency.reference.origin)
    problems.error("QG302", message, place, _missing_hint(node, (*path, part), len(path)))


class _Linker:
    def __init__(self, root: Mapping, references: dict[Path, Reference], problems: Problems) -> None:
        self.root = root
        self.references = references
        self.problems = problems

    def resolve(self, target: Path, reference: Reference) -> Path | None:
        """Return the concrete path that a reference reads, or None after reporting why there is none.

        Indices from the end become indices from the start. A path that leads through another reference is
        led on to where that one reads.
        """
        node: SpaceNode = self.root
        path: Path = ()
        rest = list(reference.source)
        hops = 0
        while rest:
            if isinstance(node, Reference):
                hops += 1
                if hops > len(self.references):
                    self._report_cycle([target, path])
                    return None
                rest = [*node.source, *rest]
                node, path = self.root, ()
                continue
            part = rest.pop(0)
            key = _child_key(node, part)
            if key is None:
                self._report_missing(target, reference, node, path, part)
                return None
            node, path = _child(node, key), (*path, key)
        return path

    def _report_missing(
        self, target: Path, reference: Reference, node: SpaceNode, path: Path, part: str | int
    ) -> None:
        missing = format_path((*path, part))
        source = format_path(reference.source)
        message = f"{format_path(target)} follows {source}, but there is no {missing}"
        known = _known_paths(node, path)
        hint = (
            _missing_hint(node, (*path, part), len(path))
            if known
            else f"{format_path(path)} is a single value"
        )
        self.problems.error("QG301", message, self.problems.at(reference.origin), hint)

    def order(self, sources: dict[Path, Path]) -> tuple[Path, ...]:
        """Return all targets, each after those that its source depends on; cycles are reported."""
        inside: dict[Path, list[Path]] = {}  # targets at or below a path
        for target in sources:
            for end in range(len(target) + 1):
                inside.setdefault(target[:end], []).append(target)
        graph = {target: set(inside.get(source, ())) for target, source in sources.items()}
        for target, source in sources.items():
            # A source below another target is read through it only if linking did not lead it on.
            graph[target].update(source[:end] for end in range(len(source)) if source[:end] in sources)
        while True:
            try:
                return tuple(TopologicalSorter(graph).static_order())
            except CycleError as error:
                cycle = list(reversed(error.args[1]))  # as "follows" edges
                self._report_cycle(cycle)
                for path in cycle:
                    graph.pop(path, None)
                broken = set(cycle)
                graph = {target: edges - broken for target, edges in graph.items()}

    def _report_cycle(self, cycle: list[Path]) -> None:
        """Report a cycle once, beginning at its first line in the files, edge by edge."""
        ring = cycle[:-1] if cycle[0] == cycle[-1] else cycle
        known = [path for path in ring if path in self.references]
        start = ring.index(min(known, key=lambda path: self._line(self.references[path].origin)))
        ring = ring[start:] + ring[:start]
        shown = " -> ".join(map(format_path, [*ring, ring[0]]))
        related = tuple(
            Related(
                self.problems.at(self.references[path].origin),
                f"{format_path(path)} follows {format_path(self.references[path].source)}",
            )
            for path in ring[1:]
            if path in self.references
        )
        place = self.problems.at(self.references[ring[0]].origin)
        hint = "let one of them be a parameter or a constant"
        self.problems.error(
            "QG305", f"these values follow each other in a circle: {shown}", place, hint, *related
        )

    def _line(self, origin: Origin) -> tuple[str, int, int]:
        place = self.problems.at(origin)
        return place.file, place.line, place.column


def _child_key(node: SpaceNode, part: str | int) -> str | int | None:
    """Return the key under which ``part`` finds a child: an index also from the end, or a key of digits."""
    if isinstance(node, Sequence):
        if isinstance(part, int) and -len(node.items) <= part < len(node.items):
            return part % len(node.items)
    elif isinstance(node, Mapping):
        if part in node.entries:
            return part
        if isinstance(part, int) and str(part) in node.entries:
            return str(part)
    return None


def _child(node: SpaceNode, key: str | int) -> SpaceNode:
    if isinstance(node, Mapping):
        return node.entries[key]
    assert isinstance(node, Sequence) and isinstance(key, int)  # noqa: S101, PT018 - _child_key found it
    return node.items[key]


def _known_paths(node: SpaceNode, path: Path) -> list[str]:
    return [format_path((*path, key)) for key, _ in children(node)]


def _missing_hint(node: SpaceNode, target: Path, depth: int) -> str:
    path = target[:depth]
    if isinstance(node, Sequence):
        count = len(node.items)
        return f"{format_path(path)} has {count} item{'' if count == 1 else 's'}"
    known = _known_paths(node, path)
    if not known:
        if isinstance(node, Mapping):
            return f"{format_path(path)} is empty"
        what = "sampled" if isinstance(node, Parameter) else "a single value"
        return f"{format_path(path)} is {what}"
    return did_you_mean(format_path(target[: depth + 1]), known)
