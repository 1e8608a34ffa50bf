"""What differs between two configs, value by value, with what each value could have been."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qgtune.core.paths import Path, format_path
from qgtune.document import format_flow

Domains = Mapping[Path, str]
"""What the value at a path was chosen from, or what it follows, in words."""


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value that differs.

    Args:
        name: its path.
        before: the old value as YAML text; None if it is new.
        after: the same now; None if it is gone.
        domain_before: what it was chosen from, or what it follows; empty where that is not known.
        domain_after: the same now.
    """

    name: str
    before: str | None
    after: str | None
    domain_before: str = ""
    domain_after: str = ""

    @property
    def domain(self) -> str:
        """The domain in words: both, if they differ."""
        if self.domain_before == self.domain_after or not (self.domain_before and self.domain_after):
            return self.domain_after or self.domain_before
        return f"{self.domain_after} now, {self.domain_before} before"


def compare_configs(
    old: Any, new: Any, domains: tuple[Domains, Domains] = ({}, {})
) -> tuple[ValueChange, ...]:
    """Return the values that differ between two configs, in the order of the first one.

    A list of plain values is one value, and so is whatever has a domain. 1, 1.0 and true are three values.

    Args:
        old: the data of a config.
        new: the data of another one.
        domains: for each of them, what the value at a path was chosen from, in words.

    Example:
        >>> [change] = compare_configs({"lr": 0.1, "dims": [8]}, {"lr": 0.2, "dims": [8]})
        >>> change.name, change.before, change.after
        ('lr', '0.1', '0.2')
    """
    known = {*domains[0], *domains[1]}
    before, after = (dict(_values(data, (), known)) for data in (old, new))
    return compare_values(before, after, domains)


def compare_values(
    before: Mapping[Path, Any], after: Mapping[Path, Any], domains: tuple[Domains, Domains] = ({}, {})
) -> tuple[ValueChange, ...]:
    """Return the values that differ between two tables of values by path; see ``compare_configs``."""
    texts = [{path: format_flow(value) for path, value in table.items()} for table in (before, after)]
    old, new = texts
    was, now = domains
    return tuple(
        ValueChange(format_path(path), old.get(path), new.get(path), was.get(path, ""), now.get(path, ""))
        for path in dict.fromkeys([*old, *new])
        if old.get(path) != new.get(path)
    )


def _values(data: Any, path: Path, whole: set[Path]) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the data of each value."""
    is_mapping = isinstance(data, dict)
    entries = list(data.items() if is_mapping else enumerate(data) if isinstance(data, list) else ())
    if path in whole or not entries or (not is_mapping and _is_plain(data, path, whole)):
        if path or data:  # an empty config has no value
            yield path, data
        return
    for key, value in entries:
        yield from _values(value, (*path, key), whole)


def _is_plain(items: list[Any], path: Path, whole: set[Path]) -> bool:
    """Tell whether a list holds nothing but plain values, none of which varies on its own."""
    return not any(isinstance(item, dict | list) or (*path, i) in whole for i, item in enumerate(items))
