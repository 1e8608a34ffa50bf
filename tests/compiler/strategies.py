"""Random projects for property tests: three files, and what must be true of every config made from them.

A project is made of *slots*, places of a config that hold one value each. A slot tells what the base settings
hold there, what the search space says of it (nothing, another value, or a parameter), and what it follows.
What a config must hold is told here by plain Python, without any part of the compiler.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml
from hypothesis import strategies as st

Path = tuple[str | int, ...]
NOTHING = object()
"""What a file says of a slot that it does not mention."""

SHAPE = [
    ("model", "layers", 0, "width"), ("model", "layers", 0, "heads"), ("model", "layers", 1, "width"),
    ("model", "layers", 1, "heads"), ("model", "layers", 2, "width"), ("model", "kind"), ("model", "dims"),
    ("model", "odd key"), ("training", "epochs"), ("training", "rate"), ("training", "warmup"), ("training", "flag"),
    ("training", "dims"),
]  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """A parameter as the search space writes it, and whether a value may come from it."""

    written: Any
    allows: Callable[[Any], bool]


@dataclass(frozen=True)
class Formula:
    """What a slot follows: the text of the dependency map, and the value that it must have in a config."""

    text: str
    value: Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class Slot:
    """One place of a config."""

    path: Path
    base: Any
    space: Any = NOTHING
    follows: Formula | None = None


@dataclass(frozen=True)
class Project:
    """The slots of a project and, for each that follows something, whether its line is nested or one path."""

    slots: list[Slot]
    nested: frozenset[Path] = field(default=frozenset())

    @property
    def base(self):
        return tree({slot.path: slot.base for slot in self.slots})

    @property
    def space(self):
        said = {slot.path: slot.space for slot in self.slots if slot.space is not NOTHING}
        written = {
            path: said_.written if isinstance(said_, Parameter) else said_ for path, said_ in said.items()
        }
        return tree(
            written, lengths={("model", "layers"): 3} if any(p[1] == "layers" for p in written) else {}
        )

    @property
    def dependencies(self):
        lines = {slot.path: slot.follows.text for slot in self.slots if slot.follows}
        inside = tree({path: text for path, text in lines.items() if path in self.nested})
        return inside | {spelled(path): text for path, text in lines.items() if path not in self.nested}

    @property
    def texts(self):
        """The three files, in the order that ``spaces.compiled`` takes."""
        return tuple(
            yaml.safe_dump(data, sort_keys=False) for data in (self.space, self.base, self.dependencies)
        )

    def suggested(self):
        """Return the names of the parameters that a trial samples: those that nothing is said over."""
        return {
            ".".join(map(str, slot.path))
            for slot in self.slots
            if isinstance(slot.space, Parameter) and slot.follows is None
        }

    def problems(self, config):
        """Yield each slot whose value in a config is not what the files say."""
        for slot in self.slots:
            found = at(config, slot.path)
            if slot.follows is not None:
                right = same(found, slot.follows.value(config))
            elif isinstance(slot.space, Parameter):
                right = slot.space.allows(found)
            else:
                right = same(found, slot.base if slot.space is NOTHING else slot.space)
            if not right:
                yield slot, found


def at(config, path):
    """Return what stands at a path of a config."""
    for part in path:
        config = config[part]
    return config


def same(left, right):
    """Tell whether two values are equal and of one type, lists item by item."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


def spelled(path):
    """Return a path as a user may write it."""
    return "".join(
        f"[{part}]" if isinstance(part, int) else f'["{part}"]' if " " in part else f".{part}"
        for part in path
    ).removeprefix(".")


def tree(values, lengths=()):
    """Return nested data that holds these values; items of a list that hold nothing are ``{}``."""
    root = {}
    for path, value in values.items():
        node = root
        for part, following in zip(path, (*path[1:], None), strict=True):
            if following is None:
                _put(node, part, value)
            else:
                node = _enter(node, part, [] if isinstance(following, int) else {})
    for path, length in dict(lengths).items():
        layers = at(root, path)
        layers.extend({} for _ in range(length - len(layers)))
    return root


def _enter(node, part, empty):
    if isinstance(node, dict):
        return node.setdefault(part, empty)
    node.extend({} for _ in range(part + 1 - len(node)))
    return node[part]


def _put(node, part, value):
    node[part] = value


WIDTHS = st.sampled_from([1, 2, 8, 16, 32, 64])
RATES = st.sampled_from([0.0, 0.125, 0.5, 1.0, 3.5])
WORDS = st.sampled_from(["relu", "tanh", "no", "12", "", "a b"])
SCALARS = {
    "width": WIDTHS, "heads": WIDTHS, "epochs": WIDTHS, "rate": RATES, "warmup": WIDTHS, "kind": WORDS,
    "odd key": WORDS, "flag": st.booleans(), "dims": st.lists(WIDTHS, min_size=1, max_size=3),
}  # fmt: skip
NUMBERS = {path for path in SHAPE if path[-1] in {"width", "heads", "epochs", "warmup"}}


def one_of(choices):
    """Return a test for being one of these values."""
    return lambda value: any(same(value, choice) for choice in choices)


@st.composite
def parameters(draw, key):
    """Draw a parameter for a slot of this name, in any of its spellings."""
    kind = draw(st.sampled_from(["choices", "list", "range"]))
    if kind == "range" and key in {"width", "heads", "epochs", "warmup", "rate"}:
        return draw(ranges(whole=key != "rate"))
    choices = draw(st.lists(SCALARS[key], min_size=1, max_size=4, unique_by=repr))
    word = draw(st.sampled_from(["choices", "values"]))
    written = choices if kind == "list" else {"type": "categorical", word: choices}
    return Parameter(written, one_of(choices))


@st.composite
def ranges(draw, *, whole):
    """Draw a range, as a tuple or by its fields."""
    low = draw(st.integers(1, 8)) if whole else draw(st.sampled_from([0.25, 0.5, 1.0]))
    step = draw(st.sampled_from([1, 2, 4] if whole else [0.125, 0.25]))
    high = low + step * draw(st.integers(0, 8))
    log = draw(st.booleans())
    kind = int if whole else float

    def allows(value):
        on_grid = log or (value - low) % step == 0
        return type(value) is kind and low <= value <= high and on_grid

    name = "int" if whole else "float"
    bounds = draw(st.sampled_from([("low", "high"), ("min", "max")]))
    fields = {
        "type": name,
        **dict(zip(bounds, (low, high), strict=True)),
        **({"log": True} if log else {"step": step}),
    }
    third = [low, high, True if log else step]
    return Parameter(draw(st.sampled_from([fields, {"type": "tuple", "value": third}])), allows)


@st.composite
def formulas(draw, sources):
    """Draw an expression over these paths of whole numbers, with its meaning in Python."""
    first = _term(draw(st.sampled_from(sources)))
    kind = draw(st.sampled_from(["copy", "copy", "linear", "max", "if", "ratio"]))
    if kind == "copy":
        return first
    second = _term(draw(st.sampled_from(sources)))
    number = draw(st.integers(1, 5))
    a, b = first.value, second.value
    if kind == "linear":
        return Formula(
            f"{first.text} * {number} - {second.text}", lambda config: a(config) * number - b(config)
        )
    if kind == "max":
        return Formula(f"max({first.text}, {second.text} + 1)", lambda config: max(a(config), b(config) + 1))
    if kind == "if":
        text = f"{first.text} if {second.text} > {number} else {number}"
        return Formula(text, lambda config: a(config) if b(config) > number else number)
    return Formula(
        f"({first.text} + {second.text}) // {number}", lambda config: (a(config) + b(config)) // number
    )


def _term(path):
    return Formula(spelled(path), lambda config: at(config, path))


@st.composite
def projects(draw):
    """Draw a project. What follows reads only what comes before it in an order of its own, so there is no circle."""
    order = draw(st.permutations(sorted(NUMBERS, key=str)))
    follows = {}
    for position, path in enumerate(order[1:], start=1):
        if draw(st.booleans()):
            follows[path] = draw(formulas(order[:position]))
    if draw(st.booleans()):  # a whole list is followed, too
        follows["training", "dims"] = _term(("model", "dims"))
    slots = []
    for path in SHAPE:
        key = path[-1]
        space = draw(st.one_of(st.just(NOTHING), SCALARS[key], parameters(key)))
        slots.append(Slot(path, draw(SCALARS[key]), space, follows.get(path)))
    nested = frozenset(path for path in follows if draw(st.booleans()))
    return Project(slots, nested)


def in_another_order(data, chance):
    """Return the same data with the keys of every mapping in an order of chance."""
    if isinstance(data, list):
        return [in_another_order(item, chance) for item in data]
    if not isinstance(data, dict):
        return data
    keys = list(data)
    chance.shuffle(keys)
    return {key: in_another_order(data[key], chance) for key in keys}
