"""Paths: every spelling in, one spelling out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgtune.core.paths import PathSyntaxError, format_path, parameter_name, parse_path

parts = st.one_of(st.integers(-99, 99), st.text(max_size=8))
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
    ],
)
def test_what_is_not_a_path_says_where_and_why(text, position, reason):
    with pytest.raises(PathSyntaxError) as caught:
        parse_path(text)
    assert (caught.value.position, caught.value.reason) == (position, reason)


def test_a_parameter_is_named_as_qgtune_named_it():
    assert parameter_name(("model", "gcn_net", 0, "out_dim")) == "model.gcn_net.0.out_dim"
