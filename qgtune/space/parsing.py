"""Text -> Expression.

Python's own parser reads an expression (the standard library's ``ast``), after each path in it has been
replaced by a name; of what it yields, only what is listed here is taken over. Nothing is ever evaluated by
Python's ``eval``.
"""

import ast
import contextlib
import re

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.paths import PathSyntaxError, parse_path
from qgtune.space.expressions import NEXT, PREVIOUS, THIS, Expression, Term
from qgtune.space.operations import FUNCTIONS, Literal, Node, Operation, Value

MAX_LENGTH = 1000
"""Characters of an expression."""

MAX_DEPTH = 100
"""Operations within operations; what nests deeper cannot be sent to other processes."""

_TOKEN = re.compile(
    r"""
    (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    | (?P<path>
        (?:@|[^\W\d]\w*(?:-[^\W\d]\w*)*)
        (?:\.-?\d+(?!\w)|\.[^\W\d]\w*(?:-[^\W\d]\w*)*|\[\s*-?\d+\s*\]|\[\s*\*\s*\]|\[\s*"(?:[^"\\]|\\.)*"\s*\]
          |\[\s*(?:[-+]?\d+)?\s*:\s*(?:[-+]?\d+)?\s*(?::\s*(?:[-+]?\d+)?\s*)?\])*
      )
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACED_PATH = re.compile(r'(?:\[[\s\d*:+-]*+\]|[\w\s.\[\]"-])++\Z')
_HEAD = re.compile(rf"(?:{THIS}|{PREVIOUS}|{NEXT})(?=[.\[]|\Z)")
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
    match = _TOKEN.match(text)
    if match and match.end() == len(text) and match.lastgroup == "path" and _is_term(text):
        return Expression(text, (_term(text, 0),), Value(0))  # just a path, as most are
    if text.lstrip().startswith(
        '["'
    ):  # a key that needs quotes at the root; a list of one text follows nothing
        with contextlib.suppress(PathSyntaxError):
            return Expression(text, (Term("", parse_path(text.strip()), 0),), Value(0))
    return _parse_operations(text)


def _is_term(word: str) -> bool:
    return word not in _WORDS and word not in _CONSTANTS


def _parse_operations(text: str) -> Expression:
    code, terms, places = _replace_paths(text)
    try:
        tree = ast.parse(code, mode="eval")
        root = _convert(tree.body, places, 0)
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
            if word not in FUNCTIONS:
                raise ExpressionSyntaxError(
                    start, f"there is no function {word!r}", did_you_mean(word, FUNCTIONS)
                )
            write(f"_call_{word}", start, exact=False)
        else:
            write(f"_term_{len(terms)}", start, exact=False)
            terms.append(_term(word, start))
    return "".join(code).strip(), terms, places[len("".join(code)) - len("".join(code).lstrip()) :]


def _term(word: str, start: int) -> Term:
    found = _HEAD.match(word)
    head = found[0] if found else ""
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


def _convert(node: ast.expr, places: list[int], depth: int) -> Node:
    """Take over a node of Python's tree, if it is one of ours."""
    if depth > MAX_DEPTH:
        raise ExpressionSyntaxError(
            _place(places, node.col_offset),
            f"the expression is nested too deeply: at most {MAX_DEPTH} levels",
        )
    name = _operation_name(node)
    if name is not None:
        operands = tuple(_convert(operand, places, depth + 1) for operand in _operands(node))
        return Operation(name, operands)
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str | int | float)):
        return Literal(node.value)
    if isinstance(node, ast.Name) and node.id.startswith("_term_"):
        return Value(int(node.id.removeprefix("_term_")))
    if isinstance(node, ast.Compare):
        return _comparison(node, places, depth)
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


def _comparison(node: ast.Compare, places: list[int], depth: int) -> Node:
    sides = [_convert(side, places, depth + 1) for side in (node.left, *node.comparators)]
    names = [_COMPARISONS.get(type(op)) for op in node.ops]
    if None in names:
        raise ExpressionSyntaxError(_place(places, node.col_offset), "'is' is not a comparison; write ==")
    if len(names) == 1:
        return Operation(str(names[0]), tuple(sides))
    return Operation("chain", (Literal(tuple(map(str, names))), *sides))
