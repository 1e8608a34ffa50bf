"""What a search space says of itself, beside the values that vary: ``constraints`` and ``extends``."""

from qgtune.compiler.building.conditions import expression_of
from qgtune.compiler.building.written import Written, fields_of
from qgtune.compiler.problems import Problems
from qgtune.core.paths import ROOT
from qgtune.document import Document, MappingNode, SequenceNode, entries
from qgtune.space import Expression, Origin, Role

CONSTRAINTS, EXTENDS = SETTINGS = "constraints", "extends"

_EXAMPLE = 'a constraint compares values of the config, as in "model.params <= 2e6"'


def settings_in(space: Document | None, base: Document | None) -> frozenset[str]:
    """Return the top-level keys of a search space that are settings of its own, and no sections of a config.

    A key that the base settings have is a section.
    """
    if space is None or not isinstance(space.root, MappingNode):
        return frozenset()
    sections = entries(base.root) if base is not None and isinstance(base.root, MappingNode) else {}
    return frozenset(
        key for key in (CONSTRAINTS, EXTENDS) if key in entries(space.root) and key not in sections
    )


def read_constraints(space: Document, problems: Problems) -> tuple[tuple[Expression, Origin], ...]:
    """Return the constraints of a search space that has some, with their places; mistakes are reported."""
    written = fields_of(Written(space.root, ROOT))[CONSTRAINTS][1]
    inner = written.content
    if not isinstance(inner, SequenceNode):
        place = problems.at_node(Role.SPACE, written.node)
        problems.error("QG205", "constraints must be a list of expressions", place, _EXAMPLE)
        return ()
    found: list[tuple[Expression, Origin]] = []
    for i, item in enumerate(inner.items):
        one = Written(item, (*written.path, i))
        expression = expression_of(one, problems, _EXAMPLE)
        if expression is not None:
            found.append((expression, Origin(Role.SPACE, one.path)))
    return tuple(found)
