"""What an expression computes: its operations, typed and bounded.

Whole numbers stay whole, ``/`` gives a float, and what makes no sense (``"relu" * 2``, ``1 < "a"``, a
division by zero) is an error rather than a guess.
"""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

MAX_BITS = 256
"""Size of a whole number that an expression may reach."""


class EvaluationError(ValueError):
    """An expression that has no value for some values of its paths."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Value:
    """The value of the term at this position of ``Expression.terms``."""

    term: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or a function, and its operands in order."""

    name: str
    operands: tuple["Node", ...]


Node = Literal | Value | Operation


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value of a labelled choice: a comparison may mean its label, everything else means the value."""

    value: Any
    label: Any


def plain(value: Any) -> Any:
    """Return the value itself, without the label that it was chosen by."""
    return value.value if isinstance(value, Chosen) else value


def evaluate(node: Node, values: Sequence[Any]) -> Any:
    """Return the value of a node for the values of the expression's terms.

    Raises:
        EvaluationError: if it has none.
    """
    if isinstance(node, Value):
        return values[node.term]
    if isinstance(node, Literal):
        return node.value
    if node.name in _LAZY:
        return _LAZY[node.name](node.operands, values)
    operands = [evaluate(operand, values) for operand in node.operands]
    if node.name not in _BY_LABEL:
        operands = [plain(operand) for operand in operands]
    try:
        return _STRICT[node.name](*operands)
    except TypeError:
        raise EvaluationError(f"{node.name} does not take {len(operands)} values") from None
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        if isinstance(error, EvaluationError):
            raise
        reason = "division by zero" if isinstance(error, ZeroDivisionError) else "a number out of range"
        raise EvaluationError(f"{reason} in {_shown(node.name, operands)}") from None


def _shown(name: str, operands: Sequence[Any]) -> str:
    if name in FUNCTIONS or name == "list":
        return f"{name}({', '.join(map(repr, operands))})"
    return f" {name} ".join(map(repr, operands)) if len(operands) > 1 else f"{name[0]}{operands[0]!r}"


def _truth(node: Node, values: Sequence[Any], what: str) -> bool:
    value = plain(evaluate(node, values))
    if not isinstance(value, bool):
        raise EvaluationError(f"{what} must be true or false, but is {value!r}")
    return value


def _all(operands: tuple[Node, ...], values: Sequence[Any]) -> bool:
    return all(_truth(operand, values, "an operand of 'and'") for operand in operands)


def _any(operands: tuple[Node, ...], values: Sequence[Any]) -> bool:
    return any(_truth(operand, values, "an operand of 'or'") for operand in operands)


def _negation(operands: tuple[Node, ...], values: Sequence[Any]) -> bool:
    return not _truth(operands[0], values, "the operand of 'not'")


def _conditional(operands: tuple[Node, ...], values: Sequence[Any]) -> Any:
    chosen = operands[1] if _truth(operands[0], values, "the condition of 'if'") else operands[2]
    return evaluate(chosen, values)


def _choice(operands: tuple[Node, ...], values: Sequence[Any]) -> Any:
    chosen = operands[1] if _truth(operands[0], values, "a condition") else operands[2]
    return evaluate(chosen, values)


def _chain(operands: tuple[Node, ...], values: Sequence[Any]) -> bool:
    """Compare neighbours, as in ``1 < a < 5``; each operand has its value once, however chains nest."""
    [names, first, *rest] = operands
    assert isinstance(names, Literal)  # noqa: S101 - the comparisons' names, in order
    left = evaluate(first, values)
    for name, operand in zip(names.value, rest, strict=True):
        right = evaluate(operand, values)
        sides = (left, right) if name in _BY_LABEL else (plain(left), plain(right))
        if not _STRICT[name](*sides):
            return False
        left = right
    return True


_LAZY: dict[str, Callable[[tuple[Node, ...], Sequence[Any]], Any]] = {
    "and": _all,
    "or": _any,
    "not": _negation,
    "if": _conditional,
    "when": _choice,
    "chain": _chain,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operation that takes numbers only and keeps within the bounds of a number."""

    def checked(*operands: Any) -> Any:
        """Return the result of numbers, if there is one of a size that a config can hold."""
        for operand in operands:
            if not _is_number(operand):
                raise EvaluationError(
                    f"{name[0] if name.endswith('x') else name} takes numbers, but got {operand!r}"
                )
        result = compute(*operands)
        if isinstance(result, complex) or (isinstance(result, float) and not math.isfinite(result)):
            raise EvaluationError(f"no number is {_shown(name, operands)}")
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            raise EvaluationError(f"{_shown(name, operands)} is too large")
        return result

    return checked


def _power(base: float, exponent: float) -> Any:
    # Before it is computed: a power of whole numbers can be larger than memory.
    if (
        isinstance(base, int)
        and isinstance(exponent, int)
        and base.bit_length() * abs(exponent) > 4 * MAX_BITS
    ):
        raise OverflowError
    return base**exponent


def _ordered(name: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return a comparison of two numbers, or of two texts."""

    def checked(left: Any, right: Any) -> bool:
        """Tell how two values of one kind compare."""
        if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        raise EvaluationError(f"{name} compares two numbers or two texts, but got {left!r} and {right!r}")

    return checked


def _equal(left: Any, right: Any) -> bool:
    # As in YAML, and unlike Python: true is not 1.
    return any(
        isinstance(one, bool) == isinstance(other, bool) and one == other
        for one in _meanings(left)
        for other in _meanings(right)
    )


def _meanings(value: Any) -> tuple[Any, ...]:
    return (value.value, value.label) if isinstance(value, Chosen) else (value,)


def _member(item: Any, container: Any) -> bool:
    container = plain(container)
    if not isinstance(container, list):
        raise EvaluationError(f"'in' looks into a list, but got {container!r}")
    return any(_equal(item, member) for member in container)


def _spread(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of several numbers, or of one list of them."""

    def checked(*operands: Any) -> Any:
        """Return the result of the operands, or of the items of the only one."""
        items = operands[0] if len(operands) == 1 and isinstance(operands[0], list) else list(operands)
        if not items:
            raise EvaluationError(f"{name} needs at least one number")
        for item in items:
            if not _is_number(item):
                raise EvaluationError(f"{name} takes numbers, but got {item!r}")
        result = compute(items)
        if isinstance(result, float) and not math.isfinite(result):
            raise EvaluationError(f"no number is {name}({', '.join(map(repr, items))})")
        return result

    return checked


def _length(value: Any) -> int:
    if not isinstance(value, list | dict | str):
        raise EvaluationError(f"len takes a list, a mapping or a text, but got {value!r}")
    return len(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": _spread("min", min),
    "max": _spread("max", max),
    "sum": _spread("sum", sum),
    "abs": _numbers("abs", abs),
    "round": _numbers("round", round),
    "int": _numbers("int", int),
    "float": _numbers("float", float),
    "len": _length,
}

_BY_LABEL = frozenset({"==", "!=", "in", "not in"})
"""Operations for which a labelled choice is also its label."""

_STRICT: dict[str, Callable[..., Any]] = {
    **FUNCTIONS,
    "list": lambda *items: list(items),
    "-x": _numbers("-x", operator.neg),
    "+x": _numbers("+x", operator.pos),
    "+": _numbers("+", operator.add),
    "-": _numbers("-", operator.sub),
    "*": _numbers("*", operator.mul),
    "/": _numbers("/", operator.truediv),
    "//": _numbers("//", operator.floordiv),
    "%": _numbers("%", operator.mod),
    "**": _numbers("**", _power),
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered("<", operator.lt),
    "<=": _ordered("<=", operator.le),
    ">": _ordered(">", operator.gt),
    ">=": _ordered(">=", operator.ge),
    "in": _member,
    "not in": lambda item, container: not _member(item, container),
}
