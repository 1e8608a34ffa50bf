"""What changed between two search spaces, value by value, and whether a study can go on across the change.

The rule is that of a run: a study goes on only where its trials can be compared with new ones, that is where
all that a trial is made of is the same. What a trial never sees may change, such as the number of trials, or
the base settings' value of a parameter.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from qgtune.core.paths import Path, format_path
from qgtune.insight.change_words import how_it_changed
from qgtune.insight.outline import Kind, Leaf, Outline
from qgtune.insight.presence import told
from qgtune.space import FollowingRange, config_path
from qgtune.space.domains import widens


class Verdict(StrEnum):
    """What a run makes of a study that was begun with the old files, in its own words."""

    SAME = "same"
    GOES_ON = "goes on"
    FITS_IN_PART = "fits in part"
    REFUSED = "refused"
    BEGINS_ANEW = "begins anew"

    @property
    def goes_on(self) -> bool:
        """Whether the study goes on."""
        return self in (Verdict.SAME, Verdict.GOES_ON)

    @property
    def is_refused(self) -> bool:
        """Whether a run would end before its first trial."""
        return self in (Verdict.FITS_IN_PART, Verdict.REFUSED)


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
    """All changes, in the order of the config, and what follows from them.

    Args:
        changes: the changes.
        has_own_study: whether the new files name another study, which need not fit the old one.
    """

    changes: tuple[Change, ...]
    has_own_study: bool = False

    @property
    def verdict(self) -> Verdict:
        """Whether a study can go on across these changes."""
        if self.has_own_study:
            return Verdict.BEGINS_ANEW
        in_the_way = [change for change in self.changes if change.matters]
        if in_the_way:
            in_part = all(change.fits_in_part for change in in_the_way)
            return Verdict.FITS_IN_PART if in_part else Verdict.REFUSED
        return Verdict.GOES_ON if self.changes else Verdict.SAME


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
            how, matters = how_it_changed(before, after), not _widens(before, after)
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
