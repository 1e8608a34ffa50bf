"""Forms that are sampled -> domains, one small function for each, dispatched from a table.

Each takes the form and returns a domain, or None after it has reported why not.
"""

from collections.abc import Callable
from typing import Any

from qgtune.compiler.building.expressions import read_expression
from qgtune.compiler.building.field_values import (
    WrongTypeError,
    as_float,
    is_quoted_number,
    read_boolean,
    read_float,
    read_integer,
    read_number,
)
from qgtune.compiler.building.forms import Form
from qgtune.compiler.problems import Problems
from qgtune.document import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    content,
    entries,
    plain_data,
    same_value,
)
from qgtune.space import Categorical, Domain, DomainError, Expression, Float, FollowingRange, Integer, Role
from qgtune.space.following import aligned_high


def read_domain(form: Form, problems: Problems) -> Domain | FollowingRange | None:
    """Return the domain that a form defines, or None after reporting what is wrong with it."""
    try:
        return _READERS[form.type](form, problems)
    except DomainError as error:
        field = error.field if error.field in form.fields else str(next(iter(form.fields)))
        place = problems.at_node(Role.SPACE, form.node(field))
        problems.error("QG206", error.message, place, error.hint)
        return None
    except WrongTypeError as error:
        problems.error("QG205", error.message, problems.at_node(Role.SPACE, error.node), error.hint)
        return None


def _range(form: Form, problems: Problems) -> Domain | FollowingRange | None:
    number = read_integer if form.type == "int" else read_float
    follows = [_may_follow(form.node(name)) for name in ("low", "high")]
    if any(follows):
        return _following_range(form, problems, number)
    low, high = (number(name, form.node(name)) for name in ("low", "high"))
    step = _optional(form, "step", number)
    log = bool(_optional(form, "log", read_boolean))
    return _make_range(form, problems, (low, high), step, log=log)


def _may_follow(node: Node) -> bool:
    """Tell whether a bound is an expression: a text that is no number in quotes."""
    inner = content(node)
    return isinstance(inner, ScalarNode) and isinstance(inner.value, str) and not is_quoted_number(node)


def _following_range(
    form: Form, problems: Problems, number: Callable[[str, Node], float]
) -> FollowingRange | None:
    bounds: list[float | Expression] = []
    for name in ("low", "high"):
        node = form.node(name)
        inner = content(node)
        if _may_follow(node) and isinstance(inner, ScalarNode):
            hint = 'a bound is a number, or follows other values, as in high: "model.hidden_dim * 2"'
            expression = read_expression(inner, Role.SPACE, problems, hint)
            if expression is None:
                return None
            bounds.append(expression)
        else:
            bounds.append(number(name, node))
    step = _optional(form, "step", number)
    log = bool(_optional(form, "log", read_boolean))
    if step is not None and not step > 0:
        raise DomainError("step", f"step must be above 0, but is {step}")
    if step is not None and log:
        raise DomainError("step", f"a log range has no step, but step is {step}", "leave out step or log")
    return FollowingRange(form.type == "int", bounds[0], bounds[1], step, log)


def _tuple(form: Form, problems: Problems) -> Domain:
    """Read QGTune's ``{type: tuple, value: [low, high, step-or-log]}``."""
    value = form.node("value")
    node = content(value)
    if not isinstance(node, SequenceNode) or len(node.items) not in (2, 3):
        size = f"has {len(node.items)} items" if isinstance(node, SequenceNode) else "is not a list"
        raise WrongTypeError(
            f"a tuple's value is a list of two or three items, but this {size}",
            value,
            "write [low, high], [low, high, step], or [low, high, true] for a log range",
        )
    last = content(node.items[2]) if len(node.items) == 3 else None
    log = isinstance(last, ScalarNode) and last.value is True
    has_step = last is not None and not (isinstance(last, ScalarNode) and isinstance(last.value, bool))
    bounds = node.items if has_step else node.items[:2]
    numbers = [read_number(name, item) for name, item in zip(("low", "high", "step"), bounds, strict=False)]
    if any(isinstance(number, float) for number in numbers):
        numbers = [as_float("a bound", number, value) for number in numbers]
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
        problems.at_node(Role.SPACE, form.node(field)),
        f"write {aligned} to say so",
    )
    return (
        Integer(domain.low, int(aligned), domain.step)
        if isinstance(domain, Integer)
        else Float(domain.low, aligned, domain.step)
    )


def _categorical(form: Form, _: Problems) -> Domain:
    value = form.node("choices")
    node = content(value)
    if isinstance(node, MappingNode):
        return _labelled(node)
    if not isinstance(node, SequenceNode):
        hint = "write [first, second], or {label: value, ...}"
        raise WrongTypeError("choices are a list, or a mapping of labels to values", value, hint)
    return Categorical.of([plain_data(item) for item in node.items])


def _labelled(node: MappingNode) -> Categorical:
    """Return the choices under labels; a value tells its label, so no two labels have one value."""
    labelled: dict[str, Any] = {}
    for name, (_, item) in entries(node).items():
        label, value = str(name), plain_data(item)
        if label in labelled:
            message = f"the label {label} is given twice: a number and its text are one label"
            raise DomainError("choices", message, "rename one of them")
        twin = next((other for other, known in labelled.items() if same_value(known, value)), None)
        if twin is not None:
            message = f"the labels {twin} and {label} stand for one value"
            raise DomainError("choices", message, "remove one of them")
        labelled[label] = value
    return Categorical(tuple(labelled.values()), tuple(labelled))


_READERS: dict[str, Callable[[Form, Problems], Domain | FollowingRange | None]] = {
    "tuple": _tuple,
    "float": _range,
    "int": _range,
    "categorical": _categorical,
}


def _optional(form: Form, name: str, read: Callable[[str, Node], Any]) -> Any:
    if name not in form.fields:
        return None
    node = content(form.node(name))
    if isinstance(node, ScalarNode) and node.value is None:
        return None
    return read(name, form.node(name))
