"""Search space over base settings -> typed tree.

What the search space does not mention stays as in the base settings. What it mentions replaces the value
there; mappings are merged key by key, lists of mappings item by item.
"""

from collections.abc import Mapping as AbstractMapping
from typing import Any

from qgtune.compiler.expand import ListPaths
from qgtune.compiler.forms import form_type, looks_like_range, misspelled_form, read_domain, read_form
from qgtune.compiler.mismatches import Mismatches, kind_text
from qgtune.compiler.problems import Problems
from qgtune.core.paths import ROOT, Path
from qgtune.document import (
    AliasNode,
    Content,
    Document,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    content,
    entries,
    plain_data,
)
from qgtune.space import (
    Categorical,
    Constant,
    DomainError,
    Mapping,
    Origin,
    Parameter,
    Reference,
    Role,
    Sequence,
    SpaceNode,
    path_expression,
)


def constant_tree(node: Node, role: Role, path: Path = ROOT) -> SpaceNode:
    """Return the tree of constants that a node spells, whatever its lists and mappings look like."""
    inner = content(node)
    origin = Origin(role, path)
    if isinstance(inner, ScalarNode):
        return Constant(inner.value, origin)
    if isinstance(inner, SequenceNode):
        items = (constant_tree(item, role, (*path, i)) for i, item in enumerate(inner.items))
        return Sequence(tuple(items), origin)
    fields = {key: constant_tree(value, role, (*path, key)) for key, (_, value) in entries(inner).items()}
    return Mapping(fields, origin)


def build_space(
    space: Document | None,
    base: Document | None,
    list_paths: ListPaths,
    untuned: frozenset[str],
    problems: Problems,
) -> Mapping | None:
    """Return the tree of the search space laid over the base settings, or None after reporting why not.

    Args:
        space: the search space; None if nothing varies.
        base: the base settings; None if there are none.
        list_paths: where the dependency map holds a list, so that a bare list there is a list.
        untuned: the sections (top-level keys) that come from the base settings as they are.
        problems: receives what is wrong.
    """
    builder = _Builder(list_paths, problems)
    roots: list[MappingNode | None] = []
    for role, document in ((Role.SPACE, space), (Role.BASE, base)):
        root = document.root if document else None
        if root is not None and not isinstance(root, MappingNode):
            message = f"the {role} file must be a mapping of sections, not {kind_text(root)}"
            problems.error("QG201", message, problems.at_top(role))
            return None
        roots.append(root)
    return builder.sections(roots[0], roots[1], untuned)


class _Builder:
    def __init__(self, list_paths: ListPaths, problems: Problems) -> None:
        self.list_paths = list_paths
        self.problems = problems
        self.mismatches = Mismatches(problems)
        # Where the parameter that a YAML node defines was first built: an alias is one value.
        self.first_built: dict[int, Path] = {}

    def sections(
        self, space: MappingNode | None, base: MappingNode | None, untuned: frozenset[str]
    ) -> Mapping:
        """Return the whole tree, section by section."""
        space_fields = entries(space) if space else {}
        base_fields = entries(base) if base else {}
        built: dict[str | int, SpaceNode] = {}
        for name in [*base_fields, *(name for name in space_fields if name not in base_fields)]:
            path = (name,)
            base_node = base_fields[name][1] if name in base_fields else None
            if name in untuned and base_node is not None:
                built[name] = constant_tree(base_node, Role.BASE, path)
            elif name in untuned:
                self.mismatches.missing_section(str(name), space_fields[name][0], has_base=base is not None)
            else:
                space_entry = space_fields.get(name)
                built[name] = self.entry(space_entry, base_node, path, siblings=base_fields if base else None)
        return Mapping(built, Origin(Role.SPACE if space else Role.BASE, ROOT))

    def entry(
        self,
        space_entry: tuple[ScalarNode, Node] | None,
        base: Node | None,
        path: Path,
        siblings: AbstractMapping[str | int, Any] | None,
    ) -> SpaceNode:
        """Return the node of one mapping entry; ``siblings`` are the base settings' keys there."""
        if space_entry is None:
            assert base is not None  # noqa: S101 - an entry comes from one of the two
            return constant_tree(base, Role.BASE, path)
        key, node = space_entry
        if base is None and siblings is not None:
            self.mismatches.unknown_key(key, path, siblings)
        return self.node(node, base, path)

    def node(self, space: Node, base: Node | None, path: Path) -> SpaceNode:
        """Return the tree of a search-space node laid over the base node at the same path."""
        inner = content(space)
        if isinstance(inner, MappingNode):
            built = self._mapping(inner, base, path)
        elif isinstance(inner, SequenceNode):
            built = self._sequence(inner, base, path)
        elif inner.value is None and not inner.text and base is not None:
            built = constant_tree(base, Role.BASE, path)  # nothing is written, so nothing is mentioned
        else:
            self._check_scalar_over(inner, base, path, space)
            built = Constant(inner.value, Origin(Role.SPACE, path))
        if isinstance(built, Parameter):
            first = self.first_built.setdefault(id(inner), path)
            if first != path:
                return Reference(path_expression(first), Origin(Role.SPACE, path))
            self.mismatches.check_base_value(built, base, path)
        return built

    def _mapping(self, node: MappingNode, base: Node | None, path: Path) -> SpaceNode:
        kind = form_type(node)
        if kind is not None:
            return self._form(node, kind, path)
        origin = Origin(Role.SPACE, path)
        base_inner = content(base) if base is not None else None
        meant = misspelled_form(node)
        if meant is not None and not isinstance(base_inner, MappingNode):
            self.mismatches.misspelled_type(node, meant)
            return Constant(None, origin)
        if isinstance(base_inner, SequenceNode) or (
            isinstance(base_inner, ScalarNode) and base_inner.value is not None
        ):
            hint = (
                "add type: float, int or categorical to make it a parameter" if looks_like_range(node) else ""
            )
            return self._misfit(node, base_inner, path, hint)
        base_fields = entries(base_inner) if isinstance(base_inner, MappingNode) else {}
        siblings = base_fields if isinstance(base_inner, MappingNode) else None
        fields = entries(node)
        if looks_like_range(node) and not fields.keys() <= base_fields.keys():
            self.mismatches.missing_type(path)
            siblings = None  # one mistake, one warning
        names = [*base_fields, *(name for name in fields if name not in base_fields)]
        built = {
            name: self.entry(
                fields.get(name),
                base_fields[name][1] if name in base_fields else None,
                (*path, name),
                siblings,
            )
            for name in names
        }
        return Mapping(built, origin)

    def _form(self, node: MappingNode, kind: str, path: Path) -> SpaceNode:
        origin = Origin(Role.SPACE, path)
        form = read_form(node, kind, self.problems)
        if form is None:
            return Constant(None, origin)
        if kind == "fixed":
            return constant_tree(form.fields["value"][1], Role.SPACE, (*path, "value"))
        domain = read_domain(form, self.problems)
        return Parameter(domain, origin) if domain is not None else Constant(None, origin)

    def _sequence(self, node: SequenceNode, base: Node | None, path: Path) -> SpaceNode:
        base_inner = content(base) if base is not None else None
        kinds = {type(content(item)) for item in node.items}
        if MappingNode in kinds or not node.items:
            return self._list(node, base_inner, path)
        if kinds == {SequenceNode}:
            return self._list_of_lists(node, base_inner, path)
        if isinstance(base_inner, SequenceNode) or path in self.list_paths:
            return self._list(node, base_inner, path)
        if isinstance(base_inner, MappingNode):
            return self._misfit(node, base_inner, path)
        if base_inner is None or base_inner.value is None:
            self.mismatches.bare_list(node, path)
        return self._choices(node, path)

    def _list_of_lists(self, node: SequenceNode, base: Content | None, path: Path) -> SpaceNode:
        base_holds_lists = isinstance(base, SequenceNode) and any(
            isinstance(content(item), SequenceNode) for item in base.items
        )
        if base_holds_lists or path in self.list_paths:
            return self._list(node, base, path)
        if isinstance(base, MappingNode) or (isinstance(base, ScalarNode) and base.value is not None):
            return self._misfit(node, base, path)
        if not isinstance(base, SequenceNode):
            self.mismatches.bare_list(node, path)
        return self._choices(node, path)

    def _choices(self, node: SequenceNode, path: Path) -> SpaceNode:
        origin = Origin(Role.SPACE, path)
        try:
            return Parameter(Categorical.of([plain_data(item) for item in node.items]), origin)
        except DomainError as error:
            self.problems.error("QG206", error.message, self.problems.at_node(Role.SPACE, node), error.hint)
            return Constant(None, origin)

    def _list(self, node: SequenceNode, base: Content | None, path: Path) -> SpaceNode:
        """Return a plain list; its items may hold parameters of their own."""
        if isinstance(base, MappingNode) or (isinstance(base, ScalarNode) and base.value is not None):
            return self._misfit(node, base, path)
        base_items = base.items if isinstance(base, SequenceNode) else ()
        holds_mappings = any(isinstance(content(item), MappingNode) for item in (*node.items, *base_items))
        if base is not None and holds_mappings and len(base_items) != len(node.items):
            self.mismatches.lengths(node, len(base_items), path)
        # A list among lists is a list, also where the base settings have fewer of them.
        first_list = next((item for item in base_items if isinstance(content(item), SequenceNode)), None)
        items: list[SpaceNode] = []
        for i, item in enumerate(node.items):
            below = base_items[i] if i < len(base_items) else None
            if below is None and isinstance(content(item), SequenceNode):
                below = first_list
            items.append(self.node(item, below, (*path, i)))
        return Sequence(tuple(items), Origin(Role.SPACE, path))

    def _misfit(self, node: Node, base: Content, path: Path, hint: str = "") -> SpaceNode:
        """Report another kind of value, and return the node's own tree, so that references into it hold."""
        self.mismatches.kinds(node, base, path, hint)
        return constant_tree(node, Role.SPACE, path)

    def _check_scalar_over(self, node: ScalarNode, base: Node | None, path: Path, written: Node) -> None:
        base_inner = content(base) if base is not None else None
        if base_inner is None or isinstance(base_inner, ScalarNode):
            return
        place = written if isinstance(written, AliasNode) else node
        hint = "to leave it out, write {type: fixed, value: null}" if node.value is None else ""
        self.mismatches.kinds(place, base_inner, path, hint)
