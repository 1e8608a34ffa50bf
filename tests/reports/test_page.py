"""Laws of report.html that need no browser: it holds every trial, stays small, and nothing in it is markup."""

import html.parser
import json
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgtune.core.trials import TrialRecord
from qgtune.reports.graph_drawing import Arrow, Box, draw_graph
from qgtune.reports.page import report_page
from qgtune.reports.page_data import PageParts
from qgtune.reports.results import Results


def study(records, directions=("minimize",), metrics=("loss",)):
    return Results("tiny", metrics, directions, tuple(records), len(records), "0123")


def page_of(records, **parts):
    return report_page(study(records), PageParts(config_of=lambda record: dict(record.params), **parts))


def data_of(page):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    )


def trial(number, value=None, state="complete", **params):
    return TrialRecord(number, state, () if value is None else (value,), params)


def config_in(data, number):
    """Return the config of a trial as the page's script makes it."""
    [params] = [row[3] for row in data["trials"] if row[0] == number]
    config = dict(enumerate(data["config"]))
    for index, parameter in data["follows"].items():
        config.pop(int(index), None)
        if params[parameter] is not None:
            config[int(index)] = params[parameter]
    for index, *value in data["differences"][str(number)]:
        if value:
            config[index] = value[0]
        else:
            del config[index]
    return {data["paths"][index]: value for index, value in config.items()}


SCALARS = st.one_of(
    st.integers(-5, 5),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
    st.floats(allow_nan=False, allow_infinity=False),
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), SCALARS), min_size=1, max_size=6))
def test_each_trials_config_is_the_best_ones_with_what_differs(configs):
    records = [trial(i, float(i), **config) for i, config in enumerate(configs)]
    data = data_of(page_of(records))
    for i, config in enumerate(configs):
        found = config_in(data, i)
        assert found == (config or {".": {}})
        assert [type(found[name]) for name in config] == [type(value) for value in config.values()]


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_no_name_and_no_value_becomes_markup(name, value):
    page = page_of([trial(0, 1.0, **{f"</script><b>{name}": f"<!--{value}"})])
    data = data_of(page)
    assert data["parameters"][0]["name"] == f"</script><b>{name}"
    tags = []
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)
    parser.feed(page)
    assert "b" not in tags
    assert tags.count("script") == 2


def test_numbers_that_json_lacks_are_told_as_text():
    data = data_of(
        page_of([trial(0, math.inf, lr=math.nan), trial(1, 1.0, lr=0.1)], curves={1: [(0, math.nan)]})
    )
    assert data["trials"][0][2:4] == [["inf"], ["nan"]]
    assert data["curves"]["1"] == [[0, "nan"]]


@pytest.mark.parametrize(
    "records",
    [[], [trial(0, state="failed")], [trial(0, state="pruned", lr=0.1)], [trial(0, 1.0)]],
    ids=["no trial", "all failed", "all pruned", "one without a parameter"],
)
def test_every_study_has_a_page(records):
    data = data_of(page_of(records))
    assert len(data["trials"]) == len(records)
    assert data["best"] == [record.number for record in records if record.values]


def test_the_page_asks_for_nothing_from_anywhere():
    page = page_of([trial(0, 1.0, lr=0.1)])
    assert not re.findall(r'(?:src|href)="(?!#|data:,)', page)
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert "default-src 'none'" in page


LARGE = pytest.mark.parametrize(("parameters", "trials"), [(20, 5_000), (100, 5_000), (1_000, 500)])


@LARGE
def test_a_large_study_stays_small_and_tells_every_config(parameters, trials):
    records = [
        trial(i, i / 7, **{f"p{j}": (i * j) % 97 / 97 for j in range(parameters)}) for i in range(trials)
    ]
    page = page_of(records, curves={i: [(step, step / 3) for step in range(50)] for i in range(trials)})
    data = data_of(page)
    assert len(page.encode()) < 15_000_000
    assert len(data["trials"]) == trials
    assert len(data["parameters"]) == parameters
    for i in (1, trials - 1):
        found = config_in(data, i)
        assert found == pytest.approx(records[i].params, rel=1e-5)
    assert (data["left_out"] == []) == (parameters == 20)


def test_what_does_not_fit_is_left_out_and_said_and_the_most_important_stays():
    text = "a label that is as long as labels of whole mappings are, which is long, longer, the longest "
    records = [
        trial(i, float(i), **{f"p{j}": f"{text}{j} {i * j % 7}" for j in range(100)}) for i in range(2_000)
    ]
    page = page_of(records, importances={"p77": 0.9, "p3": 0.1})
    data = data_of(page)
    assert len(page.encode()) < 15_000_000
    kept = {one["name"] for one in data["parameters"]}
    assert {"p77", "p3"} < kept
    assert len(kept) < 100
    assert any(line.startswith(f"{len(kept)} of 100 parameters") for line in data["left_out"])
    assert config_in(data, 1) == records[1].params
    without = 2_000 - len(data["differences"])
    assert f"The configs of {without} trials are not here; qgtune show prints them." in data["left_out"]


def test_of_very_many_trials_the_best_and_the_last_are_listed(monkeypatch):
    monkeypatch.setattr("qgtune.reports.page_data.MOST_TRIALS", 20)
    data = data_of(page_of([trial(i, abs(i - 50.0), lr=i / 100) for i in range(100)]))
    assert [row[0] for row in data["trials"]] == [*range(45, 55), *range(90, 100)]
    assert data["begun"] == 100
    assert data["left_out"] == ["20 of 100 trials: the best ones, and the last."]


def test_curves_are_those_of_the_best_trials_and_of_none_that_the_table_lacks():
    records = [trial(i, abs(i - 500.0), lr=0.1) for i in range(1_000)]
    data = data_of(page_of(records, curves={i: [(0, 1.0)] for i in range(1_010)}))
    assert sorted(map(int, data["curves"])) == list(range(350, 650))
    assert data["reported"] == 1_000


def test_a_reused_trial_and_a_repeated_one_say_so():
    reused = TrialRecord(1, "complete", (0.5,), {}, reused_from=0)
    repeated = TrialRecord(2, "complete", (0.6,), {}, repeats=((0.5,), (0.7,)), spread=(0.1414,))
    rows = data_of(page_of([trial(0, 0.5), reused, repeated]))["trials"]
    assert [row[8:] for row in rows] == [[], [0, [], []], [None, [0.1414], [[0.5], [0.7]]]]


def test_a_thousand_parameters_fit():
    records = [trial(i, i / 7, **{f"p{j}": i + j for j in range(1_000)}) for i in range(50)]
    assert len(data_of(page_of(records))["parameters"]) == 1_000


def test_the_graph_has_a_box_for_each_value_and_follows_no_cycle_for_ever():
    boxes = [Box("a", "parameter"), Box("b<", "reference", "= a"), Box("c", "reference")]
    arrows = [Arrow("a", "b<", "reads"), Arrow("b<", "c", "reads"), Arrow("c", "b<", "reads")]
    drawing = draw_graph(boxes, arrows)
    assert drawing.count("<rect") == 3
    assert drawing.count('class="arrow') == 3
    assert "b&lt;" in drawing
    assert draw_graph([], []) == ""
