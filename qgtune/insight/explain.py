"""Who sets a value of a config, when it is there, what it follows, and what follows it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from qgtune.compiler.linking.sources import Fact, Formula
from qgtune.compiler.pipeline import Compilation
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import Location
from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path, format_path
from qgtune.document import format_flow, plain_data
from qgtune.insight.explain_words import words_for
from qgtune.insight.explanation import MAX_DEPTH, Answer, Explanation, Follower, Written
from qgtune.insight.lookup import found_at
from qgtune.insight.presence import InItem, conditions, is_last_or_not, presence, told
from qgtune.space import Parameter, Repeat, Role, SpaceNode, config_path, walk
from qgtune.space.tree import COUNT, children


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
