"""Everything that a trial fills, in an order in which what is read is known before."""

import itertools
from collections.abc import Mapping as AbstractMapping
from graphlib import CycleError, TopologicalSorter

from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Related
from qgtune.core.paths import Path
from qgtune.space import FollowingRange, Origin, Parameter, Reference, Repeat, SpaceNode, Switch, path_text
from qgtune.space.tree import COUNT


def in_order(
    needs: AbstractMapping[Path, list[Path]], nodes: AbstractMapping[Path, SpaceNode], problems: Problems
) -> tuple[Path, ...]:
    """Return the paths in an order in which each stands after what it reads; cycles are reported.

    Args:
        needs: the paths that each path reads. One that is read waits for all that is filled at it, below it
            and above it.
        nodes: the nodes of the tree by path, for what is to be said about cycles.
        problems: receives the cycles.
    """
    # Only these have anything below them; what else is filled is a leaf.
    holders = {target for target in needs if isinstance(nodes[target], Switch | Repeat)}
    inside: dict[Path, list[Path]] = {}
    for target in needs:
        for end in range(len(target) + 1):
            inside.setdefault(target[:end], []).append(target)
    graph: dict[Path, set[Path]] = {}
    for target, sources in needs.items():
        needed = set(_above(target, holders, nodes))
        for source in sources:
            needed.update(inside.get(source, ()))
            needed.update(_above(source, holders, nodes))
        graph[target] = needed
    while True:
        try:
            return tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            cycle = list(reversed(error.args[1]))  # as "follows" edges
            report_cycle(cycle, nodes, problems)
            for path in cycle:
                graph.pop(path, None)
            broken = set(cycle)
            graph = {target: edges - broken for target, edges in graph.items()}


def _above(path: Path, holders: set[Path], nodes: AbstractMapping[Path, SpaceNode]) -> list[Path]:
    """Return what is filled above a path; a repeat is not above its own length."""
    if not holders:
        return []
    end = len(path)
    if path and path[-1] == COUNT and path[:-1] in holders and isinstance(nodes[path[:-1]], Repeat):
        end -= 1
    return [path[:i] for i in range(end) if path[:i] in holders]


def report_cycle(cycle: list[Path], nodes: AbstractMapping[Path, SpaceNode], problems: Problems) -> None:
    """Report a cycle once, beginning at its first line in the files, edge by edge."""
    ring = cycle[:-1] if len(cycle) > 1 and cycle[0] == cycle[-1] else cycle
    start = ring.index(min(ring, key=lambda path: _line(nodes[path].origin, problems)))
    ring = ring[start:] + ring[:start]
    steps = [path_text(path) for path in [*ring, ring[0]]]
    shown = " -> ".join(step for step, _ in itertools.groupby(steps))
    related = tuple(
        Related(problems.at(nodes[path].origin), f"{path_text(path)} {edge}")
        for path in ring[1:]
        if (edge := _edge(nodes[path]))
    )
    place = problems.at(nodes[ring[0]].origin)
    node = nodes[ring[0]]
    if len(ring) == 1:
        message = f"{path_text(ring[0])} {_edge(node)}, and so follows itself"
        problems.error("QG305", message, place, "let it follow a parameter or a constant")
        return
    hint = "let one of them be a parameter or a constant"
    problems.error("QG305", f"these values follow each other in a circle: {shown}", place, hint, *related)


def _edge(node: SpaceNode) -> str:
    """Say what a node waits for."""
    if isinstance(node, Reference):
        return f"follows {node.expression}"
    if isinstance(node, Switch):
        return f"is chosen by {node.on}"
    if isinstance(node, Repeat):
        count = node.count
        return (
            f"is as long as {count.expression}"
            if isinstance(count, Reference)
            else "has a length that is tuned"
        )
    if isinstance(node, Parameter) and isinstance(node.domain, FollowingRange):
        return " and ".join(
            f"has a {name} that follows {bound}" for name, bound in node.domain.followed.items()
        )
    return ""


def _line(origin: Origin, problems: Problems) -> tuple[str, int, int]:
    place = problems.at(origin)
    return place.file, place.line, place.column
