"""Values of configs at the lines that set them: a choice, a constant, what a reference follows."""

from collections.abc import Mapping
from typing import Any

from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.planning.variants import present
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Location, Related
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.space import (
    Categorical,
    Origin,
    Parameter,
    Reference,
    Role,
    SpaceNode,
    Switch,
    config_path,
    path_text,
)
from qgtune.space.tree import child_at, child_key


def report_values(
    found: list[ConfigValueError], config: dict[str, Any], compilation: Compilation, problems: Problems
) -> None:
    """Report problems of a config's values, each at the line of the file that set the value."""
    there = {config_path(path): path for path, _ in present(compilation.space, config)}
    for problem in found:
        _report_one(problem, config, there, compilation, problems)


def _report_one(
    problem: ConfigValueError,
    config: dict[str, Any],
    there: Mapping[Path, Path],
    compilation: Compilation,
    problems: Problems,
) -> None:
    """Report a problem; ``there`` tells which node of the tree stands at a path of the config."""
    shown = format_path(problem.path)
    message = problem.message if shown in problem.message else f"{shown}: {problem.message}"
    related: tuple[Related, ...] = ()
    depth = next(end for end in range(len(problem.path), -1, -1) if problem.path[:end] in there)
    tree_path, rest = there[problem.path[:depth]], problem.path[depth:]
    node = compilation.space.nodes[tree_path]
    if isinstance(node, Reference):
        formula = compilation.space.formulas[tree_path]
        related = tuple(
            Related(
                problems.at(compilation.space.nodes[source].origin),
                f"it follows {path_text(source)}",
            )
            for source in formula.paths
        )
    place = _choice_location(problem.path[:depth], config, node, problems)
    place = place or _place_of_absent(problem.path, config, problems)
    place = place or _place_below(node, rest, problems, of_key=problem.is_key)
    problems.error("QG214", message, place, problem.hint, *related)


def _place_of_absent(path: Path, config: dict[str, Any], problems: Problems) -> Location | None:
    """Return where the base settings lack a value that no file gives; None if there is a value."""
    base = problems.documents.get(Role.BASE)
    value: Any = config
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None if base is None else base.locate(path)
    return None


def _choice_location(
    path: Path, config: dict[str, Any], node: SpaceNode, problems: Problems
) -> Location | None:
    """Return where the choice that the config holds at ``path`` was written, if it is a choice."""
    if not isinstance(node, Parameter) or not isinstance(node.domain, Categorical):
        return None
    value: Any = config
    for part in path:
        value = value[part]
    position = next(
        (i for i, choice in enumerate(node.domain.choices) if choice is value or choice == value), None
    )
    document = problems.documents[node.origin.role]
    for below in ((), ("choices",), ("values",)):
        written = (*node.origin.path, *below, position)
        if position is not None and document.find(written) is not None:
            return document.locate(written)
    return None


def origin_location(
    compilation: Compilation, problems: Problems, path: Path, *, of_key: bool = False
) -> Location:
    """Return where the value at ``path`` of a config was written, or the nearest thing above it."""
    node, rest = nearest_node(compilation.space.root, path)
    return _place_below(node, rest, problems, of_key=of_key)


def _place_below(node: SpaceNode, rest: Path, problems: Problems, *, of_key: bool) -> Location:
    """Return the place of what stands below a node in its file, or the nearest thing above it."""
    origin = (
        Origin(node.origin.role, (*node.origin.path, *rest))
        if not isinstance(node, Parameter)
        else node.origin
    )
    return problems.at_key(origin) if of_key else problems.at(origin)


def nearest_node(node: SpaceNode, path: Path) -> tuple[SpaceNode, Path]:
    """Return the deepest node on the way to ``path``, and what is left of the path there."""
    for depth, part in enumerate(path):
        while isinstance(node, Switch):
            cases = [case.node for case in node.all_cases if case.node is not None]
            node = next((case for case in cases if child_key(case, part) is not None), cases[0])
        key = child_key(node, part)
        if key is None:
            return node, path[depth:]
        node = child_at(node, key)
    return node, ()
