"""Paths: every spelling in, one spelling out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgtune.core.paths import (
    EVERY,
    PathSyntaxError,
    format_path,
    parameter_name,
    parse_path,
    selected,
    selects_many,
)

bounds = st.one_of(st.just(""), st.integers(-12, 12).map(str))
steps = st.one_of(st.just(""), st.integers(-3, 3).filter(bool).map(str))
slices = st.builds("[{}:{}:{}]".format, bounds, bounds, steps)
parts = st.one_of(
    st.integers(-99, 99), st.text(max_size=8), st.just(EVERY), slices, st.text('[]:-+ 019*"\\', max_size=6)
)
paths = st.lists(parts, min_size=1, max_size=6).map(tuple)


@given(paths)
def test_parse_and_format_are_inverse(path):
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("model.gcn_net[0].out_dim", ("model", "gcn_net", 0, "out_dim")),
        ("model.gcn_net[-1].out_dim", ("model", "gcn_net", -1, "out_dim")),
        ("model.nn.0.out_dim", ("model", "nn", 0, "out_dim")),
        ("model.gcn_net[0][1]", ("model", "gcn_net", 0, 1)),
        ('model["odd.key"].x', ("model", "odd.key", "x")),
        ("two words.x", ("two words", "x")),
        ("[0].x", (0, "x")),
        ("a[1:].b", ("a", "[1:]", "b")),
        ("a[ +1 : -1 ]", ("a", "[1:-1]")),
        ("a[::2]", ("a", "[::2]")),
        ("a[0:3:1]", ("a", "[:3]")),
        ("a[-1::-1]", ("a", "[::-1]")),
        ("[:-1][*]", ("[:-1]", "[*]")),
        ("a[:]", ("a", "[*]")),
        ("a[0::1]", ("a", "[*]")),
        ('a["[0:]"].b', ("a", "[0:]", "b")),
        ("a-.b-1", ("a-", "b-1")),
        ("a.0x.-1", ("a", "0x", -1)),
    ],
)
def test_every_spelling_is_read(text, path):
    assert parse_path(text) == path


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "it is empty"),
        ("a.", 2, "it ends too early"),
        ("a..b", 2, "a part is missing before '.'"),
        ("a[0", 1, "unexpected '['"),
        ("a[0]b", 4, "a '.' is missing before the key"),
        ("a.[0]", 2, "a part is missing before '['"),
        ("a.[1:]", 2, "a part is missing before '['"),
        ("a[1:]b", 5, "a '.' is missing before the key"),
        ("a[::0]", 4, "the step of a slice cannot be 0"),
        ("a[1:2:3:4]", 1, "unexpected '['"),
        ("a[x:]", 1, "unexpected '['"),
    ],
)
def test_what_is_not_a_path_says_where_and_why(text, position, reason):
    with pytest.raises(PathSyntaxError) as caught:
        parse_path(text)
    assert (caught.value.position, caught.value.reason) == (position, reason)


def test_a_parameter_is_named_as_qgtune_named_it():
    assert parameter_name(("model", "gcn_net", 0, "out_dim")) == "model.gcn_net.0.out_dim"


@given(slices, st.integers(0, 15))
def test_a_slice_selects_what_pythons_slice_does(text, count):
    (part,) = parse_path(text)
    assert selects_many(part)
    assert selected(part, count) == eval(f"range(count){text}")  # noqa: S307 - the property compares with it


@given(slices, slices, st.integers(0, 15))
def test_slices_with_one_spelling_select_alike(one, other, count):
    if parse_path(one) == parse_path(other):
        assert eval(f"range(count){one}") == eval(f"range(count){other}")  # noqa: S307 - the property compares with it


@given(parts)
def test_what_selects_many_is_shown_without_quotes(part):
    assert selects_many(part) == (isinstance(part, str) and format_path((part,)) == part and part[:1] == "[")


@pytest.mark.parametrize("part", [0, -1, "layers", "[1]", "[0:]", "[:]", "[ 1:]", "[+1:]", "[::0]", ""])
def test_only_the_one_spelling_selects_many(part):
    assert not selects_many(part)


@pytest.mark.parametrize("part", [0, "layers", "[1]", "[::0]", "[+1:]"])
def test_what_is_no_slice_selects_nothing(part):
    with pytest.raises(ValueError, match="neither"):
        selected(part, 3)
