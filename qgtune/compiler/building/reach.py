"""Which values an expression can have, as far as the files tell before anything is built."""

import itertools
import math
from typing import Any

from qgtune.compiler.building.conditions import OTHERWISE, WHEN
from qgtune.compiler.building.domains import read_domain
from qgtune.compiler.building.forms import form_type, read_form
from qgtune.compiler.building.selection import Extent, Selection
from qgtune.compiler.building.written import Fields, Written, fields_of
from qgtune.compiler.problems import Problems
from qgtune.core.paths import Path
from qgtune.document import MappingNode, ScalarNode, SequenceNode, content, entries, plain_data
from qgtune.space import Categorical, EvaluationError, Expression, FollowingRange, path_expression

MAX_COMBINATIONS = 10_000


class Reach:
    """Tells which values an expression can have.

    Args:
        space: the root of the search space, if there is one.
        base: the root of the base settings, if there are any.
        selection: what of the search space counts.
    """

    def __init__(self, space: Written | None, base: Written | None, selection: Selection) -> None:
        self.space = space
        self.base = base
        self.selection = selection

    def values(self, expression: Expression) -> list[Any] | None:
        """Return the values at the ends of all ranges and for all choices, or None where nothing tells.

        Between the ends of a range an expression may reach further; who relies on these values checks each
        trial's own.
        """
        options: list[list[Any]] = []
        for term in expression.terms:
            found = None if term.head else self._of_path(term.path)
            if found is None:
                return None
            options.append(found)
        if math.prod(map(len, options)) > MAX_COMBINATIONS:
            return None
        try:
            return [expression.evaluate(values) for values in itertools.product(*options)]
        except EvaluationError:
            return None

    def choices(self, expression: Expression) -> list[Any] | None:
        """Return the choices of the parameter whose path an expression is, or None if it is no such path."""
        term = expression.terms[0] if expression.is_path else None
        if term is None or term.head or self.selection.extent(term.path) is Extent.NONE:
            return None
        written = _at(self.space, term.path)
        inner = None if written is None else written.content
        if isinstance(inner, MappingNode) and (inner.tag == "!sweep" or not inner.tag):
            listed = entries(inner).get("values") or entries(inner).get("choices")
            inner = None if listed is None else content(listed[1])
        return [plain_data(item) for item in inner.items] if isinstance(inner, SequenceNode) else None

    def _of_path(self, path: Path) -> list[Any] | None:
        varies = self.selection.extent(path) is not Extent.NONE
        written = _at(self.space, path) if varies else None
        if written is None or written.is_empty:
            written, varies = _at(self.base, path), False
        if written is None:
            return None
        inner = written.content
        if isinstance(inner, ScalarNode):
            return [inner.value]
        if inner.tag == "!sweep":
            return self.choices(path_expression(path))
        if isinstance(inner, MappingNode) and inner.tag == "!range":
            ends = [entries(inner).get(name) for name in ("start", "stop")]
            return [plain_data(end[1]) for end in ends if end is not None]
        return _values(written) if varies else None


def _at(written: Written | None, path: Path) -> Written | None:
    for part in path:
        inner = None if written is None else written.content
        if written is not None and isinstance(inner, MappingNode):
            entry = fields_of(written).get(part)
            written = None if entry is None else entry[1]
        elif written is not None and isinstance(inner, SequenceNode) and isinstance(part, int):
            items = inner.items
            inside = -len(items) <= part < len(items)
            written = Written(items[part], (*written.path, part)) if inside else None
        else:
            return None
    return written


def _values(written: Written) -> list[Any] | None:
    """Return the values that what is written in a search space can have, or None where nothing tells."""
    inner = written.content
    if isinstance(inner, ScalarNode):
        return [inner.value]
    if isinstance(inner, SequenceNode):
        return [plain_data(item) for item in inner.items]
    fields = fields_of(written)
    kind = form_type(fields)
    if WHEN in fields:
        rest = {name: entry for name, entry in fields.items() if name not in (WHEN, OTHERWISE)}
        found = [None if kind is None else _of_form(rest, kind)]
        found += [_values(fields[OTHERWISE][1])] if OTHERWISE in fields else []
        return _together(found)
    if kind in ("switch", "coupled"):
        cases = fields.get("cases" if kind == "switch" else "values")
        if cases is None or not isinstance(cases[1].content, MappingNode):
            return None
        return _together([_values(case) for _, case in fields_of(cases[1]).values()])
    return None if kind in (None, "repeat") else _of_form(fields, kind)


def _together(found: list[list[Any] | None]) -> list[Any] | None:
    known = [values for values in found if values is not None]
    return [value for values in known for value in values] if len(known) == len(found) else None


def _of_form(fields: Fields, kind: str) -> list[Any] | None:
    unheard = Problems()  # what is wrong with the form is said where it is built
    try:
        form = read_form(fields, kind, unheard)
        if form is not None and kind == "fixed":
            return [plain_data(form.node("value"))]
        domain = read_domain(form, unheard) if form is not None else None
    except KeyError:  # there are no documents to say it in
        return None
    if domain is None or isinstance(domain, FollowingRange):
        return None
    return list(domain.choices) if isinstance(domain, Categorical) else [domain.low, domain.high]
