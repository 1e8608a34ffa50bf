"""Tags: what ``!!float 1`` and ``!sweep`` mean to the reader. No tag ever constructs anything."""

from qgtune.core.diagnostics import did_you_mean
from qgtune.core.python_objects import PyObject
from qgtune.document.scalars import Scalar, plain_value

PYOBJECT = "!pyobject"
TAGS = frozenset({"!sweep", "!coupled-sweep", "!range", "!random_uniform", "!reference", PYOBJECT})
"""The tags of later QGTune's single-file configs. Nodes carry them; the compiler does what they ask for."""

_CORE = "tag:yaml.org,2002:"
_CORE_NAMES = ("str", "int", "float", "bool", "null", "map", "seq")
_CORE_TAGS = {f"{_CORE}{name}": name for name in _CORE_NAMES}


class TagError(ValueError):
    """A tag that is not known, or that does not fit its value; ``hint`` is a way out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint


def tagged_value(text: str, tag: str, *, plain: bool) -> Scalar:
    """Return the value of a scalar with a tag.

    Args:
        text: the scalar's text.
        tag: its tag, written out: ``tag:yaml.org,2002:float``, ``!sweep``.
        plain: whether it is written without quotes.

    Raises:
        TagError: if the tag is not known, or names another type than the text has.
    """
    if tag == PYOBJECT:
        return PyObject(text)
    if tag in TAGS:
        return plain_value(text) if plain else text
    wanted = _CORE_TAGS.get(tag)
    if tag == "!" or wanted == "str":
        return text
    if wanted is None:
        raise _unknown(tag)
    value = plain_value(text)
    if wanted == "float" and isinstance(value, int) and not isinstance(value, bool):
        return _as_float(value)
    actual = {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value), "str")
    if wanted != actual:
        raise TagError(f"{text!r} is not of the type that its tag !!{wanted} asks for")
    return value


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise TagError("the number is too large for its tag !!float", "write .inf") from None


def check_collection_tag(tag: str, own: str) -> None:
    """Do nothing if a list (``own`` is ``seq``) or a mapping (``map``) may have a tag.

    Raises:
        TagError: if it may not.
    """
    if tag not in TAGS and tag != "!" and _CORE_TAGS.get(tag) != own:
        raise _unknown(tag)


def _unknown(tag: str) -> TagError:
    if tag.startswith("!"):
        return TagError(f"the tag {tag} is not known", did_you_mean(tag, TAGS))
    shown = tag.replace(_CORE, "!!")
    return TagError(
        f"the tag {shown} is not known", "qgtune builds no objects from tags; write the value itself"
    )
