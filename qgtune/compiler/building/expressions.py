"""Expressions as they are written in the files, each mistake at its character."""

from qgtune.compiler.problems import Problems
from qgtune.document import ScalarNode, Span
from qgtune.space import Expression, ExpressionSyntaxError, Role, parse_expression

MAX_SHOWN = 100
"""Characters of an expression that a message repeats."""


def read_expression(node: ScalarNode, role: Role, problems: Problems, hint: str) -> Expression | None:
    """Return the expression that a text spells, or None after reporting what is wrong with it.

    Args:
        node: the text; its value is a str.
        role: the file that it stands in.
        problems: receives what is wrong.
        hint: what such an expression looks like, for mistakes that have no better hint.
    """
    assert isinstance(node.value, str)  # noqa: S101 - who asks has looked
    try:
        return parse_expression(node.value)
    except ExpressionSyntaxError as error:
        place = problems.at_span(role, node, _character(node, error.position))
        text = node.value if len(node.value) <= MAX_SHOWN else f"{node.value[:MAX_SHOWN]}..."
        problems.error("QG303", f"{text!r}: {error.reason}", place, error.hint or hint)
        return None


def _character(node: ScalarNode, position: int) -> Span:
    """Return the span of one character of a one-line scalar; of the whole scalar where unsure."""
    span = node.span
    quote = 1 if node.style else 0
    if span.line != span.end_line or span.end - span.start != len(node.text) + 2 * quote:
        return span
    offset = min(quote + position, span.end - span.start - 1)
    start, column = span.start + offset, span.column + offset
    return span._replace(start=start, end=start + 1, column=column, end_line=span.line, end_column=column + 1)
