"""Plain data -> YAML text that every reader takes alike, with a comment beside any line."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from qgtune.core.paths import ROOT, Path, format_path
from qgtune.core.python_objects import PyObject
from qgtune.document.scalars import old_reading, plain_value
from qgtune.document.tags import PYOBJECT

INDENT = 2
FLOW_WIDTH = 80


class Indents(NamedTuple):
    """How far a text indents what stands below a key: the keys of a mapping, and the dashes of a list."""

    keys: int = INDENT
    dashes: int = INDENT


# Characters that are text in every context of every YAML; whatever else occurs is quoted.
_SAFE_TEXT = re.compile(r"[^\W\d_][\w./+-]*(?: [\w./+-]+)*\Z|/[\w./+-]+\Z|_[\w./+-]*\Z")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_SINGLE_LETTER_BOOLEANS = frozenset("yYnN")


def format_scalar(value: Any, quote: str = "") -> str:
    """Return a scalar's text, which reads back as that value under YAML 1.1 and 1.2.

    Args:
        value: text, a number, a boolean, None, or the name of a Python object.
        quote: ``'`` or ``"`` to keep a text in that style where it can be.

    Example:
        >>> format_scalar(1e-5), format_scalar("no"), format_scalar("relu"), format_scalar(None)
        ('1.0e-05', '"no"', 'relu', 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _format_float(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, PyObject):
        return f"{PYOBJECT} {_format_text(str(value), quote)}"
    return _format_text(value, quote)


def _format_float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    mantissa, mark, exponent = repr(value).partition("e")
    if not mark:
        return mantissa
    # YAML 1.1 asks for a point in the mantissa and a sign in the exponent.
    mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{mantissa}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"


def _format_text(text: str, quote: str) -> str:
    plain = (
        _SAFE_TEXT.match(text)
        and plain_value(text) == text
        and old_reading(text) is None
        and text not in _SINGLE_LETTER_BOOLEANS
    )
    if plain and not quote:
        return text
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def format_flow(value: Any) -> str:
    """Return data in flow style, on one line.

    Example:
        >>> format_flow({"dims": [48, 18]})
        '{dims: [48, 18]}'
    """
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{format_scalar(key)}: {format_flow(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(format_flow, value)) + "]"
    return format_scalar(value)


def dump(value: Any, comments: Mapping[Path, str] | None = None) -> str:
    """Return data as a YAML text in block style; lists of scalars stay on one line where they fit.

    Args:
        value: plain data: dict, list, and scalars.
        comments: by path, what is written behind the value as a comment.

    Example:
        >>> print(dump({"a": {"b": [1, 2]}}, {("a", "b"): "a pair"}), end="")
        a:
          b: [1, 2]  # a pair
    """
    if not isinstance(value, dict | list) or not value:
        return format_flow(value) + "\n"
    lines = _Lines(comments or {}, Indents()).of(value, 0, ROOT)
    return "".join(f"{line}\n" for line in lines)


def dump_lines(value: Any, column: int, indents: Indents) -> Iterator[str]:
    """Yield the lines of a non-empty dict or list in block style, from a column on."""
    return _Lines({}, indents).of(value, column, ROOT)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Writes data as lines in block style, with these comments behind the values and these indents."""

    comments: Mapping[Path, str]
    indents: Indents

    def of(self, value: Any, column: int, path: Path) -> Iterator[str]:
        if isinstance(value, dict):
            for key, item in value.items():
                below = self.indents.dashes if isinstance(item, list) else self.indents.keys
                head = f"{' ' * column}{format_scalar(key)}:"
                yield from self._entry(head, item, column + below, (*path, key))
            return
        for position, item in enumerate(value):
            inner = (*path, position)
            if isinstance(item, dict) and item:
                lines = self.of(item, column + INDENT, inner)
                first = next(lines)
                yield f"{' ' * column}- {first[column + INDENT :]}"
                yield from lines
            else:
                yield from self._entry(f"{' ' * column}-", item, column + INDENT, inner)

    def _entry(self, head: str, item: Any, below: int, path: Path) -> Iterator[str]:
        """Yield the lines of what stands behind a key or a dash; if they are several, from a column on."""
        text = format_flow(item)
        fits = len(head) + len(text) < FLOW_WIDTH and not _holds_mappings(item)
        if not isinstance(item, dict | list) or not item or (isinstance(item, list) and fits):
            yield f"{head} {text}{_comment(path, item, self.comments)}"
        else:
            yield head + _comment(path, None, self.comments)
            yield from self.of(item, below, path)


def _holds_mappings(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(map(_holds_mappings, value))


def _comment(path: Path, item: Any, comments: Mapping[Path, str]) -> str:
    """Return the comment of a line; the items of a list on one line are named by their positions."""
    found = [comments[path]] if path in comments else []
    if isinstance(item, list):
        found += [
            f"{format_path(p[len(path) :])} {comments[p]}" for p in _inner_paths(item, path) if p in comments
        ]
    return f"  # {' '.join('; '.join(found).splitlines())}" if found else ""


def _inner_paths(value: Any, path: Path) -> Iterator[Path]:
    for position, item in enumerate(value):
        yield (*path, position)
        if isinstance(item, list):
            yield from _inner_paths(item, (*path, position))


def comment_block(lines: Iterable[str]) -> str:
    """Return lines of prose as YAML comments."""
    return "".join(f"# {part}".rstrip() + "\n" for line in lines for part in line.splitlines() or [""])
