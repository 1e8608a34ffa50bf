"""When a value of a search space is there: the cases and the lengths of lists that lead to it, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from qgtune.compiler.linking.link import LinkedSpace
from qgtune.compiler.linking.sources import Formula, Route
from qgtune.core.paths import Path, format_path
from qgtune.core.wording import count
from qgtune.space import Branch, Repeat, SpaceNode, Switch, path_text
from qgtune.space.operations import Literal, Operation
from qgtune.space.tree import DEFAULT, LAST, MIDDLE, child_at

_PARTS = (Branch(MIDDLE), Branch(LAST))
"""The cases of an item of a repeat: as one among others, or as the last one."""

_BY_CONDITION = ("when", "otherwise")
"""The cases of a switch that a condition makes."""


@dataclass(frozen=True, slots=True)
class InCase:
    """A value is there only in one case of a switch.

    Args:
        switch: where the switch stands in the tree.
        label: the case.
        labels: all cases of the switch.
        text: the condition in words that go on after "only if".
    """

    switch: Path
    label: str
    labels: frozenset[str]
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class InItem:
    """A value is there only if a list is long enough.

    Args:
        repeat: where the list stands in the tree.
        position: which item the value stands in, from 0.
        least: how many items every config has.
        part: ``middle`` or ``last`` where the value is that of an item with others after it, or of the last
            one; an empty text where it is the same for both.
    """

    repeat: Path
    position: int
    least: int
    part: str = ""

    @property
    def text(self) -> str:
        """The condition in words; an empty text if it always holds."""
        length = self.position + 1
        if self.part == LAST:
            return f"with {count(length, 'item')}"
        if self.part == MIDDLE:
            return f"from {length + 1} items on"
        if length <= self.least:
            return ""
        return f"from {count(length, 'item')} on"


Condition = InCase | InItem


def told(path: Path) -> str:
    """Return a path of the tree as people read it: that of the config, and the cases that it leads through.

    Whether an item is the last one of its list is left out.

    Example:
        >>> told(("model", "conv", Branch("gat"), "heads"))
        'model.conv.heads (gat)'
    """
    cases = [
        str(part)
        for depth, part in enumerate(path)
        if isinstance(part, Branch) and not (part in _PARTS and depth and isinstance(path[depth - 1], int))
    ]
    shown = path_text(path)
    return f"{shown} ({', '.join(cases)})" if cases else shown


def reading(formula: Formula) -> str:
    """Return what a formula reads or computes, as people read it; a path is that of the config."""
    source = formula.sources[0] if formula.expression.is_path else None
    if isinstance(source, Route):
        return format_path(source.path)
    return str(formula)


def is_condition(node: Switch) -> bool:
    """Tell whether a switch is one on a condition, ``when`` with ``otherwise``."""
    root = node.on.root
    labels = tuple(case.label for case in node.all_cases)
    chosen = tuple(Literal(label) for label in _BY_CONDITION)
    return labels == _BY_CONDITION and isinstance(root, Operation) and root.operands[1:] == chosen


def is_last_or_not(above: SpaceNode, node: SpaceNode) -> bool:
    """Tell whether a node is the switch between what an item of a repeat has, and has as the last one."""
    if not isinstance(above, Repeat) or not isinstance(node, Switch):
        return False
    return tuple(case.label for case in node.all_cases) == (MIDDLE, LAST)


def conditions(linked: LinkedSpace, path: Path) -> list[Condition]:
    """Return what must hold for the value at a path of the tree to be there, outermost first."""
    found: list[Condition] = []
    above: SpaceNode = linked.root
    node: SpaceNode = linked.root
    for depth, part in enumerate(path):
        here = path[:depth]
        if isinstance(node, Repeat) and isinstance(part, int):
            found.append(InItem(here, part, node.least))
        elif is_last_or_not(above, node):
            [*_, item] = found
            assert isinstance(item, InItem)  # noqa: S101 - the step before led into it
            found[-1] = replace(item, part=str(part))
        elif isinstance(node, Switch):
            found.append(_in_case(linked, node, here, str(part)))
        if depth + 1 < len(path):  # a case in which nothing stands can only be the last part
            above, node = node, child_at(node, part)
    return found


def _in_case(linked: LinkedSpace, node: Switch, path: Path, label: str) -> InCase:
    labels = frozenset(case.label for case in node.all_cases)
    return InCase(path, label, labels, case_words(linked, node, path, label))


def case_words(linked: LinkedSpace, node: Switch, path: Path, label: str) -> str:
    """Return when a switch chooses a case, in words that go on after "if"."""
    formula = linked.choosers.get(path)
    on = str(node.on) if formula is None else reading(formula)
    if is_condition(node):
        return on if label == _BY_CONDITION[0] else f"not ({on})" if " " in on else f"not {on}"
    if node.default is None or label != DEFAULT:
        return f"{on} is {label}"
    others = [case.label for case in node.cases]
    return f"{on} is not {others[0]}" if len(others) == 1 else f"{on} is none of {', '.join(others)}"


def presence(linked: LinkedSpace, paths: Iterable[Path], *, only: str = "only ") -> str:
    """Return when any of the variants of a value is there; an empty text if that is in every trial.

    Args:
        linked: the tree.
        paths: where the variants stand in it.
        only: what stands before "if".

    Example:
        ``only if model.kind is gat, from 3 items on``
    """
    ways = _merged(tuple(conditions(linked, path)) for path in paths)
    words = list(dict.fromkeys(_words(way, only) for way in ways))
    return "" if "" in words else ", or ".join(words)


def _words(way: Iterable[Condition], only: str) -> str:
    found = list(way)
    cases = [condition.text for condition in found if isinstance(condition, InCase)]
    items = [condition for condition in found if isinstance(condition, InItem) and condition.text]
    if len(cases) > 1:
        cases = [f"({text})" if " or " in text or " if " in text else text for text in cases]
    parts = [f"{only}if {' and '.join(cases)}"] if cases else []
    if len(items) > 1:  # lists within lists: say which is meant
        parts += [f"{item.text} in {path_text(item.repeat)}" for item in items]
    else:
        parts += [item.text for item in items]
    return ", ".join(parts)


def _merged(ways: Iterable[tuple[Condition, ...]]) -> list[tuple[Condition, ...]]:
    """Return ways in which those that together are all cases of a switch, or of an item, are one."""
    found = list(dict.fromkeys(ways))
    merged = _merged_once(found)
    while merged != found:
        found, merged = merged, _merged_once(merged)
    return found


def _merged_once(found: list[tuple[Condition, ...]]) -> list[tuple[Condition, ...]]:
    for first, way in enumerate(found):
        for position in range(len(way)):
            siblings = list(_siblings(way, position))
            if len(siblings) > 1 and all(sibling in found for sibling in siblings):
                joined = (*found[:first], _joined(way, position), *found[first:])
                return list(dict.fromkeys(other for other in joined if other not in siblings))
    return found


def _siblings(way: tuple[Condition, ...], position: int) -> Iterator[tuple[Condition, ...]]:
    """Yield the ways that differ from this one only in the case at a position, itself included."""
    condition = way[position]
    before, after = way[:position], way[position + 1 :]
    if isinstance(condition, InItem):
        if condition.part:
            yield from ((*before, replace(condition, part=part), *after) for part in (MIDDLE, LAST))
    else:
        # The words of the other cases are not known here, and do not matter for which case is meant.
        for label in condition.labels:
            yield (*before, replace(condition, label=label), *after)


def _joined(way: tuple[Condition, ...], position: int) -> tuple[Condition, ...]:
    condition = way[position]
    joined = (replace(condition, part=""),) if isinstance(condition, InItem) else ()
    return (*way[:position], *joined, *way[position + 1 :])
