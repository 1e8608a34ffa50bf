"""The expression language: one for references, conditions, bounds and constraints.

Python's own parser reads an expression (the standard library's ``ast``), after each path in it has been
replaced by a name; of what it yields, only what is listed here is taken over. Nothing is ever evaluated by
Python's ``eval``. Evaluation is typed: whole numbers stay whole, ``/`` gives a float, and what makes no
sense (``"relu" * 2``, ``1 < "a"``, a division by zero) is an error rather than a guess.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.paths import Path, PathSyntaxError, format_path, parse_path

MAX_LENGTH = 1000
"""Characters of an expression."""
MAX_BITS = 256
"""Size of a whole number that an expression may reach."""

THIS, PREVIOUS, NEXT = "@", "prev", "next"

_TOKEN = re.compile(
    r"""
    (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    | (?P<path>
        (?:@|[^\W\d]\w*(?:-[^\W\d]\w*)*)
        (?:\.-?\d+(?!\w)|\.[^\W\d]\w*(?:-[^\W\d]\w*)*|\[\s*-?\d+\s*\]|\[\s*\*\s*\]|\[\s*"(?:[^"\\]|\\.)*"\s*\])*
      )
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACED_PATH = re.compile(r'[\w\s.\[\]"-]+\Z')
_WORDS = {"and", "or", "not", "in", "if", "else", "is"}
_CONSTANTS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}


class ExpressionSyntaxError(ValueError):
    """A text that is not an expression: says why, and at which character (0-based ``position``)."""

    def __init__(self, position: int, reason: str, hint: str = "") -> None:
        super().__init__(position, reason, hint)
        self.position = position
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return self.reason


class EvaluationError(ValueError):
    """An expression that has no value for some values of its paths."""


@dataclass(frozen=True, slots=True)
class Term:
    """A path in an expression: from the root, or from this item (``@``), the one before or the one after."""

    head: str
    path: Path
    start: int
    """Where it stands in the text, in characters from 0."""


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
class Expression:
    """An expression: its text, the paths that it reads, and what it computes from their values."""

    text: str
    terms: tuple[Term, ...]
    root: Node

    @property
    def is_path(self) -> bool:
        """Whether it is a single path, so that it copies a value of any kind."""
        return isinstance(self.root, Value)

    def evaluate(self, values: Sequence[Any]) -> Any:
        """Return the value for the values of its terms.

        Raises:
            EvaluationError: if it has none.
        """
        return _evaluate(self.root, values)

    def __str__(self) -> str:
        return self.text


def path_expression(path: Path) -> Expression:
    """Return the expression that is just a path from the root."""
    return Expression(format_path(path), (Term("", path, 0),), Value(0))


def parse_expression(text: str) -> Expression:
    """Return the expression that ``text`` spells.

    A key with spaces needs no quotes where the path is all there is: ``model.two words.x``.

    Raises:
        ExpressionSyntaxError: if it is not an expression.

    Example:
        >>> expression = parse_expression("model.nn[0].out_dim * 2 + 1")
        >>> expression.evaluate([16])
        33
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionSyntaxError(
            0, f"an expression has at most {MAX_LENGTH} characters, this one {len(text)}"
        )
    code, terms, places = _replace_paths(text)
    try:
        tree = ast.parse(code, mode="eval")
        root = _convert(tree.body, places)
    except SyntaxError as error:
        if _SPACED_PATH.match(text) and not _WORDS & set(text.split()):
            return _spaced_path(text)
        position = _place(places, error.offset - 1) if error.offset else len(text)
        raise ExpressionSyntaxError(max(0, min(position, len(text) - 1)), _reason(error)) from None
    except (RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, ExpressionSyntaxError):
            raise
        raise ExpressionSyntaxError(
            0, "the expression is nested too deeply, or holds a character that no text has"
        ) from None
    return Expression(text, tuple(terms), root)


def _spaced_path(text: str) -> Expression:
    try:
        return Expression(text, (Term("", parse_path(text.strip()), 0),), Value(0))
    except PathSyntaxError as error:
        raise ExpressionSyntaxError(error.position, error.reason) from None


def _reason(error: SyntaxError) -> str:
    message = error.msg or ""
    # Python's own words, where they fit our language; its advice does not.
    fits = message.endswith(
        ("was never closed", "does not match opening parenthesis", "too many nested parentheses")
    )
    return f"this is not an expression: {message}" if fits else "this is not an expression"


def _replace_paths(text: str) -> tuple[str, list[Term], list[int]]:
    """Return Python code with a name for each path, the paths, and where each character came from."""
    code: list[str] = []
    places: list[int] = []
    terms: list[Term] = []

    def write(piece: str, start: int, *, exact: bool) -> None:
        code.append(piece)
        places.extend(start + i if exact else start for i in range(len(piece)))

    for match in _TOKEN.finditer(text):
        word, start = match[0], match.start()
        if match.lastgroup != "path" or word in _WORDS:
            write(" " if word.isspace() else word, start, exact=True)
        elif word in _CONSTANTS:
            write(repr(_CONSTANTS[word]), start, exact=False)
        elif text[match.end() :].lstrip().startswith("("):
            if word not in _FUNCTIONS:
                raise ExpressionSyntaxError(
                    start, f"there is no function {word!r}", did_you_mean(word, _FUNCTIONS)
                )
            write(f"_call_{word}", start, exact=False)
        else:
            write(f"_term_{len(terms)}", start, exact=False)
            terms.append(_term(word, start))
    return "".join(code).strip(), terms, places[len("".join(code)) - len("".join(code).lstrip()) :]


def _term(word: str, start: int) -> Term:
    head = next((h for h in (THIS, PREVIOUS, NEXT) if word == h or word.startswith((f"{h}.", f"{h}["))), "")
    rest = word[len(head) :].removeprefix(".") if head else word
    try:
        return Term(head, parse_path(rest) if rest else (), start)
    except PathSyntaxError as error:
        raise ExpressionSyntaxError(start + len(word) - len(rest) + error.position, error.reason) from None


def _place(places: list[int], position: int) -> int:
    return places[min(position, len(places) - 1)] if places else 0


_UNARY = {ast.USub: "-x", ast.UAdd: "+x", ast.Not: "not"}
_BINARY = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_COMPARISONS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


def _convert(node: ast.expr, places: list[int]) -> Node:
    """Take over a node of Python's tree, if it is one of ours."""
    name = _operation_name(node)
    if name is not None:
        return Operation(name, tuple(_convert(operand, places) for operand in _operands(node)))
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str | int | float)):
        return Literal(node.value)
    if isinstance(node, ast.Name) and node.id.startswith("_term_"):
        return Value(int(node.id.removeprefix("_term_")))
    if isinstance(node, ast.Compare):
        return _comparison(node, places)
    raise ExpressionSyntaxError(
        _place(places, node.col_offset), "this is not part of the expression language"
    )


def _operation_name(node: ast.expr) -> str | None:
    name: str | None = None
    if isinstance(node, ast.UnaryOp):
        name = _UNARY.get(type(node.op))
    elif isinstance(node, ast.BinOp):
        name = _BINARY.get(type(node.op))
    elif isinstance(node, ast.BoolOp):
        name = "and" if isinstance(node.op, ast.And) else "or"
    elif isinstance(node, ast.IfExp):
        name = "if"
    elif isinstance(node, ast.List | ast.Tuple):
        name = "list"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        name = node.func.id.removeprefix("_call_")
    return name


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.IfExp):
        return [node.test, node.body, node.orelse]
    if isinstance(node, ast.Call):
        return node.args
    assert isinstance(node, ast.List | ast.Tuple)  # noqa: S101 - _operation_name knows no other
    return node.elts


def _comparison(node: ast.Compare, places: list[int]) -> Node:
    sides = [_convert(side, places) for side in (node.left, *node.comparators)]
    names = [_COMPARISONS.get(type(op)) for op in node.ops]
    if None in names:
        raise ExpressionSyntaxError(_place(places, node.col_offset), "'is' is not a comparison; write ==")
    pairs = [Operation(str(n), (a, b)) for n, a, b in zip(names, sides, sides[1:], strict=False)]
    return pairs[0] if len(pairs) == 1 else Operation("and", tuple(pairs))


def _evaluate(node: Node, values: Sequence[Any]) -> Any:
    if isinstance(node, Value):
        return values[node.term]
    if isinstance(node, Literal):
        return node.value
    if node.name in _LAZY:
        return _LAZY[node.name](node.operands, values)
    operands = [_evaluate(operand, values) for operand in node.operands]
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
    if name in _FUNCTIONS or name == "list":
        return f"{name}({', '.join(map(repr, operands))})"
    return f" {name} ".join(map(repr, operands)) if len(operands) > 1 else f"{name[0]}{operands[0]!r}"


def _truth(node: Node, values: Sequence[Any], what: str) -> bool:
    value = _evaluate(node, values)
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
    return _evaluate(chosen, values)


_LAZY: dict[str, Callable[[tuple[Node, ...], Sequence[Any]], Any]] = {
    "and": _all,
    "or": _any,
    "not": _negation,
    "if": _conditional,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operation that takes numbers only and keeps within the bounds of a number."""

    def checked(*operands: Any) -> Any:
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
    def checked(left: Any, right: Any) -> bool:
        if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        raise EvaluationError(f"{name} compares two numbers or two texts, but got {left!r} and {right!r}")

    return checked


def _equal(left: Any, right: Any) -> bool:
    # As in YAML, and unlike Python: true is not 1.
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _member(item: Any, container: Any) -> bool:
    if not isinstance(container, list):
        raise EvaluationError(f"'in' looks into a list, but got {container!r}")
    return any(_equal(item, member) for member in container)


def _spread(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of several numbers, or of one list of them."""

    def checked(*operands: Any) -> Any:
        items = operands[0] if len(operands) == 1 and isinstance(operands[0], list) else list(operands)
        if not items:
            raise EvaluationError(f"{name} needs at least one number")
        for item in items:
            if not _is_number(item):
                raise EvaluationError(f"{name} takes numbers, but got {item!r}")
        return compute(items)

    return checked


def _length(value: Any) -> int:
    if not isinstance(value, list | dict | str):
        raise EvaluationError(f"len takes a list, a mapping or a text, but got {value!r}")
    return len(value)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": _spread("min", min),
    "max": _spread("max", max),
    "sum": _spread("sum", sum),
    "abs": _numbers("abs", abs),
    "round": _numbers("round", round),
    "int": _numbers("int", int),
    "float": _numbers("float", float),
    "len": _length,
}

_STRICT: dict[str, Callable[..., Any]] = {
    **_FUNCTIONS,
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
