"""The forms in which a parameter, a switch or a repeat is written: their types and their fields, by name."""

from dataclasses import dataclass

from qgtune.compiler.building.written import Fields
from qgtune.compiler.problems import Problems
from qgtune.core.diagnostics import did_you_mean, nearest
from qgtune.document import MappingNode, Node, ScalarNode, content, entries
from qgtune.space import Role

SYNONYMS = {"min": "low", "max": "high", "values": "choices"}
"""Other tuners' words for the same fields."""

FIELDS = {
    "tuple": ("value",),
    "float": ("low", "high", "step", "log"),
    "int": ("low", "high", "step", "log"),
    "categorical": ("choices",),
    "fixed": ("value",),
    "switch": ("on", "cases"),
    "coupled": ("to", "values"),
    "repeat": ("count", "item", "first", "last", "shared"),
}
"""The fields of each form beside ``type``; each may also have ``when`` and ``otherwise``."""

OPTIONAL = frozenset({"step", "log", "first", "last", "shared"})
"""The fields that may be left out."""


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
    """A mapping that defines what stands at a path: its type, and its fields under their own names."""

    type: str
    fields: Fields

    def node(self, field: str) -> Node:
        """Return what is written for a field."""
        return self.fields[field][1].node


def form_type(fields: Fields) -> str | None:
    """Return the value of ``type`` if a mapping is a form, else None."""
    entry = fields.get("type")
    if entry is None:
        return None
    value = entry[1].content
    if isinstance(value, ScalarNode) and isinstance(value.value, str) and value.value in FIELDS:
        return value.value
    return None


def is_form(node: MappingNode) -> bool:
    """Tell whether a mapping has a type of ours and all that this type needs."""
    own = entries(node)
    value = content(own["type"][1]) if "type" in own else None
    if not isinstance(value, ScalarNode) or not isinstance(value.value, str) or value.value not in FIELDS:
        return False
    names = {SYNONYMS.get(str(key), str(key)) for key in own}
    return all(field in names or field in own for field in FIELDS[value.value] if field not in OPTIONAL)


def misspelled_form(fields: Fields) -> str | None:
    """Return the form that an ordinary mapping was probably meant to be, or None.

    A mapping whose ``type`` nearly is one of ours, and whose other keys are all fields of that form.
    """
    if "type" not in fields or len(fields) < 2:
        return None
    value = fields["type"][1].content
    if not isinstance(value, ScalarNode) or not isinstance(value.value, str):
        return None
    meant = _OTHER_NAMES.get(value.value.lower()) or nearest(value.value.lower(), FIELDS)
    if meant is None:
        return None
    names = {SYNONYMS.get(str(key), str(key)) for key in fields} - {"type"}
    return meant if names & set(FIELDS[meant]) else None


def looks_like_range(fields: Fields) -> bool:
    """Tell whether a mapping without a ``type`` has only the fields of a range or of choices."""
    names = {SYNONYMS.get(str(key), str(key)) for key in fields}
    return names <= {"low", "high", "step", "log", "choices"} and bool(names & {"low", "high", "choices"})


def read_form(written: Fields, kind: str, problems: Problems) -> Form | None:
    """Return the form with its fields checked by name, or None after reporting what is wrong with them."""
    fields: Fields = {}
    sound = True
    legal = FIELDS[kind]
    for name, (key, value) in written.items():
        if name == "type":
            continue
        field = SYNONYMS.get(str(name), str(name)) if kind in ("float", "int", "categorical") else str(name)
        if field not in legal:
            message = f"{key.text!r} is not a field of {_described(kind)}"
            synonyms = [short for short, long in SYNONYMS.items() if long in legal]
            known = [*legal, *synonyms, "when", "otherwise"]
            hint = did_you_mean(str(name), known)
            if name == "otherwise":
                hint = "otherwise goes with when: it stands here where that condition is false"
            problems.error("QG203", message, problems.at_node(Role.SPACE, key), hint)
            sound = False
        elif field in fields:
            message = f"{field} is given twice, as {fields[field][0].text!r} and {key.text!r}"
            problems.error("QG203", message, problems.at_node(Role.SPACE, key), "remove one of them")
            sound = False
        else:
            fields[field] = (key, value)
    required = [field for field in legal if field not in OPTIONAL]
    missing = [field for field in required if field not in fields]
    if missing and sound:
        message = f"{_described(kind)} needs {' and '.join(missing)}"
        problems.error("QG204", message, problems.at_node(Role.SPACE, written["type"][1].node))
    return Form(kind, fields) if sound and not missing else None


def _described(kind: str) -> str:
    return f"a {kind}" if kind in ("switch", "repeat") else f"a parameter of type {kind}"
