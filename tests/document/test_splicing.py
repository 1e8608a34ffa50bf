"""Splicing: only what changed changes."""

import difflib

import pytest

from qgtune.document import Source, read_document, splice

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


def test_a_change_that_cannot_be_made_in_place_still_reads_right():
    document = read("a: &x {p: 1}\nb: *x\n")
    value = {"a": 3, "b": {"p": 1}}
    assert read(splice(document, value)).data == value
