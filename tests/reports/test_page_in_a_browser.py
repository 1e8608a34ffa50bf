"""report.html in a real headless Chromium: it loads in silence, filters, sorts, and shows a trial."""

import re

import pytest
from report_pages import open_page, text_of, type_filter

from qgtune.core.trials import TrialRecord
from qgtune.reports.page_data import PageParts
from qgtune.reports.results import Results


def numbers(page):
    script = (
        "return [...document.querySelectorAll('#table tbody tr')].map((row) => Number(row.dataset.number))"
    )
    return page.execute_script(script)


def head(page, name):
    [found] = [one for one in page.find_elements("css selector", "thead button") if one.text == name]
    return found


def test_it_loads_without_errors_and_asks_the_network_for_nothing(page, report):
    assert page.get_log("browser") == []
    asked = [
        entry["message"]
        for entry in page.get_log("performance")
        if 'Network.requestWillBeSent"' in entry["message"]
    ]
    urls = {url for message in asked for url in re.findall(r'"url":"([^"]+)"', message)}
    assert all(url.startswith((report, "data:")) for url in urls)
    assert len(page.find_elements("css selector", "#plots figure")) == 7
    assert len(page.find_elements("css selector", "svg.graph rect")) == 2


def test_the_best_comes_first_and_a_head_sorts_both_ways(page):
    assert numbers(page)[:2] == [37, 36]
    head(page, "lr").click()
    assert numbers(page)[0] == 0
    head(page, "lr").click()
    assert numbers(page)[0] == 249
    sorted_heads = page.find_elements("css selector", "th[aria-sort=descending]")
    assert [one.text for one in sorted_heads] == ["lr"]


def test_pages_go_through_all_trials(page):
    head(page, "number").click()
    seen = numbers(page)
    for _ in range(2):
        page.find_element("id", "next").click()
        seen += numbers(page)
    assert seen == list(range(250))
    assert not page.find_element("id", "next").is_enabled()


def test_words_and_comparisons_filter(page):
    type_filter(page, "lr<0.1 relu")
    assert text_of(page, "found") == "12 of 250 trials"
    type_filter(page, "-relu loss<=0.01")
    assert sorted(numbers(page)) == [37]
    type_filter(page, "")
    page.find_element("css selector", "#state option[value=failed]").click()
    assert set(numbers(page)) == {n for n in range(250) if n % 10 == 8}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("value<0.1", "5 of 250 trials"),
        ("values_0<0.1", "5 of 250 trials"),
        ("loss<0.1", "5 of 250 trials"),
        ("'conv.heads (gat)'>6", "31 of 250 trials"),
        ("heads>6", "no column heads; 0 of 250 trials"),
        ("(gat)>6", "31 of 250 trials"),
        ("a<b=c=2", "83 of 250 trials"),
        ("-a<b=c=2", "167 of 250 trials"),
        ("-lr<0.1", "226 of 250 trials"),
        ("lr<", "250 of 250 trials"),
        ("speed=3 relu", "no column speed; 0 of 250 trials"),
        ("'too hot'", "25 of 250 trials"),
        ("'speed=3'", "0 of 250 trials"),
    ],
)
def test_a_comparison_finds_its_column_or_says_that_there_is_none(page, text, found):
    type_filter(page, text.replace("'", '"'))
    assert text_of(page, "found") == found


def test_a_parameter_named_seconds_is_a_number_and_a_time_is_told_in_minutes(page):
    type_filter(page, "number=3")
    cells = page.find_elements("css selector", "#table tbody td")
    names = [one.text for one in page.find_elements("css selector", "thead button")]
    told = [cell.text for name, cell in zip(names, cells, strict=True) if name == "seconds"]
    assert told == ["76", "2 min 0 s"]


def test_a_trial_shows_its_config_with_what_differs_from_the_best_marked(page):
    type_filter(page, "number=4")
    page.find_element("css selector", "button[aria-label='Show trial 4']").click()
    assert text_of(page, "details-title") == "Trial 4"
    differing = [row.text for row in page.find_elements("css selector", "#details tr.differs")]
    assert differing == [
        "≠ model.act relu <b>tanh</b>",
        "≠ lr 0.02 0.152",
        '≠ patience "" null',
    ]
    page.find_element("id", "only-differences").click()
    rows = page.find_elements("css selector", "#details tbody tr")
    assert [row.is_displayed() for row in rows] == [True, False, False, True, True]
    page.switch_to.active_element.send_keys("\ue00c")  # Escape
    assert not page.find_element("id", "details").is_displayed()


def test_the_keyboard_alone_sorts_and_opens_a_trial(page):
    page.execute_script("document.querySelector('thead button').focus()")
    page.switch_to.active_element.send_keys("\ue007")  # Enter
    assert numbers(page)[0] == 0
    page.execute_script("document.querySelector('tbody button').focus()")
    page.switch_to.active_element.send_keys("\ue007")
    assert text_of(page, "details-title") == "Trial 0"


def test_a_point_of_a_plot_opens_its_trial(page):
    page.execute_script(
        "document.querySelector('[data-plot=History] .dot').dispatchEvent(new MouseEvent('click'))"
    )
    assert page.find_element("id", "details").is_displayed()


def of_three(number):
    values = (float(number), 10.0 - number, float(number % 3))
    return TrialRecord(number, "complete", values, {"lr": number / 10, "act": None if number % 2 else "relu"})


def test_of_three_objectives_the_front_says_which_two_it_shows(browser, tmp_path):
    ways = ("minimize", "maximize", "minimize")
    results = Results("tiny", ("a", "b", "c"), ways, tuple(map(of_three, range(10))), 10, "0123")
    parts = PageParts(
        config_of=lambda trial: dict(trial.params), importances={"lr": 1.0}, evaluator="fANOVA, of a"
    )
    page = open_page(browser, tmp_path, results, parts)
    titles = [one.text for one in page.find_elements("css selector", "figcaption")]
    assert "Pareto front: b against a, two of 3 values: choose another above" in titles
    assert "Importance: by fANOVA, of a; the value chosen above does not change it" in titles
    page.find_element("css selector", "#objective option[value='2']").click()
    titles = [one.text for one in page.find_elements("css selector", "figcaption")]
    assert "Pareto front: a against c, two of 3 values: choose another above" in titles
    type_filter(page, "values_2=1")
    assert text_of(page, "found") == "3 of 10 trials"


def test_of_many_curves_the_best_are_shown_and_it_is_said(browser, tmp_path):
    records = tuple(TrialRecord(i, "complete", (abs(i - 500.0),), {}) for i in range(1_000))
    parts = PageParts(config_of=lambda _: None, curves={i: [(0, 1.0), (1, 0.5)] for i in range(1_000)})
    page = open_page(browser, tmp_path, Results("tiny", ("loss",), ("minimize",), records, 1_000), parts)
    caption = page.find_element("css selector", "[data-plot='Intermediate values'] figcaption").text
    assert caption == "Intermediate values: 300 of the 1000 trials that reported, the best first"


def test_reused_and_repeated_trials_say_so(browser, tmp_path):
    records = (
        TrialRecord(0, "complete", (0.5,), {"lr": 0.1}, repeats=((0.4,), (0.6,)), spread=(0.1414,)),
        TrialRecord(1, "complete", (0.5,), {"lr": 0.1}, reused_from=0),
        TrialRecord(2, "failed", (), {}, failure="killed", lost=True),
    )
    parts = PageParts(config_of=lambda trial: dict(trial.params) or None)
    page = open_page(browser, tmp_path, Results("tiny", ("loss",), ("minimize",), records, 3), parts)
    heads = [one.text for one in page.find_elements("css selector", "thead button")]
    assert heads[-2:] == ["reused_from", "spread"]
    type_filter(page, "reused_from=0")
    assert text_of(page, "found") == "1 of 3 trials"
    page.find_element("css selector", "button[aria-label='Show trial 1']").click()
    assert "the config of trial 0, whose values it was given" in text_of(page, "details")
    page.refresh()
    page.find_element("css selector", "button[aria-label='Show trial 0']").click()
    assert "the mean of 2 trainings: 0.4; 0.6; standard deviation 0.1414" in text_of(page, "details")
    assert [one.text for one in page.find_elements("css selector", "#state option")] == [
        "all",
        "complete",
        "lost",
    ]


def test_what_is_left_out_is_said(browser, tmp_path):
    label = "a label that is longer than most labels are " * 20
    records = tuple(
        TrialRecord(i, "complete", (float(i),), {f"p{j}": f"{label}{i % 7}" for j in range(20)})
        for i in range(1_000)
    )
    parts = PageParts(config_of=lambda trial: dict(trial.params))
    page = open_page(browser, tmp_path, Results("tiny", ("loss",), ("minimize",), records, 1_000), parts)
    assert "of 20 parameters, the most important ones" in text_of(page, "left-out")


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (3, "What to narrow next\nIt says too little with fewer than 20 complete trials."),
        (20, ""),
    ],
)
def test_with_few_trials_the_page_says_when_there_is_advice(browser, tmp_path, count, shown):
    records = tuple(TrialRecord(i, "complete", (float(i),), {"lr": 0.5}) for i in range(count))
    results = Results("few", ("loss",), ("minimize",), records, count, "0123")
    page = open_page(browser, tmp_path, results, PageParts(lambda _: None))
    assert text_of(page, "advice-section") == shown
