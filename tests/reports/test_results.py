"""Laws of what is said of a study: its best, its spread, its page in Markdown, and what to narrow."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgtune.core.trials import TrialRecord
from qgtune.reports.results import Results, spread
from qgtune.reports.summary import summary_report
from qgtune.space import Float

START = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as studies keep their times


def trial(number, *values, state="complete", failure="", **params):
    return TrialRecord(number, state, values, params, START, START + timedelta(seconds=2), failure)


def study(*records, directions=("minimize",), metrics=("loss",), domains=None):
    return Results("tiny", metrics, directions, records, 40, "0123", domains or {})


def test_the_best_trial_is_the_earliest_of_equals_and_nan_is_never_best():
    found = study(trial(0, float("nan")), trial(1, 0.5), trial(2, 0.5), trial(3, 0.7))
    assert [record.number for record in found.best] == [1]
    assert [record.number for record in found.ranked] == [1, 2, 3]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30))
def test_with_several_objectives_the_best_are_those_that_no_other_one_beats(pairs):
    records = [trial(i, float(a), float(b)) for i, (a, b) in enumerate(pairs)]
    found = study(*records, directions=("minimize", "maximize"), metrics=("loss", "f1"))
    costs = {(a, -b) for a, b in pairs}
    front = {(a, b) for a, b in costs if not any(c <= a and d <= b and (c, d) != (a, b) for c, d in costs)}
    assert {(record.values[0], -record.values[1]) for record in found.best} == front
    assert len(found.best) == len(front)  # of equal trials, only the earliest


def test_the_spread_of_one_number_is_nothing_and_of_none_is_unknown():
    assert spread([2.0]).deviation == 0.0
    assert spread([]) is None
    assert spread([1.0, float("inf")]) is None
    assert spread([1.7e308, 1.7e308, -1.7e308]) is None


def test_reasons_are_counted_and_the_most_frequent_comes_first():
    found = study(
        trial(0, state="failed", failure="A: b"),
        trial(1, state="failed", failure="A: b"),
        trial(2, state="pruned"),
    )
    assert found.reasons == [("failed", "A: b", 2), ("pruned", "stopped by the pruner", 1)]


@pytest.mark.parametrize(
    "records",
    [
        (),
        (trial(0, 1.0, lr=0.1),),
        (trial(0, state="failed", failure="A"),),
        (trial(0, state="pruned", lr=0.1), trial(1, state="pruned", lr=0.2)),
        (trial(0, state="running"),),
        tuple(trial(i, 1.0, lr=0.1) for i in range(30)),
        (trial(0, float("inf"), lr=0.1), trial(1, 1.0, lr=0.1)),
    ],
    ids=["no trial", "one", "all failed", "all pruned", "running", "constant", "infinite"],
)
def test_every_study_has_a_page_in_markdown(records):
    page = summary_report(study(*records, domains={"lr": Float(0.01, 1.0, log=True)}), {}, "It is undefined")
    assert page.startswith("# Study tiny\n")
    assert "## Trials" in page
    assert ("No trial is complete yet" in page) == (not any(record.values for record in records))


def test_names_and_reasons_with_odd_characters_break_no_table():
    odd = "a|b`c\n<script>*x*"
    page = summary_report(study(trial(0, 1.0, **{odd: odd}), trial(1, state="failed", failure=odd)), {}, "")
    assert "<script>" not in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_a_trial_that_was_given_its_values_is_neither_among_the_best_nor_timed():
    later = START + timedelta(seconds=100)
    records = [
        TrialRecord(0, "complete", (0.5,), {}, START, START + timedelta(seconds=2)),
        TrialRecord(1, "complete", (0.5,), {}, START, later, reused_from=0),
        TrialRecord(2, "complete", (0.6,), {}, START, later, reused_from=77),  # of another study
        TrialRecord(3, "failed", (), {}, START, START + timedelta(hours=9), "killed", lost=True),
    ]
    found = study(*records)
    assert [record.number for record in found.top] == [0, 2]
    assert found.durations == [2.0]
    page = summary_report(found, {}, "")
    assert "A trial took 2.0 s on average, all 2.0 s." in page
    assert "2 trials had the config of an earlier one and took its values." in page


def test_nobody_knows_how_long_a_lost_trial_took():
    lost = TrialRecord(0, "failed", (), {}, START, START + timedelta(hours=9), lost=True)
    assert lost.duration is None
    assert lost.outcome == "lost"


def test_the_summary_tells_how_repeated_trainings_spread():
    repeated = TrialRecord(0, "complete", (0.6,), {"lr": 0.1}, repeats=((0.5,), (0.7,)), spread=(0.1414,))
    page = summary_report(study(repeated), {}, "")
    assert "| trial | loss | spread | `lr` | time |" in page
    assert "| 0 | 0.6 | 0.141 | 0.1 |  |" in page


def test_one_trial_is_not_some_trials():
    page = summary_report(study(trial(0, 1.0, lr=0.1, act="a"), domains={"lr": Float(0.01, 1.0)}), {}, "")
    assert "0.1 to 0.1 in 1 trial |" in page
    assert "1 choice in 1 trial |" in page


def test_no_metric_and_no_method_becomes_markup():
    odd = "<b>*x*_y_ $z$"
    page = summary_report(study(trial(0, 1.0, lr=0.1), metrics=(odd,)), {"lr": 1.0}, f"fANOVA, of {odd}")
    assert "<b>" not in page.replace(r"\<b\>", "")
    assert "$" not in page.replace(r"\$", "")
