"""Tags: carried by nodes, never obeyed, and written back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgtune.core.python_objects import PyObject
from qgtune.document import (
    TAGS,
    MappingNode,
    ScalarNode,
    SequenceNode,
    Source,
    dump,
    format_scalar,
    read_document,
    same_value,
    splice,
)
from qgtune.document.splicing import splice_with_layout


def read(text):
    problems = []
    return read_document(Source("a.yaml", text), problems), problems


def data(text):
    document, problems = read(text)
    assert problems == []
    return document.data


@pytest.mark.parametrize("tag", sorted(TAGS))
@pytest.mark.parametrize(
    ("text", "kind"), [("x", ScalarNode), ("[1]", SequenceNode), ("{a: 1}", MappingNode)]
)
def test_every_kind_of_node_carries_the_tags_of_later_qgtune(tag, text, kind):
    for written in (f"k: {tag} {text}\n", f"k: !<{tag}> {text}\n", f"k: &here {tag} {text}\n"):
        document, problems = read(written)
        node = document.find(("k",))
        assert (problems, type(node), node.tag) == ([], kind, tag)


def test_a_tagged_value_is_its_plain_content():
    assert data("a: !sweep {values: [1, x]}\nb: !range\n  start: 0\nc: !reference m.l[1]\nd: !sweep 1\ne: !sweep '1'\n") == {
        "a": {"values": [1, "x"]}, "b": {"start": 0}, "c": "m.l[1]", "d": 1, "e": "1",
    }  # fmt: skip


def test_a_named_python_object_stays_a_name():
    value = data("a: !pyobject os.system\nb: !pyobject 'x'\nc: [!pyobject a.b, a.b]\n")
    assert same_value(value, {"a": PyObject("os.system"), "b": PyObject("x"), "c": [PyObject("a.b"), "a.b"]})


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: !swep [1]\n", "did you mean '!sweep'?"),
        ("a: !coupled_sweep {}\n", "did you mean '!coupled-sweep'?"),
        ("a: !PyObject x\n", "did you mean '!pyobject'?"),
        ("a: !x 1\n", "known: !coupled-sweep, !pyobject, !random_uniform, !range, !reference, !sweep"),
        ("a: !!python/object/apply:os.system [x]\n", "qgtune builds no objects from tags; write the value itself"),
        ("a: !!python/name:os.system\n", "qgtune builds no objects from tags; write the value itself"),
        ("- !sweep values: [1]\n", "a tag for the mapping that begins here goes on a line of its own, above it"),
        ("a: !!float 1" + "0" * 400, "write .inf"),
        ("a: !!int x\n", ""),
    ],
)  # fmt: skip
def test_any_other_tag_is_refused_with_a_way_out(text, hint):
    document, problems = read(text)
    assert document is None
    assert [(problem.code, problem.hint) for problem in problems] == [("QG107", hint)]


def test_merging_and_aliases_bring_the_content_of_tagged_nodes():
    text = "a: &a !range {start: 1, stop: 5}\nb: !range {<<: *a, stop: 7}\nc: *a\n"
    assert data(text)["b"] == {"start": 1, "stop": 7}
    assert data(text)["c"] == {"start": 1, "stop": 5}


EDITS = {
    "a tag goes with its value": ("a: !sweep {values: [1, 2]}  # c\nb: !range {start: 1}\n", {"a": 2, "b": {"start": 1}}, "a: 2  # c\nb: !range {start: 1}\n"),
    "a tag goes with a value that changes within": ("a: !sweep {values: [1, 2]}  # c\n", {"a": {"values": [1, 3]}}, "a: {values: [1, 3]}  # c\n"),
    "a tagged block folds": ("a: !sweep  # c\n  values: [1, 2]\nb: 1\n", {"a": 2, "b": 1}, "a: 2  # c\nb: 1\n"),
    "a tagged block loses its tag": ("a: !sweep  # c\n  values: [1, 2]\n", {"a": {"x": 1}}, "a:  # c\n  x: 1\n"),
    "a tagged item loses its tag": ("- !sweep\n  values: [1, 2]\n- 3\n", [{"x": 1}, 3], "-\n  x: 1\n- 3\n"),
    "a tag on a line of its own goes with its line": ("a:\n  !sweep\n  values: [1]\n", {"a": {"x": 1}}, "a:\n  x: 1\n"),
    "an anchor stays where a tag goes": ("a: &s !sweep {values: [1]}\nb: *s\n", {"a": 1, "b": 1}, "a: &s 1\nb: *s\n"),
    "an anchor before a tagged block stays": ("a: !sweep &s\n  values: [1]\nb: *s\n", {"a": {"x": 1}, "b": {"x": 1}}, "a: &s\n  x: 1\nb: *s\n"),
    "a tagged value that an anchor lost is written out": ("a: &s !sweep {values: [1]}\nb: *s\n", {"b": {"values": [1]}}, "b: {values: [1]}\n"),
    "an alias inside a tag is written out where its anchor changes": ("v: &v [1]\na: !sweep {values: *v}\n", {"v": 2, "a": {"values": [1]}}, "v: &v 2\na: !sweep {values: [1]}\n"),
    "a reference gives way to its value": ("a: !reference b.c  # c\n", {"a": 64}, "a: 64  # c\n"),
    "a reference with a target gives way to its value": ("a: !reference\n  target: b[0].c\nb: 1\n", {"a": 64, "b": 1}, "a: 64\nb: 1\n"),
    "a name gives way to a name": ("a: !pyobject x.Y  # c\nb: !pyobject 'x.Z'\n", {"a": PyObject("x.Z"), "b": PyObject("v")}, "a: !pyobject x.Z  # c\nb: !pyobject 'v'\n"),
    "a name and a text are two values": ("a: !pyobject x.Y\nb: x.Y\n", {"a": "x.Y", "b": PyObject("x.Y")}, "a: x.Y\nb: !pyobject x.Y\n"),
    "a tag of YAML's core stays with its mapping": ("a: !!map {b: 1}\n", {"a": {"b": 2}}, "a: !!map {b: 2}\n"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "value", "expected"), EDITS.values(), ids=EDITS)
def test_a_tag_and_its_value_are_replaced_together(text, value, expected):
    result = splice_with_layout(read(text)[0], value)
    assert result == (expected, True)
    assert same_value(data(expected), value)


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(PyObject)
leaves = st.one_of(
    names, st.integers(), st.text(max_size=3), st.none(), st.sampled_from(["!pyobject x", "!sweep"])
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=10,
)  # fmt: skip


@settings(deadline=None)
@given(values)
def test_names_of_python_objects_read_back_as_they_were_written(value):
    assert same_value(read(dump({"k": value}))[0].data, {"k": value})


@given(names, st.sampled_from(["", "'", '"']))
def test_a_formatted_name_reads_back_in_every_style(name, quote):
    assert same_value(read(f"a: {format_scalar(name, quote)}\n")[0].data, {"a": name})


@st.composite
def tagged_texts(draw, indent=0):
    """Text of a value in block or flow style, with a tag before some nodes; it begins behind a colon."""
    tag = draw(st.sampled_from(["", "", *sorted(TAGS)]))
    shape = draw(st.sampled_from(["scalar", "flow", "block"] if indent < 6 else ["scalar"]))
    if shape == "scalar":
        return f" {tag} {draw(st.sampled_from(['1', 'x', 'a.b']))}\n"
    if shape == "flow":
        items = ", ".join(draw(st.lists(tagged_texts(indent=9), max_size=2)))
        return f" {tag} [{items}]\n".replace("\n,", ",").replace("\n]", "]")
    inner = [
        f"{' ' * (indent + 2)}{key}:{draw(tagged_texts(indent=indent + 2))}"
        for key in draw(st.permutations("ab"))
    ]
    return f" {tag}  # c\n{''.join(inner)}"


texts = st.lists(tagged_texts(), max_size=3).map(
    lambda found: "".join(f"{key}:{text}" for key, text in zip("abc", found, strict=False))
)


@settings(deadline=None)
@given(texts)
def test_splicing_nothing_leaves_tags_as_they_are(text):
    document = read(text)[0]
    assert splice(document, document.data) == text


@settings(deadline=None)
@given(texts, st.dictionaries(st.sampled_from("abcd"), values, max_size=4), st.booleans())
def test_a_tagged_document_reads_as_what_was_spliced_into_it(text, new, over):
    document = read(text)[0]
    value = {**document.data, **new} if over else new
    assert same_value(read(splice(document, value))[0].data, value)
