"""What the values of arguments must be that a config hands on to torch."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qgtune.core.errors import ConfigValueError
from qgtune.core.paths import Path


@dataclass(frozen=True, slots=True)
class ValueRule:
    """What an argument must be, in words, whether a value is that, and what helps where it is not."""

    words: str
    holds: Callable[[Any], bool]
    hint: Callable[[Any], str] = lambda _: ""


def is_number(value: Any) -> bool:
    """Return whether a value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    """Return whether a value is a whole number of at least 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def one_of(*values: str) -> ValueRule:
    """Return the rule that a value is one of these texts."""
    return ValueRule(" or ".join(map(repr, values)), lambda value: value in values)


FLAG = ValueRule("true or false", lambda value: isinstance(value, bool))
NUMBER = ValueRule("a number", is_number)
SHARE = ValueRule("a number from 0 to 1", lambda value: is_number(value) and 0 <= value <= 1)
COUNT = ValueRule("a whole number of at least 1", is_count)
COUNT_OR_NONE = ValueRule(
    "a whole number of at least 1, or null", lambda value: value is None or is_count(value)
)
NUMBER_OR_NONE = ValueRule("a number, or null", lambda value: value is None or is_number(value))


def value_problems(
    given: Mapping[str, Any], rules: Mapping[str, ValueRule], path: Path
) -> Iterator[ConfigValueError]:
    """Yield an error for each argument, of the mapping at ``path``, that is not as its rule says."""
    for name, value in given.items():
        if name in rules and not rules[name].holds(value):
            rule = rules[name]
            yield ConfigValueError((*path, name), f"must be {rule.words}, not {value!r}", rule.hint(value))
