"""Texts that are equal for equal domains and equal data: what fingerprints are made of."""

from typing import Any

from qgtune.space.domains import Categorical, Domain
from qgtune.space.following import FollowingRange


def domain_text(domain: Domain | FollowingRange) -> str:
    """Return a text that is equal for equal domains."""
    if isinstance(domain, Categorical) and not domain.is_plain:
        # A study keeps the labels in their order; in what they stand for, the order of keys tells nothing.
        return f"{domain.labels!r} for {canonical(list(domain.choices))}"
    return repr(domain)


def canonical(value: Any) -> str:
    """Return a text that is the same for the same data, in whichever order its keys stand."""
    if isinstance(value, dict):
        entries = sorted(f"{key!r}: {canonical(item)}" for key, item in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(canonical, value))}]"
    return repr(value)
