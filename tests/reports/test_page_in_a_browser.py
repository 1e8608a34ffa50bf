"""report.html in a real headless Chromium: it loads in silence, filters, sorts, and shows a trial."""

import re
import shutil
from datetime import datetime, timedelta

import pytest

from qgtune.core.trials import TrialRecord
from qgtune.reports.graph_drawing import Arrow, Box
from qgtune.reports.page import PageParts, report_page
from qgtune.reports.results import Results

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium or its driver is not installed")
START = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as studies keep their times


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1200,900",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER)) as driver:
        yield driver


def record(number):
    state = ("complete", "failed", "pruned")[number % 10 // 8 + (number % 10 == 9)]
    params = {"model.act": ("relu", "<b>tanh</b>")[number % 2], "lr": (number + 1) / 250}
    began = START + timedelta(seconds=number)
    values = ((number - 37) ** 2 / 100,) if state == "complete" else ()
    failure = "ValueError: too hot" if state == "failed" else ""
    return TrialRecord(
        number, state, values, params, began, began + timedelta(seconds=2), failure, str(number % 2)
    )


@pytest.fixture(scope="module")
def report(browser, tmp_path_factory):
    results = Results("tiny", ("loss",), ("minimize",), tuple(map(record, range(250))), 250, "0123")
    parts = PageParts(
        config_of=lambda trial: {
            "model": {"act": trial.params["model.act"], "dims": [8, 4]},
            "lr": trial.params["lr"],
        },
        importances={"lr": 0.9, "model.act": 0.1},
        evaluator="fANOVA",
        curves={number: [(step, step / (number + 1)) for step in range(5)] for number in range(250)},
        boxes=[Box("lr", "parameter"), Box("warmup", "reference")],
        arrows=[Arrow("lr", "warmup", "reads")],
        advice=["`lr` could be narrowed"],
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(results, parts), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser, report):
    browser.get_log("browser"), browser.get_log("performance")
    browser.set_window_size(1200, 900)
    browser.get(report)
    return browser


def text_of(page, identifier):
    return page.find_element("id", identifier).text


def numbers(page):
    script = (
        "return [...document.querySelectorAll('#table tbody tr')].map((row) => Number(row.dataset.number))"
    )
    return page.execute_script(script)


def head(page, name):
    [found] = [
        one
        for one in page.find_elements("css selector", "thead button")
        if re.sub(r" [▲▼]$", "", one.text) == name
    ]
    return found


def type_filter(page, text):
    field = page.find_element("id", "filter")
    field.clear()
    field.send_keys(text)


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
    assert [one.text for one in sorted_heads] == ["lr ▼"]


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


def test_a_trial_shows_its_config_with_what_differs_from_the_best_marked(page):
    type_filter(page, "number=4")
    page.find_element("css selector", "button[aria-label='Show trial 4']").click()
    assert text_of(page, "details-title") == "Trial 4"
    differing = [row.text for row in page.find_elements("css selector", "#details tr.differs")]
    assert differing == ["≠ model.act relu <b>tanh</b>", "≠ lr 0.02 0.152"]
    page.find_element("id", "only-differences").click()
    rows = page.find_elements("css selector", "#details tbody tr")
    assert [row.is_displayed() for row in rows] == [True, False, False, True]
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


@pytest.mark.parametrize("width", [500, 768, 1400])
def test_nothing_but_tables_and_the_graph_is_wider_than_the_window(page, width):
    page.set_window_size(width, 900)
    script = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    wanted, there = page.execute_script(script)
    assert wanted <= there


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(page, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    script = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    ink, ground = (luminance(colour) for colour in page.execute_script(script))
    assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) > 7  # WCAG's AAA
    assert (ink > ground) == (scheme == "dark")


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_control_has_a_name_that_a_screen_reader_tells(page):
    tree = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = {"button", "combobox", "searchbox", "checkbox", "link", "region"}
    unnamed = [
        node
        for node in tree
        if node.get("role", {}).get("value") in roles and not node.get("name", {}).get("value")
    ]
    assert unnamed == []
