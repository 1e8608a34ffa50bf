"""Overlaying: what is laid over what, and where each value is then said to stand."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgtune.document import (
    AliasNode,
    MappingNode,
    SequenceNode,
    Source,
    dump,
    overlay,
    read_document,
    same_value,
    splice,
)

SYNONYMS = {"min": "low", "max": "high", "values": "choices"}


def read(text, name="top.yaml"):
    problems = []
    document = read_document(Source(name, text), problems)
    assert document is not None, problems
    return document


def laid(top, below):
    return overlay(read(top), read(below, "below.yaml"), SYNONYMS)


CASES = {
    "keys of below come first": ("c: 3\na: 1\n", "a: 0\nb: 2\n", {"a": 1, "b": 2, "c": 3}),
    "mappings merge at every depth": ("m: {n: {x: 1}}\n", "m: {n: {x: 0, y: 2}, o: 3}\n", {"m": {"n": {"x": 1, "y": 2}, "o": 3}}),
    "a parameter replaces one of another type": ("lr: {type: categorical, choices: [1]}\n", "lr: {type: float, low: 0.0}\n", {"lr": {"type": "categorical", "choices": [1]}}),
    "a type may be left out": ("lr: {high: 0.3}\n", "lr: {type: float, low: 0.0, high: 0.5}\n", {"lr": {"type": "float", "low": 0.0, "high": 0.3}}),
    "a synonym takes the place of what it means": ("lr: {min: 0.1}\n", "lr: {type: float, low: 0.0, high: 0.5}\n", {"lr": {"type": "float", "high": 0.5, "min": 0.1}}),
    "what a synonym means takes its place": ("a: {choices: [1]}\n", "a: {values: [2]}\n", {"a": {"choices": [1]}}),
    "a synonym lies over itself": ("a: {min: 1}\n", "a: {type: int, min: 0, max: 3}\n", {"a": {"type": "int", "min": 1, "max": 3}}),
    "a key named type that varies is a key": ("pool: {type: [mean, max]}\n", "pool: {ratio: 0.5, type: [sum]}\n", {"pool": {"ratio": 0.5, "type": ["mean", "max"]}}),
    "lists of mappings merge item by item": ("l: [{a: 1}, {b: 2}]\n", "l: [{a: 0, c: 3}, {b: 0}]\n", {"l": [{"a": 1, "c": 3}, {"b": 2}]}),
    "lists of mappings of other lengths replace": ("l: [{a: 1}]\n", "l: [{a: 0, c: 3}, {b: 0}]\n", {"l": [{"a": 1}]}),
    "lists of other things replace": ("l: [1, 2]\n", "l: [{a: 0}, {b: 0}]\n", {"l": [1, 2]}),
    "empty values leave what is below": ("l:\n  - {}\n  -\n  - {a: 1}\nm:\nn: {}\no: {}\n", "l: [{a: 0}, {b: 0}, {c: 0}]\nm: 1\nn: [2]\n", {"l": [{"a": 0}, {"b": 0}, {"c": 0, "a": 1}], "m": 1, "n": [2], "o": {}}),
    "a null that is written replaces": ("a: null\nb: ~\n", "a: 1\nb: 2\n", {"a": None, "b": None}),
    "an empty text is laid over anything": ("# nothing\n", "a: 1\n", {"a": 1}),
    "anything is laid over an empty text": ("a: 1\n", "", {"a": 1}),
    "a mapping replaces a scalar": ("a: {b: 1}\n", "a: 1\n", {"a": {"b": 1}}),
    "a scalar replaces a mapping": ("a: 1\n", "a: {b: 1}\n", {"a": 1}),
    "a tagged mapping replaces": ("a: !range {start: 1}\n", "a: !range {start: 0, stop: 3}\n", {"a": {"start": 1}}),
    "merge keys count as what they bring": ("a: &a {x: 1}\nb: {<<: *a}\n", "b: {x: 0, y: 2}\nz: &z {q: 1}\na: {<<: *z}\n", {"b": {"x": 1, "y": 2}, "z": {"q": 1}, "a": {"q": 1, "x": 1}}),
}  # fmt: skip


@pytest.mark.parametrize(("top", "below", "expected"), CASES.values(), ids=CASES)
def test_a_document_lies_over_another(top, below, expected):
    assert same_value(laid(top, below).data, expected)


def test_an_anchor_that_changes_here_does_not_change_where_its_aliases_stand():
    document = laid("b: {x: 9}\n", "a: &a {x: 1, y: [2]}\nb: *a\nc: *a\n")
    assert document.data == {"a": {"x": 1, "y": [2]}, "b": {"x": 9, "y": [2]}, "c": {"x": 1, "y": [2]}}
    document = laid("a: {x: 9}\n", "a: &a {x: 1, y: [2]}\nb: *a\n")
    assert document.data == {"a": {"x": 9, "y": [2]}, "b": {"x": 1, "y": [2]}}


def test_a_value_that_an_alias_shares_is_still_one_value():
    document = laid("new: 1\n", "a: &a [1, 2]\nb: *a\n")
    alias = document.find(("b",))
    assert isinstance(alias, AliasNode)
    assert alias.target is document.find(("a",))


def test_a_tag_below_stays_with_fields_from_above():
    document = laid("a: {stop: 9}\n", "a: !range {start: 0, stop: 3}\n")
    node = document.find(("a",))
    assert (node.tag, document.data) == ("!range", {"a": {"start": 0, "stop": 9}})


def where(location):
    return location.file, location.line, location.column, location.text


def test_every_value_tells_its_own_place_in_its_own_file():
    below = "model:\n  lr: {type: float,\n       low: 0.0, high: 0.5}\n  depth: [1, 2]\n"
    top = "# what differs\nmodel:\n  lr: {high: 0.3}\n  width: 7\n"
    document = laid(top, below)
    assert where(document.locate(("model", "lr", "low"))) == (
        "below.yaml",
        3,
        13,
        "       low: 0.0, high: 0.5}",
    )
    assert where(document.locate(("model", "lr", "high"))) == ("top.yaml", 3, 14, "  lr: {high: 0.3}")
    assert where(document.locate(("model", "lr"))) == ("top.yaml", 3, 7, "  lr: {high: 0.3}")
    assert where(document.locate(("model",))) == ("top.yaml", 2, 1, "model:")
    assert where(document.locate(("model", "width"))) == ("top.yaml", 4, 10, "  width: 7")
    assert where(document.locate(("model", "depth", 1))) == ("below.yaml", 4, 14, "  depth: [1, 2]")
    assert where(document.location_of_key(("model", "depth"))) == ("below.yaml", 4, 3, "  depth: [1, 2]")
    assert where(document.location_of_key(("model", "lr", "high"))) == ("top.yaml", 3, 8, "  lr: {high: 0.3}")
    assert where(document.location_of_key(("model", "depth", 0))) == ("below.yaml", 4, 11, "  depth: [1, 2]")
    assert where(document.location_of_key(("model", "nothing"))) == ("top.yaml", 2, 1, "model:")
    assert document.source.name == "top.yaml"
    node = document.find(("model", "depth"))
    assert document.location(node) == document.location(node.span) == document.source.location(node.span)


def test_a_chain_of_three_files_tells_all_three():
    base, middle, top = (
        read("a: 1\nb: 2\nc: &c 3\nd: *c\n", "0"),
        read("b: 3\nc: 4\n", "1"),
        read("a: 5\n", "2"),
    )
    document = overlay(top, overlay(middle, base))
    assert document.data == {"a": 5, "b": 3, "c": 4, "d": 3}
    assert [document.locate((key,)).file for key in "abcd"] == ["2", "1", "1", "0"]
    assert document.location(document.find(("d",)).target).line == 3


def test_an_overlay_can_be_pickled():
    document = laid("b: {x: 9}\n", "a: &a {x: 1, y: 2}\nb: *a\n")
    twin = pickle.loads(pickle.dumps(document))
    assert twin.data == document.data
    assert twin.locate(("b", "y")) == document.locate(("b", "y"))


def test_an_overlay_is_written_afresh_and_not_into_the_text_of_one_file():
    document = laid("b: {x: 9}\n", "a: 1  # one\nb: {k: 2}\n")
    assert splice(document, document.data) == "a: 1\nb:\n  k: 2\n  x: 9\n"


def test_both_documents_stay_as_they_were():
    top, below = read("a: {x: [1]}\n"), read("a: {x: [2], y: 3}\n", "below.yaml")
    overlay(top, below).data["a"]["x"].append(5)
    assert (top.data, below.data) == ({"a": {"x": [1]}}, {"a": {"x": [2], "y": 3}})


keys = st.sampled_from(["a", "b", "type", "low", "min"])
leaves = st.sampled_from([0, 1, "x", None, {}, [], [1]])
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.dictionaries(keys, inner, max_size=3), st.lists(inner, min_size=1, max_size=2)
    ),
    max_leaves=8,
)
mappings = st.dictionaries(keys, values, max_size=4)


def reference(top, below):
    """Return what the docstring of ``overlay`` says, for plain data."""
    if top == {}:
        return below
    kind = top.get("type", []) if isinstance(top, dict) else None
    if isinstance(top, dict) and isinstance(below, dict) and isinstance(kind, dict | list):
        new = {SYNONYMS.get(key, key) for key in top if key not in below}
        kept = {key: value for key, value in below.items() if key in top or SYNONYMS.get(key, key) not in new}
        merged = {key: reference(top[key], value) if key in top else value for key, value in kept.items()}
        return merged | {key: value for key, value in top.items() if key not in below}
    lists = isinstance(top, list) and isinstance(below, list) and len(top) == len(below)
    if lists and all(isinstance(item, dict) for item in [*top, *below]):
        return [reference(*pair) for pair in zip(top, below, strict=True)]
    return top


@settings(deadline=None)
@given(mappings, mappings)
def test_data_are_laid_over_each_other_as_the_documentation_says(top, below):
    assert same_value(laid(dump(top), dump(below)).data, reference(top, below))


@settings(deadline=None)
@given(mappings, mappings)
def test_every_value_of_an_overlay_reads_back_from_the_place_that_it_tells(top, below):
    document = laid(dump(top), dump(below))
    stack = [document.root]
    while stack:
        node = stack.pop()
        if isinstance(node, MappingNode):
            stack += [inner for entry in node.entries for inner in entry]
        elif isinstance(node, SequenceNode):
            stack += node.items
        elif node.text:
            place = document.location(node)
            assert place.text[place.column - 1 : place.end_column - 1].strip("\"'") == node.text
            assert place.file in ("top.yaml", "below.yaml")
