"""Who sets a value of a config, when it is there, what it follows, and what follows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from qgtune.compiler.linking.sources import Fact, Formula
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Location
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.document import format_flow, plain_data
from qgtune.insight.explain_words import words_for
from qgtune.insight.lookup import found_at
from qgtune.insight.presence import InItem, conditions, is_last_or_not, presence, told
from qgtune.space import Parameter, Repeat, Role, SpaceNode, config_path, walk
from qgtune.space.tree import COUNT, children

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


def explain_path(compilation: Compilation, path: Path) -> Answer:
    """Return the explanation of what stands at a path of the config.

    Args:
        compilation: the compiled search space.
        path: where the value stands; indices may count from the end, and ``count`` is the length of a list
            whose length is tuned.

    Raises:
        ConfigValueError: if nothing stands there in any trial; its hint names the nearest path that exists.
    """
    explainer = _Explainer(compilation)
    found = found_at(compilation.space, path)
    if not found.paths:
        hint = _same_ending(compilation, path) or found.hint
        raise ConfigValueError(path, f"there is no {format_path(found.missing)}", hint)
    absence = ""
    if found.absences:
        absence = f"there is no {format_path(path)} {presence(compilation.space, found.absences, only='')}"
    return Answer(explainer.explain(found.paths), absence)


def _same_ending(compilation: Compilation, path: Path) -> str:
    """Return the hint that names the only path with the same last parts, or an empty text."""
    known = dict.fromkeys(config_path(one) for one, _ in walk(compilation.space.root))
    ending = [one for one in known if one[-len(path) :] == path]
    return f"did you mean {format_path(ending[0])!r}?" if len(ending) == 1 else ""


class _Explainer:
    def __init__(self, compilation: Compilation) -> None:
        self.compilation = compilation
        self.space = compilation.space
        self.problems = Problems(compilation.documents)
        self.nodes = dict(walk(self.space.root))
        self.positions = {path: position for position, path in enumerate(self.nodes)}
        self.readers: dict[Path, dict[Path, str]] = {}  # the targets that read a path, and how
        for target, formula, how in self._all_formulas():
            for source in dict.fromkeys(formula.paths):
                self.readers.setdefault(source, {}).setdefault(target, how)
        for path, node in self.nodes.items():
            if isinstance(node, Repeat):
                self.readers.setdefault((*path, COUNT), {})[path] = "its length"
        self.known: dict[Path, Explanation] = {}  # values may be reached on many ways

    def _all_formulas(self) -> Iterator[tuple[Path, Formula, str]]:
        """Yield all that is followed: what follows, the formula, and how it follows."""
        for target, formula in self.space.formulas.items():
            yield target, formula, ""
        for target, formula in self.space.choosers.items():
            # What only the last item of a list has follows the length with the list itself.
            if not is_last_or_not(self._above(target), self.nodes[target]):
                yield target, formula, "its case"
        for target, bounds in self.space.bounds.items():
            for name, formula in bounds.items():
                yield target, formula, f"its {name}"

    def _above(self, path: Path) -> SpaceNode:
        return self.nodes[path[:-1]]

    def explain(self, paths: Iterable[Path]) -> tuple[Explanation, ...]:
        """Return the explanations of the variants of a value, with all that follows each."""
        seen: set[tuple[str, Location]] = set()
        return tuple(
            replace(
                self._value(path, 0),
                followers=tuple(self._followers(path, seen, 0)),
                entries=tuple(
                    (format_path((key,)), self._entry((*path, key), node))
                    for key, node in self._children(path)
                ),
                constraints=tuple(self._constraints(path)),
            )
            for path in paths
        )

    def _entry(self, path: Path, node: SpaceNode) -> str:
        words = words_for(self.space, node, path)
        above = self._above(path)
        when = presence(self.space, [path]) if isinstance(above, Repeat) else ""
        return f"{words}; {when}" if when else words

    def _value(self, path: Path, depth: int) -> Explanation:
        if path in self.known:
            return self.known[path]
        node = self.nodes[path]
        is_leaf = isinstance(node, Parameter) or not self._children(path)
        is_deep = depth >= MAX_DEPTH
        self.known[path] = Explanation(
            path,
            words_for(self.space, node, path),
            node.origin.role,
            self.problems.at(node.origin) if is_leaf else self.problems.at_key(node.origin),
            tuple(self._overruled(path, node.origin.role)) if is_leaf else (),
            presence(self.space, [path]),
            () if is_deep else self._explained(self._deciding(path), depth),
            () if is_deep else self._explained(self._sources(path), depth),
            tuple(dict.fromkeys(fact for formula in self._formulas_of(path) for fact in _facts(formula))),
        )
        return self.known[path]

    def _explained(self, paths: Iterable[Path], depth: int) -> tuple[Explanation, ...]:
        return tuple(self._value(path, depth + 1) for path in dict.fromkeys(paths))

    def _formulas_of(self, path: Path) -> Iterator[Formula]:
        """Yield what a value itself follows: its reference, its chooser, or its bounds."""
        for formulas in (self.space.formulas, self.space.choosers):
            if path in formulas:
                yield formulas[path]
        yield from self.space.bounds.get(path, {}).values()

    def _sources(self, path: Path) -> Iterator[Path]:
        for formula in self._formulas_of(path):
            yield from formula.paths
        if isinstance(self.nodes[path], Repeat):
            yield (*path, COUNT)

    def _deciding(self, path: Path) -> Iterator[Path]:
        """Yield what decides whether a value is there: what chooses the cases around it, and lengths."""
        for condition in conditions(self.space, path):
            if isinstance(condition, InItem):
                if condition.text:
                    yield (*condition.repeat, COUNT)
            elif condition.switch in self.space.choosers:
                yield from self.space.choosers[condition.switch].paths

    def _children(self, path: Path) -> list[tuple[str | int, SpaceNode]]:
        return list(children(self.nodes[path]))

    def _overruled(self, path: Path, role: Role) -> Iterator[Written]:
        for other in (Role.SPACE, Role.BASE):
            document = self.compilation.documents.get(other)
            found = document.find(config_path(path)) if document else None
            if document is not None and found is not None and other is not role:
                text = _shortened(format_flow(plain_data(found)))
                yield Written(other, text, document.source.location(found.span))

    def _constraints(self, path: Path) -> Iterator[tuple[str, Location]]:
        for constraint in self.space.constraints:
            read = constraint.formula.paths
            if any(one[: len(path)] == path or path[: len(one)] == one for one in read):
                yield str(constraint.formula.expression), self.problems.at(constraint.origin)

    def _followers(self, path: Path, seen: set[tuple[str, Location]], depth: int) -> Iterator[Follower]:
        for target, how in self._readers(path):
            place = self.problems.at(self.nodes[target].origin)
            one = (told(target), place)
            if one not in seen and target[: len(path)] != path and depth < MAX_DEPTH:
                seen.add(one)
                yield Follower(target, how, place, tuple(self._followers(target, seen, depth + 1)))

    def _readers(self, path: Path) -> list[tuple[Path, str]]:
        """Return what reads a value, or a mapping that holds it, or something in it, in config order."""
        found: dict[Path, str] = {}
        for end in range(len(path), -1, -1):
            for target, how in self.readers.get(path[:end], {}).items():
                found.setdefault(target, how)
        if self._children(path):
            for source, targets in self.readers.items():
                if len(source) > len(path) and source[: len(path)] == path:
                    found = targets | found
        return sorted(found.items(), key=lambda item: self.positions[item[0]])


def _facts(formula: Formula) -> Iterator[tuple[str, Any]]:
    for term, source in zip(formula.expression.terms, formula.sources, strict=True):
        if isinstance(source, Fact):
            yield format_path(term.path), source.value


def _shortened(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _place(place: Location) -> str:
    return f"{place.file}:{place.line}:{place.column}" if place.line else place.file


def _value_lines(value: Explanation, seen: set[Path], indent: str = "") -> Iterator[str]:
    yield f"{indent}{format_path(config_path(value.path)) or 'the config'} {value.what}"
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
