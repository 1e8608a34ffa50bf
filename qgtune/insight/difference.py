"""What changed between two search spaces, value by value, and whether a study can go on across the change.

The rule is that of a run: a study goes on only where its trials can be compared with new ones, that is where
all that a trial is made of is the same. What a trial never sees may change, such as the number of trials, or
the base settings' value of a parameter.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qgtune.compiler.pipeline import Compilation
from qgtune.core.paths import Path, format_path
from qgtune.document import format_flow
from qgtune.insight.presence import is_last_or_not, told
from qgtune.space import (
    Categorical,
    Constant,
    Domain,
    Float,
    FollowingRange,
    Integer,
    Parameter,
    Reference,
    Repeat,
    Role,
    SpaceNode,
    Switch,
    config_path,
    walk,
)
from qgtune.space.domains import domain_text, widens
from qgtune.space.tree import children


class Verdict(StrEnum):
    """What a run makes of a study that was begun with the old files, in its own words."""

    SAME = "same"
    GOES_ON = "goes on"
    FITS_IN_PART = "fits in part"
    REFUSED = "refused"

    @property
    def goes_on(self) -> bool:
        """Whether the study goes on."""
        return self in (Verdict.SAME, Verdict.GOES_ON)


class Kind(StrEnum):
    """What a change is about."""

    PARAMETER = "parameter"
    REFERENCE = "reference"
    SWITCH = "switch"
    LENGTH = "length"
    CONSTANT = "constant"
    CONSTRAINT = "constraint"
    BASE = "base value"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Args:
        kind: what it is about; where that changed too, what it was before.
        name: the path of the value, or the key of the setting.
        before: the old value, domain or reference as text; None if it is new.
        after: the same now; None if it is gone.
        detail: how it changed, in words; empty for what was added or removed.
        matters: whether old trials cannot be compared with new ones.
        fits_in_part: whether it is the domain of a parameter alone, so that some old trials may fit.
    """

    kind: Kind
    name: str
    before: str | None
    after: str | None
    detail: str = ""
    matters: bool = True
    fits_in_part: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes, in the order of the config, and what follows from them."""

    changes: tuple[Change, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether a study can go on across these changes."""
        in_the_way = [change for change in self.changes if change.matters]
        if in_the_way:
            in_part = all(change.fits_in_part for change in in_the_way)
            return Verdict.FITS_IN_PART if in_part else Verdict.REFUSED
        return Verdict.GOES_ON if self.changes else Verdict.SAME


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands at one place of a search space.

    Args:
        kind: what it is.
        text: what people read.
        domain: the domain of a parameter.
        cases: the cases of a switch, and whether nothing stands in them.
    """

    kind: Kind
    text: str
    domain: Domain | FollowingRange | None = None
    cases: Mapping[str, bool] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[object, ...]:
        """Whatever is equal for equal leaves only."""
        return self.kind, domain_text(self.domain) if self.domain is not None else self.text, self.cases


@dataclass(frozen=True, slots=True)
class Outline:
    """A search space as a table, with the base settings' values and the constraints.

    Args:
        leaves: what stands at each path of the tree.
        base_values: the values that the base settings have for what varies, by path of the config.
        constraints: what must hold of a config.
    """

    leaves: Mapping[Path, Leaf]
    base_values: Mapping[Path, str]
    constraints: tuple[str, ...]


def outline(compilation: Compilation) -> Outline:
    """Return the outline of a compiled search space."""
    space = compilation.space
    leaves: dict[Path, Leaf] = {}
    above: dict[Path, SpaceNode] = {}
    for path, node in walk(space.root):
        above[path] = node
        is_of_item = bool(path) and is_last_or_not(above[path[:-1]], node)  # it follows from the length
        leaf = None if is_of_item else _leaf(compilation, path, node)
        if leaf is not None:
            leaves[path] = leaf
    base = compilation.documents.get(Role.BASE)
    varying = (config_path(path) for path, leaf in leaves.items() if leaf.kind is not Kind.CONSTANT)
    data = base.data if base else None
    values = {path: _value_at(data, path) for path in varying}
    constraints = tuple(str(constraint.formula.expression) for constraint in space.constraints)
    return Outline(leaves, {path: text for path, text in values.items() if text is not None}, constraints)


def _leaf(compilation: Compilation, path: Path, node: SpaceNode) -> Leaf | None:
    """Return what there is to compare of a node itself; None for a mapping or list that holds something."""
    if isinstance(node, Parameter):
        return Leaf(Kind.PARAMETER, str(node.domain), node.domain)
    if isinstance(node, Reference):
        return Leaf(Kind.REFERENCE, str(compilation.space.formulas[path]))
    if isinstance(node, Constant):
        return Leaf(Kind.CONSTANT, format_flow(node.value))
    if isinstance(node, Switch):
        cases = {case.label: case.node is None for case in node.all_cases}
        return Leaf(Kind.SWITCH, f"chosen by {node.on}", cases=cases)
    if isinstance(node, Repeat):
        return Leaf(Kind.LENGTH, f"from {node.least} to {len(node.items)} items")
    is_empty = not any(True for _ in children(node))
    return Leaf(Kind.CONSTANT, f"an empty {type(node).__name__.lower()}") if is_empty else None


def _value_at(data: Any, path: Path) -> str | None:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return format_flow(data)


def compare_spaces(old: Outline, new: Outline) -> Difference:
    """Return what changed between two search spaces, in the order of the config."""
    changes: list[Change] = []
    told_of: set[Path] = set()
    for path in dict.fromkeys([*old.leaves, *new.leaves]):
        before, after = old.leaves.get(path), new.leaves.get(path)
        if before is None or after is None:
            [leaf] = [leaf for leaf in (before, after) if leaf is not None]
            changes.append(
                Change(leaf.kind, told(path), before.text if before else None, after.text if after else None)
            )
            continue
        if before.identity != after.identity:
            how, matters = _how(before, after), not _widens(before, after)
            in_part = matters and before.kind is after.kind is Kind.PARAMETER
            changes.append(Change(before.kind, told(path), before.text, after.text, how, matters, in_part))
        place = config_path(path)
        was, now = old.base_values.get(place), new.base_values.get(place)
        if was != now and before.kind == after.kind and place not in told_of:
            told_of.add(place)
            detail = f"the base settings have {now or 'nothing'} there, {was or 'nothing'} before"
            changes.append(Change(Kind.BASE, format_path(place), was, now, detail, matters=False))
    return Difference((*_without_echoes(changes), *_constraint_changes(old.constraints, new.constraints)))


def _widens(before: Leaf, after: Leaf) -> bool:
    """Tell whether a parameter can have every value that it had, and a study goes on."""
    one, other = before.domain, after.domain
    if one is None or other is None or isinstance(one, FollowingRange) or isinstance(other, FollowingRange):
        return False
    return widens(other, one)


def _without_echoes(changes: list[Change]) -> Iterator[Change]:
    """Yield the changes, without what seems to change because a list got longer or shorter.

    The item that was the last one is then one that may have others after it, with the same values as before.
    """
    if not any(change.kind is Kind.LENGTH for change in changes):
        yield from changes
        return
    gone = {(change.kind, change.name, change.before) for change in changes if change.after is None}
    added = {(change.kind, change.name, change.after) for change in changes if change.before is None}
    for change in dict.fromkeys(changes):
        text = change.after if change.before is None else change.before
        one_sided = change.before is None or change.after is None
        if not one_sided or (change.kind, change.name, text) not in gone & added:
            yield change


def _constraint_changes(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    gone, added = Counter(old) - Counter(new), Counter(new) - Counter(old)
    for text in gone.elements():
        yield Change(Kind.CONSTRAINT, text, text, None)
    for text in added.elements():
        yield Change(Kind.CONSTRAINT, text, None, text)


def _how(before: Leaf, after: Leaf) -> str:
    """Return the words for a change from one leaf to another."""
    one, other = before.domain, after.domain
    details: list[str] = []
    if one is not None and other is not None and type(one) is type(other):
        details = list(_DOMAIN_CHANGES[type(one)](one, other))
    elif before.kind is Kind.SWITCH and after.kind is Kind.SWITCH:
        details = list(_switch_changes(before, after))
    if details:
        return "; ".join(details)
    return f"{_VERBS.get(after.kind, '')}{after.text} now, {_VERBS.get(before.kind, '')}{before.text} before"


_VERBS = {Kind.REFERENCE: "follows "}


def _switch_changes(before: Leaf, after: Leaf) -> Iterator[str]:
    if before.text != after.text:
        yield f"{after.text} now, {before.text} before"
    for what, labels in (
        ("added", [label for label in after.cases if label not in before.cases]),
        ("removed", [label for label in before.cases if label not in after.cases]),
        ("now absent", [k for k, absent in after.cases.items() if absent and not before.cases.get(k, True)]),
        (
            "no longer absent",
            [k for k, absent in before.cases.items() if absent and not after.cases.get(k, True)],
        ),
    ):
        if labels:
            yield f"case{'' if len(labels) == 1 else 's'} {what}: {', '.join(labels)}"


def _range_changes(one: Any, other: Any) -> Iterator[str]:
    if (one.low, one.high) != (other.low, other.high):
        what = _range_change(one, other)
        yield f"range {what}: from {other.low} to {other.high} now, from {one.low} to {one.high} before"
    if one.step != other.step:
        yield f"step {other.step or 'none'} now, {one.step or 'none'} before"
    if one.log != other.log:
        scales = ("a linear scale", "a logarithmic scale")
        yield f"{scales[other.log]} now, {scales[one.log]} before"


def _following_changes(one: FollowingRange, other: FollowingRange) -> Iterator[str]:
    if one.is_integer == other.is_integer:
        yield from _range_changes(one, other)


def _range_change(one: Any, other: Any) -> str:
    if isinstance(one, FollowingRange) or isinstance(other, FollowingRange):
        return "changed"  # whether it is wider differs from trial to trial
    if other.low <= one.low and other.high >= one.high:
        return "widened"
    return "narrowed" if other.low >= one.low and other.high <= one.high else "moved"


def _choice_changes(one: Any, other: Any) -> Iterator[str]:
    before, after = _choices(one), _choices(other)
    for what, labels in (
        ("added", [label for label in after if label not in before]),
        ("removed", [label for label in before if label not in after]),
        ("with another value", [k for k, value in after.items() if before.get(k, value) != value]),
    ):
        if labels:
            yield f"choice{'' if len(labels) == 1 else 's'} {what}: {', '.join(labels)}"
    if before == after:
        yield f"the order of choices: {', '.join(after)} now, {', '.join(before)} before"


def _choices(domain: Categorical) -> dict[str, str]:
    """Return the choices by their labels, both as text that tells 1 from true and from 1.0."""
    return {
        format_flow(label): format_flow(choice)
        for label, choice in zip(domain.labels, domain.choices, strict=True)
    }


_DOMAIN_CHANGES: dict[type, Callable[[Any, Any], Iterator[str]]] = {
    Float: _range_changes,
    Integer: _range_changes,
    FollowingRange: _following_changes,
    Categorical: _choice_changes,
}
"""Type of a domain -> how two of them differ, in words."""
