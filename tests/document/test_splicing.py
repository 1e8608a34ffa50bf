"""Splicing: only what changed changes."""

import copy
import difflib
import re

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qgtune.document import (
    AliasNode,
    MappingNode,
    ScalarNode,
    SequenceNode,
    Source,
    read_document,
    same_value,
    splice,
)
from qgtune.document.splicing import splice_with_layout

BASE = """\
# A model.
model:   # of layers
    layers:
        - {width: 16, act: "relu"}   # first
        - width: 32
          act: 'tanh'
          dims:
              - 1
              - 2
    pooling: mean


training: &train
  lr: 1e-3   # in YAML 1.2 a number
  epochs: 012
  note: |
    two
    lines
  empty:
other: *train
merged:
  <<: *train
  epochs: 5
last: [1, 2, 3]  # no newline at the end"""


def read(text):
    document = read_document(Source("a.yaml", text), [])
    assert document is not None
    return document


def spliced(change):
    document = read(BASE)
    value = document.data
    change(value)
    text = splice(document, value)
    assert read(text).data == value
    return [
        line
        for line in difflib.unified_diff(BASE.splitlines(), text.splitlines(), n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]


def put(*path, value):
    def change(config):
        for part in path[:-1]:
            config = config[part]
        config[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (put("model", "layers", 0, "width", value=64), [
            '-        - {width: 16, act: "relu"}   # first', '+        - {width: 64, act: "relu"}   # first']),
        (put("model", "layers", 0, "act", value="elu"), [
            '-        - {width: 16, act: "relu"}   # first', '+        - {width: 16, act: "elu"}   # first']),
        (put("model", "layers", 1, "act", value="it's"), ["-          act: 'tanh'", "+          act: 'it''s'"]),
        (put("model", "layers", 1, "dims", 1, value=7), ["-              - 2", "+              - 7"]),
        (put("model", "layers", 1, "dims", value=[1, 2, 3]), ["+              - 3"]),
        (put("model", "pooling", value="no"), ["-    pooling: mean", '+    pooling: "no"']),
        (put("model", "new", value={"a": [1], "b": {"c": 1e-5}}), [
            "+    new:", "+      a: [1]", "+      b:", "+        c: 1.0e-05"]),
        (put("last", value=[1, 2]), [
            "-last: [1, 2, 3]  # no newline at the end", "+last: [1, 2]  # no newline at the end"]),
        (put("extra", value=1), ["+extra: 1"]),
        (put("other", "lr", value=0.5), [
            "-other: *train", '+other: {lr: 0.5, epochs: 12, note: "two\\nlines\\n", empty: null}']),
        (put("merged", "lr", value=0.5), ["+  lr: 0.5"]),
        (put("merged", "epochs", value=6), ["-  epochs: 5", "+  epochs: 6"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_change_touches_only_its_own_lines(change, lines):
    assert spliced(change) == lines


def test_a_value_that_an_alias_shares_changes_once():
    def change(config):
        for section in ("training", "other", "merged"):
            config[section]["lr"] = 0.25

    assert spliced(change) == [
        "-  lr: 1e-3   # in YAML 1.2 a number",
        "+  lr: 0.25   # in YAML 1.2 a number",
    ]


def test_an_empty_value_is_filled_behind_its_colon():
    def change(config):
        for section in ("training", "other", "merged"):
            config[section]["empty"] = 3

    assert spliced(change) == ["-  empty:", "+  empty: 3"]


def test_line_breaks_of_another_system_stay():
    document = read("a: 1\r\nb: 2\r\n")
    assert splice(document, {"a": 1, "b": 3, "c": 4}) == "a: 1\r\nb: 3\r\nc: 4\r\n"


def edited(text, value):
    """Splice a value into a text, and see that it reads right under two readers and kept the layout."""
    result = splice_with_layout(read(text), value)
    assert result.kept_layout
    assert same_value(read(result.text).data, value)
    assert same_value(yaml.safe_load(result.text), value)
    return result.text


EDITS = {
    "a block folds behind its colon and before the comment there": (
        "dims:  # of the head\n  - 48\n  - 18\nb: 1  # c\n",
        {"dims": 3, "b": 1},
        "dims: 3  # of the head\nb: 1  # c\n",
    ),
    "a block list grows below the comment beside its key": (
        "dims:  # of the head\n  - 48\n  - 18\n",
        {"dims": [48, 18, 2]},
        "dims:  # of the head\n  - 48\n  - 18\n  - 2\n",
    ),
    "a comment between a key and its block stays": (
        "dims:\n  # sizes\n  - 48\nb: 1\n",
        {"dims": [], "b": 1},
        "dims: []\n  # sizes\nb: 1\n",
    ),
    "an anchor moves behind the colon with what takes the place of its block": (
        "a: &x  # one\n  p: 1\nb: *x  # two\n",
        {"a": 3, "b": {"p": 1}},
        "a: &x 3  # one\nb: {p: 1}  # two\n",
    ),
    "a block takes the place of a block of another kind": (
        "a:  # one\n- 1\n- 2\nb: 1  # two\n",
        {"a": {"x": 1}, "b": 1},
        "a:  # one\n  x: 1\nb: 1  # two\n",
    ),
    "a shorter list of mappings loses only the lines of the items that go": (
        "layers:  # all\n  - a: 1  # first\n    b: 2\n  # the second\n  - a: 3\n    b: 4  # x\nc: 1  # c\n",
        {"layers": [{"a": 1, "b": 5}], "c": 1},
        "layers:  # all\n  - a: 1  # first\n    b: 5\n  # the second\nc: 1  # c\n",
    ),
    "a new key of a flow mapping goes behind the last value, not into the comment": (
        "m: {\n  a: 1,  # one\n  b: 2  # two\n}\n",
        {"m": {"a": 1, "b": 2, "c": 3}},
        "m: {\n  a: 1,  # one\n  b: 2, c: 3  # two\n}\n",
    ),
    "a key of a flow mapping goes with its line": (
        "m: {\n  a: 1,  # one\n  b: 2  # two\n}\n",
        {"m": {"a": 1}},
        "m: {\n  a: 1  # one\n}\n",
    ),
    "items of a flow mapping go with their commas": (
        "m: { a: 1, b: 2, c: 3 }\n",
        {"m": {"b": 2}},
        "m: { b: 2 }\n",
    ),
    "an anchor in a list that grows stays": ("l: [&x 1, 2]  # c\ny: *x\n", {"l": [1, 2, 3], "y": 1}, "l: [&x 1, 2, 3]  # c\ny: *x\n"),
    "an anchor that goes leaves its aliases written out": (
        "l: [&x 1, 2]  # c\ny: *x  # d\nz:\n  <<: [{k: 1}]  # e\n",
        {"l": "no list", "y": 1, "z": {"k": 1}},
        "l: no list  # c\ny: 1  # d\nz:\n  <<: [{k: 1}]  # e\n",
    ),
    "a merged mapping that goes is written out where it is merged": (
        "a: &x {k: 1, j: 2}  # c\nb:\n  <<: *x  # d\n  own: 1  # e\n",
        {"b": {"k": 1, "j": 2, "own": 1}},
        "b:\n  <<: {k: 1, j: 2}  # d\n  own: 1  # e\n",
    ),
    "a merged key that goes leaves the others": (
        "a: &x {k: 1, j: 2}\nb:\n  <<: *x  # d\n  own: 1  # e\n",
        {"a": {"k": 1, "j": 2}, "b": {"k": 1, "own": 1}},
        "a: &x {k: 1, j: 2}\nb:\n  <<: {k: 1}  # d\n  own: 1  # e\n",
    ),
    "a bare pair in a list gets braces with its second key": (
        "l: [x: 1, y: 2]  # c\n",
        {"l": [{"x": 1, "z": 3}, {"y": 2}]},
        "l: [{x: 1, z: 3}, y: 2]  # c\n",
    ),
    "entries after comments without a line break at the end begin a line": ("# only", {"a": 1}, "# only\na: 1\n"),
    "entries after comments have the line breaks of the comments": (
        "# only\r\n# this",
        {"a": 1, "b": 2},
        "# only\r\n# this\r\na: 1\r\nb: 2\r\n",
    ),
    "an empty text gets entries": ("", {"a": 1}, "a: 1\n"),
    "a scalar unfolds into a block without a blank behind its colon": (
        "b: 5  # c\nd: 1\n",
        {"b": {"long": "x" * 80}, "d": 1},
        f"b:  # c\n  long: {'x' * 80}\nd: 1\n",
    ),
    "lines put into a text have its line breaks": (
        "b: 5  # c\r\nl:\r\n  - 1\r\n",
        {"b": {"long": "x" * 80}, "l": [1, 2], "e": {"f": {"g": 1}}},
        f"b:  # c\r\n  long: {'x' * 80}\r\nl:\r\n  - 1\r\n  - 2\r\ne:\r\n  f:\r\n    g: 1\r\n",
    ),
    "a literal gives way and its header's comment stays": (
        "n: |  # note\n  one\n  two\n\nb: 1\n",
        {"n": 3, "b": 1},
        "n: 3  # note\n\nb: 1\n",
    ),
    "a literal that ended the text keeps its value when lines follow": (
        "n: |\n  one",
        {"n": "one", "b": 1},
        "n: |-\n  one\nb: 1",
    ),
    "a new key goes behind the key that it follows": ("a: 1  # a\nb: 2  # b\n", {"a": 1, "c": 3, "b": 2}, "a: 1  # a\nc: 3\nb: 2  # b\n"),
    "the first key of an item goes and the next moves up to the dash": ("- a: 1  # a\n  b: 2  # b\n", [{"b": 2}], "- b: 2  # b\n"),
    "the first keys of an item go and a comment stays": ("- a: 1\n  # on b\n  b: 2  # b\n", [{"b": 2}], "-\n  # on b\n  b: 2  # b\n"),
    "keys in another order cost only the comments of their own mapping": (
        "# top\nm:  # m\n  a: 1  # a\n  b: 2\nc: 3  # c\n",
        {"m": {"b": 2, "a": 1}, "c": 3},
        "# top\nm:  # m\n  b: 2\n  a: 1\nc: 3  # c\n",
    ),
    "a block list behind an anchor grows at its own column": ("l: &x\n  - 1\nm: *x\n", {"l": [1, 2], "m": [1]}, "l: &x\n  - 1\n  - 2\nm: [1]\n"),
    "a value of a key without one": ("m: {a, b: 2}\n", {"m": {"a": 1, "b": 2}}, "m: {a: 1, b: 2}\n"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "value", "expected"), EDITS.values(), ids=EDITS)
def test_only_what_changed_changes(text, value, expected):
    assert edited(text, value) == expected


STYLES = {
    "four columns, dashes at their key": "m:\n    a:\n        x: 1\n    l:\n    - b: 1\n",
    "two columns, dashes at their key": "m:\n  a:\n    x: 1\n  l:\n  - b: 1\n",
    "two columns, dashes below": "m:\n  a:\n    x: 1\n  l:\n    - b: 1\n",
    "three columns, below anchors": "m: &m\n   a: &a\n      x: 1\n   l:\n   - b: 1\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_a_new_block_is_indented_as_the_text_indents_its_own(style):
    text = STYLES[style]
    new = {**read(text).data, "own": {"a": {"x": 1}, "l": [{"b": 1}]}}
    own = text.replace("m:", "own:", 1).replace(" &m", "").replace(" &a", "")
    assert edited(text, new) == text + own


def test_a_change_that_cannot_be_made_in_place_still_reads_right_and_tells():
    document = read("# top\na: 1  # one\nb: 2\n")
    value = {"b": 2, "a": 1}
    text, kept_layout = splice_with_layout(document, value)
    assert (text, kept_layout) == ("b: 2\na: 1\n", False)
    assert splice(document, value) == text


TEMPLATE = """\
# c00 A model, and how it is trained.
model:  # c01 of layers
  # c02 the layers
  layers:  # c03 all
    - name: gcn  # c04 the first
      dim: 16  # c05
      dims:  # c06
        - 1  # c07
        - 2  # c08
    # c09 between
    - {name: gat, dim: 32, heads: [4, 2]}  # c10 the second
    -  # c11 the third
      name: lin  # c12
      # c13 on drop
      drop: 0.5  # c14
  pooling: 'mean'  # c15

  head: {
    # c16
    dims: [48, 18],  # c17
    act: "relu",  # c18
    norm: null  # c19
  }  # c20
training: &train  # c21
    lr: 0.001  # c22
    epochs: 12  # c23
    note: |  # c24
      two # no comment
      lines
    folded: >-
      a
      b
    # c25 nothing yet
    empty:  # c26
sizes: [&small 8, 16,  # c27
  32]  # c28
other: *train  # c29
size: *small  # c30
merged:  # c31
  <<: *train  # c32
  epochs: 5  # c33
pairs: [x: 1, y: 2]  # c34
lists:  # c35
- - 1  # c36
  - 2
- - 3  # c37
# c38 nearly done
last: [1, 2, 3]  # c39
# c40 the end"""
COMMENT = re.compile(r"# c\d\d")


def tokens(text, node, path=()):
    """Yield path, line, end line, and kind of every value and every key that stands in the text."""
    if not isinstance(node, AliasNode) and (isinstance(node, ScalarNode) or node.flow):
        yield path, node.span.line, node.span.end_line, "value"
    if isinstance(node, AliasNode):
        yield path, node.span.line, node.span.end_line, "alias"
    if isinstance(node, SequenceNode):
        for position, item in enumerate(node.items):
            above = item.span.line - 1
            if text.splitlines()[above].lstrip().startswith("-  #"):  # a dash alone on its line
                yield (*path, position), above, above, "key"
            yield from tokens(text, item, (*path, position))
    if isinstance(node, MappingNode):
        for key, value in node.entries:
            if key.text != "<<":
                yield (*path, key.value), key.span.line, key.span.line, "key"
                yield from tokens(text, value, (*path, key.value))
            else:
                yield path, key.span.line, key.span.line, "merge"


MISSING = object()


def at(data, path):
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return data


def stand(old, new, path):
    """Tell whether everything above a path is still of its kind and keeps something of its own."""
    for end in range(len(path)):
        before, after = at(old, path[:end]), at(new, path[:end])
        if type(before) is not type(after) or not after:
            return False
        if isinstance(before, dict) and not set(before) & set(after):
            return False
    return True


def check_comments_and_lines(template, old, new, text):
    places = list(tokens(template, read(template).root))
    lines = template.splitlines()
    kept_lines = iter(text.splitlines())
    for number, line in enumerate(lines):
        here = [(p, kind) for p, start, end, kind in places if start <= number <= end]
        parents = {p[:i] for p, _ in here for i in range(len(p))}
        comment = COMMENT.search(line)
        inside = {p for p, start, end, _ in places if start <= number < end}
        whole = all(stand(old, new, p) and at(new, p) is not MISSING for p, _ in here)
        whole = whole and all(
            stand(old, new, (*p, "")) for p in inside if isinstance(at(old, p), dict | list)
        )
        # A merge key is inside its mapping, which must still be one.
        whole = whole and all(stand(old, new, (*p, "")) for p, kind in here if kind == "merge")
        if comment and whole and (here or stands_alone(places, old, new, number)):
            assert comment[0] in text, comment[0]
        flow = {p for p, kind in here if kind == "value"} | parents
        changed = any(
            not same_value(at(old, p), at(new, p))
            for p in flow
            if isinstance(at(old, p), int | float | str | None)
        )
        structure = any(
            set_of_keys(at(old, p)) != set_of_keys(at(new, p))
            for p, _ in [*here, *((q, "") for q in parents)]
        )
        aliases = any(kind in {"alias", "merge"} for _, kind in here)
        if here and whole and not changed and not structure and not aliases:
            assert line in kept_lines, line  # in the order of the template


def set_of_keys(value):
    if isinstance(value, dict):
        return sorted(value)
    return len(value) if isinstance(value, list) else type(value)


def stands_alone(places, old, new, number):
    """Tell whether the blocks around a comment on a line of its own are still there."""
    around = {
        p[:i]
        for p, _, _, _ in places
        for i in range(len(p))
        if extent(places, p[:i])[0] < number <= extent(places, p[:i])[1]
    }
    return all(stand(old, new, (*p, "")) and at(new, p) is not MISSING for p in around)


def extent(places, path):
    lines = [n for p, start, end, _ in places if p[: len(path)] == path for n in (start, end)]
    return min(lines), max(lines)


leaves = st.one_of(
    st.integers(-9, 99),
    st.sampled_from([0.25, "tanh", "it's", None, True, [], {}, [1, 2], {"k": 1}, "a # b", "x" * 90]),
    st.just({"name": "x" * 60, "dims": [1, 2, 3], "inner": {"deep": "y" * 40}}),
)


def containers(value, path=()):
    if isinstance(value, dict | list) and value:
        yield path
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from containers(inner, (*path, key))


@st.composite
def changes(draw):
    value = read(TEMPLATE).data
    for number in range(draw(st.integers(1, 4))):
        if not value:
            break
        parent = at(value, draw(st.sampled_from(list(containers(value)))))
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        action = draw(st.sampled_from(["set", "delete", "add", "set"]))
        if action == "set":
            parent[draw(st.sampled_from(keys))] = copy.deepcopy(draw(leaves))
        elif action == "delete" and isinstance(parent, dict):
            del parent[draw(st.sampled_from(keys))]
        elif action == "delete":
            del parent[draw(st.sampled_from(keys)) :]
        elif isinstance(parent, dict):
            parent[f"new{number}"] = copy.deepcopy(draw(leaves))
        else:
            parent.append(copy.deepcopy(draw(leaves)))
    return value


MERGED_AWAY = {**read(TEMPLATE).data, "merged": 0}


@settings(deadline=None, max_examples=60)
@example(MERGED_AWAY, "\n", True)
@given(changes(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_text_keeps_its_comments_and_lines_whatever_changes(new, newline, ends):
    template = (TEMPLATE + "\n" * ends).replace("\n", newline)
    document = read(template)
    old = document.data
    text, kept_layout = splice_with_layout(document, new)
    assert same_value(read(text).data, new)
    assert same_value(yaml.safe_load(text), new)
    if newline == "\r\n":
        assert "\n" not in text.replace("\r\n", "")
    if stand(old, new, ("",)):
        assert kept_layout
        check_comments_and_lines(template, old, new, text)
        assert not [
            line for line in set(text.splitlines()) - set(template.splitlines()) if line != line.rstrip()
        ]
        assert not [line for line in text.splitlines() if line and not line.strip()]
