"""A real headless Chromium, and a page of 250 trials in it."""

import shutil
from datetime import datetime, timedelta

import pytest

from qgtune.core.trials import TrialRecord
from qgtune.reports.graph_drawing import Arrow, Box
from qgtune.reports.page import report_page
from qgtune.reports.page_data import PageParts
from qgtune.reports.results import Results

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
START = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - as studies keep their times


@pytest.fixture(scope="session")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not (CHROMIUM and DRIVER):
        pytest.skip("chromium or its driver is not installed")
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
    params = {
        "model.act": ("relu", "<b>tanh</b>")[number % 2],
        "lr": (number + 1) / 250,
        "conv.heads (gat)": number % 8,
        "a<b=c": number % 3,
        "seconds": 75.0 + number % 2,
    }
    began = START + timedelta(seconds=number)
    values = ((number - 37) ** 2 / 100,) if state == "complete" else ()
    failure = "ValueError: too hot" if state == "failed" else ""
    return TrialRecord(
        number, state, values, params, began, began + timedelta(seconds=119.7), failure, str(number % 2)
    )


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Return the address of a page whose trials failed, were pruned, and reported on their way."""
    results = Results("tiny", ("loss",), ("minimize",), tuple(map(record, range(250))), 250, "0123")
    parts = PageParts(
        config_of=lambda trial: {
            "model": {"act": trial.params["model.act"], "dims": [8, 4]},
            "lr": trial.params["lr"],
            "patience": None if trial.number % 2 else "",
        },
        importances={"lr": 0.9, "model.act": 0.1},
        evaluator="fANOVA",
        # Some began after the table was made.
        curves={number: [(step, step / (number + 1)) for step in range(5)] for number in range(400)},
        boxes=[Box("lr", "parameter"), Box("warmup", "reference", "= lr")],
        arrows=[Arrow("lr", "warmup", "reads")],
        advice=[("lr", "the range could be narrowed")],
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(results, parts), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser, report):
    browser.get_log("browser"), browser.get_log("performance")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.set_window_size(1200, 900)
    browser.get(report)
    return browser
