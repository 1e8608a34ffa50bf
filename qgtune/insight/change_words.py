"""How a parameter or a switch changed, in words."""

from collections.abc import Callable, Iterator
from typing import Any

from qgtune.document import format_flow
from qgtune.insight.outline import Kind, Leaf
from qgtune.space import Categorical, Float, FollowingRange, Integer


def how_it_changed(before: Leaf, after: Leaf) -> str:
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
