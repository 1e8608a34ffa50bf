"""The forms in which a parameter is written, one small function each, dispatched from a table.

Each form takes the mapping's entries and returns a domain, or None after it has reported why not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import did_you_mean, nearest
from qgtune.document import MappingNode, Node, ScalarNode, SequenceNode, content, entries, plain_data
from qgtune.space import Categorical, Domain, DomainError, Float, Integer, Role
from qgtune.space.domains import aligned_high

Fields = dict[str | int, tuple[ScalarNode, Node]]

SYNONYMS = {"min": "low", "max": "high", "values": "choices"}
"""Other tuners' words for the same fields."""

FIELDS = {
    "tuple": ("value",),
    "float": ("low", "high", "step", "log"),
    "int": ("low", "high", "step", "log"),
    "categorical": ("choices",),
    "fixed": ("value",),
}
"""The fields of each form beside ``type``."""


_OTHER_NAMES = {
    "integer": "int",
    "randint": "int",
    "double": "float",
    "uniform": "float",
    "loguniform": "float",
    "log_uniform": "float",
    "choice": "categorical",
}
"""What other tuners call these types."""


@dataclass(frozen=True, slots=True)
class Form:
    """A mapping that defines a parameter or a fixed value: its type, and its fields under their own names."""

    type: str
    node: MappingNode
    fields: Fields


def form_type(node: MappingNode) -> str | None:
    """Return the value of ``type`` if the mapping is a parameter form, else None."""
    entry = entries(node).get("type")
    if entry is None:
        return None
    value = content(entry[1])
    if isinstance(value, ScalarNode) and isinstance(value.value, str) and value.value in FIELDS:
        return value.value
    return None


def misspelled_form(node: MappingNode) -> str | None:
    """Return the form that an ordinary mapping was probably meant to be, or None.

    A mapping whose ``type`` nearly is one of ours, and whose other keys are all fields of that form.
    """
    fields = entries(node)
    if "type" not in fields or len(fields) < 2:
        return None
    value = content(fields["type"][1])
    if not isinstance(value, ScalarNode) or not isinstance(value.value, str):
        return None
    meant = _OTHER_NAMES.get(value.value.lower()) or nearest(value.value.lower(), FIELDS)
    if meant is None:
        return None
    names = {SYNONYMS.get(str(key), str(key)) for key in fields} - {"type"}
    return meant if names & set(FIELDS[meant]) else None


def looks_like_range(node: MappingNode) -> bool:
    """Tell whether a mapping without a ``type`` has only the fields of a range or of choices."""
    names = {SYNONYMS.get(str(key), str(key)) for key in entries(node)}
    return names <= {"low", "high", "step", "log", "choices"} and bool(names & {"low", "high", "choices"})


def read_form(node: MappingNode, kind: str, problems: Problems) -> Form | None:
    """Return the form with its fields checked by name, or None after reporting what is wrong with them."""
    fields: Fields = {}
    sound = True
    legal = FIELDS[kind]
    for name, (key, value) in entries(node).items():
        if name == "type":
            continue
        field = SYNONYMS.get(str(name), str(name)) if kind in ("float", "int", "categorical") else str(name)
        if field not in legal:
            message = f"{key.text!r} is not a field of a parameter of type {kind}"
            known = [*legal, *(short for short, long in SYNONYMS.items() if long in legal)]
            problems.error(
                "QG203", message, problems.at_node(Role.SPACE, key), did_you_mean(str(name), known)
            )
            sound = False
        elif field in fields:
            message = f"{field} is given twice, as {fields[field][0].text!r} and {key.text!r}"
            problems.error("QG203", message, problems.at_node(Role.SPACE, key), "remove one of them")
            sound = False
        else:
            fields[field] = (key, value)
    required = [field for field in legal if field not in ("step", "log")]
    missing = [field for field in required if field not in fields]
    if missing and sound:
        message = f"a parameter of type {kind} needs {' and '.join(missing)}"
        problems.error("QG204", message, problems.at_node(Role.SPACE, entries(node)["type"][1]))
    return Form(kind, node, fields) if sound and not missing else None


def read_domain(form: Form, problems: Problems) -> Domain | None:
    """Return the domain that a form defines, or None after reporting what is wrong with it."""
    try:
        return _READERS[form.type](form, problems)
    except DomainError as error:
        field = error.field if error.field in form.fields else next(iter(form.fields))
        place = problems.at_node(Role.SPACE, form.fields[field][1])
        problems.error("QG206", error.message, place, error.hint)
        return None
    except _WrongTypeError as error:
        problems.error("QG205", error.message, problems.at_node(Role.SPACE, error.node), error.hint)
        return None


class _WrongTypeError(Exception):
    def __init__(self, message: str, node: Node, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.hint = hint


def _range(form: Form, problems: Problems) -> Domain:
    number = _integer if form.type == "int" else _float
    low, high = (number(name, form.fields[name][1]) for name in ("low", "high"))
    step = _optional(form, "step", number)
    log = bool(_optional(form, "log", _boolean))
    return _make_range(form, problems, (low, high), step, log=log)


def _tuple(form: Form, problems: Problems) -> Domain:
    """Read QGTune's ``{type: tuple, value: [low, high, step-or-log]}``."""
    value = form.fields["value"][1]
    node = content(value)
    if not isinstance(node, SequenceNode) or len(node.items) not in (2, 3):
        size = f"has {len(node.items)} items" if isinstance(node, SequenceNode) else "is not a list"
        raise _WrongTypeError(
            f"a tuple's value is a list of two or three items, but this {size}",
            value,
            "write [low, high], [low, high, step], or [low, high, true] for a log range",
        )
    last = content(node.items[2]) if len(node.items) == 3 else None
    log = isinstance(last, ScalarNode) and last.value is True
    has_step = last is not None and not (isinstance(last, ScalarNode) and isinstance(last.value, bool))
    bounds = node.items if has_step else node.items[:2]
    numbers = [_number(name, item) for name, item in zip(("low", "high", "step"), bounds, strict=False)]
    if any(isinstance(number, float) for number in numbers):
        numbers = [_as_float("a bound", number, value) for number in numbers]
    low, high, *rest = numbers
    return _make_range(form, problems, (low, high), rest[0] if rest else None, log=log)


def _make_range(
    form: Form, problems: Problems, bounds: tuple[float, float], step: float | None, *, log: bool
) -> Float | Integer:
    low, high = bounds
    domain: Float | Integer
    if isinstance(low, int) and isinstance(high, int) and form.type != "float":
        domain = Integer(low, high, 1 if step is None else int(step), log)
    else:
        domain = Float(low, high, step, log)
    if domain.step is None or domain.low == domain.high:
        return domain
    aligned = aligned_high(domain.low, domain.high, domain.step)
    if aligned == domain.high:
        return domain
    field = "high" if "high" in form.fields else "value"
    problems.warn(
        "QG207",
        f"steps of {domain.step} from {domain.low} do not reach {domain.high}; the largest is {aligned}",
        problems.at_node(Role.SPACE, form.fields[field][1]),
        f"write {aligned} to say so",
    )
    return (
        Integer(domain.low, int(aligned), domain.step)
        if isinstance(domain, Integer)
        else Float(domain.low, aligned, domain.step)
    )


def _categorical(form: Form, _: Problems) -> Domain:
    value = form.fields["choices"][1]
    node = content(value)
    if isinstance(node, MappingNode):
        labelled = {str(label): plain_data(item) for label, (_, item) in entries(node).items()}
        return Categorical(tuple(labelled.values()), tuple(labelled))
    if not isinstance(node, SequenceNode):
        hint = "write [first, second], or {label: value, ...}"
        raise _WrongTypeError("choices are a list, or a mapping of labels to values", value, hint)
    return Categorical.of([plain_data(item) for item in node.items])


_READERS: dict[str, Callable[[Form, Problems], Domain]] = {
    "tuple": _tuple,
    "float": _range,
    "int": _range,
    "categorical": _categorical,
}


def _optional(form: Form, name: str, read: Callable[[str, Node], Any]) -> Any:
    entry = form.fields.get(name)
    if entry is None:
        return None
    node = content(entry[1])
    if isinstance(node, ScalarNode) and node.value is None:
        return None
    return read(name, entry[1])


def _scalar(name: str, node: Node, rule: str) -> Any:
    inner = content(node)
    if not isinstance(inner, ScalarNode):
        kind = "a list" if isinstance(inner, SequenceNode) else "a mapping"
        raise _WrongTypeError(f"{name} must be {rule}, but is {kind}", node)
    return inner.value


def _number(name: str, node: Node) -> int | float:
    value = _scalar(name, node, "a number")
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = f"remove the quotes around {value}" if _is_quoted_number(node) else ""
        raise _WrongTypeError(f"{name} must be a number, but is {value!r}", node, hint)
    return value


def _float(name: str, node: Node) -> float:
    return _as_float(name, _number(name, node), node)


def _as_float(name: str, value: float, node: Node) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _WrongTypeError(f"{name} is too large for a float", node) from None


def _integer(name: str, node: Node) -> int:
    value = _number(name, node)
    if isinstance(value, float):
        if not value.is_integer():
            hint = "use type: float for numbers that are not whole"
            raise _WrongTypeError(f"{name} must be a whole number, but is {value}", node, hint)
        value = int(value)
    return value


def _boolean(name: str, node: Node) -> bool:
    value = _scalar(name, node, "true or false")
    if not isinstance(value, bool):
        hint = "YAML 1.2 has only true and false" if str(value).lower() in ("yes", "no", "on", "off") else ""
        raise _WrongTypeError(f"{name} must be true or false, but is {value!r}", node, hint)
    return value


def _is_quoted_number(node: Node) -> bool:
    inner = content(node)
    if not isinstance(inner, ScalarNode) or not inner.style:
        return False
    try:
        float(inner.text)
    except ValueError:
        return False
    return True
