"""report.html for phones, for eyes that need contrast, for keyboards and for screen readers."""

import pytest
from report_pages import open_page, text_of, type_filter

from qgtune.core.trials import TrialRecord
from qgtune.reports.page_data import PageParts
from qgtune.reports.results import Results

WIDTHS = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth, innerWidth]"


@pytest.fixture
def phone(page):
    """Return the page on a phone that is 360 pixels wide."""
    screen = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    page.refresh()
    yield page
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_phone_shows_the_whole_width(phone):
    assert phone.execute_script(WIDTHS) == [360, 360, 360]
    show_trial(phone, 4)
    assert phone.execute_script(WIDTHS) == [360, 360, 360]
    sides = "const r = document.getElementById('details').getBoundingClientRect(); return [r.left, r.right]"
    left, right = phone.execute_script(sides)
    assert 0 <= left < right <= 360
    script = "const d = document.getElementById('details'); return d.scrollWidth - d.clientWidth"
    assert phone.execute_script(script) <= 0


def test_a_finger_hits_every_button(phone):
    show_trial(phone, 4)
    script = """
        return [...document.querySelectorAll("button, select, input[type=search]")]
          .map((one) => [one.textContent || one.id, one.getBoundingClientRect()])
          .filter(([, box]) => box.width && (box.height < 24 || box.width < 24))
          .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)"""
    assert phone.execute_script(script) == []  # WCAG's target size


@pytest.mark.parametrize("width", [500, 768, 1400])
def test_nothing_but_tables_and_the_graph_is_wider_than_the_window(page, width):
    page.set_window_size(width, 900)
    wanted, there, _ = page.execute_script(WIDTHS)
    assert wanted <= there


# Paint what lies behind an element from the page's ground up, then its text, and read the two colours.
CONTRASTS = """
const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function paint(colour) {
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}
function luminance(colour) {
  const [r, g, b] = colour.map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
return Object.fromEntries(arguments[0].map((selector) => {
  const element = document.querySelector(selector);
  if (!element) return [selector, null];
  paint(matchMedia("(prefers-color-scheme: dark)").matches ? "black" : "white");
  const behind = [];
  for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
  const ground = behind.map(paint).at(-1);
  const style = getComputedStyle(element);
  const ink = paint(element instanceof SVGElement ? style.fill : style.color);
  const [a, b] = [luminance(ink), luminance(ground)];
  return [selector, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
}));
"""
TEXTS = [
    "body",
    "#aim",
    "#tiles .failed",
    ".note",
    ".controls label",
    "button",
    "select",
    "input",
    "thead button",
    "td button",
    "tr.best td",
    "tr.best td button",
    "td.failed",
    "figcaption",
    "figure svg text",
    "svg.graph text",
    "svg.graph .detail",
    "#advice code",
    "#reasons li",
    "summary",
    ".skip",
]
OF_A_TRIAL = [
    "dialog p",
    "dialog label",
    "dialog caption",
    "dialog tr.differs td",
    "dialog th",
    "dialog button",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_in_light_and_in_dark(page, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    type_filter(page, "number>36 number<40")  # the best, a failed and a pruned one
    show_trial(page, 38, keep=True)
    found = page.execute_script(CONTRASTS, [*TEXTS, *OF_A_TRIAL])
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert [name for name, contrast in found.items() if contrast is None] == []
    assert {name: contrast for name, contrast in found.items() if contrast < 4.5} == {}  # WCAG's AA
    assert found["body"] > 7  # WCAG's AAA


def show_trial(page, number, *, keep=False):
    if not keep:
        type_filter(page, f"number={number}")
    page.find_element("css selector", f"button[aria-label='Show trial {number}']").click()


def tree_of(page):
    nodes = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [
        (node.get("role", {}).get("value"), node.get("name", {}).get("value") or "", node)
        for node in nodes
        if not node.get("ignored")
    ]


CONTROLS = {"button", "combobox", "searchbox", "checkbox", "link", "region", "dialog", "image", "img"}


def test_every_control_has_a_name_that_a_screen_reader_tells(page):
    assert [node for role, name, node in tree_of(page) if role in CONTROLS and not name] == []
    show_trial(page, 4)
    found = tree_of(page)
    assert [node for role, name, node in found if role in CONTROLS and not name] == []
    assert [name for role, name, _ in found if role == "dialog"] == ["Trial 4"]
    assert ("checkbox", "only what differs from trial 37 (best)") in {found[:2] for found in found}


def test_behind_an_open_trial_nothing_can_be_reached(page):
    show_trial(page, 4)
    names = {name for role, name, _ in tree_of(page) if role in CONTROLS}
    assert "Close" in names
    assert "Filter" not in names


def test_the_arrow_of_a_sorted_column_is_seen_and_not_read(page):
    page.find_element("css selector", "thead button").click()
    script = "return getComputedStyle(document.querySelector('thead button'), '::after').content"
    assert "▲" in page.execute_script(script)
    names = [name for role, name, _ in tree_of(page) if role in {"button", "columnheader"}]
    assert "number" in names
    assert not [name for name in names if "▲" in name or "▼" in name]


def test_every_plot_says_in_words_what_is_to_be_seen(page):
    script = """
        return [...document.querySelectorAll("#plots figure")].map((figure) => [figure.dataset.plot,
          document.getElementById(figure.querySelector("svg").getAttribute("aria-describedby")).textContent])"""
    said = dict(page.execute_script(script))
    assert len(said) == 7
    assert said["History"] == "200 trials; loss from 0 to 441; the best is trial 37 with 0."
    assert said["Slice"].startswith("lr from 0.004 to 0.992. 200 trials;")
    assert said["Timeline"] == "250 trials in 2 workers; a trial took always 120 seconds."
    described = [
        node for role, _, node in tree_of(page) if role in {"image", "img"} and "description" in node
    ]
    assert len(described) == 7


def test_a_click_beside_a_point_opens_its_trial(browser, tmp_path):
    results = Results("tiny", ("loss",), ("minimize",), (TrialRecord(0, "complete", (0.5,), {}),), 1)
    page = open_page(browser, tmp_path, results, PageParts(config_of=lambda _: {"lr": 0.1}))
    script = """
        const point = document.querySelector("[data-plot=History] .dot");
        point.scrollIntoView({ block: "center" });
        const box = point.getBoundingClientRect();
        return [box.right + 6, box.bottom + 6]"""
    x, y = page.execute_script(script)
    for kind in ("mousePressed", "mouseReleased"):
        event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        page.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    assert text_of(page, "details-title") == "Trial 0"
