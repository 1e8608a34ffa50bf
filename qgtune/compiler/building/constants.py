"""What a node spells as it stands: constants, whatever its lists and mappings look like."""

from qgtune.compiler.building.written import Written, fields_of
from qgtune.core.paths import Path
from qgtune.document import ScalarNode, SequenceNode
from qgtune.space import Constant, Mapping, Origin, Role, Sequence, SpaceNode


def constant_tree(written: Written, role: Role) -> SpaceNode:
    """Return the tree of constants that a node spells, whatever its lists and mappings look like."""
    inner = written.content
    origin = Origin(role, written.path)
    if isinstance(inner, ScalarNode):
        return Constant(inner.value, origin)
    if isinstance(inner, SequenceNode):
        items = (constant_tree(item, role) for item in items_of(inner, written.path))
        return Sequence(tuple(items), origin)
    fields = {key: constant_tree(value, role) for key, (_, value) in fields_of(written).items()}
    return Mapping(fields, origin)


def items_of(node: SequenceNode, path: Path) -> list[Written]:
    """Return the items of a list with their places."""
    return [Written(item, (*path, i)) for i, item in enumerate(node.items)]
