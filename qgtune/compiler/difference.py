"""What changed between two search spaces, value by value, and whether a study can go on across the change.

The rule is that of a run: a study goes on only where its trials can be compared with new ones, that is where
all that a trial is made of is the same. What a trial never sees may change, such as the number of trials, or
the base settings' value of a parameter.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qgtune.compiler.pipeline import Compilation
from qgtune.core.paths import Path, format_path
from qgtune.document import format_flow
from qgtune.schema.tuning import TuningSettings
from qgtune.space import (
    Categorical,
    Constant,
    Domain,
    Float,
    FollowingRange,
    Integer,
    Parameter,
    Reference,
    Role,
    walk,
)
from qgtune.space.tree import children


class Verdict(StrEnum):
    """Whether a study that was begun with the old files can go on with the new ones."""

    SAME = "same"
    COMPATIBLE = "compatible"
    CHANGED = "changed"

    @property
    def goes_on(self) -> bool:
        """Whether the study goes on."""
        return self is not Verdict.CHANGED


class Kind(StrEnum):
    """What a change is about."""

    PARAMETER = "parameter"
    REFERENCE = "reference"
    CONSTANT = "constant"
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
    """

    kind: Kind
    name: str
    before: str | None
    after: str | None
    detail: str = ""
    matters: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes, in the order of the config, and what follows from them."""

    changes: tuple[Change, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether a study can go on across these changes."""
        if any(change.matters for change in self.changes):
            return Verdict.CHANGED
        return Verdict.COMPATIBLE if self.changes else Verdict.SAME


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands at one path of a search space: its kind, its text, and its domain if it is a parameter."""

    kind: Kind
    text: str
    domain: Domain | FollowingRange | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """Whatever is equal for equal leaves only."""
        return self.kind, repr(self.domain) if self.domain is not None else self.text


@dataclass(frozen=True, slots=True)
class Outline:
    """A search space as a table: what stands at each path, and the base settings' values of what varies."""

    leaves: Mapping[Path, Leaf]
    base_values: Mapping[Path, str]


def outline(compilation: Compilation) -> Outline:
    """Return the outline of a compiled search space."""
    formulas = compilation.space.formulas
    leaves: dict[Path, Leaf] = {}
    for path, node in walk(compilation.space.root):
        if isinstance(node, Parameter):
            leaves[path] = Leaf(Kind.PARAMETER, str(node.domain), node.domain)
        elif isinstance(node, Reference):
            leaves[path] = Leaf(Kind.REFERENCE, str(formulas[path]))
        elif isinstance(node, Constant):
            leaves[path] = Leaf(Kind.CONSTANT, format_flow(node.value))
        elif not any(True for _ in children(node)):
            leaves[path] = Leaf(Kind.CONSTANT, f"an empty {type(node).__name__.lower()}")
    base = compilation.documents.get(Role.BASE)
    varying = (path for path, leaf in leaves.items() if leaf.kind is not Kind.CONSTANT)
    data = base.data if base else None
    values = {path: _value_at(data, path) for path in varying}
    return Outline(leaves, {path: text for path, text in values.items() if text is not None})


def _value_at(data: Any, path: Path) -> str | None:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return format_flow(data)


def compare_spaces(old: Outline, new: Outline) -> Difference:
    """Return what changed between two search spaces: parameters, references, constants and base values."""
    changes: list[Change] = []
    for path in dict.fromkeys([*old.leaves, *new.leaves]):
        name, before, after = format_path(path), old.leaves.get(path), new.leaves.get(path)
        if before is None or after is None:
            [leaf] = [leaf for leaf in (before, after) if leaf is not None]
            changes.append(
                Change(leaf.kind, name, before.text if before else None, after.text if after else None)
            )
            continue
        if before.identity != after.identity:
            changes.append(Change(before.kind, name, before.text, after.text, _how(before, after)))
        was, now = old.base_values.get(path), new.base_values.get(path)
        if was != now and before.kind == after.kind:
            detail = f"the base settings have {now or 'nothing'} there, {was or 'nothing'} before"
            changes.append(Change(Kind.BASE, name, was, now, detail, matters=False))
    return Difference(tuple(changes))


_MEASURED = ("objective", "task", "data", "metric_name", "direction")
"""Settings that say what a trial's value is."""

_WHICH_STUDY = ("study_name", "storage")
"""Settings that say where the trials are kept."""

_ELSEWHERE = ("tune_model", "tune_training", "metric")
"""Settings whose effect shows elsewhere."""


def compare_settings(old: TuningSettings, new: TuningSettings) -> Difference:
    """Return what changed between two tuning files, besides the names of files and the search space."""
    others = [name for name in TuningSettings.model_fields if name not in (*_MEASURED, *_ELSEWHERE)]
    changes = []
    for name in (*_MEASURED, *(name for name in others if not name.endswith(("_path", "_dir")))):
        was, now = _setting(old, name), _setting(new, name)
        if was != now:
            key, matters = name.removesuffix("_name") if name in _MEASURED else name, name in _MEASURED
            before, after = format_flow(was), format_flow(now)
            detail = f"{after} now, {before} before"
            if name in _WHICH_STUDY:
                detail += "; a study of its own, which begins anew"
            changes.append(Change(Kind.SETTING, key, before, after, detail, matters=matters))
    return Difference(tuple(changes))


def _setting(settings: TuningSettings, name: str) -> Any:
    if name == "metric_name" and settings.task is None:
        return None
    return getattr(settings, name)


def _how(before: Leaf, after: Leaf) -> str:
    """Return the words for a change from one leaf to another."""
    one, other = before.domain, after.domain
    details: list[str] = []
    if one is not None and other is not None and type(one) is type(other):
        details = list(_DOMAIN_CHANGES[type(one)](one, other))
    if details:
        return "; ".join(details)
    return f"{_VERBS[after.kind]}{after.text} now, {_VERBS[before.kind]}{before.text} before"


_VERBS = {Kind.PARAMETER: "", Kind.REFERENCE: "follows ", Kind.CONSTANT: ""}


def _range_changes(one: Any, other: Any) -> Iterator[str]:
    if (one.low, one.high) != (other.low, other.high):
        widened = other.low <= one.low and other.high >= one.high
        narrowed = other.low >= one.low and other.high <= one.high
        what = "widened" if widened else "narrowed" if narrowed else "moved"
        yield f"range {what}: from {other.low} to {other.high} now, from {one.low} to {one.high} before"
    if one.step != other.step:
        yield f"step {other.step or 'none'} now, {one.step or 'none'} before"
    if one.log != other.log:
        scales = ("a linear scale", "a logarithmic scale")
        yield f"{scales[other.log]} now, {scales[one.log]} before"


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
    Categorical: _choice_changes,
}
"""Type of a domain -> how two of them differ, in words."""
