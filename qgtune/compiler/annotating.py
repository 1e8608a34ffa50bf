"""A config -> what is worth saying beside its values: what is tuned, what follows, what was chosen."""

from collections.abc import Iterator
from typing import Any

from qgtune.compiler.link import Fact, Formula, LateFact, LinkedSpace, Route, Source
from qgtune.compiler.presence import reading
from qgtune.compiler.steps import walk_config
from qgtune.core.paths import ROOT, Path
from qgtune.space import Parameter, Repeat, SpaceNode, Switch, config_path
from qgtune.space.tree import COUNT, LAST, MIDDLE, Case, case_label, children


def annotations_of(space: LinkedSpace, config: dict[str, Any]) -> dict[Path, str]:
    """Return what is worth saying beside the values of a config, by path.

    Where cases differ, it is what holds for the case that this config has.

    Args:
        space: the tree that the config was resolved from.
        config: the config of a trial.
    """
    found: dict[Path, str] = {}
    for path, node in _present(space, config, space.root, ROOT):
        place = config_path(path)
        if isinstance(node, Parameter):
            found[place] = str(node.domain)
        elif path in space.formulas:
            found[place] = f"follows {reading(space.formulas[path])}"
        elif isinstance(node, Switch):
            found[place] = f"chosen by {reading(space.choosers[path])}"
        elif isinstance(node, Repeat):
            count = (*path, COUNT)
            domain = getattr(node.count, "domain", None)
            length = f"follows {reading(space.formulas[count])}" if domain is None else domain
            found[place] = f"length: {length}"
    return found


def _present(
    space: LinkedSpace, config: dict[str, Any], node: SpaceNode, path: Path
) -> Iterator[tuple[Path, SpaceNode]]:
    """Yield what a config has of a tree, parents first; of a switch, the case that the config has."""
    if isinstance(node, Switch):
        case = _case(space.choosers[path], node, config)
        if case is not None and case.node is not None:
            if tuple(one.label for one in node.all_cases) != (MIDDLE, LAST):
                yield path, node
            yield from _present(space, config, case.node, (*path, case.branch))
        return
    yield path, node
    length = len(walk_config(config, config_path(path))) if isinstance(node, Repeat) else 0
    for key, child in children(node):
        if not isinstance(node, Repeat) or (isinstance(key, int) and key < length):
            yield from _present(space, config, child, (*path, key))


def _case(formula: Formula, node: Switch, config: dict[str, Any]) -> Case | None:
    label = case_label(formula.expression.evaluate([_value(source, config) for source in formula.sources]))
    return next((case for case in node.cases if case.label == label), node.default)


def _value(source: Source, config: dict[str, Any]) -> Any:
    if isinstance(source, list):
        return [walk_config(config, config_path(path)) for path in source]
    if isinstance(source, Fact):
        return source.value
    assert not isinstance(source, LateFact)  # noqa: S101 - only constraints have them
    return walk_config(config, source.path if isinstance(source, Route) else config_path(source))
