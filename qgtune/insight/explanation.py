"""What there is to say about a value of a config, and the lines that say it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qgtune.core.diagnostics import Location
from qgtune.core.paths import Path
from qgtune.document import format_flow
from qgtune.insight.presence import told
from qgtune.space import Role, path_text

MAX_CHILDREN = 40
"""Values that the explanation of a mapping or a list names at most."""

MAX_DEPTH = 50
"""Links of a chain that are told at most."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one of the files holds where a value stands."""

    role: Role
    text: str
    location: Location


@dataclass(frozen=True, slots=True)
class Follower:
    """A value that follows another: where, how, in which line, and what follows it in turn."""

    path: Path
    how: str
    location: Location
    followers: tuple["Follower", ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One value of a config, explained; of a value that differs from case to case, one of its variants.

    Args:
        path: where it stands in the tree.
        what: its value, its domain, or what it follows, in words that go on after the path.
        role: the file that sets it.
        location: where that is written.
        overruled: what the other files hold there, which does not count.
        when: when it is there, in words; empty if it always is.
        deciding: the values that decide whether it is there, each explained.
        sources: the values that it is computed from, each explained down to parameters and constants.
        facts: what it reads of the data set, by name.
        followers: the values that follow it.
        entries: what stands in it, if it is a mapping or a list: key, and a few words.
        constraints: what must hold of it, and where that is written.
    """

    path: Path
    what: str
    role: Role
    location: Location
    overruled: tuple[Written, ...] = ()
    when: str = ""
    deciding: tuple["Explanation", ...] = ()
    sources: tuple["Explanation", ...] = ()
    facts: tuple[tuple[str, Any], ...] = ()
    followers: tuple[Follower, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()
    constraints: tuple[tuple[str, Location], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to say about a path of the config.

    Args:
        variants: what may stand there, in the order of the cases; nearly always one.
        absence: that nothing stands there in some trials, in words; empty if something always does.
    """

    variants: tuple[Explanation, ...]
    absence: str = ""

    def __str__(self) -> str:
        lines: list[str] = []
        seen: set[Path] = set()
        for variant in self.variants:
            lines += [*_value_lines(variant, seen), *_entry_lines(variant)]
        if self.absence:
            lines.append(self.absence)
        constraints = dict.fromkeys(held for variant in self.variants for held in variant.constraints)
        if constraints:
            lines += ["constrained by", *(f"  {text}, {_place(place)}" for text, place in constraints)]
        followers = tuple(one for variant in self.variants for one in variant.followers)
        if followers:
            lines += ["followed by", *_follower_lines(followers, "  ")]
        elif not any(variant.entries for variant in self.variants):
            lines.append("followed by nothing")
        return "\n".join(lines)


def _place(place: Location) -> str:
    return f"{place.file}:{place.line}:{place.column}" if place.line else place.file


def _value_lines(value: Explanation, seen: set[Path], indent: str = "") -> Iterator[str]:
    yield f"{indent}{path_text(value.path) or 'the config'} {value.what}"
    if value.path in seen:
        yield f"{indent}  see above"
        return
    seen.add(value.path)
    yield f"{indent}  set by the {value.role}, {_place(value.location)}"
    for written in value.overruled:
        yield f"{indent}  overrules the {written.role}: {written.text}, {_place(written.location)}"
    for name, fact in value.facts:
        yield f"{indent}  {name} is {format_flow(fact)}, a fact of the data set"
    if len(indent) // 2 == MAX_DEPTH:
        yield f"{indent}  ... and on"
    for source in value.sources:
        yield from _value_lines(source, seen, f"{indent}  ")
    if value.when:
        yield f"{indent}  there {value.when}"
    for source in value.deciding:
        yield from _value_lines(source, seen, f"{indent}    ")


def _entry_lines(value: Explanation) -> Iterator[str]:
    width = max((len(key) for key, _ in value.entries), default=0)
    for key, words in value.entries[:MAX_CHILDREN]:
        yield f"  {key:<{width}}  {words}"
    if len(value.entries) > MAX_CHILDREN:
        yield f"  ... and {len(value.entries) - MAX_CHILDREN} more"


def _follower_lines(followers: tuple[Follower, ...], indent: str) -> Iterator[str]:
    for follower in followers:
        how = f", {follower.how}" if follower.how else ""
        yield f"{indent}{told(follower.path)}{how}, {_place(follower.location)}"
        if len(indent) // 2 == MAX_DEPTH:
            yield f"{indent}  ... and on"
        yield from _follower_lines(follower.followers, f"{indent}  ")
