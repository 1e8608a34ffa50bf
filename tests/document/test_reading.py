"""Reading YAML: what scalars mean, where tokens stand, and what is refused."""

import gc
import math
import pickle
import re
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from qgtune.core.diagnostics import Severity
from qgtune.document import MappingNode, SequenceNode, Source, composing, read_document, read_source, splice
from qgtune.document.scalars import old_reading, plain_value, same_value


def read(text):
    problems = []
    return read_document(Source("a.yaml", text), problems), problems


def codes(text):
    return [problem.code for problem in read(text)[1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5), ("1E5", 1e5), ("-1.5", -1.5), (".5", 0.5), ("5.", 5.0), ("+3", 3), ("012", 12), ("0o17", 15),
        ("0x1F", 31), ("true", True), ("TRUE", True), ("no", "no"), ("off", "off"), ("yes", "yes"), ("12:30", "12:30"),
        ("1_000", "1_000"), ("0b101", "0b101"), ("2026-11-21", "2026-11-21"), ("", None), ("~", None), ("null", None),
        (".inf", math.inf), ("-.INF", -math.inf), ("e5", "e5"), ("1e", "1e"), ("0o9", "0o9"), ("-", "-"), (".", "."),
        (".5e3", 500.0), ("-.0E0", -0.0),
    ],
)  # fmt: skip
def test_plain_scalars_mean_what_yaml_1_2_says(text, value):
    assert same_value(plain_value(text), value)


@given(st.from_regex(r"[-+.0-9eE_xob:a-f]{1,8}", fullmatch=True))
def test_plain_scalars_are_read_as_an_independent_reader_of_yaml_1_2_does(text):
    ours, problems = read(f"a: {text}\n")
    try:
        theirs = YAML(typ="safe", pure=True).load(f"a: {text}\n")
    except Exception:  # noqa: BLE001 - where the other reader gives up there is nothing to compare
        return
    if ours is None or not isinstance(theirs, dict) or not isinstance(ours.data, dict):
        return
    # ruamel reads 1_000 as a number and 0b11 as binary even under YAML 1.2, which its core schema does not have.
    if "_" in text or "0b" in text:
        return
    # It asks for a sign in the exponent of .5e3, which the core schema (YAML 1.2.2, 10.3.2) does not.
    unsigned = re.fullmatch(r"[-+]?\.[0-9]+[eE][0-9]+", text)
    theirs = float(text) if unsigned else theirs.get("a")
    assert same_value(ours.data["a"], theirs) or not isinstance(theirs, str | int | float), problems


@given(
    st.from_regex(
        r"[-+.0-9eE_xob:a-f]{1,8}|yes|No|ON|off|2026-1-1|2026-11-21|2026-1-1 1:00:00", fullmatch=True
    )
)
def test_a_scalar_is_warned_about_exactly_where_pyyaml_reads_another_value(text):
    try:
        theirs = yaml.safe_load(f"a: {text}")["a"]
    except (yaml.YAMLError, TypeError, KeyError, ValueError):
        return
    ours = plain_value(text)
    assert (old_reading(text) is not None) == (not same_value(ours, theirs))


def test_an_empty_file_is_an_empty_mapping():
    assert read("")[0].data == {}
    assert read("# only a comment\n")[0].data == {}


def test_merge_keys_and_aliases_are_carried_out():
    document, _ = read("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\nd: {<<: [{x: 5}, *a]}\n")
    assert document.data == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": {"x": 1, "y": 2},
        "d": {"y": 2, "x": 5},
    }


def test_data_is_fresh_at_every_call():
    document, _ = read("a: &a [1]\nb: *a\n")
    first = document.data
    first["a"].append(2)
    assert first["b"] == [1]
    assert document.data == {"a": [1], "b": [1]}


def test_places_count_characters_and_lines_from_one():
    document, _ = read("é: 日本\nkey: {inner: [1, 22]}\n")
    place = document.locate(("key", "inner", 1))
    assert (place.line, place.column, place.end_column) == (2, 18, 20)
    assert document.locate(("é",)).column == 4


def test_a_missing_path_is_located_at_the_nearest_thing_above():
    document, _ = read("model:\n  depth: 3\n")
    assert document.locate(("model", "width")).line == 1


def test_several_problems_are_reported_at_once():
    assert sorted(codes("a: 1\na: 2\ntrue: 3\nb: !x 1\nc: *d\n")) == ["QG104", "QG105", "QG107", "QG108"]


def test_labels_of_cases_may_be_any_scalar_and_on_of_a_switch_is_no_surprise():
    assert codes("x: {type: switch, on: a, cases: {true: 1, null: 2, 0.5: 3}}\n") == []
    assert codes("x: {type: coupled, to: a, values: {false: 1, ~: 2}}\n") == []
    assert codes("x: {kind: switch, on: a, cases: {true: 1}}\n") == ["QG110", "QG105"]
    document = read_document(Source("f.yaml", "x: {type: switch, on: a, cases: {true: 1, .5: 3}}\n"), [])
    assert list(document.data["x"]["cases"]) == ["true", ".5"]


def test_the_guides_spelling_of_booleans_is_quiet():
    assert codes("normalize: False\nbias: True\n") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 400_000, "QG106"),
        ("a: " * 1 + "{a: " * 5_000 + "1" + "}" * 5_000, "QG106"),
        ("- " * 5_000 + "1", "QG106"),
        ("b0: &b0 [x]\n" + "".join(f"b{i + 1}: &b{i + 1} [{','.join([f'*b{i}'] * 9)}]\n" for i in range(12)), "QG106"),
        ("a: &a [*a]\n", "QG108"),
        ("b0: &b0 {x: 1}\n" + "".join(f"b{i + 1}: &b{i + 1} {{<<: [{','.join([f'*b{i}'] * 9)}]}}\n" for i in range(12)), "QG106"),
        ("a: &a {<<: *a}\n", "QG108"),
        ("".join(" " * i + "a:\n" for i in range(5_000)), "QG106"),
        ("? " * 5_000, "QG106"),
        ("".join(f"&a{i} [" for i in range(99)) + "1," * 30_000 + "]" * 99, None),
        ("a: !!python/object/apply:os.system ['true']\n", "QG107"),
        ("a: !!python/object:os.system {}\n", "QG107"),
        ("a: !" + "x" * 1_000_000 + " 1\n", "QG107"),
        ("a: \ud800\n", "QG103"),
        ("a\x00b: 1\n", "QG103"),
        ("\t- a\n", "QG103"),
        ("k" * 10_000_000 + ": 1\n", "QG103"),
    ],
    ids=["brackets", "braces", "dashes", "billion laughs", "billion merges", "recursive alias", "recursive merge", "block", "question marks", "anchors", "python tag", "python object", "long tag", "surrogate", "nul", "tab", "long key"],
)  # fmt: skip
def test_hostile_input_is_refused_at_once(text, code):
    began = time.process_time()
    assert code in codes(text) or code is None
    assert time.process_time() - began < 20  # a bound far above what it takes, against going on for ever


@pytest.mark.parametrize("unit", ["x", "1", "0", "1_", ":5", "0b1", "1.5e"])
def test_a_scalar_of_ten_megabytes_is_read(unit):
    text = "1" + unit * (10_000_000 // len(unit))
    document, problems = read(f"a: {text}\n")
    assert problems == []
    assert document.data["a"] in (text, math.inf)  # a number that long is text, or beyond all floats
    for quoted in (f"a: '{unit * 2_000_000}'\n", f"a: |\n  {unit * 2_000_000}\n"):
        assert len(read(quoted)[0].data["a"]) >= 2_000_000


@pytest.mark.parametrize(
    "text", ["a: !!int " + "1_" * 90_000, "a: *" + "x" * 90_000, "x" * 900 + ": 1\n" + "x" * 900 + ": 2"]
)
def test_a_message_quotes_only_some_of_a_long_text(text):
    (problem,) = read(text)[1]
    assert len(problem.message) < 500


def test_a_hint_names_only_some_of_many_anchors():
    (problem,) = read("".join(f"a{i}: &x{i} 1\n" for i in range(50)) + "b: *y\n")[1]
    assert problem.hint == "anchors so far: &x0, &x1, &x2, &x3, &x4, &x5, &x6, &x7, &x8, &x9, ..."


def test_bytes_that_are_not_utf_8_are_told_by_their_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("a: 1\nb: ä\n".encode("latin-1"))
    problems = []
    assert read_source(path, "a.yaml", problems) is None
    assert (problems[0].code, "line 2" in problems[0].message) == ("QG102", True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_file_is_read_in_the_encoding_that_its_mark_names(encoding, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes("ключ: 1\n".encode(encoding))
    problems = []
    source = read_source(path, "a.yaml", problems)
    assert read_document(source, problems).data == {"ключ": 1}
    assert problems == []


@given(st.text(max_size=60))
def test_any_text_gives_a_document_or_an_error_and_never_an_exception(text):
    document, problems = read(text)
    assert (document is None) == any(problem.severity is Severity.ERROR for problem in problems)


def in_order(node):
    """Yield the nodes below a node, keys and aliases among them, in the order of the text."""
    yield node
    if isinstance(node, SequenceNode):
        for item in node.items:
            yield from in_order(item)
    elif isinstance(node, MappingNode):
        for key, value in node.entries:
            yield from in_order(key)
            yield from in_order(value)


pieces = st.sampled_from(
    [
        "a: ",
        "é: ",
        "- ",
        "\n",
        "\n  ",
        "\r\n",
        "\r",
        "\x85",
        "\u2028",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "1",
        "x y",
        '"q\n r"',
        "|\n  lit\n",
        "&a ",
        "*a",
        "!sweep ",
        "# c\n",
        "\ufeff",
        "\U0001f600",
        "? ",
    ]
)


@settings(max_examples=300)
@given(st.lists(pieces, max_size=14).map("".join))
def test_every_node_stands_where_the_parser_found_it(text):
    document, _ = read(text)
    if document is None:
        return
    text = document.source.text  # without a byte order mark
    nodes = list(in_order(document.root))
    events = [event for event in yaml.parse(text, Loader=yaml.CLoader) if isinstance(event, yaml.NodeEvent)]
    if len(nodes) == 1 and not nodes[0].source.text[nodes[0].start : nodes[0].end].strip():
        return  # nothing is written
    assert len(nodes) == len(events)
    for node, event in zip(nodes, events, strict=True):
        places = [((node.span.start, node.span.line, node.span.column), event.start_mark)]
        if not isinstance(node, MappingNode | SequenceNode):
            places.append(((node.span.end, node.span.end_line, node.span.end_column), event.end_mark))
        for place, mark in places:
            if mark.index < len(text):  # behind its last character the parser counts one more line
                assert place == (mark.index, mark.line, mark.column)
            assert place[0] == mark.index


def test_documents_can_be_pickled():
    document, _ = read("a: &a {x: 1, <<: {y: !pyobject b.C}}\nb: *a\nc: [1, 'two']\n")
    twin = pickle.loads(pickle.dumps(document))
    assert same_value(twin.data, document.data)
    assert twin.locate(("c", 1)) == document.locate(("c", 1))
    assert twin.find(("b",)).target is twin.find(("a",))


def test_collecting_garbage_goes_on_after_reading():
    for text in ("a: 1", "a: [", "[" * 200):
        read(text)
        assert gc.isenabled()


def test_a_list_longer_than_the_bound_is_refused(monkeypatch):
    monkeypatch.setattr(composing, "MAX_NODES", 50)
    assert codes("[" + "1, " * 48 + "]") == []
    assert codes("[" + "1, " * 50 + "]") == ["QG106"]
    assert codes("a: &a [" + "1, " * 20 + "]\nb: *a\n") == []
    assert codes("a: &a [" + "1, " * 20 + "]\nb: [*a, *a]\n") == ["QG106"]


@pytest.mark.parametrize("marks", ["\ufeff", "\ufeff\ufeff"])
def test_places_do_not_count_a_byte_order_mark(marks):
    document, _ = read(f"{marks}key: 1\n")
    assert (document.locate(("key",)).column, splice(document, {"key": 22})) == (6, "key: 22\n")


@pytest.mark.parametrize(
    ("text", "meant"), [("yes", "true"), ("off", "false"), ("No", "false"), ("on", "true")]
)
def test_a_text_that_was_a_boolean_is_told_with_both_spellings(text, meant):
    """Who means true or false is told so; who means the text is told to quote it."""
    problems = []
    read_document(Source("a.yaml", f"key: {text}\n"), problems)
    [warning] = problems
    assert warning.hint == f'write {meant} if that is meant, or "{text}" for the text'
