"""Dependency map -> targets and what they follow, whichever way the map is written.

Two spellings, which may be mixed: the same structure as the config, with references as its leaves, or one
line a path (``"model.gcn_net[1].in_dim": "model.gcn_net[0].out_dim"``).
"""

from dataclasses import dataclass

from qgtune.compiler.building.expressions import read_expression
from qgtune.compiler.problems import Problems
from qgtune.core.paths import EVERY, ROOT, Path, PathSyntaxError, format_path, parse_path, selects_many
from qgtune.document import (
    TAGS,
    Content,
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    content,
    entries,
)
from qgtune.space import Expression, Origin, Reference, Role


@dataclass(frozen=True, slots=True)
class Dependency:
    """One line of the dependency map: the path that follows, and the reference that it follows."""

    target: Path
    reference: Reference


def expand_dependencies(document: Document | None, problems: Problems) -> list[Dependency]:
    """Return every dependency of the map in the order of its text; what is not a reference is reported."""
    found: list[Dependency] = []
    if document is None:
        return found
    if not isinstance(document.root, MappingNode):
        place = problems.at_top(Role.DEPENDENCIES)
        problems.error(
            "QG201", "the dependency map file must be a mapping of sections, as the search space is", place
        )
        return found
    _expand(document.root, ROOT, ROOT, found, problems)
    return found


class ListPaths:
    """The paths at which the dependency map holds a list; ``path in list_paths`` asks.

    An index from the end, and ``[*]``, stand for every item here: what is a list in one is a list in all.
    """

    def __init__(self, dependencies: list[Dependency]) -> None:
        self._exact: set[Path] = set()
        self._patterns: set[Path] = set()
        for dependency in dependencies:
            loose = False
            for i, part in enumerate(dependency.target):
                if isinstance(part, int) or selects_many(part):
                    above = dependency.target[:i]
                    (self._patterns if loose else self._exact).add(_loosened(above) if loose else above)
                    loose = loose or not isinstance(part, int) or part < 0

    def __contains__(self, path: Path) -> bool:
        return path in self._exact or (bool(self._patterns) and _loosened(path) in self._patterns)


def _loosened(path: Path) -> Path:
    return tuple(EVERY if isinstance(part, int) or selects_many(part) else part for part in path)


def _expand(node: Node, target: Path, written: Path, found: list[Dependency], problems: Problems) -> None:
    inner = _marked(content(node), target, problems)
    if inner is None:
        return
    if isinstance(inner, MappingNode):
        for name, (key, value) in entries(inner).items():
            parts = _key_path(name, key, problems, is_top=not target)
            if parts is not None:
                _expand(value, (*target, *parts), (*written, name), found, problems)
    elif isinstance(inner, SequenceNode):
        for i, item in enumerate(inner.items):
            _expand(item, (*target, i), (*written, i), found, problems)
    elif inner.value is not None:  # an empty value says that nothing follows here
        expression = _expression(inner, target, problems)
        if expression is not None:
            origin = Origin(Role.DEPENDENCIES, written)
            every = any(map(selects_many, target))
            found.append(Dependency(target, Reference(expression, origin, every=every)))


def _marked(node: Content, target: Path, problems: Problems) -> Content | None:
    """Return what a tag of later QGTune marks as a reference, or None after reporting another tag."""
    if node.tag is None or node.tag not in TAGS:
        return node
    if node.tag != "!reference":
        message = f"{format_path(target)} must follow a path, but this is a {node.tag}"
        hint = "a dependency map holds references; what varies belongs in the search space"
        problems.error("QG304", message, problems.at_node(Role.DEPENDENCIES, node), hint)
        return None
    target_entry = entries(node).get("target") if isinstance(node, MappingNode) else None
    return node if target_entry is None else content(target_entry[1])


def _key_path(name: str | int, key: ScalarNode, problems: Problems, *, is_top: bool) -> Path | None:
    """Return the path that a key spells: a plain key, ``[*]`` or a slice, or at the top a whole path."""
    if isinstance(name, int) or not (name.startswith("[") or (is_top and any(mark in name for mark in ".["))):
        return (name,)
    try:
        return parse_path(name)
    except PathSyntaxError as error:
        problems.error("QG303", f"{error}", problems.at_node(Role.DEPENDENCIES, key))
        return None


def _expression(node: ScalarNode, target: Path, problems: Problems) -> Expression | None:
    if not isinstance(node.value, str):
        message = f"{format_path(target)} must follow a path, but {node.text} is not text"
        hint = "a dependency map holds references; constants belong in the search space or the base settings"
        problems.error("QG304", message, problems.at_node(Role.DEPENDENCIES, node), hint)
        return None
    hint = "a reference is a path such as model.gcn_net[0].out_dim, or computes with paths"
    return read_expression(node, Role.DEPENDENCIES, problems, hint)
