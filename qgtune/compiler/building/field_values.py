"""Single values in the fields of a form, each checked for its kind."""

from typing import Any

from qgtune.document import (
    Node,
    ScalarNode,
    SequenceNode,
    content,
)


class WrongTypeError(Exception):
    """A value of another kind than its field has; ``node`` is where it stands, ``hint`` a way out."""

    def __init__(self, message: str, node: Node, hint: str = "") -> None:
        super().__init__(message, node, hint)
        self.message = message
        self.node = node
        self.hint = hint

    def __str__(self) -> str:
        return self.message


def _scalar(name: str, node: Node, rule: str) -> Any:
    inner = content(node)
    if not isinstance(inner, ScalarNode):
        kind = "a list" if isinstance(inner, SequenceNode) else "a mapping"
        raise WrongTypeError(f"{name} must be {rule}, but is {kind}", node)
    return inner.value


def read_number(name: str, node: Node) -> int | float:
    """Return the number in a field, or raise WrongTypeError."""
    value = _scalar(name, node, "a number")
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = f"remove the quotes around {value}" if is_quoted_number(node) else ""
        raise WrongTypeError(f"{name} must be a number, but is {value!r}", node, hint)
    return value


def read_float(name: str, node: Node) -> float:
    """Return the number in a field as a float, or raise WrongTypeError."""
    return as_float(name, read_number(name, node), node)


def as_float(name: str, value: float, node: Node) -> float:
    """Return a number as a float, or raise WrongTypeError if it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        raise WrongTypeError(f"{name} is too large for a float", node) from None


def read_integer(name: str, node: Node) -> int:
    """Return the whole number in a field, or raise WrongTypeError."""
    value = read_number(name, node)
    if isinstance(value, float):
        if not value.is_integer():
            hint = "use type: float for numbers that are not whole"
            raise WrongTypeError(f"{name} must be a whole number, but is {value}", node, hint)
        value = int(value)
    return value


def read_boolean(name: str, node: Node) -> bool:
    """Return the truth value in a field, or raise WrongTypeError."""
    value = _scalar(name, node, "true or false")
    if not isinstance(value, bool):
        hint = "YAML 1.2 has only true and false" if str(value).lower() in ("yes", "no", "on", "off") else ""
        raise WrongTypeError(f"{name} must be true or false, but is {value!r}", node, hint)
    return value


def is_quoted_number(node: Node) -> bool:
    """Tell whether a text is a number in quotes."""
    inner = content(node)
    if not isinstance(inner, ScalarNode) or not inner.style:
        return False
    try:
        float(inner.text)
    except ValueError:
        return False
    return True
