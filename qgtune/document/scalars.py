"""What a plain YAML scalar means: YAML 1.2's core schema, and where YAML 1.1 readers disagree."""

import math
import re
from typing import Any

Scalar = str | int | float | bool | None

_CORE_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_BASED_INTEGER = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NUMBER_START = frozenset("-+.0123456789")

# The words and numbers of YAML 1.1 as PyYAML and its many users read them.
_OLD_BOOLEANS = frozenset(
    spelling for word in ("yes", "no", "on", "off") for spelling in (word, word.capitalize(), word.upper())
)
_OLD_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?\Z"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?\Z"
)
# Nearly all numbers: all readers take them alike.
_COMMON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")
_OLD_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z|0x[0-9a-fA-F]+\Z")
_OLD_OCTAL = re.compile(r"[-+]?0[0-7_]+\Z")
_OLD_BINARY = re.compile(r"[-+]?0b[01_]+\Z")
_OLD_UNDERSCORES = re.compile(r"[-+]?(?:[1-9][0-9]*_[0-9_]*|0x[0-9a-fA-F]*_[0-9a-fA-F_]*)\Z")
_OLD_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_OLD_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}"
)

MAX_INTEGER_DIGITS = 3000
"""Longer runs of digits stay text: Python refuses to convert them, and no setting needs them."""


def plain_value(text: str) -> Scalar:
    """Return the value of an unquoted scalar under YAML 1.2's core schema.

    Source: YAML 1.2.2, section 10.3. ``1e-5`` is a float, ``no`` and ``12:30`` are text, ``012`` is 12.

    Example:
        >>> plain_value("1e-5"), plain_value("no"), plain_value("0x10")
        (1e-05, 'no', 16)
    """
    if text in _CORE_WORDS:
        return _CORE_WORDS[text]
    if text[0] in _NUMBER_START:
        if _INTEGER.match(text):
            return int(text) if len(text) <= MAX_INTEGER_DIGITS else text
        if _FLOAT.match(text):
            return float(text)
        if _BASED_INTEGER.match(text):
            return int(text, 0) if len(text) <= MAX_INTEGER_DIGITS else text
    return text


def old_reading(text: str) -> str | None:
    """Return how a YAML 1.1 reader such as PyYAML takes an unquoted scalar, or None where it agrees.

    A text longer than MAX_INTEGER_DIGITS is nothing to be warned about.

    Example:
        >>> old_reading("no"), old_reading("1e-5"), old_reading("relu")
        ('the boolean false', "the text '1e-5'", None)
    """
    if text in _OLD_BOOLEANS:
        return f"the boolean {'true' if text.lower() in ('yes', 'on') else 'false'}"
    if not text or text[0] not in _NUMBER_START or len(text) > MAX_INTEGER_DIGITS:
        return None
    if _COMMON_NUMBER.match(text):
        return None
    return _old_number(text)


def _old_number(text: str) -> str | None:
    core = plain_value(text)
    if text in _CORE_WORDS:
        return None
    reading: str | None = None
    if _OLD_SEXAGESIMAL.match(text):
        reading = "a number in base 60"
    elif _OLD_DATE.match(text):
        reading = "a date"
    elif _OLD_OCTAL.match(text):
        octal = int(text.replace("_", ""), 8)
        reading = f"the octal number {octal}" if octal != core else None
    elif _OLD_BINARY.match(text) or _OLD_UNDERSCORES.match(text):
        reading = f"the number {int(text.replace('_', ''), 0)}"
    elif isinstance(core, str) and "_" in text and _OLD_FLOAT.match(text):
        reading = f"the number {float(text.replace('_', ''))}"
    elif (isinstance(core, int) and not _OLD_INTEGER.match(text)) or (
        isinstance(core, float) and not _OLD_FLOAT.match(text)
    ):
        reading = f"the text {text!r}"
    return reading


def portable_spelling(value: Scalar, text: str, reading: str) -> str:
    """Return the advice how to write a scalar so that readers of YAML 1.1 and 1.2 take it alike.

    Args:
        value: what it means here.
        text: how it is written.
        reading: how a YAML 1.1 reader takes it, as ``old_reading`` tells.

    Example:
        >>> portable_spelling(1e-5, "1e-5", old_reading("1e-5"))
        'write 1.0e-05, which every reader takes as a number'
    """
    if isinstance(value, float):
        return f"write {_portable_float(text)}, which every reader takes as a number"
    if isinstance(value, int):
        return f"write {value}, which every reader takes alike"
    if reading.startswith("the boolean"):
        return f'write {reading.rpartition(" ")[2]} if that is meant, or "{text}" for the text'
    return f'write "{text}", which every reader takes alike'


def _portable_float(text: str) -> str:
    """Return the spelling of a float that YAML 1.1 and 1.2 both read as that float."""
    number = repr(float(text))
    mantissa, mark, exponent = number.partition("e")
    if not mark:
        return number
    sign = "" if exponent[0] in "+-" else "+"
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{sign}{exponent}"


def same_value(left: Any, right: Any) -> bool:
    """Tell whether two config values are the same to a reader of YAML: equal, and of equal types throughout.

    Unlike ``==`` it keeps ``1``, ``1.0`` and ``true`` apart, as well as ``!pyobject x`` and the text ``x``;
    it finds NaN equal to itself, and sees the order of keys, which people read and diffs show.
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same_value(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same_value, left, right))
    return bool(left == right) or (left != left and right != right)  # noqa: PLR0124 - only NaN differs from itself
