"""Which of all that a search space can be a config is: its cases, and the items that it has."""

from collections.abc import Iterator
from typing import Any

from qgtune.compiler.linking.link import LinkedSpace, labelled_domain
from qgtune.compiler.linking.sources import Fact, Formula, Route
from qgtune.compiler.planning.reading import OnDemand, chosen, walk_config
from qgtune.core.paths import ROOT, Path
from qgtune.space import Repeat, SpaceNode, Switch, config_path
from qgtune.space.tree import COUNT, case_label, children


def present(space: LinkedSpace, config: dict[str, Any]) -> Iterator[tuple[Path, SpaceNode]]:
    """Yield the nodes of a space that a config resolved from it has, with their paths in the tree.

    The length of a repeat is among them, though it stands in no config.

    Raises:
        EvaluationError: if the config was not resolved from this space.
    """
    return _below(space, config, ROOT, space.root)


def _below(
    space: LinkedSpace, config: dict[str, Any], path: Path, node: SpaceNode
) -> Iterator[tuple[Path, SpaceNode]]:
    yield path, node
    if isinstance(node, Switch):
        label = case_label(_chosen_by(space, space.choosers[path], config))
        case = next((case for case in node.cases if case.label == label), node.default)
        if case is not None and case.node is not None:
            yield from _below(space, config, (*path, case.branch), case.node)
        return
    length = len(walk_config(config, config_path(path))) if isinstance(node, Repeat) else 0
    for key, child in children(node):
        if not isinstance(node, Repeat) or key == COUNT or int(key) < length:
            yield from _below(space, config, (*path, key), child)


def _chosen_by(space: LinkedSpace, formula: Formula, config: dict[str, Any]) -> Any:
    """Return what a switch was chosen by in a config."""

    def read(source: Any) -> Any:
        domain = labelled_domain(space, source)
        return found(source) if domain is None else chosen(found(source), domain)

    def found(source: Any) -> Any:
        if isinstance(source, Fact):
            return source.value
        if isinstance(source, Route):
            return walk_config(config, source.path)
        if isinstance(source, list):
            return list(map(found, source))
        return walk_config(config, config_path(source))

    return formula.expression.choose(OnDemand(formula.sources, read))
