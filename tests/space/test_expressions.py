"""The expression language: typed, bounded, never eval."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgtune.core.paths import format_path
from qgtune.space import EvaluationError, ExpressionSyntaxError, parse_expression, path_expression


def value(text, *values):
    return parse_expression(text).evaluate(values)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("a * b", (3, 4), 12),
        ("a / b", (12, 4), 3.0),
        ("a // b", (13, 4), 3),
        ("a % 4 ** 2 - -1", (13,), 14),
        ("10 - 3 - 2", (), 5),
        ("2 ** 3 ** 2", (), 512),
        ("(a + 1) * 0.5", (3,), 2.0),
        ("max(a, 3) + min(a, 3)", (5, 5), 8),
        ("max(m.l[*].o)", ([1, 5, 3],), 5),
        ("sum(m.l[*].o) + len(m.l[*].o)", ([1, 5], [1, 5]), 8),
        ("sum(m.l[1:].o) + max(@[ :-1 ].o)", ([1, 5], [2, 4]), 10),
        ("two words.l[::2].x", ([1, 2],), [1, 2]),
        ("round(a / 3)", (10,), 3),
        ("int(a * 1.9)", (2,), 3),
        ("abs(-a)", (2,), 2),
        ("a if b == 'gat' else a * 2", (4, "gat"), 4),
        ("a if b in ['gat', 'gcn'] else a * 2", (4, "sage", 4), 8),
        ("1 < a <= 3 and not b", (2, False), True),
        ("a != null or b", (None, True), True),
        ("a == true", (1,), False),
        ("@.out_dim * prev.heads + next[0]", (8, 4, 1), 33),
        ('model["odd key"].x + my-key.y', (1, 2), 3),
        ("model.nn.0.out_dim * 2", (8,), 16),
        ("1e-3 * a", (1000,), 1.0),
    ],
)
def test_an_expression_has_its_value(text, values, expected):
    found = value(text, *values)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("a +", 2, "not an expression"),
        ("a b * 2", 2, "not an expression"),
        ("(a", 0, "never closed"),
        ("a..b", 2, "a part is missing"),
        ("foo(a)", 0, "there is no function 'foo'"),
        ("a + foo(a)", 4, "there is no function 'foo'"),
        ("__import__('os')", 0, "there is no function"),
        ("lambda x: 1", 7, "not an expression"),
        ("[x for x in a]", 1, "not an expression"),
        ("{1: 2}", 0, "not part of the expression language"),
        ("a is b", 0, "write =="),
        ("'a' 'b' + f''", 11, "not an expression"),
        ("a := 3", 2, "not an expression"),
        ("a; b", 1, "not an expression"),
        ("x" * 1001, 0, "at most 1000 characters"),
        ("-" * 900 + "1", 101, "too deeply"),
        ("a\x00b", 2, "not an expression"),
        ("a + b[::0]", 8, "the step of a slice cannot be 0"),
        ("a[b:]", 1, "not part of the expression language"),
    ],
)
def test_what_is_not_an_expression_says_where_and_why(text, position, reason):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(text)
    assert reason in f"{caught.value.reason}"
    assert abs(caught.value.position - position) <= 1


@pytest.mark.parametrize(
    ("text", "values", "reason"),
    [
        ("a / b", (1, 0), "division by zero in 1 / 0"),
        ("a % b", (1, 0), "division by zero in 1 % 0"),
        ("a * 2", ("relu",), "* takes numbers, but got 'relu'"),
        ("a + 1", (True,), "+ takes numbers, but got True"),
        ("a < 1", ("x",), "< compares two numbers or two texts, but got 'x' and 1"),
        ("a and true", (1,), "an operand of 'and' must be true or false, but is 1"),
        ("1 if a else 2", ("x",), "the condition of 'if' must be true or false, but is 'x'"),
        ("2 ** a", (10**9,), "a number out of range"),
        ("a ** b", (-8, 0.5), "no number is"),
        ("a in b", (1, 2), "'in' looks into a list, but got 2"),
        ("max(a)", ([],), "max needs at least one number"),
        ("min(a, b)", (1, "x"), "min takes numbers, but got 'x'"),
        ("abs(a, b)", (1, 2), "abs does not take 2 values"),
        ("1e308 * a", (10,), "no number is"),
    ],
)
def test_what_has_no_value_says_why(text, values, reason):
    with pytest.raises(EvaluationError) as caught:
        value(text, *values)
    assert reason in str(caught.value)


numbers = st.one_of(st.integers(-100, 100), st.floats(-100, 100))


@given(numbers, numbers, st.sampled_from(["+", "-", "*", "/", "//", "%", "<", "<=", ">", ">=", "==", "!="]))
def test_arithmetic_and_comparisons_are_pythons(left, right, operator):
    try:
        expected = eval(f"left {operator} right")  # noqa: S307 - the property compares with it
    except ZeroDivisionError:
        with pytest.raises(EvaluationError):
            value(f"a {operator} b", left, right)
        return
    if isinstance(expected, float) and not math.isfinite(expected):
        with pytest.raises(EvaluationError, match="no number"):
            value(f"a {operator} b", left, right)
        return
    found = value(f"a {operator} b", left, right)
    assert type(found) is type(expected)
    assert found == expected


@given(st.text(max_size=40))
def test_any_text_gives_an_expression_or_a_syntax_error(text):
    try:
        expression = parse_expression(text)
    except ExpressionSyntaxError as error:
        assert 0 <= error.position <= max(0, len(text))  # noqa: PT017 - either way is right
    else:
        assert pickle.loads(pickle.dumps(expression)) == expression


paths = st.lists(
    st.one_of(
        st.integers(-9, 9),
        st.sampled_from(["[*]", "[1:]", "[:-1]", "[::-2]"]),
        st.from_regex(r"[a-z]\w{0,4}", fullmatch=True),
    ),
    min_size=1,
    max_size=5,
)


@given(paths.filter(lambda path: isinstance(path[0], str)))
def test_a_path_is_the_expression_that_reads_it(path):
    words = {"and", "or", "not", "in", "if", "else", "is", "true", "false", "null", "prev", "next"}
    if path[0] in words:
        return
    expression = parse_expression(format_path(tuple(path)))
    assert expression == path_expression(tuple(path))
    assert expression.is_path


@given(
    st.sampled_from(["@", "prev", "next", "a", "previous", "@a", "nexta"]),
    st.sampled_from(["", ".b", "[0]", "[1:].b"]),
)
def test_the_head_of_a_path_is_a_whole_word(head, rest):
    try:
        (term,) = parse_expression(head + rest).terms
    except ExpressionSyntaxError:
        assert head == "@a"
    else:
        assert term.head == (head if head in ("@", "prev", "next") else "")


def test_each_operand_of_nested_comparisons_has_its_value_once():
    text = "true"
    for _ in range(60):
        text = f"true==({text})==true"
    assert value(text) is True  # twice for each level would take longer than anyone waits


def test_a_chain_of_comparisons_stops_at_the_first_that_is_false():
    assert value("1 < 2 <= 2 < 3") is True
    assert value("2 < 1 < 1 / 0") is False


def test_a_sum_without_a_finite_value_is_an_error():
    with pytest.raises(EvaluationError, match="no number is sum"):
        value("sum(1e308, 1e308)")
