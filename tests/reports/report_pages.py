"""What tests do with a report in a browser."""

from qgtune.reports.page import report_page


def open_page(browser, folder, results, parts):
    """Open the page of some results; fail if its script does."""
    path = folder / "report.html"
    path.write_text(report_page(results, parts), encoding="utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())
    assert browser.get_log("browser") == []
    return browser


def text_of(page, identifier):
    return page.find_element("id", identifier).text


def type_filter(page, text):
    field = page.find_element("id", "filter")
    field.clear()
    field.send_keys(text)
