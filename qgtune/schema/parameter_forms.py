"""The forms in which a search space writes a parameter, in one table: types, fields, what each field says.

``schemas/`` and what an editor completes are made from it; a test holds the compiler's fields equal to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Schema = dict[str, Any]

Kind = Literal["number", "text", "boolean", "list", "mapping", "any"]
"""What stands at a place of the base settings; ``any`` where there are none to tell."""

_ALL: tuple[Kind, ...] = ("number", "text", "boolean", "list", "mapping", "any")
_NUMBERS: tuple[Kind, ...] = ("number", "any")
_LISTS: tuple[Kind, ...] = ("list", "any")


def reference_to(definition: str) -> Schema:
    """Return the schema that stands for one of ``$defs``."""
    return {"$ref": f"#/$defs/{definition}"}


def place(kind: Kind) -> Schema:
    """Return the schema of a place where the base settings hold a value of this kind."""
    return reference_to(kind)


PLAIN: Mapping[Kind, Schema] = MappingProxyType(
    {
        "number": {"type": ["number", "null"]},
        "text": {"type": ["string", "null"]},
        "boolean": {"type": ["boolean", "null"]},
        "list": {"type": ["array", "null"]},
        "mapping": {"type": ["object", "null"]},
        "any": {},
    }
)
"""A value of each kind as such: a constant, or one of several choices. null is a value of any kind."""

EXPRESSION: Schema = {"type": "string", "minLength": 1}
_PATH: Schema = {"type": "string", "minLength": 1}

# A text that follows other values; a quoted number is a slip.
_FOLLOWING: Schema = {
    "type": "string",
    "pattern": r"^(?!\s*[-+]?\.?\d[\d.]*([eE][-+]?\d+)?\s*$).*[A-Za-z_@]",
    "errorMessage": "a bound is a number without quotes, or an expression such as model.hidden_dim * 2",
}
_BOUND: Schema = {"anyOf": [{"type": "number"}, _FOLLOWING]}


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    Args:
        name: its key.
        description: what it says, in one sentence.
        schema: the schema of its value, by the kind of the place where the form stands.
        examples: values of it, by the same kind.
        required: whether the form needs it.
        synonym: other tuners' word for it, or an empty string.
    """

    name: str
    description: str
    schema: Callable[[Kind], Schema]
    examples: Callable[[Kind], tuple[Any, ...]]
    required: bool = True
    synonym: str = ""


@dataclass(frozen=True, slots=True)
class ParameterForm:
    """A mapping ``{type: ..., fields}`` that defines a parameter or a value.

    Args:
        type: what stands behind ``type``.
        description: what a trial gets, in one sentence.
        fields: its fields beside ``type``, in the order in which they are shown.
        kinds: the kinds of values that it can replace.
    """

    type: str
    description: str
    fields: tuple[FormField, ...]
    kinds: tuple[Kind, ...] = _ALL


_TWO: Mapping[Kind, tuple[Any, Any]] = MappingProxyType(
    {
        "number": (64, 32),
        "text": ("relu", "tanh"),
        "boolean": (True, False),
        "list": ([48, 18], [32]),
        "mapping": ({"heads": 4}, {"heads": 1}),
        "any": (64, 32),
    }
)
"""Two values of each kind, for examples."""


def _one(schema: Schema) -> Callable[[Kind], Schema]:
    return lambda _: schema


def _such_as(*values: Any) -> Callable[[Kind], tuple[Any, ...]]:
    return lambda _: values


def _range_fields(low: float, high: float, step: float, number: str) -> tuple[FormField, ...]:
    positive = {"type": [number, "null"], "exclusiveMinimum": 0}
    following = "a number, or an expression that follows other values"
    return (
        FormField(
            "low", f"The smallest value, included: {following}.", _one(_BOUND), _such_as(low), synonym="min"
        ),
        FormField(
            "high", f"The largest value, included: {following}.", _one(_BOUND), _such_as(high), synonym="max"
        ),
        FormField(
            "step",
            "The distance of two neighbouring values; not together with log: true.",
            _one({"anyOf": [positive, _FOLLOWING]}),
            _such_as(step),
            required=False,
        ),
        FormField(
            "log",
            "Whether to sample on a logarithmic scale; low must then be above 0.",
            _one({"type": ["boolean", "null"]}),
            _such_as(True),
            required=False,
        ),
    )


_TUPLE: Schema = {
    "type": "array",
    "items": [
        {"type": "number", "description": "The smallest value."},
        {"type": "number", "description": "The largest value."},
        {"type": ["number", "boolean"], "description": "A number is a step, true a logarithmic scale."},
    ],
    "additionalItems": False,
    "minItems": 2,
}


def _choices(kind: Kind) -> Schema:
    plain = PLAIN[kind]
    if kind in {"number", "text", "boolean"}:
        # A value may stand for several of them, as one pooling does for a list of poolings.
        plain = {"type": [*plain["type"], "array"]}
    return {
        "anyOf": [
            {"type": "array", "items": plain, "minItems": 1},
            {"type": "object", "additionalProperties": plain, "minProperties": 1},
        ]
    }


def _cases(kind: Kind) -> Schema:
    return {"type": "object", "additionalProperties": place(kind), "minProperties": 1}


_ITEM = {"out_dim": {"type": "int", "low": 16, "high": 64}}


def _repeat_item(_: Kind) -> Schema:
    return place("any")


FORMS: tuple[ParameterForm, ...] = (
    ParameterForm(
        "float",
        "A real number between low and high.",
        _range_fields(0.0001, 0.1, 0.05, "number"),
        _NUMBERS,
    ),
    ParameterForm(
        "int",
        "A whole number between low and high.",
        _range_fields(16, 128, 16, "integer"),
        _NUMBERS,
    ),
    ParameterForm(
        "categorical",
        "One of several choices.",
        (
            FormField(
                "choices",
                "A list of values, or a mapping of labels to values; the study then stores the label.",
                _choices,
                lambda kind: (list(_TWO[kind]),),
                synonym="values",
            ),
        ),
    ),
    ParameterForm(
        "tuple",
        "QGTune's range: [low, high], [low, high, step] or [low, high, true] for a logarithmic scale.",
        (
            FormField(
                "value",
                "Low, high, and a step or true; whole numbers make an int, any number with a point a float.",
                _one(_TUPLE),
                _such_as([0.2, 0.5, 0.1], [0.00001, 0.1, True]),
            ),
        ),
        _NUMBERS,
    ),
    ParameterForm(
        "fixed",
        "A value that is never sampled, whatever it looks like.",
        (
            FormField(
                "value",
                "The value, as every trial has it.",
                lambda kind: PLAIN[kind],
                lambda kind: _TWO[kind][:1],
            ),
        ),
    ),
    ParameterForm(
        "switch",
        "What stands here depends on another value of the same trial.",
        (
            FormField(
                "on",
                "The path whose value chooses the case.",
                _one(_PATH),
                _such_as("model.gcn_net[0].gnn_layer_type"),
            ),
            FormField(
                "cases",
                "What stands here for each value of `on`; `default` is for all the others.",
                _cases,
                lambda kind: ({"gat": _TWO[kind][0], "default": _TWO[kind][1]},),
            ),
        ),
    ),
    ParameterForm(
        "repeat",
        "A list whose length is tuned.",
        (
            FormField(
                "count",
                "How many items: a number, a parameter, or an expression that follows other values.",
                _one(
                    {
                        "anyOf": [
                            {"type": "integer", "minimum": 0},
                            _FOLLOWING,
                            {"type": "object"},
                            {"type": "array"},
                        ]
                    }
                ),
                _such_as(3, "model.depth"),
            ),
            FormField(
                "item", "What each item holds; each is sampled on its own.", _repeat_item, _such_as(_ITEM)
            ),
            FormField(
                "first", "What the first item holds instead.", _repeat_item, _such_as(_ITEM), required=False
            ),
            FormField(
                "last", "What the last item holds instead.", _repeat_item, _such_as(_ITEM), required=False
            ),
            FormField(
                "shared",
                "The keys of an item that are sampled once, for all items.",
                _one({"type": "array", "items": {"type": "string"}}),
                _such_as(["activation"]),
                required=False,
            ),
        ),
        _LISTS,
    ),
    ParameterForm(
        "coupled",
        "The value that belongs to another value of the same trial.",
        (
            FormField("to", "The path whose value chooses.", _one(_PATH), _such_as("training.num_epochs")),
            FormField(
                "values",
                "The value here for each value of `to`.",
                lambda kind: {"type": "object", "additionalProperties": PLAIN[kind], "minProperties": 1},
                lambda kind: ({"50": _TWO[kind][0], "100": _TWO[kind][1]},),
            ),
        ),
    ),
)
"""Every form of a parameter."""
