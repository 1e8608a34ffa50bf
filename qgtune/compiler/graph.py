"""The dependency graph of a search space, and its text in Mermaid and in Graphviz' dot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.sources import Fact, Formula
from qgtune.core.paths import Path, format_path
from qgtune.document import format_flow
from qgtune.space import Constant, Parameter, Reference, SpaceNode, walk
from qgtune.space.tree import children

MAX_LABEL = 60
"""Characters that a line of a label has at most."""


class Kind(StrEnum):
    """What a node of the graph is."""

    PARAMETER = "parameter"
    REFERENCE = "reference"
    CONSTANT = "constant"
    CONTAINER = "container"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A value of the config, or a fact of the data set: its name, and what there is to say about it."""

    name: str
    kind: Kind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """``target`` reads ``source``; ``is_part`` where the source is a part of the target."""

    source: str
    target: str
    is_part: bool = False


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
    nodes = dict(walk(compilation.space.root))
    formulas = compilation.space.formulas
    edges = dict.fromkeys(_edges(nodes, formulas))
    taking_part = {name for edge in edges for name in (edge.source, edge.target)}
    shown = {
        format_path(path): _node(path, node, formulas.get(path))
        for path, node in nodes.items()
        if format_path(path) in taking_part or (with_all_parameters and isinstance(node, Parameter))
    }
    facts = {
        name: GraphNode(name, Kind.FACT, format_flow(value))
        for formula in formulas.values()
        for name, value in _facts(formula)
    }
    return Graph((*shown.values(), *facts.values()), tuple(edges))


def _edges(nodes: dict[Path, SpaceNode], formulas: dict[Path, Formula]) -> Iterator[Edge]:
    varying = [path for path, node in nodes.items() if isinstance(node, Parameter | Reference)]
    for target in (path for path in nodes if path in formulas):
        for source in formulas[target].paths:
            if any(True for _ in children(nodes[source])):
                for path in varying:  # what stands in a mapping that is read is read with it
                    if len(path) > len(source) and path[: len(source)] == source:
                        yield Edge(format_path(path), format_path(source), is_part=True)
            yield Edge(format_path(source), format_path(target))
        for name, _ in _facts(formulas[target]):
            yield Edge(name, format_path(target))


def _facts(formula: Formula) -> Iterator[tuple[str, object]]:
    for term, source in zip(formula.expression.terms, formula.sources, strict=True):
        if isinstance(source, Fact):
            yield format_path(term.path), source.value


def _node(path: Path, node: SpaceNode, formula: Formula | None) -> GraphNode:
    name = format_path(path)
    if isinstance(node, Parameter):
        return GraphNode(name, Kind.PARAMETER, str(node.domain))
    if formula is not None:
        return GraphNode(name, Kind.REFERENCE, "" if formula.expression.is_path else f"= {formula}")
    if isinstance(node, Constant):
        return GraphNode(name, Kind.CONSTANT, format_flow(node.value))
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
        arrow = "-.->" if edge.is_part else "-->"
        lines.append(f"  {numbers[edge.source]} {arrow} {numbers[edge.target]}")
    return "\n".join(lines)


def dot_text(graph: Graph) -> str:
    """Return the graph in Graphviz' language, of which ``dot -Tsvg`` makes a picture."""
    numbers = {node.name: f"n{i}" for i, node in enumerate(graph.nodes)}
    lines = ["digraph dependencies {", "  rankdir=LR;"]
    for node in graph.nodes:
        label = "\\n".join(map(_dot_escaped, _label_lines(node)))
        lines.append(f'  {numbers[node.name]} [label="{label}", {_DOT_SHAPES[node.kind]}];')
    for edge in graph.edges:
        style = " [style=dashed]" if edge.is_part else ""
        lines.append(f"  {numbers[edge.source]} -> {numbers[edge.target]}{style};")
    return "\n".join([*lines, "}"])


FORMATS: dict[str, Callable[[Graph], str]] = {"mermaid": mermaid_text, "dot": dot_text}
"""Name of a format -> the function that writes it."""

_MERMAID_SHAPES = {
    Kind.PARAMETER: ("([", "])"),
    Kind.REFERENCE: ("[", "]"),
    Kind.CONSTANT: ("[/", "/]"),
    Kind.CONTAINER: ("[[", "]]"),
    Kind.FACT: ("{{", "}}"),
}
_DOT_SHAPES = {
    Kind.PARAMETER: "shape=box, style=rounded",
    Kind.REFERENCE: "shape=box",
    Kind.CONSTANT: "shape=parallelogram",
    Kind.CONTAINER: "shape=box, peripheries=2",
    Kind.FACT: "shape=hexagon",
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
