"""What we write reads back as it was: under our reader, under YAML 1.1 and under YAML 1.2."""

import io

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from qgtune.document import Source, dump, format_scalar, read_document, same_value, splice

TRICKY = [
    "no", "1e-5", "012", "y", "0o7", "12:30", "", "~", "null", "-", "a: b", "#x", "a #b", "[x", "2001-01-01", "1_000",
    "=", "<<", ".5", "+1", "é", "\u2028", "\x85", "0x1F", "trUe", " x", "x ", "a\nb", "'", '"', "\\", "%a", "@a", "`",
]  # fmt: skip
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(TRICKY),
)
keys = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4), st.sampled_from(TRICKY)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from("abcdef"), values, max_size=5)


def read(text):
    problems = []
    document = read_document(Source("a.yaml", text), problems)
    assert document is not None, problems
    return document


def read_as_yaml_1_2(text):
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


@settings(deadline=None)
@given(documents)
def test_what_is_dumped_reads_back_under_every_reader(value):
    text = dump(value)
    assert same_value(read(text).data, value)
    assert same_value(yaml.safe_load(text), value)
    assert same_value(read_as_yaml_1_2(text), value)


@settings(deadline=None)
@given(documents, documents)
def test_a_spliced_document_reads_as_the_new_values_under_every_reader(old, new):
    text = splice(read(dump(old)), new)
    assert same_value(read(text).data, new)
    assert same_value(yaml.safe_load(text), new)


@given(documents)
def test_splicing_nothing_gives_the_same_text(value):
    text = dump(value).replace(": ", ":   ")
    document = read_document(Source("a.yaml", text), [])
    if document is not None:
        assert splice(document, document.data) == text


def test_floats_are_written_so_that_yaml_1_1_reads_numbers():
    assert [format_scalar(value) for value in (1e-5, 1e22, 0.1, 3.0, -2.5e-7)] == [
        "1.0e-05",
        "1.0e+22",
        "0.1",
        "3.0",
        "-2.5e-07",
    ]


def test_a_dump_keeps_the_order_of_keys_and_writes_comments_beside_values():
    text = dump({"b": {"x": 1}, "a": [1, 2], "c": [{"z": 0}]}, {("b", "x"): "tuned", ("a", 1): "follows b.x"})
    assert text == "b:\n  x: 1  # tuned\na: [1, 2]  # [1] follows b.x\nc:\n  - z: 0\n"
