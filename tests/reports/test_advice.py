"""Laws of what a report says to narrow next: nothing that the trials do not show, and no name as markup."""

import pytest

from qgtune.core.trials import TrialRecord
from qgtune.reports.advice import advice, too_early
from qgtune.reports.page_data import PageParts, page_data
from qgtune.reports.results import Results
from qgtune.reports.summary import summary_report
from qgtune.space import Categorical, Float, Integer


def study(params_of, domains, count=30):
    """Return a study whose trials get worse and worse."""
    records = tuple(TrialRecord(i, "complete", (float(i),), params_of(i)) for i in range(count))
    return Results("tiny", ("loss",), ("minimize",), records, count, "0123", domains)


def said(params_of, domains, importances=None, count=30):
    return dict(advice(study(params_of, domains, count), importances or {}))


KINDS = Categorical(("gat", "sage", "gcn"), ("gat", "sage", "gcn"))


def test_a_range_whose_best_trials_lie_close_together_could_be_narrowed():
    found = said(lambda i: {"lr": 0.4 + (i % 10) / 100 if i < 10 else i / 30}, {"lr": Float(0.0, 1.0)})
    assert found == {"lr": "the best trials lie between 0.4 and 0.49, of 0 to 1; the range could be narrowed"}


def test_a_best_value_at_the_edge_says_which_way_to_go_on():
    assert "is at the lower end" in advice(study(lambda i: {"lr": i / 30}, {"lr": Float(0.0, 1.0)}), {})[0][1]
    turned = study(lambda i: {"lr": 1 - i / 30}, {"lr": Float(0.0, 1.0)})
    assert "is at the upper end" in advice(turned, {})[0][1]


def test_a_value_that_all_of_the_best_have_could_be_fixed_if_others_were_tried():
    domains = {"kind": KINDS, "depth": Integer(1, 5)}
    found = said(
        lambda i: {"kind": "gat" if i < 12 else "sage", "depth": 3 if i < 12 else 1 + i % 5}, domains
    )
    assert found == {
        "kind": "all of the best trials have gat; it could be fixed",
        "depth": "all of the best trials have 3; it could be fixed",
    }
    assert said(lambda _: {"kind": "gat", "depth": 3}, domains) == {}


def test_of_a_parameter_that_few_of_the_best_trials_have_nothing_is_said():
    domains = {"heads": Integer(1, 8), "kind": KINDS}
    assert said(lambda i: {"heads": 3, "kind": "gat"} if i in {0, 20, 21, 22} else {}, domains) == {}


def test_of_a_parameter_that_some_of_the_best_trials_have_it_is_said_of_how_many():
    having = {0, 1, 2, 3, 4, 15, 16, 17}
    found = said(lambda i: {"kind": "gat" if i < 10 else "gcn"} if i in having else {}, {"kind": KINDS})
    assert found == {"kind": "all of the 5 of the best trials that have it have gat; it could be fixed"}


def test_a_choice_that_none_of_the_best_have_could_be_left_out_if_it_was_tried():
    kinds = ["gat", "sage"] * 5 + ["gcn"] * 20
    assert said(lambda i: {"kind": kinds[i]}, {"kind": KINDS}) == {
        "kind": "none of the best trials has gcn, which could be left out"
    }


def test_what_hardly_matters_could_be_fixed():
    found = said(lambda i: {"kind": ("gat", "sage", "gcn")[i % 3]}, {"kind": KINDS}, {"kind": 0.001})
    assert found == {"kind": "hardly matters here (importance 0.1%): it could be fixed"}


@pytest.mark.parametrize("count", [0, 5, 19])
def test_few_trials_give_no_advice_and_the_page_says_from_how_many_on(count):
    few = study(lambda i: {"lr": i / 30}, {"lr": Float(0.0, 1.0)}, count)
    assert advice(few, {}) == []
    section = "## What to narrow next\n\nIt says too little with fewer than 20 complete trials.\n"
    assert summary_report(few, {}).endswith(section)
    assert page_data(few, PageParts(lambda _: None))["advice_note"] in section


def test_enough_trials_are_not_told_to_be_too_few():
    enough = study(lambda _: {"lr": 0.5}, {"lr": Float(0.0, 1.0)}, 20)
    assert "fewer than 20" not in summary_report(enough, {})
    assert page_data(enough, PageParts(lambda _: None))["advice_note"] == ""


def test_of_several_objectives_more_trials_are_not_promised_to_tell_what_to_narrow():
    both = Results("tiny", ("a", "b"), ("minimize", "minimize"), (), 5, "0123", {})
    assert too_early(both) == ""
    assert "narrow" not in summary_report(both, {})


def test_names_and_labels_are_no_markup_in_the_summary():
    label = "<b>*gat*</b> $x$"
    domain = Categorical((label, "sage"), (label, "sage"))
    page = summary_report(
        study(lambda i: {"a|b": label if i < 12 else "sage"}, {"a|b": domain}), {}, "not computed"
    )
    [line] = [line for line in page.splitlines() if line.endswith("it could be fixed.")]
    assert line == r"* a\|b: all of the best trials have \<b\>\*gat\*\</b\> \$x\$; it could be fixed."
