"""Random conditional search spaces, and what they mean, told without the compiler.

A space is plain data, so that ``json.dumps`` makes it YAML. ``expected`` says which config a space means for
the parameters that a trial was asked for: an interpreter that walks the forms as they are written, and knows
nothing of trees, references, steps or scopes.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

SELECTORS = {
    "k": {"type": "categorical", "choices": ["a", "b", "c"]},
    "f": {"type": "categorical", "choices": [True, False]},
    "n": {"type": "int", "low": 0, "high": 3},
    "x": {"type": "int", "low": 1, "high": 8},
}
CONDITIONS = {
    "s.k == 'a'": lambda s, _: s["k"] == "a",
    "s.k in ['b', 'c'] and s.x > 3": lambda s, _: s["k"] in ("b", "c") and s["x"] > 3,
    "s.f": lambda s, _: s["f"],
    "s.n >= 2 or not s.f": lambda s, _: s["n"] >= 2 or not s["f"],
}
OF_AN_ITEM = {
    "@.kind == 'p'": lambda _, item: item["kind"] == "p",
    "@.kind == 'q' and s.f": lambda s, item: item["kind"] == "q" and s["f"],
}
CHOOSERS = {
    "s.k": lambda s, _: s["k"],
    "s.n": lambda s, _: s["n"],
    "s.f": lambda s, _: s["f"],
    "s.x % 2": lambda s, _: s["x"] % 2,
}
KIND = {"type": "categorical", "choices": ["p", "q"]}

numbers = st.integers(-3, 3)
ranges = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda b: {"low": b[0], "high": b[0] + b[1]})
leaves = st.one_of(
    numbers,
    st.sampled_from(["relu", True, None]),
    ranges.map(lambda bounds: {"type": "int", **bounds}),
    ranges.map(lambda bounds: {"type": "float", **bounds}),
    st.lists(numbers, min_size=1, max_size=3, unique=True).map(
        lambda choices: {"type": "categorical", "choices": choices}
    ),
    st.just(
        {"type": "categorical", "choices": {"small": {"w": 1, "dims": [8]}, "large": [1, 2], "no": None}}
    ),
    st.just({"type": "fixed", "value": {"type": "int", "list": [[1], []]}}),
    st.just({"type": "int", "low": 1, "high": "s.x"}),
    st.just({"type": "float", "low": "s.n - 1", "high": "s.n + s.x / 2"}),
    st.just({"type": "coupled", "to": "s.n", "values": {"0": 5, "1": 4, "default": None}}),
)
overriding = st.one_of(numbers, ranges.map(lambda bounds: {"type": "int", **bounds}))
counts = st.one_of(
    st.integers(0, 3),
    st.sampled_from([[1, 3], [0, 2]]),
    st.tuples(st.integers(0, 2), st.integers(0, 2)).map(
        lambda b: {"type": "int", "low": b[0], "high": b[0] + b[1]}
    ),
    st.sampled_from(["s.n", "s.x // 3"]),
)


@st.composite
def mappings(draw, inner, *, kind=False):
    """Draw a mapping; as an item of a list it may have a kind for conditions of its own to read."""
    keys = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
    drawn = {key: draw(inner) for key in keys}
    if not kind:
        return drawn
    if draw(st.booleans()):
        drawn[keys[0]] = conditional(draw, draw(inner), sorted(OF_AN_ITEM))
    return {"kind": KIND, **drawn}


def conditional(draw, node, conditions):
    """Return a node that stands there only sometimes."""
    inside = dict(node) if isinstance(node, dict) and "when" not in node else {"type": "fixed", "value": 7}
    other = {"otherwise": draw(leaves)} if draw(st.booleans()) else {}
    return {"when": draw(st.sampled_from(conditions)), **inside, **other}


@st.composite
def conditions(draw, inner):
    """Draw something that stands there only if a condition holds."""
    return conditional(draw, draw(inner), sorted(CONDITIONS))


@st.composite
def switches(draw, inner):
    """Draw a switch that has a case for every value."""
    labels = draw(st.lists(st.sampled_from(["a", "b", "c", "true", "0", "1"]), max_size=3, unique=True))
    cases = {label: draw(inner) for label in [*labels, "default"]}
    return {"type": "switch", "on": draw(st.sampled_from(sorted(CHOOSERS))), "cases": cases}


@st.composite
def repeats(draw, inner):
    """Draw a list whose length is tuned."""
    if draw(st.booleans()):
        return {"type": "repeat", "count": draw(counts), "item": draw(present(inner))}
    item = draw(mappings(inner, kind=True))
    form = {"type": "repeat", "count": draw(counts), "item": item}
    keys = sorted(key for key in item if key != "kind")
    for part in ("first", "last"):
        if draw(st.booleans()):
            form[part] = draw(st.dictionaries(st.sampled_from(keys), overriding, min_size=1))
    shared = [key for key in item if is_sampled(item[key]) and draw(st.booleans())]
    return {**form, "shared": shared} if shared else form


def is_sampled(node):
    """Tell whether a node is a parameter of a fixed domain."""
    return (
        isinstance(node, dict) and node.get("type") in ("int", "float", "categorical") and "when" not in node
    )


def present(inner):
    """Return nodes that can be items of a list: they are never absent."""
    return inner.filter(lambda node: not may_be_absent(node))


def may_be_absent(node):
    """Tell whether nothing may stand where a node is."""
    if not isinstance(node, dict):
        return False
    if "when" in node:
        if "otherwise" not in node or may_be_absent(node["otherwise"]):
            return True
        return may_be_absent({key: value for key, value in node.items() if key not in ("when", "otherwise")})
    return node.get("type") == "switch" and any(map(may_be_absent, node["cases"].values()))


trees = st.recursive(
    leaves,
    lambda inner: st.one_of(mappings(inner), conditions(inner), switches(inner), repeats(inner)),
    max_leaves=8,
)
spaces = st.fixed_dictionaries({"m": mappings(trees), "s": st.just(SELECTORS)})


def text_of(space):
    """Return a space as YAML."""
    return json.dumps(space)


@dataclass
class Expected:
    """What a space means for the parameters that a trial was asked for."""

    space: Any
    params: dict[str, Any]
    used: set[str] = field(default_factory=set)

    def config(self):
        """Return the config."""
        selectors = {key: self.param(f"s.{key}") for key in SELECTORS}
        self.selectors = selectors
        return {"m": self.value(self.space["m"], "m", None), "s": selectors}

    def param(self, path):
        """Return the value of the one parameter at a path, whatever case its name tells."""
        [name] = [name for name in self.params if name == path or name.startswith(f"{path} (")]
        self.used.add(name)
        return self.params[name]

    def value(self, node, path, item):  # noqa: PLR0911 - one for each form
        """Return what stands at a path, or ABSENT."""
        if not isinstance(node, dict):
            return node
        if "when" in node:
            rest = {key: value for key, value in node.items() if key not in ("when", "otherwise")}
            holds = (CONDITIONS | OF_AN_ITEM)[node["when"]](self.selectors, item)
            if not holds and "otherwise" not in node:
                return ABSENT
            return self.value(rest if holds else node["otherwise"], path, item)
        match node.get("type"):
            case "int" | "float":
                return self.param(path)
            case "categorical":
                label = self.param(path)
                return node["choices"][label] if isinstance(node["choices"], dict) else label
            case "fixed":
                return node["value"]
            case "coupled":
                return node["values"].get(str(self.selectors["n"]), node["values"]["default"])
            case "switch":
                label = json.dumps(CHOOSERS[node["on"]](self.selectors, item)).strip('"')
                return self.value(node["cases"].get(label, node["cases"]["default"]), path, item)
            case "repeat":
                return self.items(node, path, item)
        return self.mapping(node, path, item)

    def mapping(self, node, path, item):
        """Return a mapping without what is absent."""
        built = {key: self.value(value, f"{path}.{key}", item) for key, value in node.items()}
        return {key: value for key, value in built.items() if value is not ABSENT}

    def items(self, node, path, around):
        """Return the items of a repeat."""
        count = node["count"]
        if isinstance(count, str):
            count = {"s.n": self.selectors["n"], "s.x // 3": self.selectors["x"] // 3}[count]
        elif not isinstance(count, int):
            count = self.param(f"{path}.count")
        shared = {}
        return [self.item(node, i, count, (f"{path}.{i}", around), shared) for i in range(count)]

    def item(self, node, i, count, place, shared):
        """Return one item of a repeat."""
        path, around = place
        over = {
            **(node.get("first", {}) if i == 0 else {}),
            **(node.get("last", {}) if i + 1 == count else {}),
        }
        if not isinstance(node["item"], dict) or "kind" not in node["item"]:
            item = node["item"]
            # A mapping is an item of its own, be it chosen by a switch or not.
            return self.value(item, path, around)
        written = {**node["item"], **over}
        item = {"kind": self.shared("kind", written, path, shared, node, over)}
        built = {
            key: self.shared(key, written, path, shared, node, over, item) for key in written if key != "kind"
        }
        return item | {key: value for key, value in built.items() if value is not ABSENT}

    def shared(self, key, written, path, shared, node, over, item=None):  # noqa: PLR0917
        """Return a value of an item: that of the first item that has it, if it is shared."""
        if key not in node.get("shared", ()) or key in over:
            return self.value(written[key], f"{path}.{key}", item)
        if key not in shared:
            shared[key] = self.value(written[key], f"{path}.{key}", item)
        return shared[key]


ABSENT = object()
