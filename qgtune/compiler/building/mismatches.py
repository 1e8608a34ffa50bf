"""What is said where a search space does not fit its base settings."""

from collections.abc import Iterable

from qgtune.compiler.building.constants import constant_tree
from qgtune.compiler.building.forms import FIELDS, is_form
from qgtune.compiler.building.selection import Selection
from qgtune.compiler.building.settings import SETTINGS
from qgtune.compiler.building.written import Fields, Written
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Location, Related, did_you_mean, nearest
from qgtune.core.paths import Path
from qgtune.core.wording import count
from qgtune.document import (
    TAGS,
    AliasNode,
    Content,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    content,
    entries,
    walk,
)
from qgtune.space import Origin, Parameter, Role, SpaceNode, path_text


class Mismatches:
    """Reports each kind of misfit between a search space and its base settings."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self._compared: set[Origin] = set()

    def not_in_base(self, name: str, key: ScalarNode, selection: Selection, *, has_base: bool) -> None:
        """Report a section that is not tuned and that the base settings do not have."""
        reason = "which do not have it" if has_base else "and none are given"
        flagged = name in selection.untuned
        why = f"tune_{name} is false" if flagged else f"tune does not name {name}"
        way_out = f"set tune_{name} to true" if flagged else f"add {name} to tune"
        self.problems.error(
            "QG208",
            f"{why}, so the section {name!r} comes from the base settings, {reason}",
            self.problems.at_node(Role.SPACE, key),
            f"give base settings with a section {name!r}, or {way_out}",
        )

    def bare_list(self, node: SequenceNode, path: Path) -> None:
        """Warn of a list of which nothing tells whether it is a list or choices."""
        text = _flow_text(node)
        self.problems.warn(
            "QG211",
            f"nothing tells whether {path_text(path)} is a list or choices; it is read as choices",
            self.problems.at_node(Role.SPACE, node),
            f"write {{type: categorical, choices: {text}}} or {{type: fixed, value: {text}}}",
        )

    def check_base_value(self, parameter: Parameter, base: Written | None, path: Path) -> None:
        """Warn if the base settings hold a value that the parameter can never have."""
        inner = base.content if base is not None else None
        if not isinstance(inner, ScalarNode) or inner.value is None or parameter.domain.contains(inner.value):
            return
        if parameter.origin in self._compared:
            return  # the items of a repeat are built from one form
        self._compared.add(parameter.origin)
        self.problems.warn(
            "QG218",
            f"{path_text(path)} is {inner.text} in the base settings, but here {parameter.domain}",
            self.problems.at(parameter.origin),
            "",
            Related(self.problems.at_node(Role.BASE, inner), "the base settings' value"),
        )

    def kinds(self, written: Written, base: Content, path: Path, hint: str = "") -> None:
        """Report a kind of value that the base settings do not have there."""
        related = Related(
            self.problems.at_node(Role.BASE, base), f"the base settings have {kind_text(base)} here"
        )
        here, there = kind_text(written.content), kind_text(base)
        message = f"{path_text(path)} is {here} here, but {there} in the base settings"
        self.problems.error("QG212", message, self._key_or_node(written), hint, related)

    def misfit(self, written: Written, base: Content, path: Path, hint: str = "") -> SpaceNode:
        """Report another kind of value, and return the node's own tree, so that references into it hold."""
        self.kinds(written, base, path, hint)
        return constant_tree(written, Role.SPACE)

    def misspelled_type(self, fields: Fields, meant: str) -> None:
        """Report a mapping that is a parameter but for its type."""
        type_node = fields["type"][1].node
        written = content(type_node)
        text = written.text if isinstance(written, ScalarNode) else ""
        hint = f"did you mean {meant!r}? Known: {', '.join(FIELDS)}"
        place = self.problems.at_node(Role.SPACE, type_node)
        self.problems.error("QG202", f"{text!r} is not a type of parameter", place, hint)

    def missing_type(self, written: Path, path: Path) -> None:
        """Warn of a mapping that has the fields of a parameter, but no type."""
        self.problems.warn(
            "QG217",
            f"{path_text(path)} looks like a parameter, but has no type; it is read as it stands",
            self.problems.at_key(Origin(Role.SPACE, written)),
            "add type: float, int or categorical; or write {type: fixed, value: {...}}",
        )

    def part_of_a_switch(self, written: Written, path: Path) -> None:
        """Report that ``tune`` names a part of what stands there in some trials only."""
        message = f"tune names a part of {path_text(path)}, of which trials differ in what it has"
        self.problems.error(
            "QG227", message, self._key_or_node(written), f"name {path_text(path)} as a whole"
        )

    def check_literal(self, node: Node, what: str) -> None:
        """Report what would vary or follow, but stands where a value is taken as it is."""
        for inner in walk(node):
            if inner.tag in TAGS and inner.tag != "!pyobject":
                message = f"{what} is taken as it stands, so nothing in it varies; but here is {inner.tag}"
                hint = "write the values out, or let a switch choose between them"
                self.problems.error("QG205", message, self.problems.at_node(Role.SPACE, inner), hint)
            elif isinstance(inner, MappingNode) and is_form(inner):
                message = f"{what} is taken as it stands; this looks like a parameter, but does not vary"
                hint = "let a switch choose between parameters"
                self.problems.warn("QG217", message, self.problems.at_node(Role.SPACE, inner), hint)

    def unknown_key(self, key: ScalarNode, path: Path, known: Iterable[str | int]) -> None:
        """Warn of a key that the base settings do not have."""
        message = f"the base settings have no {path_text(path)}"
        names = [*map(str, known), *(SETTINGS if len(path) == 1 else ())]
        hint = did_you_mean(str(path[-1]), names)
        self.problems.warn("QG209", message, self.problems.at_node(Role.SPACE, key), hint)

    def misspelled_setting(self, key: ScalarNode) -> None:
        """Warn of a section of a one-file config that is nearly the name of a setting."""
        meant = nearest(key.text, SETTINGS, cutoff=0.8)
        if meant is not None:
            message = f"{key.text} is read as a section of the config"
            self.problems.warn(
                "QG209", message, self.problems.at_node(Role.SPACE, key), f"did you mean {meant!r}?"
            )

    def lengths(self, written: Written, base_length: int, path: Path) -> None:
        """Warn of a list of mappings that is longer or shorter than in the base settings."""
        node = written.content
        assert isinstance(node, SequenceNode)  # noqa: S101 - it is a list that has a length
        self.problems.warn(
            "QG210",
            f"{path_text(path)} has {count(len(node.items), 'item')} here and {base_length} in "
            f"the base settings; a config will have {len(node.items)}",
            self._key_or_node(written),
            "to leave an item as in the base settings, write - {} in its place",
        )

    def _key_or_node(self, written: Written) -> Location:
        node = written.node
        inline = isinstance(node, AliasNode | ScalarNode) or node.flow
        if inline or not written.path:
            return self.problems.at_node(Role.SPACE, node)
        return self.problems.at_key(Origin(Role.SPACE, written.path))


def literals(choices: Node) -> list[Node]:
    """Return the choices of a list, or of a mapping with labels."""
    inner = content(choices)
    if isinstance(inner, SequenceNode):
        return list(inner.items)
    return [value for _, value in entries(inner).values()] if isinstance(inner, MappingNode) else []


def kind_text(node: Content) -> str:
    """Return what a node is, in words: a mapping, a list, or its value."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return (
        "empty"
        if node.value is None
        else f"the value {node.text!r}"
        if node.style
        else f"the value {node.text}"
    )


def _flow_text(node: SequenceNode) -> str:
    """Return the list as it would stand in a hint, shortened if it is long."""
    shown = [inner.text if isinstance(inner := content(item), ScalarNode) else "[...]" for item in node.items]
    return f"[{', '.join(shown if len(shown) <= 6 else [*shown[:5], '...'])}]"
