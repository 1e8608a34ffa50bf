"""``when`` with ``otherwise``, ``type: switch``, ``type: coupled``: all of them are switches of the tree."""

from dataclasses import replace
from typing import Protocol

from qgtune.compiler.building.expressions import read_expression
from qgtune.compiler.building.forms import Form
from qgtune.compiler.building.written import Fields, Written, fields_of
from qgtune.compiler.problems import Problems
from qgtune.core.paths import Path
from qgtune.document import Content, MappingNode, ScalarNode, entries
from qgtune.space import Branch, Case, Expression, Origin, Role, SpaceNode, Switch, Unread, config_path
from qgtune.space.operations import Literal, Operation
from qgtune.space.tree import DEFAULT, case_label

WHEN, OTHERWISE = "when", "otherwise"

UNREAD = Expression("", (), Literal(None))
"""What stands for an expression that could not be read, so that what it chooses among is still looked at."""

_EXAMPLE = "a condition compares values of the config, as in \"model.gcn_net[0].gnn_layer_type == 'gat'\""


class NodeBuilder(Protocol):
    """What builds the nodes that stand in the cases."""

    problems: Problems

    def node(self, space: Written, base: Written | None, path: Path, *, merges: bool = True) -> SpaceNode:
        """Return the tree of a search-space node laid over the base node at the same path."""

    def mapping(
        self, space: Written, fields: Fields, base: Written | None, path: Path, *, merges: bool
    ) -> SpaceNode:
        """Return the tree of a mapping with only these of its fields."""

    def choices(self, space: Written, path: Path) -> SpaceNode:
        """Return the parameter whose choices are the items of a list."""


def is_condition(fields: Fields, base: Content | None) -> bool:
    """Tell whether ``when`` among the fields is a condition, and not a key of the config itself."""
    return WHEN in fields and not (isinstance(base, MappingNode) and WHEN in entries(base))


def build_condition(  # noqa: PLR0913 - as NodeBuilder.mapping, of which it is a part
    space: Written,
    fields: Fields,
    base: Written | None,
    path: Path,
    build: NodeBuilder,
    *,
    merges: bool,
) -> SpaceNode:
    """Return the switch of a mapping with ``when``: the mapping without it, or else ``otherwise``."""
    written = fields[WHEN][1]
    rest = {name: entry for name, entry in fields.items() if name not in (WHEN, OTHERWISE)}
    condition = expression_of(written, build.problems, _EXAMPLE)
    if not rest and base is None:
        place = build.problems.at_node(Role.SPACE, fields[WHEN][0])
        hint = "write beside it what stands here then, such as type: fixed with a value"
        build.problems.error(
            "QG204", "when stands alone, and the base settings have no value here", place, hint
        )
    then = build.mapping(space, rest, base, (*path, Branch(WHEN)), merges=merges)
    other = None
    if OTHERWISE in fields:
        other = build.node(fields[OTHERWISE][1], base, (*path, Branch(OTHERWISE)), merges=False)
    elif isinstance(config_path(path)[-1], int):
        place = build.problems.at_node(Role.SPACE, fields[WHEN][0])
        hint = "say what else stands there with otherwise:, or tune the length with type: repeat"
        build.problems.error("QG220", "an item of a list cannot be absent", place, hint)
    if condition is None:
        return then
    cases = (Case(WHEN, then), Case(OTHERWISE, other))
    chosen = Operation("when", (condition.root, Literal(WHEN), Literal(OTHERWISE)))
    return Switch(replace(condition, root=chosen), cases, None, Origin(Role.SPACE, written.path))


def build_switch(
    form: Form, space: Written, base: Written | None, path: Path, build: NodeBuilder
) -> SpaceNode:
    """Return the switch that ``{type: switch, on: ..., cases: {...}}`` defines.

    A case says all that stands there. The base settings only tell what is a list and what are choices in it.
    """
    return _build_cases(form, ("on", "cases"), "model.gnn_layer_type", (space, base, path), build)


def build_coupled(form: Form, space: Written, path: Path, build: NodeBuilder) -> SpaceNode:
    """Return the switch that ``{type: coupled, to: PATH, values: {...}}`` defines: a value for each value."""
    return _build_cases(form, ("to", "values"), "training.num_epochs", (space, None, path), build)


def _build_cases(
    form: Form,
    fields: tuple[str, str],
    example: str,
    place: tuple[Written, Written | None, Path],
    build: NodeBuilder,
) -> SpaceNode:
    """Return the switch of a form with a field that chooses and a field of cases.

    Args:
        form: the form.
        fields: the names of the two fields.
        example: a path that could choose, for hints.
        place: where it was written, what the base settings have there, and its path in the tree.
        build: builds the nodes of the cases.
    """
    chooser, (space, base, path) = form.fields[fields[0]][1], place
    cases = _labelled(form, fields[1], build.problems)
    on = expression_of(chooser, build.problems, f"{fields[0]} is a path such as {example}")
    if cases is None:
        return Unread(None, Origin(Role.SPACE, space.path))
    built = {
        label: Case(label, build.node(written, base, (*path, Branch(label)), merges=False))
        for label, written in cases.items()
    }
    default = built.pop(DEFAULT, None)
    return Switch(on or UNREAD, tuple(built.values()), default, Origin(Role.SPACE, chooser.path))


def expression_of(written: Written, problems: Problems, hint: str) -> Expression | None:
    """Return the expression that stands in a field, or None after reporting why there is none."""
    inner = written.content
    if isinstance(inner, ScalarNode) and isinstance(inner.value, str):
        return read_expression(inner, Role.SPACE, problems, hint)
    field = written.path[-1]
    what = f"an item of {written.path[-2]}" if isinstance(field, int) else field
    problems.error("QG205", f"{what} must be an expression", problems.at_node(Role.SPACE, written.node), hint)
    return None


def _labelled(form: Form, field: str, problems: Problems) -> dict[str, Written] | None:
    """Return what stands under each label, or None after reporting that these are no labels."""
    written = form.fields[field][1]
    if not isinstance(written.content, MappingNode) or not entries(written.content):
        message = f"{field} must be a mapping of values to what stands there then"
        problems.error("QG205", message, problems.at_node(Role.SPACE, written.node))
        return None
    labelled: dict[str, Written] = {}
    for name, (key, value) in fields_of(written).items():
        # A float has one label however it is written: 1e-3 is chosen by 0.001.
        label = str(case_label(key.value if isinstance(key.value, float) else name))
        if label in labelled:
            message = f"the case {label} is given twice: a number and its text are one label"
            problems.error("QG203", message, problems.at_node(Role.SPACE, key), "remove one of them")
        labelled.setdefault(label, value)
    return labelled
