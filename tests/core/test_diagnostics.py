"""Diagnostics are values with one text."""

import pickle

from qgtune.core.diagnostics import (
    Diagnostic,
    Location,
    Severity,
    did_you_mean,
    render_diagnostic,
    sort_diagnostics,
)
from qgtune.core.errors import ConfigValueError, DiagnosticError, QgtuneError
from qgtune.core.registry import UnknownNameError


def place(line=1, column=1, width=1, text="abcdef", file="a.yaml"):
    return Location(file, line, column, line, column + width, text)


def test_the_caret_stands_under_the_token():
    assert render_diagnostic(Diagnostic("QG000", "wrong", place(3, 3, 2), "mend it")) == (
        "a.yaml:3:3: error[QG000]: wrong\n    3 | abcdef\n      |   ^^\n   = hint: mend it"
    )


def test_the_caret_stands_under_the_token_behind_wide_characters():
    text = render_diagnostic(Diagnostic("QG000", "wrong", place(1, 3, 1, "日本x")))
    assert text.splitlines()[-1] == "      |     ^"


def test_a_very_long_line_is_cut_around_the_caret():
    text = render_diagnostic(Diagnostic("QG000", "wrong", place(1, 501, 3, "a" * 500 + "XYZ" + "b" * 500)))
    line, caret = text.splitlines()[1:]
    assert len(line) < 140
    assert [c for c, mark in zip(line, caret, strict=False) if mark == "^"] == list("XYZ")


def test_control_characters_of_a_file_do_not_reach_the_terminal():
    assert "\x1b" not in render_diagnostic(Diagnostic("QG000", "wrong", place(1, 1, 1, "a\x1b[31mb")))


def test_diagnostics_are_sorted_by_place_and_told_once():
    second, first = Diagnostic("QG002", "b", place(2)), Diagnostic("QG001", "a", place(1))
    assert sort_diagnostics([second, first, second]) == (first, second)


def test_every_exception_survives_pickling_with_its_text():
    problem = Diagnostic("QG001", "a", place(), "h", Severity.WARNING)
    for error in (
        DiagnosticError((problem,)),
        ConfigValueError(("a", 0), "must be 1", "write 1"),
        UnknownNameError("task", "x", "known: y"),
        QgtuneError("plain"),
    ):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))


def test_a_near_name_is_proposed_and_otherwise_all_names():
    assert did_you_mean("learning_rat", ["learning_rate", "dropout"]) == "did you mean 'learning_rate'?"
    assert did_you_mean("xyz", ["b", "a"]) == "known: a, b"
