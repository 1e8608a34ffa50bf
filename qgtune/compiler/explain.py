"""Who sets a value of a config, what it follows, and what follows it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.place import missing_hint
from qgtune.compiler.problems import Problems
from qgtune.compiler.sources import Fact, Formula
from qgtune.core.diagnostics import Location
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import ROOT, Path, format_path
from qgtune.document import format_flow, plain_data
from qgtune.space import Constant, Mapping, Parameter, Reference, Role, Sequence, SpaceNode, walk
from qgtune.space.tree import child_at, child_key, children

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
    """A value that follows another: where it stands, where that is written, and what follows it in turn."""

    path: Path
    location: Location
    followers: tuple["Follower", ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One value of a config, explained.

    Args:
        path: where it stands.
        what: its value, its domain, or what it follows, in words that go on after the path.
        role: the file that sets it.
        location: where that is written.
        overruled: what the other files hold there, which does not count.
        sources: the values that it is computed from, each explained down to parameters and constants.
        facts: what it reads of the data set, by name.
        followers: the values that follow it.
        entries: what stands in it, if it is a mapping or a list: key, and a few words.
    """

    path: Path
    what: str
    role: Role
    location: Location
    overruled: tuple[Written, ...] = ()
    sources: tuple["Explanation", ...] = ()
    facts: tuple[tuple[str, Any], ...] = ()
    followers: tuple[Follower, ...] = ()
    entries: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        lines = [*_value_lines(self, set()), *_entry_lines(self)]
        if self.followers:
            lines += ["followed by", *_follower_lines(self.followers, "  ")]
        elif not self.entries:
            lines.append("followed by nothing")
        return "\n".join(lines)


def explain_path(compilation: Compilation, path: Path) -> Explanation:
    """Return the explanation of the value at a path of the config.

    Args:
        compilation: the compiled search space.
        path: where the value stands; indices may count from the end.

    Raises:
        ConfigValueError: if nothing stands there; its hint names the nearest path that exists.
    """
    return _Explainer(compilation).explain(_found(compilation, path))


def _found(compilation: Compilation, path: Path) -> Path:
    """Return a path in its one spelling; one that leads through a copy is led on to where that reads."""
    node: SpaceNode = compilation.space.root
    here: Path = ROOT
    for depth, part in enumerate(path):
        formula = compilation.space.formulas.get(here)
        if formula is not None and formula.expression.is_path and formula.paths:
            return _found(compilation, (*formula.paths[0], *path[depth:]))
        key = child_key(node, part)
        if key is None:
            hint = _same_ending(compilation, path) or missing_hint(node, path, depth)
            missing = format_path(path[: depth + 1])
            raise ConfigValueError(path, f"there is no {missing}", hint)
        node, here = child_at(node, key), (*here, key)
    return here


def _same_ending(compilation: Compilation, path: Path) -> str:
    """Return the hint that names the only path with the same last parts, or an empty text."""
    ending = [known for known, _ in walk(compilation.space.root) if known[-len(path) :] == path]
    return f"did you mean {format_path(ending[0])!r}?" if len(ending) == 1 else ""


class _Explainer:
    def __init__(self, compilation: Compilation) -> None:
        self.compilation = compilation
        self.formulas = compilation.space.formulas
        self.problems = Problems(compilation.documents)
        self.nodes = dict(walk(compilation.space.root))
        self.positions = {path: position for position, path in enumerate(self.nodes)}
        self.readers: dict[Path, list[Path]] = {}  # the targets that read a path
        for target, formula in self.formulas.items():
            for source in dict.fromkeys(formula.paths):
                self.readers.setdefault(source, []).append(target)
        self.known: dict[Path, Explanation] = {}  # values may be reached on many ways

    def explain(self, path: Path) -> Explanation:
        """Return the explanation of a value, with all that follows it."""
        entries = tuple((_key(key), self._words(node, (*path, key))) for key, node in self._children(path))
        followers = tuple(self._followers(path, set(), 0))
        return replace(self._value(path, 0), followers=followers, entries=entries)

    def _value(self, path: Path, depth: int) -> Explanation:
        if path in self.known:
            return self.known[path]
        node, formula = self.nodes[path], self.formulas.get(path)
        sources = dict.fromkeys(formula.paths) if formula and depth < MAX_DEPTH else {}
        is_leaf = not self._children(path)
        self.known[path] = Explanation(
            path,
            self._words(node, path),
            node.origin.role,
            self.problems.at(node.origin) if is_leaf else self.problems.at_key(node.origin),
            tuple(self._overruled(path, node.origin.role)) if is_leaf else (),
            tuple(self._value(source, depth + 1) for source in sources),
            tuple(_facts(formula)) if formula else (),
        )
        return self.known[path]

    def _children(self, path: Path) -> list[tuple[str | int, SpaceNode]]:
        return list(children(self.nodes[path]))

    def _words(self, node: SpaceNode, path: Path) -> str:
        if path in self.formulas:
            return f"follows {self.formulas[path]}"
        return _WORDS.get(type(node), _other_words)(node)

    def _overruled(self, path: Path, role: Role) -> Iterator[Written]:
        for other in (Role.SPACE, Role.BASE):
            document = self.compilation.documents.get(other)
            found = document.find(path) if document else None
            if document is not None and found is not None and other is not role:
                text = _shortened(format_flow(plain_data(found)))
                yield Written(other, text, document.source.location(found.span))

    def _followers(self, path: Path, seen: set[Path], depth: int) -> Iterator[Follower]:
        for target in self._readers(path):
            if target not in seen and target[: len(path)] != path and depth < MAX_DEPTH:
                seen.add(target)
                place = self.problems.at(self.nodes[target].origin)
                yield Follower(target, place, tuple(self._followers(target, seen, depth + 1)))

    def _readers(self, path: Path) -> list[Path]:
        """Return what reads a value, or a mapping that holds it, or something in it, in config order."""
        found = [target for end in range(len(path) + 1) for target in self.readers.get(path[:end], ())]
        if self._children(path):
            for source, targets in self.readers.items():
                if len(source) > len(path) and source[: len(path)] == path:
                    found += targets
        return sorted(dict.fromkeys(found), key=self.positions.__getitem__)


def _facts(formula: Formula) -> Iterator[tuple[str, Any]]:
    for term, source in zip(formula.expression.terms, formula.sources, strict=True):
        if isinstance(source, Fact):
            yield format_path(term.path), source.value


def _constant_words(node: Constant) -> str:
    return f"is {_shortened(format_flow(node.value))}"


def _parameter_words(node: Parameter) -> str:
    return f"is tuned: {node.domain}"


def _mapping_words(node: Mapping) -> str:
    count = len(node.entries)
    return f"is a mapping of {count} value{'' if count == 1 else 's'}"


def _sequence_words(node: Sequence) -> str:
    count = len(node.items)
    return f"is a list of {count} value{'' if count == 1 else 's'}"


def _reference_words(node: Reference) -> str:
    return f"follows {node.expression}"


def _other_words(node: SpaceNode) -> str:
    return f"is a {type(node).__name__.lower()} of {sum(1 for _ in children(node))} nodes"


_WORDS: dict[type, Callable[[Any], str]] = {
    Constant: _constant_words,
    Parameter: _parameter_words,
    Mapping: _mapping_words,
    Sequence: _sequence_words,
    Reference: _reference_words,
}
"""Type of a node -> the words that say what it is."""


def _shortened(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _key(key: str | int) -> str:
    return format_path((key,))


def _place(place: Location) -> str:
    return f"{place.file}:{place.line}:{place.column}" if place.line else place.file


def _value_lines(value: Explanation, seen: set[Path], indent: str = "") -> Iterator[str]:
    yield f"{indent}{format_path(value.path) or 'the config'} {value.what}"
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


def _entry_lines(value: Explanation) -> Iterator[str]:
    width = max((len(key) for key, _ in value.entries), default=0)
    for key, words in value.entries[:MAX_CHILDREN]:
        yield f"  {key:<{width}}  {words}"
    if len(value.entries) > MAX_CHILDREN:
        yield f"  ... and {len(value.entries) - MAX_CHILDREN} more"


def _follower_lines(followers: tuple[Follower, ...], indent: str) -> Iterator[str]:
    for follower in followers:
        yield f"{indent}{format_path(follower.path)}, {_place(follower.location)}"
        if len(indent) // 2 == MAX_DEPTH:
            yield f"{indent}  ... and on"
        yield from _follower_lines(follower.followers, f"{indent}  ")
