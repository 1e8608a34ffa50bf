"""Search space over base settings -> typed tree.

What the search space does not mention stays as in the base settings. What it mentions replaces the value
there; mappings are merged key by key, lists of mappings item by item. Lists, conditions, switches and repeats
have modules of their own, which come back here for what stands in their items and cases.
"""

from qgtune.compiler.building.conditions import (
    WHEN,
    build_condition,
    build_coupled,
    build_switch,
    is_condition,
)
from qgtune.compiler.building.constants import constant_tree
from qgtune.compiler.building.expand import ListPaths
from qgtune.compiler.building.forms import form_type, looks_like_range, misspelled_form, read_form
from qgtune.compiler.building.lists import Lists
from qgtune.compiler.building.mismatches import Mismatches, kind_text
from qgtune.compiler.building.parameters import Parameters
from qgtune.compiler.building.reach import Reach
from qgtune.compiler.building.repeats import Allowance, Kit, RepeatBuilder
from qgtune.compiler.building.selection import Extent, Selection
from qgtune.compiler.building.settings import settings_in
from qgtune.compiler.building.sharing import Sharing
from qgtune.compiler.building.tags import FIELDS, has_tags, read_tagged
from qgtune.compiler.building.written import Fields, Written, fields_of, settled
from qgtune.compiler.problems import Problems
from qgtune.core.paths import ROOT, Path
from qgtune.document import AliasNode, Content, Document, MappingNode, ScalarNode, SequenceNode, entries, walk
from qgtune.space import (
    Constant,
    Domain,
    FollowingRange,
    Mapping,
    Origin,
    Role,
    SpaceNode,
    Unread,
    config_path,
)


def _tells(base: Content, inner: Content) -> bool:
    """Tell whether base settings that are replaced still tell how to read what replaces them."""
    if isinstance(inner, MappingNode):
        fields = entries(inner)
        return isinstance(base, MappingNode) or "type" in fields or WHEN in fields
    return isinstance(inner, SequenceNode) and not isinstance(base, MappingNode)


def build_space(
    space: Document | None,
    base: Document | None,
    list_paths: ListPaths,
    selection: Selection,
    problems: Problems,
) -> Mapping | None:
    """Return the tree of the search space laid over the base settings, or None after reporting why not.

    Args:
        space: the search space; None if nothing varies.
        base: the base settings; None if there are none.
        list_paths: where the dependency map holds a list, so that a bare list there is a list.
        selection: what varies; the rest comes from the base settings as it is.
        problems: receives what is wrong.
    """
    roots: list[Written | None] = []
    for role, document in ((Role.SPACE, space), (Role.BASE, base)):
        root = document.root if document else None
        if root is not None and not isinstance(root, MappingNode):
            message = f"the {role} file must be a mapping of sections, not {kind_text(root)}"
            problems.error("QG201", message, problems.at_top(role))
            return None
        roots.append(None if root is None else Written(root, ROOT))
    if base is not None:
        _refuse_tags(base, problems)
    builder = _Builder(roots[0], roots[1], list_paths, selection, problems)
    return builder.sections(settings_in(space, base))


def _refuse_tags(base: Document, problems: Problems) -> None:
    """Report tags in base settings: these are a config, of which nothing varies."""
    for node in walk(base.root):
        if node.tag in FIELDS:
            message = (
                f"base settings are a config, so nothing in them varies or follows; but here is a {node.tag}"
            )
            hint = "move it to the search space, or give this file as search_space_path"
            problems.error("QG231", message, problems.at_node(Role.BASE, node), hint)


class _Builder:
    def __init__(
        self,
        space: Written | None,
        base: Written | None,
        list_paths: ListPaths,
        selection: Selection,
        problems: Problems,
    ) -> None:
        self.space = space
        self.base = base
        self.selection = selection
        self.problems = problems
        self.mismatches = Mismatches(problems)
        self.sharing = Sharing(problems)
        self.parameters = Parameters(self.mismatches, self.sharing)
        self.reach = Reach(space, base, selection)
        self.kit = Kit(self, self.sharing, self.reach, Allowance())
        # In the one-file form of later QGTune, what varies has a tag, and a bare list is a list.
        only_tags_vary = base is None and space is not None and has_tags(space.node)
        self.lists = Lists(self, self.parameters, self.mismatches, list_paths, only_tags_vary=only_tags_vary)

    def sections(self, settings: frozenset[str]) -> Mapping:
        """Return the whole tree, section by section, without the settings of the search space itself."""
        space_fields = fields_of(self.space) if self.space else {}
        space_fields = {name: entry for name, entry in space_fields.items() if name not in settings}
        base_fields = fields_of(self.base) if self.base else {}
        built: dict[str | int, SpaceNode] = {}
        for name in [*base_fields, *(name for name in space_fields if name not in base_fields)]:
            path = (name,)
            varies = self.selection.extent(path) is not Extent.NONE
            if name in base_fields and not varies:
                built[name] = constant_tree(base_fields[name][1], Role.BASE)
            elif not varies:
                key = space_fields[name][0]
                self.mismatches.not_in_base(str(name), key, self.selection, has_base=bool(self.base))
            else:
                base_entry = base_fields[name][1] if name in base_fields else None
                if not self.base:
                    self.mismatches.misspelled_setting(space_fields[name][0])
                siblings = base_fields if self.base else None
                built[name] = self.entry(space_fields.get(name), base_entry, path, siblings)
        root = Mapping(built, Origin(Role.SPACE if self.space else Role.BASE, ROOT))
        return self.sharing.settled(root)

    def entry(
        self,
        space_entry: tuple[ScalarNode, Written] | None,
        base: Written | None,
        path: Path,
        siblings: Fields | None,
        *,
        merges: bool = True,
    ) -> SpaceNode:
        """Return the node of one mapping entry; ``siblings`` are the base settings' keys there."""
        if space_entry is None:
            assert base is not None  # noqa: S101 - an entry comes from one of the two
            return constant_tree(base, Role.BASE)
        key, written = space_entry
        if base is None and siblings is not None and merges:
            self.mismatches.unknown_key(key, path, siblings)
        return self.node(written, base, path, merges=merges)

    def node(self, space: Written, base: Written | None, path: Path, *, merges: bool = True) -> SpaceNode:
        """Return the tree of a search-space node laid over the base node, if it varies at all."""
        if self.selection.patterns is not None and base is not None:
            extent = self.selection.extent(config_path(path))
            if extent is Extent.NONE:
                return constant_tree(base, Role.BASE)
        return self._node(space, base, path, merges=merges)

    def _node(self, space: Written, base: Written | None, path: Path, *, merges: bool) -> SpaceNode:
        """Return the tree of a search-space node laid over the base node at the same path.

        Args:
            space: what the search space says.
            base: what the base settings say there, if anything.
            path: where it stands in the tree.
            merges: whether keys that only the base settings have are kept; if not, these only tell what
                kind of value stands where.
        """
        space = settled(space)
        inner = space.content
        tagged = None if inner.tag is None else read_tagged(space, path, self, self.reach)
        if tagged is not None:
            if isinstance(tagged, Domain | FollowingRange):
                return self.parameters.parameter(tagged, space, base, path)
            return tagged
        if base is not None and not merges and not _tells(base.content, inner):
            base = None
        if isinstance(inner, MappingNode):
            return self._mapping(space, fields_of(space), base, path, merges=merges)
        if isinstance(inner, SequenceNode):
            return self.lists.node(space, inner, base, path, merges=merges)
        return self._scalar(space, inner, base, path, merges=merges)

    def _scalar(
        self, space: Written, node: ScalarNode, base: Written | None, path: Path, *, merges: bool
    ) -> SpaceNode:
        if space.is_empty and base is not None and merges:
            return constant_tree(base, Role.BASE)  # nothing is written, so nothing is mentioned
        self._check_scalar_over(node, base, path, space)
        return Constant(node.value, Origin(Role.SPACE, space.path))

    def mapping(
        self, space: Written, fields: Fields, base: Written | None, path: Path, *, merges: bool
    ) -> SpaceNode:
        """Return the tree of a mapping whose condition has been taken from its fields."""
        if not fields and base is not None:
            return constant_tree(base, Role.BASE)
        is_form = form_type(fields) is not None
        if base is not None and not merges and not is_form and not isinstance(base.content, MappingNode):
            base = None
        return self._mapping(space, fields, base, path, merges=merges)

    def _mapping(
        self, space: Written, fields: Fields, base: Written | None, path: Path, *, merges: bool
    ) -> SpaceNode:
        base_inner = base.content if base is not None else None
        kind, is_conditional = form_type(fields), is_condition(fields, base_inner)
        if (is_conditional or kind in ("switch", "coupled")) and (
            self.selection.extent(config_path(path)) is Extent.PART
        ):
            self.mismatches.part_of_a_switch(space, path)
            return Unread(None, Origin(Role.SPACE, space.path))
        if is_conditional:
            return build_condition(space, fields, base, path, self, merges=merges)
        if kind is not None:
            return self._form(space, fields, kind, base, path, merges=merges)
        meant = misspelled_form(fields)
        if meant is not None and not isinstance(base_inner, MappingNode):
            self.mismatches.misspelled_type(fields, meant)
            return Unread(None, Origin(Role.SPACE, space.path))
        if isinstance(base_inner, SequenceNode) or (
            isinstance(base_inner, ScalarNode) and base_inner.value is not None
        ):
            hint = "add type: float, int or categorical to make it a parameter"
            return self.mismatches.misfit(space, base_inner, path, hint if looks_like_range(fields) else "")
        return self._entries(space, fields, base, path, merges=merges)

    def _entries(
        self, space: Written, fields: Fields, base: Written | None, path: Path, *, merges: bool
    ) -> SpaceNode:
        """Return a plain mapping, entry by entry; those of the base settings come first."""
        is_over_mapping = base is not None and isinstance(base.content, MappingNode)
        base_fields = fields_of(base) if base is not None and is_over_mapping else {}
        siblings = base_fields if is_over_mapping else None
        if looks_like_range(fields) and not fields.keys() <= base_fields.keys():
            self.mismatches.missing_type(space.path, path)
            siblings = None  # one mistake, one warning
        names = [name for name in base_fields if merges or name in fields]
        names += [name for name in fields if name not in base_fields]
        built = {
            name: self.entry(
                fields.get(name),
                base_fields[name][1] if name in base_fields else None,
                (*path, name),
                siblings,
                merges=merges,
            )
            for name in names
        }
        return Mapping(built, Origin(Role.SPACE, space.path))

    def _form(  # noqa: PLR0913 - as mapping, of which it is a part
        self,
        space: Written,
        fields: Fields,
        kind: str,
        base: Written | None,
        path: Path,
        *,
        merges: bool,
    ) -> SpaceNode:
        form = read_form(fields, kind, self.problems)
        if form is None:
            return Unread(None, Origin(Role.SPACE, space.path))
        match kind:
            case "fixed":
                self.mismatches.check_literal(form.node("value"), "a fixed value")
                built = constant_tree(form.fields["value"][1], Role.SPACE)
            case "switch":
                built = build_switch(form, space, base, path, self)
            case "coupled":
                built = build_coupled(form, space, path, self)
            case "repeat":
                built = RepeatBuilder(form, space, base, path, self.kit).make()
            case _:
                built = self.parameters.sampled(form, space, base if merges else None, path)
        return built

    def choices(self, space: Written, path: Path) -> SpaceNode:
        """Return the parameter whose choices are the items of a list."""
        return self.parameters.choices(space, None, path)

    def _check_scalar_over(self, node: ScalarNode, base: Written | None, path: Path, space: Written) -> None:
        base_inner = base.content if base is not None else None
        if base_inner is None or isinstance(base_inner, ScalarNode):
            return
        place = space if isinstance(space.node, AliasNode) else Written(node, space.path)
        hint = "to leave it out, write {type: fixed, value: null}" if node.value is None else ""
        self.mismatches.kinds(place, base_inner, path, hint)
