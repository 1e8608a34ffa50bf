"""Lists of a search space -> choices, or lists whose items may hold parameters of their own.

A list of mappings is a list. A list of scalars, or of lists, is a list where the base settings or the
dependency map have one, and else the choices of a parameter.
"""

from qgtune.compiler.building.conditions import NodeBuilder
from qgtune.compiler.building.constants import items_of
from qgtune.compiler.building.expand import ListPaths
from qgtune.compiler.building.mismatches import Mismatches
from qgtune.compiler.building.parameters import Parameters
from qgtune.compiler.building.written import Written
from qgtune.core.paths import Path
from qgtune.document import MappingNode, ScalarNode, SequenceNode, content
from qgtune.space import Origin, Role, Sequence, SpaceNode, config_path


class Lists:
    """Builds the nodes of lists.

    Args:
        build: builds the nodes of the items.
        parameters: makes parameters of choices.
        mismatches: receives what is wrong.
        paths: where the dependency map holds a list, so that a bare list there is a list.
        only_tags_vary: whether a bare list is a list everywhere, as in the one-file form of later QGTune.
    """

    def __init__(
        self,
        build: NodeBuilder,
        parameters: Parameters,
        mismatches: Mismatches,
        paths: ListPaths,
        *,
        only_tags_vary: bool,
    ) -> None:
        self.build = build
        self.parameters = parameters
        self.mismatches = mismatches
        self.paths = paths
        self.only_tags_vary = only_tags_vary

    def node(
        self, space: Written, node: SequenceNode, base: Written | None, path: Path, *, merges: bool
    ) -> SpaceNode:
        """Return what a list of the search space stands for.

        Args:
            space: where it was written.
            node: the list.
            base: what the base settings have there, if anything.
            path: where it stands in the tree.
            merges: whether what only the base settings have is kept.
        """
        base_inner = base.content if base is not None else None
        kinds = {type(content(item)) for item in node.items}
        if MappingNode in kinds or not node.items or self.only_tags_vary:
            return self._list(space, node, base, path, merges=merges)
        if kinds == {SequenceNode}:
            return self._list_of_lists(space, node, base, path, merges=merges)
        if isinstance(base_inner, SequenceNode) or config_path(path) in self.paths:
            return self._list(space, node, base, path, merges=merges)
        if isinstance(base_inner, MappingNode):
            return self.mismatches.misfit(space, base_inner, path)
        if base_inner is None or base_inner.value is None:
            self.mismatches.bare_list(node, path)
        return self.parameters.choices(space, base if merges else None, path)

    def _list_of_lists(
        self, space: Written, node: SequenceNode, base: Written | None, path: Path, *, merges: bool
    ) -> SpaceNode:
        base_inner = base.content if base is not None else None
        base_holds_lists = isinstance(base_inner, SequenceNode) and any(
            isinstance(content(item), SequenceNode) for item in base_inner.items
        )
        if base_holds_lists or config_path(path) in self.paths:
            return self._list(space, node, base, path, merges=merges)
        if isinstance(base_inner, MappingNode) or (
            isinstance(base_inner, ScalarNode) and base_inner.value is not None
        ):
            return self.mismatches.misfit(space, base_inner, path)
        if not isinstance(base_inner, SequenceNode):
            self.mismatches.bare_list(node, path)
        return self.parameters.choices(space, base, path)

    def _list(
        self, space: Written, node: SequenceNode, base: Written | None, path: Path, *, merges: bool
    ) -> SpaceNode:
        """Return a plain list; its items may hold parameters of their own."""
        base_inner = base.content if base is not None else None
        if isinstance(base_inner, MappingNode) or (
            isinstance(base_inner, ScalarNode) and base_inner.value is not None
        ):
            return self.mismatches.misfit(space, base_inner, path)
        base_items = items_of(base_inner, base.path) if base and isinstance(base_inner, SequenceNode) else []
        holds_mappings = any(isinstance(content(item), MappingNode) for item in node.items) or any(
            isinstance(item.content, MappingNode) for item in base_items
        )
        if merges and base is not None and holds_mappings and len(base_items) != len(node.items):
            self.mismatches.lengths(space, len(base_items), path)
        # A list among lists is a list, also where the base settings have fewer of them.
        first_list = next((item for item in base_items if isinstance(item.content, SequenceNode)), None)
        items: list[SpaceNode] = []
        for i, item in enumerate(items_of(node, space.path)):
            below = base_items[i] if i < len(base_items) else None
            if below is None and isinstance(item.content, SequenceNode):
                below = first_list
            items.append(self.build.node(item, below, (*path, i), merges=merges))
        return Sequence(tuple(items), Origin(Role.SPACE, space.path))
