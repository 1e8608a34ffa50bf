"""Pieces of Python source: imports that are needed, calls that fit on a line or take several."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from keyword import iskeyword
from textwrap import indent
from typing import Any

WIDTH = 100
"""Characters of a line, at most, where a call can be broken."""


class Imports:
    """The imports of a module, gathered while its text is written.

    Example:
        >>> imports = Imports()
        >>> imports.module("numpy", "np")
        >>> imports.name("torch_geometric.nn", "GCNConv")
        'GCNConv'
        >>> imports.lines()
        ['import numpy as np', 'from torch_geometric.nn import GCNConv']
    """

    def __init__(self) -> None:
        self._modules: dict[str, str] = {}
        self._names: dict[str, set[str]] = {}

    def module(self, module: str, alias: str = "") -> None:
        """Import a module, perhaps under another name."""
        self._modules[module] = alias

    def name(self, module: str, name: str) -> str:
        """Import a name from a module; return the name."""
        self._names.setdefault(module, set()).add(name)
        return name

    def lines(self) -> list[str]:
        """Return the import statements, those of the standard library first, each part sorted."""
        parts = [self._part(of_library=True), self._part(of_library=False)]
        return [*parts[0], *([""] if all(parts) else []), *parts[1]]

    def _part(self, *, of_library: bool) -> list[str]:
        def belongs(module: str) -> bool:
            """Tell whether a module is of this part."""
            return (module.partition(".")[0] in sys.stdlib_module_names) == of_library

        plain = [
            f"import {module} as {alias}" if alias else f"import {module}"
            for module, alias in sorted(self._modules.items())
            if belongs(module)
        ]
        named = [
            line
            for module, names in sorted(self._names.items())
            if belongs(module)
            for line in _from_import(module, sorted(names, key=_order_of_names))
        ]
        return [*plain, *named]


def _order_of_names(name: str) -> tuple[int, str]:
    """Sort constants first, then classes, then functions, as formatters do."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)


def _from_import(module: str, names: Sequence[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def literal(value: Any) -> str:
    """Return a value of a config as Python source.

    Example:
        >>> literal("mean"), literal([1, None]), literal(float("inf"))
        ('"mean"', '[1, None]', 'math.inf')
    """
    if isinstance(value, str):
        quoted = repr(value)
        return f'"{quoted[1:-1]}"' if quoted[0] == "'" and '"' not in quoted else quoted
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "math.nan" if math.isnan(value) else "math.inf" if value > 0 else "-math.inf"
    return repr(value)


def arguments(positional: Iterable[Any] = (), keyword: Mapping[str, Any] | None = None) -> list[str]:
    """Return the arguments of a call as source, from values."""
    return [*map(literal, positional), *map(_keyword_argument, (keyword or {}).items())]


def _keyword_argument(item: tuple[str, Any]) -> str:
    name, value = item
    is_name = name.isidentifier() and not iskeyword(name)
    return f"{name}={literal(value)}" if is_name else f"**{literal({name: value})}"


def call(function: str, given: Sequence[str]) -> str:
    """Return a call on one line, of arguments that are source."""
    return f"{function}({', '.join(given)})"


def statement(head: str, given: Sequence[str], tail: str = ")") -> list[str]:
    """Return ``head``, arguments and ``tail``: on one line, or on a line for each argument where it is long.

    Example:
        >>> statement("x = f(", ["1", "2"])
        ['x = f(1, 2)']
    """
    line = f"{head}{', '.join(given)}{tail}"
    # Four or eight columns are before it, in a function or a method.
    if len(line) <= WIDTH - 8:
        return [line]
    return [head, *(f"    {argument}," for argument in given), tail]


def block(lines: Iterable[str], levels: int = 1) -> list[str]:
    """Return lines that stand deeper by so many levels."""
    return [indent(line, "    " * levels) for line in lines]
