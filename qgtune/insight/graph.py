"""The dependency graph of a search space, and its text in Mermaid and in Graphviz' dot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.linking.sources import Constraint, Fact, Formula, LateFact
from qgtune.compiler.pipeline import Compilation
from qgtune.core.paths import Path, format_path
from qgtune.document import format_flow
from qgtune.insight.presence import is_last_or_not, reading
from qgtune.space import Branch, Constant, Parameter, Reference, Repeat, SpaceNode, Switch, path_text, walk
from qgtune.space.tree import COUNT, children

MAX_LABEL = 60
"""Characters that a line of a label has at most."""


class Kind(StrEnum):
    """What a node of the graph is."""

    PARAMETER = "parameter"
    REFERENCE = "reference"
    CONSTANT = "constant"
    CONTAINER = "container"
    FACT = "fact"
    SWITCH = "switch"
    LIST = "list"
    CONSTRAINT = "constraint"


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A value of the config, or a fact of the data set: its name, and what there is to say about it."""

    name: str
    kind: Kind
    detail: str = ""


class Link(StrEnum):
    """How the target of an edge depends on its source."""

    READS = "reads"
    HOLDS = "holds"
    """The source is a part of the target, or one of its cases."""
    CHOOSES = "chooses"
    """The source decides which case the target is, or how long it is."""
    BOUNDS = "bounds"
    CHECKS = "checks"
    """The target is a constraint."""


@dataclass(frozen=True, slots=True)
class Edge:
    """``target`` depends on ``source``: how, and which case, bound or length it is about."""

    source: str
    target: str
    link: Link = Link.READS
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges, both in the order of the config."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[Edge, ...]


def dependency_graph(compilation: Compilation, *, with_all_parameters: bool = False) -> Graph:
    """Return what follows what in a search space.

    Args:
        compilation: the compiled search space.
        with_all_parameters: whether parameters that nothing follows take part. Default False.

    Example:
        ``print(mermaid_text(dependency_graph(compilation)))``
    """
    space = compilation.space
    nodes = dict(walk(space.root))
    edges = dict.fromkeys(_Edges(space, nodes).all())
    taking_part = {name for edge in edges for name in (edge.source, edge.target)}
    shown = {
        _name(path): _node(space, path, node)
        for path, node in nodes.items()
        if _name(path) in taking_part or (with_all_parameters and isinstance(node, Parameter))
    }
    others = [
        *(fact for formula in _formulas(space) for fact in _facts(formula)),
        *(GraphNode(_constraint_name(constraint), Kind.CONSTRAINT) for constraint in space.constraints),
    ]
    return Graph((*shown.values(), *dict.fromkeys(others)), tuple(edges))


class _Edges:
    """The edges of a tree."""

    def __init__(self, space: LinkedSpace, nodes: dict[Path, SpaceNode]) -> None:
        self.space = space
        self.nodes = nodes
        self.varying = [
            path for path, node in nodes.items() if isinstance(node, Parameter | Reference | Switch)
        ]

    def all(self) -> Iterator[Edge]:
        """Yield the edges in the order of what depends; some of them more than once."""
        for path, node in self.nodes.items():
            if path in self.space.formulas:
                yield from self._reads(path, self.space.formulas[path])
            elif isinstance(node, Switch) and path in self.space.choosers:
                yield from self._chooses(path, node)
            elif isinstance(node, Repeat):
                yield Edge(_name((*path, COUNT)), _name(path), Link.CHOOSES, "length")
            for name, formula in self.space.bounds.get(path, {}).items():
                yield from self._edges(formula, _name(path), Link.BOUNDS, name)
        for constraint in self.space.constraints:
            yield from self._edges(constraint.formula, _constraint_name(constraint), Link.CHECKS)

    def _reads(self, path: Path, formula: Formula) -> Iterator[Edge]:
        for source in formula.paths:
            yield from self._held(source)
        yield from self._edges(formula, _name(path), Link.READS)

    def _held(self, source: Path) -> Iterator[Edge]:
        """Yield what stands in a mapping or list that is read: it is read with it."""
        node = self.nodes[source]
        if isinstance(node, Switch) or not any(True for _ in children(node)):
            return
        for path in self.varying:
            if len(path) > len(source) and path[: len(source)] == source:
                yield Edge(_name(path), _name(source), Link.HOLDS)

    def _chooses(self, path: Path, node: Switch) -> Iterator[Edge]:
        is_of_last = bool(path) and is_last_or_not(self.nodes[path[:-1]], node)
        if not is_of_last:
            yield from self._edges(self.space.choosers[path], _name(path), Link.CHOOSES, "case")
            for inside in self.varying:
                if inside[: len(path)] == path and len(inside) > len(path) and self._is_nearest(inside, path):
                    yield Edge(_name(inside), _name(path), Link.HOLDS, str(inside[len(path)]))

    def _is_nearest(self, inside: Path, path: Path) -> bool:
        """Tell whether no other switch stands between a switch and something in it."""
        return not any(isinstance(part, Branch) for part in inside[len(path) + 1 : -1])

    def _edges(self, formula: Formula, target: str, link: Link, label: str = "") -> Iterator[Edge]:
        for source in formula.paths:
            yield Edge(_name(source), target, link, label)
        for fact in _facts(formula):
            yield Edge(fact.name, target, link, label)


def _formulas(space: LinkedSpace) -> Iterator[Formula]:
    yield from space.formulas.values()
    yield from space.choosers.values()
    for bounds in space.bounds.values():
        yield from bounds.values()
    for constraint in space.constraints:
        yield constraint.formula


def _facts(formula: Formula) -> Iterator[GraphNode]:
    for term, source in zip(formula.expression.terms, formula.sources, strict=True):
        if isinstance(source, Fact):
            yield GraphNode(format_path(term.path), Kind.FACT, format_flow(source.value))
        elif isinstance(source, LateFact):
            yield GraphNode(format_path(term.path), Kind.FACT, "known when the model is built")


def _constraint_name(constraint: Constraint) -> str:
    return f"must hold: {constraint.formula.expression}"  # no path reads like this


def _name(path: Path) -> str:
    """Return the name of a place of the tree: its path in the config, and all cases that it stands in."""
    cases = [str(part) for part in path if isinstance(part, Branch)]
    shown = path_text(path)
    return f"{shown} ({', '.join(cases)})" if cases else shown


def _node(space: LinkedSpace, path: Path, node: SpaceNode) -> GraphNode:
    name, formula = _name(path), space.formulas.get(path)
    if isinstance(node, Parameter):
        return GraphNode(name, Kind.PARAMETER, str(node.domain))
    if formula is not None:
        return GraphNode(name, Kind.REFERENCE, "" if formula.expression.is_path else f"= {formula}")
    if isinstance(node, Constant):
        return GraphNode(name, Kind.CONSTANT, format_flow(node.value))
    if isinstance(node, Switch):
        return GraphNode(
            name, Kind.SWITCH, f"by {reading(space.choosers[path])}" if path in space.choosers else ""
        )
    if isinstance(node, Repeat):
        return GraphNode(name, Kind.LIST, f"{node.least} to {len(node.items)} items")
    return GraphNode(name, Kind.CONTAINER)


def mermaid_text(graph: Graph) -> str:
    """Return the graph as a Mermaid flowchart, which GitHub and many editors show in Markdown."""
    numbers = {node.name: f"n{i}" for i, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        begin, end = _MERMAID_SHAPES[node.kind]
        label = "<br/>".join(map(_mermaid_escaped, _label_lines(node)))
        lines.append(f'  {numbers[node.name]}{begin}"{label}"{end}')
    for edge in graph.edges:
        label = f'|"{_mermaid_escaped(_shortened(edge.label))}"|' if edge.label else ""
        lines.append(f"  {numbers[edge.source]} {_MERMAID_ARROWS[edge.link]}{label} {numbers[edge.target]}")
    return "\n".join(lines)


def dot_text(graph: Graph) -> str:
    """Return the graph in Graphviz' language, of which ``dot -Tsvg`` makes a picture."""
    numbers = {node.name: f"n{i}" for i, node in enumerate(graph.nodes)}
    lines = ["digraph dependencies {", "  rankdir=LR;"]
    for node in graph.nodes:
        label = "\\n".join(map(_dot_escaped, _label_lines(node)))
        lines.append(f'  {numbers[node.name]} [label="{label}", {_DOT_SHAPES[node.kind]}];')
    for edge in graph.edges:
        label = f'label="{_dot_escaped(_shortened(edge.label))}"' if edge.label else ""
        style = ", ".join(part for part in (label, _DOT_ARROWS[edge.link]) if part)
        ends = f"{numbers[edge.source]} -> {numbers[edge.target]}"
        lines.append(f"  {ends} [{style}];" if style else f"  {ends};")
    return "\n".join([*lines, "}"])


FORMATS: dict[str, Callable[[Graph], str]] = {"mermaid": mermaid_text, "dot": dot_text}
"""Name of a format -> the function that writes it."""

_MERMAID_SHAPES = {
    Kind.PARAMETER: ("([", "])"),
    Kind.REFERENCE: ("[", "]"),
    Kind.CONSTANT: ("[/", "/]"),
    Kind.CONTAINER: ("[[", "]]"),
    Kind.FACT: ("{{", "}}"),
    Kind.SWITCH: ("{", "}"),
    Kind.LIST: ("[(", ")]"),
    Kind.CONSTRAINT: (">", "]"),
}
_MERMAID_ARROWS = {
    Link.READS: "-->",
    Link.HOLDS: "-.->",
    Link.CHOOSES: "==>",
    Link.BOUNDS: "-->",
    Link.CHECKS: "--o",
}
_DOT_SHAPES = {
    Kind.PARAMETER: "shape=box, style=rounded",
    Kind.REFERENCE: "shape=box",
    Kind.CONSTANT: "shape=parallelogram",
    Kind.CONTAINER: "shape=box, peripheries=2",
    Kind.FACT: "shape=hexagon",
    Kind.SWITCH: "shape=diamond",
    Kind.LIST: "shape=cylinder",
    Kind.CONSTRAINT: "shape=note",
}
_DOT_ARROWS = {
    Link.READS: "",
    Link.HOLDS: "style=dashed",
    Link.CHOOSES: "style=bold",
    Link.BOUNDS: "arrowhead=tee",
    Link.CHECKS: "arrowhead=odot",
}


def _label_lines(node: GraphNode) -> list[str]:
    return [_shortened(line) for line in (node.name, node.detail) if line]


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 3]}..."


def _mermaid_escaped(text: str) -> str:
    """Return a text in which whatever could end or format a quoted label is a character's number."""
    return "".join(c if c.isalnum() or c in " .,_-[]()=*+/" else f"#{ord(c)};" for c in text)


def _dot_escaped(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in escaped)
